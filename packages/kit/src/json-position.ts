/**
 * Where and why a text is not JSON. `JSON.parse` names no position for some errors, and quotes the text around the others,
 * which in a configuration may be a secret. Only used after `JSON.parse` has refused, so it need not be fast.
 */

/** A syntax error's place (1-based) and what is wrong there. */
export interface JsonErrorPosition {
  line: number;
  column: number;
  problem: string;
}

/** Finds the first syntax error of `text`. */
export function locateJsonError(text: string): JsonErrorPosition {
  const scanner = new Scanner(text);
  let problem = 'syntax error';
  try {
    scanner.value();
    scanner.space();
    if (!scanner.atEnd) problem = 'text after the end of the value';
  } catch (error) {
    problem = (error as Error).message;
  }
  const before = text.slice(0, scanner.at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, problem };
}

/** Deeper texts are not followed: the stack has an end. */
const MAX_DEPTH = 1000;

/** A recursive-descent reader of RFC 8259 that keeps nothing but its position. */
class Scanner {
  at = 0;
  #depth = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.at >= this.#text.length;
  }

  value(): void {
    this.space();
    const next = this.#peek();
    if (next === '{') this.#members('}', () => this.#property());
    else if (next === '[') this.#members(']', () => this.value());
    else if (next === '"') this.#string();
    else if (!this.#take(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y)) {
      throw new Error(this.#unexpected('a value'));
    }
  }

  space(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  #members(close: string, member: () => void): void {
    const kind = close === '}' ? 'object' : 'array';
    if (++this.#depth > MAX_DEPTH) throw new Error(`nested deeper than ${MAX_DEPTH} levels`);
    this.at++;
    this.space();
    if (this.#close(close)) return;
    for (;;) {
      member();
      this.space();
      if (this.#close(close)) return;
      const comma = this.at;
      if (!this.#skip(',')) throw new Error(this.#unexpected(`"," or "${close}"`));
      this.space();
      if (this.#peek() === close) {
        this.at = comma;
        throw new Error(`the last entry of an ${kind} must not be followed by a comma`);
      }
    }
  }

  #property(): void {
    this.space();
    if (this.#peek() !== '"') throw new Error(this.#unexpected('a key in double quotes'));
    this.#string();
    this.space();
    if (!this.#skip(':')) throw new Error(this.#unexpected('":" after the key'));
    this.value();
  }

  #string(): void {
    const start = this.at++;
    for (;;) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 forbids exactly these.
      this.#take(/[^"\\\u0000-\u001f]*/y);
      if (this.#skip('"')) return;
      if (this.#take(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y)) continue;
      if (this.#peek() === '\\')
        throw new Error('unknown escape in a string (allowed: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX)');
      if (this.atEnd || this.#peek() === '\n' || this.#peek() === '\r') {
        this.at = start;
        throw new Error('this string is not closed on its line');
      }
      throw new Error('a control character inside a string (write it as an escape, a tab as \\t)');
    }
  }

  #unexpected(wanted: string): string {
    if (this.atEnd) return `the file ends where ${wanted} was expected`;
    const next = this.#peek();
    if (next === '/' || next === '#') return 'comments are not allowed';
    if (next === "'") return `${wanted} was expected (strings are written in double quotes)`;
    return `${wanted} was expected`;
  }

  #peek(): string {
    return this.#text.charAt(this.at);
  }

  #close(character: string): boolean {
    if (!this.#skip(character)) return false;
    this.#depth--;
    return true;
  }

  #skip(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.#text);
    if (match) this.at += match[0].length;
    return match !== null;
  }
}
