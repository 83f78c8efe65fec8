/**
 * Entries in JSON, with or without comments and trailing commas. Positions come from jsonc-parser; the edits are our own,
 * because its `modify` takes a neighbour's comments along when it removes a member.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type EntriesAt, type Fields, TextError, type TextFormat } from './entries.ts';
import { indentAt, indentStep, lineEnd, lineEndOf, lineStart, spliced } from './line-style.ts';

export const jsonEntries: TextFormat = { title: 'JSON', parse, set, remove };

function parse(text: string): unknown {
  const root = treeOf(text);
  return root === undefined ? {} : contentOf(root);
}

function set(text: string, { root: path }: EntriesAt, name: string, fields: Fields): string {
  const root = treeOf(text);
  if (root === undefined) return newDocument(text, nested([...path, name], fields));
  const steps = [...path, name];
  let object = root;
  for (const [depth, key] of steps.entries()) {
    const property = memberOf(text, object, key);
    const rest = nested(steps.slice(depth + 1), fields);
    if (property === undefined) return inserted(text, object, key, rest);
    const value = property.children?.[1] as Node;
    const isLast = depth === steps.length - 1;
    if (isLast || value.type === 'null') {
      const place = { indent: indentAt(text, property.offset), inline: isInline(text, object) };
      return spliced(text, value.offset, value.offset + value.length, rendered(text, rest, place));
    }
    if (value.type !== 'object')
      throw new TextError(text, value.offset, `"${key}" must be an object, found ${value.type}; mend it by hand`);
    object = value;
  }
  return text;
}

function remove(text: string, { root: path }: EntriesAt, name: string): string {
  let object = treeOf(text) as Node;
  for (const key of path) object = memberOf(text, object, key)?.children?.[1] as Node;
  const property = memberOf(text, object, name) as Node;
  const members = object.children as Node[];
  const index = members.indexOf(property);
  const end = property.offset + property.length;
  const comma = commaAfter(text, end);
  let result = cut(text, property.offset, comma === undefined ? end : comma + 1);
  const before = members[index - 1];
  // The member before it is the last one now: its comma goes, unless the file's style is to have one there.
  if (before !== undefined && comma === undefined) {
    const left = commaAfter(text, before.offset + before.length);
    if (left !== undefined) result = spliced(result, left, left + 1, '');
  }
  return members.length === 1 ? collapsed(result, object.offset) : result;
}

/** The tree of a text; undefined for one that holds nothing but blanks and comments. */
function treeOf(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first) throw new TextError(text, first.offset, `not valid JSON: ${wordsOf(printParseErrorCode(first.error))}`);
  if (root !== undefined && root.type !== 'object')
    throw new TextError(text, root.offset, `the file must hold an object, found ${root.type}`);
  return root;
}

/** `CommaExpected` as "comma expected". */
function wordsOf(code: string): string {
  return code.replace(/(?!^)([A-Z])/g, ' $1').toLowerCase();
}

/** `Object.fromEntries` makes own keys of all names, `__proto__` among them. */
function contentOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(contentOf);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries(
    (node.children ?? []).map(({ children: [key, value] = [] }) => [key?.value, value && contentOf(value)]),
  );
}

function memberOf(text: string, object: Node, key: string): Node | undefined {
  const found = (object.children ?? []).filter(({ children }) => children?.[0]?.value === key);
  if (found.length > 1)
    throw new TextError(text, found[1]?.offset ?? 0, `"${key}" is there twice; remove one of the two by hand`);
  return found[0];
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, key) => ({ [key]: inner }), value);
}

interface Place {
  indent: string;
  inline: boolean;
}

function rendered(text: string, value: unknown, { indent, inline }: Place): string {
  if (inline && !text.trimEnd().includes('\n')) return JSON.stringify(value);
  // Line ends within strings are escaped: those here are of the layout.
  if (inline) return JSON.stringify(value, null, 1).replace(/\n */g, ' ');
  return JSON.stringify(value, null, indentStep(text)).replaceAll('\n', lineEndOf(text) + indent);
}

/** Whether an object with members stands on one line, so that a new one goes there too. */
function isInline(text: string, object: Node): boolean {
  return (object.children ?? []).length > 0 && !text.slice(object.offset, object.offset + object.length).includes('\n');
}

function newDocument(text: string, value: unknown): string {
  const end = lineEndOf(text);
  const json = JSON.stringify(value, null, 2).replaceAll('\n', end);
  if (text.trim() === '') return `${json}${end}`;
  return `${text.trimEnd()}${end}${json}${end}`;
}

function inserted(text: string, object: Node, key: string, value: unknown): string {
  const closing = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const lineFeed = lineEndOf(text);
  if (last === undefined) {
    const inline = text.trim() !== '{}' && !text.trimEnd().includes('\n');
    const outer = indentAt(text, object.offset);
    const indent = outer + indentStep(text);
    const member = `${JSON.stringify(key)}:${inline ? '' : ' '}${rendered(text, value, { indent, inline })}`;
    const from = lastToken(text, object.offset + 1, closing) ?? object.offset + 1;
    return spliced(text, from, closing, inline ? member : `${lineFeed}${indent}${member}${lineFeed}${outer}`);
  }
  const inline = isInline(text, object);
  const end = last.offset + last.length;
  const comma = commaAfter(text, end);
  const indent = indentAt(text, last.offset);
  const compact = inline && !text.trimEnd().includes('\n');
  const member = `${JSON.stringify(key)}:${compact ? '' : ' '}${rendered(text, value, { indent, inline })}`;
  // Behind the comments that follow the last member: they are about it.
  const at = lastToken(text, end, closing) ?? end;
  const gap = compact ? '' : inline ? ' ' : lineFeed + indent;
  const added = spliced(text, at, at, `${gap}${member}${comma === undefined ? '' : ','}`);
  return comma === undefined ? spliced(added, end, end, ',') : added;
}

/** A blank, a comment, or a comma: all that can stand between members. */
const blank = String.raw`[ \t\r\n]|\/\/[^\n]*|\/\*[^]*?\*\/`;

/** Offset of the comma that follows, behind blanks and comments. */
function commaAfter(text: string, offset: number): number | undefined {
  // In two steps: a pattern with the comma in it would find one within a comment.
  const at = matchAt(new RegExp(`(?:${blank})*`, 'y'), text, offset) ?? offset;
  return text[at] === ',' ? at : undefined;
}

/** Where the last comma or comment between two members, or a member and a brace, ends. */
function lastToken(text: string, from: number, to: number): number | undefined {
  const pattern = new RegExp(`(?:${blank}|,)*`, 'y');
  const end = Math.min(to, matchAt(pattern, text, from) ?? from);
  // A comment of one line takes its end in; blanks behind it are no part of it.
  const trimmed = from + text.slice(from, end).trimEnd().length;
  return trimmed === from ? undefined : trimmed;
}

function matchAt(pattern: RegExp, text: string, offset: number): number | undefined {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Cuts a member out: its whole lines where nothing else stands on them, else itself and the blanks before it. */
function cut(text: string, from: number, to: number): string {
  const start = lineStart(text, from);
  const end = lineEnd(text, to);
  const isAlone = text.slice(start, from).trim() === '' && text.slice(to, end).trim() === '';
  if (isAlone && start > 0) return spliced(text, start, end, '');
  const blanks = /[ \t]*$/.exec(text.slice(0, from))?.[0].length ?? 0;
  return spliced(text, from - blanks, to, '');
}

/** `{}` for an object that is empty now and has no comments. */
function collapsed(text: string, offset: number): string {
  const empty = /^\{\s*\}/.exec(text.slice(offset))?.[0];
  return empty === undefined ? text : spliced(text, offset, offset + empty.length, '{}');
}
