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

/** One line of a head. Throws FieldError. */
export function fieldLine(name: string, value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (name === '' || notInName.test(name)) throw new FieldError(`${JSON.stringify(name)} is not a header name`);
  if (notInValue.test(text)) throw new FieldError(`the header ${name} has a character that no header can hold`);
  return `${name}: ${text}\r\n`;
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
