/**
 * Finds the members of a JSON object in its text without building the values, so that a result or an argument can be
 * relayed byte for byte: numbers keep their digits, keys their order, unknown members their place.
 * It checks structure (strings end, brackets pair up), not every literal; whoever needs certainty parses as well.
 */

/** A member of an object and where its value stands in the text: `text.slice(start, end)`. */
export interface Member {
  key: string;
  start: number;
  end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Thrown when the text is not the JSON object it should be. */
export class JsonStructureError extends Error {
  constructor(what: string, at: number) {
    super(`${what} at character ${at}`);
    this.name = 'JsonStructureError';
  }
}

function skipSpace(text: string, at: number): number {
  let code = text.charCodeAt(at);
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at);
  return at;
}

/** `at` stands on the opening quote; the answer stands after the closing one. */
function skipString(text: string, at: number): number {
  let end = at;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) throw new JsonStructureError('a string does not end', at);
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** `at` stands on the first character of a value; the answer stands after its last. */
export function skipValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return skipString(text, at);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipLiteral(text, at);
  const closers: number[] = [];
  let position = at;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      position = skipString(text, position);
      continue;
    }
    if (code === OPEN_BRACE) closers.push(CLOSE_BRACE);
    else if (code === OPEN_BRACKET) closers.push(CLOSE_BRACKET);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (closers.pop() !== code) throw new JsonStructureError('brackets do not pair up', position);
      if (closers.length === 0) return position + 1;
    }
    position += 1;
  }
  throw new JsonStructureError('a bracket is not closed', at);
}

function skipLiteral(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20) break;
  }
  if (end === at) throw new JsonStructureError('a value is missing', at);
  return end;
}

/**
 * Lists the members of the object whose opening brace is the first non-space character at or after `at`.
 * Throws JsonStructureError when there is none or it is broken.
 */
export function scanObject(text: string, at = 0): Member[] {
  let position = skipSpace(text, at);
  if (text.charCodeAt(position) !== OPEN_BRACE) throw new JsonStructureError('an object was expected', position);
  const members: Member[] = [];
  position = skipSpace(text, position + 1);
  if (text.charCodeAt(position) === CLOSE_BRACE) return members;
  for (;;) {
    if (text.charCodeAt(position) !== QUOTE) throw new JsonStructureError('a member name was expected', position);
    const keyEnd = skipString(text, position);
    const plain = text.slice(position + 1, keyEnd - 1);
    const key = plain.includes('\\') ? (JSON.parse(text.slice(position, keyEnd)) as string) : plain;
    position = skipSpace(text, keyEnd);
    if (text.charCodeAt(position) !== COLON) throw new JsonStructureError('a colon was expected', position);
    const start = skipSpace(text, position + 1);
    const end = skipValue(text, start);
    members.push({ key, start, end });
    position = skipSpace(text, end);
    const next = text.charCodeAt(position);
    if (next === CLOSE_BRACE) return members;
    if (next !== COMMA) throw new JsonStructureError('a comma or closing brace was expected', position);
    position = skipSpace(text, position + 1);
  }
}

/** The text of each element of the array that starts at or after `at`. Throws JsonStructureError when it is broken. */
export function scanArray(text: string, at = 0): string[] {
  let position = skipSpace(text, at);
  if (text.charCodeAt(position) !== OPEN_BRACKET) throw new JsonStructureError('an array was expected', position);
  const elements: string[] = [];
  position = skipSpace(text, position + 1);
  if (text.charCodeAt(position) === CLOSE_BRACKET) return elements;
  for (;;) {
    const end = skipValue(text, position);
    elements.push(text.slice(position, end));
    position = skipSpace(text, end);
    const next = text.charCodeAt(position);
    if (next === CLOSE_BRACKET) return elements;
    if (next !== COMMA) throw new JsonStructureError('a comma or closing bracket was expected', position);
    position = skipSpace(text, position + 1);
  }
}

/** Levels of nesting that a message may have. Far more than anybody means, far fewer than fit on the stack. */
export const maxDepth = 1000;

/** Whether arrays and objects of a valid JSON text are nested deeper than `maxDepth`. Short texts, which cannot be, cost nothing. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxDepth) return false;
  let depth = 0;
  for (let position = 0; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) position = skipString(text, position) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

/** The text of one member's value, or undefined when the object has no such member (the last one counts, as in JSON.parse). */
export function memberText(text: string, key: string): string | undefined {
  const member = scanObject(text).findLast((candidate) => candidate.key === key);
  return member && text.slice(member.start, member.end);
}

/**
 * Returns the object with some members replaced (a JSON text), added, or removed (undefined); every other member keeps
 * its text and place. `text` must be an object.
 */
export function rewriteObject(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  let out = '{';
  const written = new Set<string>();
  for (const { key, start, end } of scanObject(text)) {
    let value: string | undefined;
    if (Object.hasOwn(changes, key)) {
      if (written.has(key)) continue;
      written.add(key);
      value = changes[key];
      if (value === undefined) continue;
    } else value = text.slice(start, end);
    out += `${out.length > 1 ? ',' : ''}${JSON.stringify(key)}:${value}`;
  }
  for (const key in changes) {
    const value = changes[key];
    if (value === undefined || written.has(key)) continue;
    out += `${out.length > 1 ? ',' : ''}${JSON.stringify(key)}:${value}`;
  }
  return `${out}}`;
}
