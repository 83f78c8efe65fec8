/**
 * Entries in TOML (Codex): a table `[mcp_servers.NAME]` and the tables below it. Positions come from toml-patch; whole
 * tables are put in and taken out by range. Entries in other forms (inline, dotted) are left to the library.
 */
import { parseDocument, parse as parseToml, patch, stringify } from '@decimalturn/toml-patch';
import {
  contentWith,
  type EntriesAt,
  entriesIn,
  type Fields,
  isObject,
  type KeyPath,
  TextError,
  type TextFormat,
  withoutQuotes,
} from './entries.ts';
import { cutLines, insertLines, lineEnd, lineEndOf, replaceLines } from './line-style.ts';

export const tomlEntries: TextFormat = { title: 'TOML', parse, set, remove };

const options = { integersAsBigInt: 'asNeeded' } as const;

function parse(text: string): unknown {
  try {
    return parseToml(text, options);
  } catch (error) {
    throw located(text, error as Error);
  }
}

function located(text: string, error: Error): TextError {
  const { line, column } = error as Error & { line?: number; column?: number };
  const offset = line === undefined ? 0 : offsetOf(text, line, column ?? 0);
  // Its first lines quote the text, which may hold a secret; the last one says what is wrong.
  return new TextError(text, offset, `not valid TOML: ${withoutQuotes(error.message.split('\n').at(-1) ?? '')}`);
}

function offsetOf(text: string, line: number, column: number): number {
  let offset = 0;
  for (let at = 1; at < line; at++) offset = lineEnd(text, offset);
  return Math.min(text.length, offset + column);
}

function set(text: string, at: EntriesAt, name: string, fields: Fields): string {
  const content = parse(text);
  const path = [...at.root, name];
  const blocks = tablesBelow(text, path);
  const table = tableText(text, path, fields);
  if (entriesIn(content, at).has(name)) {
    const [first, ...others] = blocks;
    if (first === undefined) return patched(text, contentWith(content, at, name, fields));
    // Tables below the entry may stand apart from it: the last one first, so that offsets hold.
    const cleared = others.reverse().reduce((each, [from, to]) => cutLines(each, from, to), text);
    return replaceLines(cleared, first[0], first[1], table);
  }
  const siblings = tablesBelow(text, at.root);
  const isInline = siblings.length === 0 && isObject((content as Fields)[at.root[0] as string]);
  if (isInline) return patched(text, contentWith(content, at, name, fields));
  const end = siblings.at(-1)?.[1] ?? text.length;
  return insertLines(text, end, (end === 0 ? '' : lineEndOf(text)) + table);
}

function remove(text: string, at: EntriesAt, name: string): string {
  const blocks = tablesBelow(text, [...at.root, name]);
  if (blocks.length === 0) return patched(text, contentWith(parse(text), at, name, undefined));
  return blocks.reverse().reduce((each, [from, to]) => {
    // The blank line that set it apart goes with it.
    const blank = /\r?\n(\r?\n)$/.exec(each.slice(0, from))?.[1]?.length ?? 0;
    return cutLines(each, from - blank, to);
  }, text);
}

/** The lines of each table at or below a path: from its header to the last line that has something of it. */
function tablesBelow(text: string, path: KeyPath): [number, number][] {
  const starts = lineStarts(text);
  return (parseDocument(text, options).cst as unknown as Block[]).flatMap((block): [number, number][] => {
    if (block.type !== 'Table' && block.type !== 'TableArray') return [];
    const { key, items, loc } = block;
    if (path.some((step, index) => key.item.value[index] !== step)) return [];
    const last = items.filter(({ type }) => type !== 'Comment').at(-1) ?? key;
    return [[starts[loc.start.line - 1] ?? 0, starts[last.loc.end.line] ?? text.length]];
  });
}

/** What is needed of toml-patch's blocks. Lines count from 1. */
interface Block {
  type: string;
  key: Located & { item: { value: string[] } };
  items: (Located & { type: string })[];
  loc: { start: { line: number }; end: { line: number } };
}
type Located = Pick<Block, 'loc'>;

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

function tableText(text: string, path: KeyPath, fields: Fields): string {
  const header = `[${path.map(keyText).join('.')}]\n`;
  const body = stringify(fields, { inlineTableStart: 0, trailingNewline: 1 });
  return (header + body).replace(/\r?\n/g, lineEndOf(text));
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

function patched(text: string, content: unknown): string {
  return patch(text, content);
}
