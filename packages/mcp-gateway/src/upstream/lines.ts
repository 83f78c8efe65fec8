/** Splits a text stream into lines and survives lines that are too long: such a line is dropped, its ends are reported. */

export interface OversizedLine {
  /** First and last characters of the dropped line: enough to find out which message it was. */
  head: string;
  tail: string;
  sizeChars: number;
}

export interface LineReaderOptions {
  /** Longest line that is kept, in characters. */
  limitChars: number;
  onLine(line: string): void;
  onOversized(line: OversizedLine): void;
}

const endChars = 4096;

export class LineReader {
  readonly #options: LineReaderOptions;
  #rest = '';
  #dropped: OversizedLine | undefined;

  constructor(options: LineReaderOptions) {
    this.#options = options;
  }

  feed(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#append(start === 0 && end === text.length - 1 ? text.slice(0, end) : text.slice(start, end));
      this.#finish();
      start = end + 1;
    }
    if (start < text.length) this.#append(start === 0 ? text : text.slice(start));
  }

  #append(piece: string): void {
    const dropped = this.#dropped;
    if (dropped) {
      dropped.sizeChars += piece.length;
      dropped.tail = piece.length >= endChars ? piece.slice(-endChars) : (dropped.tail + piece).slice(-endChars);
      return;
    }
    const size = this.#rest.length + piece.length;
    if (size > this.#options.limitChars) {
      const line = this.#rest + piece;
      this.#dropped = { head: line.slice(0, endChars), tail: line.slice(-endChars), sizeChars: size };
      this.#rest = '';
      return;
    }
    this.#rest = this.#rest === '' ? piece : this.#rest + piece;
  }

  #finish(): void {
    if (this.#dropped) {
      const line = this.#dropped;
      this.#dropped = undefined;
      this.#options.onOversized(line);
      return;
    }
    const line = this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest;
    this.#rest = '';
    if (line.trim() !== '') this.#options.onLine(line);
  }
}
