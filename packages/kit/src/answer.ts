/** The answer to one request: free to be anything until its first byte, and slow only as far as its reader is. */
import { onePieceBytes } from './http1/one-piece.ts';
import type { OutboundResponse } from './inbound.ts';

/** Something whose flow can be held. */
export interface Flow {
  pause(): void;
  resume(): void;
}

export class Answer {
  readonly response: OutboundResponse;
  readonly #headers: Record<string, string | string[]>;

  constructor(response: OutboundResponse, headers: Record<string, string | string[]> = {}) {
    this.response = response;
    this.#headers = headers;
  }

  /** Adds a header; too late once the answer has begun. */
  set(name: string, value: string | string[]): void {
    this.#headers[name] = value;
  }

  /** Whether the client has heard anything. */
  get committed(): boolean {
    return this.response.headersSent;
  }

  /** Whether the client has left, or everything was said. */
  get gone(): boolean {
    return this.response.destroyed || this.response.closed;
  }

  /** Sends a whole answer. Does nothing once one has begun. */
  whole(status: number, body: Buffer | string, contentType = 'application/json'): void {
    if (this.committed || this.gone) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    this.response.writeHead(status, { ...this.#headers, 'content-type': contentType, 'content-length': length });
    // Node sends the head and a short text in one piece, and bytes in two; Latin-1 is bytes by another name, and ASCII is Latin-1.
    if (length > onePieceBytes) this.response.end(body);
    else if (typeof body !== 'string') this.response.end(body.toString('latin1'), 'latin1');
    else this.response.end(body, length === body.length ? 'latin1' : 'utf8');
  }

  /** Begins a stream that no proxy in between should hold back. */
  beginStream(contentType: string, status = 200): void {
    if (this.committed || this.gone) return;
    this.response.writeHead(status, {
      ...this.#headers,
      'content-type': contentType,
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  }

  /** Sends a piece of the stream, and holds `source` while the client does not keep up. */
  write(piece: Buffer | string, source: Flow): void {
    const { response } = this;
    if (this.gone || response.write(piece)) return;
    source.pause();
    response.once('drain', () => source.resume());
  }

  end(): void {
    if (!this.gone) this.response.end();
  }

  /** Ends without the mark that says all is there: the client sees a broken transfer. */
  cut(): void {
    this.response.destroy();
  }
}
