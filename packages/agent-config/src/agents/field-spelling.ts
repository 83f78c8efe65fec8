/** Spells entries by a table of field names: most agents differ in nothing else. */
import { type Fields, isObject } from '../files/entries.ts';
import type { Spelling } from './agent.ts';
import { type Entry, mapTexts, UnreadableEntryError } from './entry.ts';
import { type Interpolation, readText, writeText } from './interpolation.ts';

/** Names of fields, and the words of `type`. */
export interface FieldNames {
  interpolation?: Interpolation | undefined;
  /** Word of `type` for a program; undefined where it is left out. */
  stdioType?: string;
  /** Words of `type` for Streamable HTTP and SSE; undefined where it is left out. */
  httpType?: string;
  sseType?: string;
  /** Field of the address: the one that is written, and others that are understood. */
  url?: readonly [string, ...string[]];
  /** Field of an SSE address, where it is another one: Gemini's `url` beside `httpUrl`. */
  sseUrl?: string;
  env?: string;
  /** Field that says whether the server is off, and what it says then. */
  off?: { field: string; value: boolean };
  /** What an address without a `type` is taken for. Default: Streamable HTTP. */
  untyped?: 'http' | 'sse';
  /** Fields that every entry gets unless it has them. */
  always?: Fields;
}

const httpWords = ['http', 'streamable-http', 'streamableHttp', 'streamable_http', 'remote'];

export function fieldSpelling(names: FieldNames): Spelling {
  const { interpolation, url: [url, ...otherUrls] = ['url'], env = 'env', off, sseUrl } = names;
  const known = ['command', 'args', 'cwd', 'headers', 'type', 'transport', url, ...otherUrls, env, sseUrl, off?.field];

  function write(entry: Entry): Fields {
    const spelled = mapTexts(entry, (text) => writeText(text, interpolation));
    return {
      ...target(spelled),
      ...(spelled.disabled === true && off && { [off.field]: off.value }),
      ...names.always,
      ...spelled.own,
    };
  }

  function target(entry: Entry): Fields {
    if (entry.kind === 'stdio') {
      const { command, args, cwd } = entry;
      return {
        ...(names.stdioType !== undefined && { type: names.stdioType }),
        command,
        args,
        ...(Object.keys(entry.env).length > 0 && { [env]: entry.env }),
        ...(cwd !== undefined && { cwd }),
      };
    }
    const isSse = entry.kind === 'sse';
    const word = isSse ? names.sseType : names.httpType;
    return {
      ...(word !== undefined && { type: word }),
      [isSse && sseUrl !== undefined ? sseUrl : url]: entry.url,
      ...(Object.keys(entry.headers).length > 0 && { headers: entry.headers }),
    };
  }

  function read(fields: Fields): Entry {
    const ignored = names.always ?? {};
    const own = Object.entries(fields).filter(([key, value]) => !known.includes(key) && !same(ignored[key], value));
    const disabled = off && fields[off.field] === off.value;
    const entry: Entry = {
      ...targetIn(fields),
      ...(disabled && { disabled }),
      ...(own.length > 0 && { own: Object.fromEntries(own) }),
    };
    return mapTexts(entry, (text) => readText(text, interpolation));
  }

  function targetIn(fields: Fields): Entry {
    const type = fields.type ?? fields.transport;
    const found = [url, ...otherUrls, sseUrl].find((field) => field !== undefined && fields[field] !== undefined);
    if (fields.command !== undefined) {
      if (found !== undefined) throw new UnreadableEntryError(`"command" and "${found}" exclude each other`);
      const cwd = optionalText(fields, 'cwd');
      return {
        kind: 'stdio',
        command: textIn(fields, 'command'),
        args: textsIn(fields, 'args'),
        env: textMapIn(fields, env),
        ...(cwd !== undefined && { cwd }),
      };
    }
    if (found === undefined) throw new UnreadableEntryError(`neither "command" nor "${url}" is there`);
    return { kind: kindOf(type), url: textIn(fields, found), headers: textMapIn(fields, 'headers') };
  }

  function kindOf(type: unknown): 'http' | 'sse' {
    if (type === 'sse') return 'sse';
    return typeof type === 'string' && httpWords.includes(type) ? 'http' : (names.untyped ?? 'http');
  }

  return { write, read };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A text. Throws UnreadableEntryError for anything else. */
export function textIn(fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value !== 'string' || value === '') throw new UnreadableEntryError(`"${field}" must be a text that is not empty`);
  return value;
}

export function optionalText(fields: Fields, field: string): string | undefined {
  return fields[field] === undefined || fields[field] === null ? undefined : textIn(fields, field);
}

/** A list of texts; numbers and truth values, which people write too, become texts. */
export function textsIn(fields: Fields, field: string): string[] {
  const value = fields[field] ?? [];
  if (!Array.isArray(value)) throw new UnreadableEntryError(`"${field}" must be a list of texts`);
  return value.map((each, index) => scalarText(each, `${field}[${index}]`));
}

export function textMapIn(fields: Fields, field: string): Record<string, string> {
  const value = fields[field] ?? {};
  if (!isObject(value)) throw new UnreadableEntryError(`"${field}" must be an object of texts`);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, scalarText(each, `${field}.${key}`)]));
}

function scalarText(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw new UnreadableEntryError(`"${field}" must be a text`);
}
