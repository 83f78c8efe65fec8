/**
 * Cuts a byte stream where its frames end, so that what is passed through never ends in the middle of an event: after a cut
 * something else can be said. Bytes are neither copied nor decoded while frames arrive whole, as they mostly do.
 */

const LF = 0x0a;
const CR = 0x0d;

/** A frame grew past the limit: the stream cannot be trusted after it. */
export class FrameTooLargeError extends Error {
  constructor(limitBytes: number) {
    super(`a frame of the stream is larger than ${limitBytes} bytes`);
    this.name = 'FrameTooLargeError';
  }
}

export class FrameSplitter {
  readonly #framing: 'sse' | 'ndjson';
  readonly #limitBytes: number;
  #rest: Buffer | undefined;

  constructor(framing: 'sse' | 'ndjson', limitBytes = 64 * 1024 * 1024) {
    this.#framing = framing;
    this.#limitBytes = limitBytes;
  }

  /** All bytes up to the end of the last whole frame; undefined when no frame ended. Throws FrameTooLargeError. */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    const end = this.#framing === 'sse' ? endOfLastEvent(bytes) : bytes.lastIndexOf(LF) + 1;
    if (end === bytes.length) {
      this.#rest = undefined;
      return bytes;
    }
    this.#rest = bytes.subarray(end);
    if (this.#rest.length > this.#limitBytes) throw new FrameTooLargeError(this.#limitBytes);
    return end === 0 ? undefined : bytes.subarray(0, end);
  }

  /** What came after the last whole frame. */
  get rest(): Buffer | undefined {
    return this.#rest;
  }
}

/** Where the last event ends: behind an empty line, whichever of LF, CRLF and CR ends its lines. 0 when none does. */
export function endOfLastEvent(bytes: Buffer): number {
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    const code = bytes[at];
    if (code !== LF && code !== CR) {
      // Most bytes are content: jump to the next line end before them.
      const lf = bytes.lastIndexOf(LF, at);
      const cr = bytes.lastIndexOf(CR, at);
      at = Math.max(lf, cr) + 1;
      if (at <= 1) return 0;
      continue;
    }
    let before = at - 1;
    // Half of a CRLF: by the letter its event is over, but clients that look for CRLFCRLF would not see it if this were all.
    if (code === CR && at === bytes.length - 1 && bytes[before] === LF) continue;
    // CRLF is one line end.
    if (code === LF && bytes[before] === CR) before -= 1;
    if (before >= 0 && (bytes[before] === LF || bytes[before] === CR)) return at + 1;
  }
  return 0;
}

/** The frames of bytes that end with a whole frame, one by one. */
export function* framesOf(bytes: Buffer, framing: 'sse' | 'ndjson'): Generator<Buffer> {
  let start = 0;
  while (start < bytes.length) {
    const end = framing === 'sse' ? endOfEvent(bytes, start) : bytes.indexOf(LF, start) + 1;
    if (end === 0) break;
    yield bytes.subarray(start, end);
    start = end;
  }
  if (start < bytes.length) yield bytes.subarray(start);
}

function endOfEvent(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length - 1; at += 1) {
    const code = bytes[at];
    if (code !== LF && code !== CR) continue;
    let next = at + 1;
    if (code === CR && bytes[next] === LF) next += 1;
    const second = bytes[next];
    if (second === LF) return next + 1;
    if (second === CR) return bytes[next + 1] === LF ? next + 2 : next + 1;
    at = next - 1;
  }
  return 0;
}
