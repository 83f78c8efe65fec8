/** What an agent's file is to us: a text with named entries at one place in it, and everything else, which is not ours. */

/** Keys from the top of a file down to its entries: `['mcpServers']`. */
export type KeyPath = readonly string[];

/** Fields of one entry as they stand in the file. */
export type Fields = Record<string, unknown>;

/** Where entries are. `list`: a sequence whose members carry their name in `name` (Continue); `map`: the key is the name. */
export interface EntriesAt {
  root: KeyPath;
  shape: 'map' | 'list';
}

/** A format of files. All three are edited by ranges of their text, so that nothing else can change. */
export interface TextFormat {
  /** For messages: "JSON". */
  title: string;
  /** The whole content. Throws TextError with line and column. */
  parse(text: string): unknown;
  /** The text with the entry written anew or for the first time. Throws TextError where the file has no place for it. */
  set(text: string, at: EntriesAt, name: string, fields: Fields): string;
  /** The text without the entry, which is there. */
  remove(text: string, at: EntriesAt, name: string): string;
}

/** A file that is broken or holds something else where entries should be. `line` and `column` count from 1. */
export class TextError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(text: string, offset: number, message: string) {
    super(message);
    this.name = 'TextError';
    const before = text.slice(0, offset).split('\n');
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }
}

/** A parser's message without what it quotes of the text: that may be a secret. Signs such as `"="` stay. */
export function withoutQuotes(message: string): string {
  return message.replace(/"[^"]{3,}"/g, '"…"').replace(/'[^']{3,}'/g, "'…'");
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The entries of a parsed file by name; what is no object is left out. */
export function entriesIn(content: unknown, { root, shape }: EntriesAt): Map<string, Fields> {
  const holder = valueAt(content, root);
  if (shape === 'map') {
    if (!isObject(holder)) return new Map();
    return new Map(Object.entries(holder).filter((pair): pair is [string, Fields] => isObject(pair[1])));
  }
  if (!Array.isArray(holder)) return new Map();
  return new Map(holder.filter(isObject).flatMap((each) => (typeof each.name === 'string' ? [[each.name, each]] : [])));
}

/** The value at a path; undefined where nothing is. */
export function valueAt(content: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined), content);
}

/** The content as it must be after an edit: with these fields, or without the entry. Nothing that is given is changed. */
export function contentWith(content: unknown, at: EntriesAt, name: string, fields: Fields | undefined): unknown {
  return replaced(content, at.root, (holder) => {
    if (at.shape === 'map') {
      const rest = Object.entries(isObject(holder) ? holder : {}).filter(([key]) => key !== name);
      return Object.fromEntries(fields === undefined ? rest : [...rest, [name, fields]]);
    }
    const list: unknown[] = Array.isArray(holder) ? holder : [];
    if (fields === undefined) return list.filter((each) => !isNamed(each, name));
    return list.some((each) => isNamed(each, name))
      ? list.map((each) => (isNamed(each, name) ? fields : each))
      : [...list, fields];
  });
}

export function isNamed(member: unknown, name: string): boolean {
  return isObject(member) && member.name === name;
}

function replaced(content: unknown, [key, ...rest]: KeyPath, change: (holder: unknown) => unknown): unknown {
  if (key === undefined) return change(content);
  const object = isObject(content) ? content : {};
  const others = Object.entries(object).filter(([each]) => each !== key);
  return Object.fromEntries([...others, [key, replaced(Object.hasOwn(object, key) ? object[key] : undefined, rest, change)]]);
}
