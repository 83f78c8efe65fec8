/** The chunked transfer coding (RFC 9112 §7.1), read piece by piece. */

/** The bytes are no chunked body. */
export class ChunkedError extends Error {
  override name = 'ChunkedError';
}

const longestLine = 4096;
const longestTrailers = 16 * 1024;
const cr = 0x0d;
const lf = 0x0a;

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done';

export class ChunkedReader {
  #state: State = 'size';
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  /** The beginning of a line whose end has not come. */
  #line = '';
  #trailerBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  /**
   * Reads `bytes` from `start`; what a chunk holds goes to `onData` as part of `bytes`, chunk by chunk. Returns where it stopped:
   * the end of `bytes`, or that of the body. Stops early when `onData` returns false. Throws ChunkedError.
   */
  read(bytes: Buffer, start: number, end: number, onData: (from: number, to: number) => boolean): number {
    let at = start;
    while (at < end && this.#state !== 'done') {
      if (this.#state === 'data') {
        const to = Math.min(end, at + this.#left);
        this.#left -= to - at;
        if (this.#left === 0) this.#state = 'data-end';
        const from = at;
        at = to;
        if (!onData(from, to)) return at;
        continue;
      }
      const found = bytes.indexOf(lf, at);
      const lineEnd = found === -1 || found >= end ? end : found + 1;
      this.#line += bytes.toString('latin1', at, lineEnd);
      at = lineEnd;
      if (this.#line.length > longestLine) throw new ChunkedError('a line between its chunks is too long');
      if (this.#line.charCodeAt(this.#line.length - 1) === lf) this.#takeLine();
    }
    return at;
  }

  #takeLine(): void {
    const line = this.#line;
    this.#line = '';
    if (line.charCodeAt(line.length - 2) !== cr) throw new ChunkedError('a line between its chunks does not end in CR LF');
    if (this.#state === 'size') {
      const size = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/.exec(line)?.[1];
      if (size === undefined) throw new ChunkedError('the size of a chunk is not a number');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'data';
    } else if (this.#state === 'data-end') {
      if (line !== '\r\n') throw new ChunkedError('a chunk is longer than it said');
      this.#state = 'size';
    } else if (line === '\r\n') this.#state = 'done';
    else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > longestTrailers) throw new ChunkedError('what follows its last chunk is too long');
    }
  }
}
