/** Newline-delimited JSON without I/O: text in any split goes in, whole lines come out. */

/** Raised when one line grows past the limit; the stream cannot be trusted after it. */
export class NdjsonTooLargeError extends Error {
  constructor(limitChars: number) {
    super(`a line of newline-delimited JSON is longer than ${limitChars} characters`);
    this.name = 'NdjsonTooLargeError';
  }
}

export interface NdjsonSplitterOptions {
  /** Called for each line that holds more than white space, without its line end. */
  onLine(line: string): void;
  /** Longest line in characters (UTF-16 units); beyond it `feed` throws NdjsonTooLargeError. Default 64 Mi. */
  limitChars?: number;
}

/** Splits decoded text into lines. LF ends a line, a CR before it belongs to the end. */
export class NdjsonSplitter {
  readonly #onLine: (line: string) => void;
  readonly #limitChars: number;
  #line = '';

  constructor(options: NdjsonSplitterOptions) {
    this.#onLine = options.onLine;
    this.#limitChars = options.limitChars ?? 64 * 1024 * 1024;
  }

  feed(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = this.#line + text.slice(start, end);
      this.#line = '';
      start = end + 1;
      this.#emit(line);
    }
    if (start < text.length) this.#line += text.slice(start);
    if (this.#line.length > this.#limitChars) throw new NdjsonTooLargeError(this.#limitChars);
  }

  /** The stream is over: a last line needs no line end. */
  end(): void {
    const line = this.#line;
    this.#line = '';
    this.#emit(line);
  }

  #emit(line: string): void {
    if (line.length > this.#limitChars) throw new NdjsonTooLargeError(this.#limitChars);
    const trimmed = line.trim();
    if (trimmed !== '') this.#onLine(trimmed);
  }
}
