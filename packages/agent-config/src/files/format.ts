/** The one way to read and change the entries of an agent's file: by format, and checked after every edit. */
import { isDeepStrictEqual } from 'node:util';
import { contentWith, type EntriesAt, entriesIn, type Fields, TextError, type TextFormat } from './entries.ts';
import { jsonEntries } from './json-entries.ts';
import { tomlEntries } from './toml-entries.ts';
import { yamlEntries } from './yaml-entries.ts';

export type FormatName = 'json' | 'toml' | 'yaml';

const formats: Readonly<Record<FormatName, TextFormat>> = { json: jsonEntries, toml: tomlEntries, yaml: yamlEntries };
const byteOrderMark = '\uFEFF';

/** The content of a text. Throws TextError with line and column. */
export function parseText(format: FormatName, text: string): unknown {
  return parsed(formats[format], body(text));
}

/** What parsers refuse in ways of their own: texts nested too deeply, aliases that grow without end. */
function parsed({ parse, title }: TextFormat, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TextError) throw error;
    const why = error instanceof RangeError ? 'it is nested too deeply' : 'a reference in it leads nowhere, or has no end';
    throw new TextError(text, 0, `this ${title} cannot be read: ${why}`);
  }
}

/** The entries of a text by name. Throws TextError. */
export function readEntries(format: FormatName, text: string, at: EntriesAt): Map<string, Fields> {
  return entriesIn(parseText(format, text), at);
}

/**
 * The text with an entry set (`fields`) or removed (undefined). Everything outside the entry keeps its bytes: comments,
 * order, indentation, line ends, byte order mark. Throws TextError for a broken file, and for one whose layout gives the
 * entry no safe place: the result is parsed again and must hold what it held, and the entry.
 */
export function withEntry(format: FormatName, text: string, at: EntriesAt, name: string, fields: Fields | undefined): string {
  const { set, remove, title } = formats[format];
  const old = body(text);
  const before = parsed(formats[format], old);
  if (fields === undefined && !entriesIn(before, at).has(name)) return text;
  const next = fields === undefined ? remove(old, at, name) : set(old, at, name, fields);
  const after = parsed(formats[format], next);
  // An empty place for entries is as good as none: both sides get one.
  const isSame = isDeepStrictEqual(
    plain(contentWith(after, at, name, undefined)),
    plain(contentWith(before, at, name, undefined)),
  );
  if (!isSame || !isDeepStrictEqual(plain(entriesIn(after, at).get(name)), plain(fields)))
    throw new TextError(old, 0, `this layout of ${title} leaves no safe place for the entry "${name}"; write it by hand`);
  return text.startsWith(byteOrderMark) ? byteOrderMark + next : next;
}

function body(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(1) : text;
}

/** Parsers differ in the prototypes and numbers they make; what counts is what they stand for. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return `${value.constructor.name} ${value.toISOString()}`;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
