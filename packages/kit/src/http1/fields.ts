/** Header fields of HTTP/1.1 (RFC 9112 §5): read from a head that has arrived whole, and written such that no value can end its line. */
import type { HeadFields } from '../inbound.ts';

/** Names in lower case; an array where a field came several times. */
export type Fields = Record<string, string | string[]>;

/** Field names are few: lower case is made once for each. */
const lowerCase = new Map<string, string>();
const mostNames = 512;

/** A field name in lower case. */
export function lowerCaseOf(name: string): string {
  const known = lowerCase.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  // Names come from outside and must not gather.
  if (lowerCase.size < mostNames && name.length <= 64) lowerCase.set(name, lower);
  return lower;
}

/** The value between two positions without the white space around it. */
export function valueBetween(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const notInName = /[^!#$%&'*+\-.^_`|~\w]/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** A value that would not stay within its line, or a name that is none. */
export class FieldError extends Error {
  override name = 'FieldError';
  readonly code = 'BAD_FIELD';
}

/** A line that was made before. */
interface KeptLine {
  value: string;
  line: string;
  /** How often another value came since. */
  misses: number;
}

/** Most fields say the same in one head after the other: their lines are made and checked once. */
const kept = new Map<string, KeptLine>();
const longestKept = 512;
/** One that changes with every head is hardly worth being kept. */
const missesBeforeChange = 16;

/** One line of a head. Throws FieldError. */
export function fieldLine(name: string, value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value;
  const known = kept.get(name);
  if (known !== undefined && known.value === text) return known.line;
  if (known === undefined && (name === '' || notInName.test(name)))
    throw new FieldError(`${JSON.stringify(name)} is not a header name`);
  if (notInValue.test(text)) throw new FieldError(`the header ${name} has a character that no header can hold`);
  const line = `${name}: ${text}\r\n`;
  keep(name, text, line, known);
  return line;
}

function keep(name: string, value: string, line: string, known: KeptLine | undefined): void {
  if (line.length > longestKept) return;
  if (known === undefined) {
    // Names may come from outside and must not gather.
    if (kept.size < mostNames) kept.set(name, { value: flat(value), line: flat(line), misses: 0 });
  } else if (++known.misses === missesBeforeChange) {
    known.value = flat(value);
    known.line = flat(line);
    known.misses = 0;
  }
}

/** The same text in one piece, and not as a part of another one that would live as long. */
function flat(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('latin1');
}

/** The lines of all fields. Throws FieldError. */
export function fieldLines(fields: HeadFields): string {
  let lines = '';
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    if (typeof value === 'object') for (const one of value) lines += fieldLine(name, one);
    else lines += fieldLine(name, value as string | number);
  }
  return lines;
}
