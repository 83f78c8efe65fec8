/** The answer to a request of the lane: head and body in as few writes as possible. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HeadFields, OutboundResponse } from '../inbound.ts';
import { FieldError, fieldLines } from './fields.ts';
import { onePieceBytes, writeInOne } from './one-piece.ts';

export class LaneResponse implements OutboundResponse {
  readonly #socket: Socket;
  /** Told when all has been handed to the system. */
  readonly #onFinished: (response: LaneResponse) => void;
  readonly #keepAliveLine: string;
  #status = 200;
  #fields: HeadFields | undefined;
  /** The lines of `#fields`. */
  #lines = '';
  #isHeadSent = false;
  #isChunked = false;
  #hasBody = true;
  #onClose: (() => void)[] | undefined;
  #onDrain: (() => void)[] | undefined;
  headersSent = false;
  destroyed = false;
  closed = false;
  writableEnded = false;
  writableFinished = false;
  shouldKeepAlive = true;
  /** The head said that the connection ends behind this answer: too late to change for `shouldKeepAlive`. */
  isLast = false;

  /** `keepAliveLine`: what the client is told of connections that are kept. */
  constructor(socket: Socket, keepAliveLine: string, onFinished: (response: LaneResponse) => void) {
    this.#socket = socket;
    this.#keepAliveLine = keepAliveLine;
    this.#onFinished = onFinished;
  }

  writeHead(status: number, fields?: HeadFields): LaneResponse {
    if (this.headersSent) throw new Error('the head of this answer has been decided on already');
    if (!Number.isInteger(status) || status < 200 || status > 999)
      throw new RangeError(`${status} is not the status of an answer`);
    if (fields?.['transfer-encoding'] !== undefined) throw new FieldError('transfer-encoding is not for handlers to say');
    // Found here and not when it is too late to answer anything else.
    this.#lines = fields === undefined ? '' : fieldLines(fields);
    this.headersSent = true;
    this.#status = status;
    this.#fields = fields;
    this.#hasBody = status !== 204 && status !== 304;
    return this;
  }

  flushHeaders(): void {
    if (this.#isHeadSent || this.destroyed) return;
    if (!this.headersSent) this.writeHead(200);
    this.#socket.write(this.#head(undefined), 'latin1');
  }

  write(piece: string | Buffer): boolean {
    if (this.writableEnded || this.destroyed) return false;
    if (!this.headersSent) this.writeHead(200);
    const head = this.#isHeadSent ? '' : this.#head(undefined);
    if (piece.length === 0 || !this.#hasBody) return head === '' || this.#socket.write(head, 'latin1');
    return this.#send(head, piece);
  }

  end(piece: string | Buffer = '', encoding: 'utf8' | 'latin1' = 'utf8'): void {
    if (this.writableEnded || this.destroyed) return;
    if (!this.headersSent) this.writeHead(200);
    this.writableEnded = true;
    const body = this.#hasBody ? piece : '';
    if (this.#isHeadSent) {
      this.#socket.cork();
      const bytes = encoding === 'latin1' && typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
      if (bytes.length > 0) this.#send('', bytes);
      this.#socket.write(this.#isChunked ? '0\r\n\r\n' : '', 'latin1', this.#finish);
      this.#socket.uncork();
      return;
    }
    const length = typeof body === 'string' && encoding === 'utf8' ? Buffer.byteLength(body) : body.length;
    const head = this.#head(length);
    if (typeof body === 'string') {
      // Heads are Latin-1, and so is a text that has as many bytes as characters: it is ASCII.
      if (length === body.length) this.#socket.write(head + body, 'latin1', this.#finish);
      else if (isAscii(head)) this.#socket.write(head + body, 'utf8', this.#finish);
      else this.#socket.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]), this.#finish);
    } else writeInOne(this.#socket, head, body, this.#finish);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    // Behind its end the connection serves another request.
    if (!this.closed) this.#socket.destroy();
  }

  once(event: 'close' | 'drain', listener: () => void): this {
    if (event === 'drain') {
      this.#onDrain ??= [];
      this.#onDrain.push(listener);
    } else if (this.closed) process.nextTick(listener);
    else {
      this.#onClose ??= [];
      this.#onClose.push(listener);
    }
    return this;
  }

  /** The socket has room again. */
  drained(): void {
    const listeners = this.#onDrain;
    this.#onDrain = undefined;
    for (const listener of listeners ?? []) listener();
  }

  /** The connection is gone, or all has been said. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (!this.writableFinished) this.destroyed = true;
    const listeners = this.#onClose;
    this.#onClose = undefined;
    for (const listener of listeners ?? []) listener();
  }

  readonly #finish = (error?: Error | null): void => {
    if (error || this.closed) return;
    this.writableFinished = true;
    this.#onFinished(this);
  };

  /** The head, for a body of `length` bytes or of one that nobody knows the length of. */
  #head(length: number | undefined): string {
    this.#isHeadSent = true;
    const fields = this.#fields;
    const hasLength = fields?.['content-length'] !== undefined || fields?.['Content-Length'] !== undefined;
    const ownConnection = fields?.connection;
    this.isLast = ownConnection === undefined ? !this.shouldKeepAlive : /(?:^|\W)close(?:$|\W)/i.test(String(ownConnection));
    let framing = '';
    if (this.#hasBody && !hasLength) {
      this.#isChunked = length === undefined;
      framing = length === undefined ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${length}\r\n`;
    }
    let connection = '';
    if (ownConnection === undefined) connection = this.isLast ? 'Connection: close\r\n' : this.#keepAliveLine;
    const dateLine = fields?.date === undefined ? `Date: ${dateNow()}\r\n` : '';
    return `HTTP/1.1 ${this.#status} ${STATUS_CODES[this.#status] ?? 'unknown'}\r\n${this.#lines}${dateLine}${connection}${framing}\r\n`;
  }

  #send(head: string, piece: string | Buffer): boolean {
    const socket = this.#socket;
    const isChunked = this.#isChunked;
    if (typeof piece === 'string') {
      const length = Buffer.byteLength(piece);
      const framed = isChunked ? `${length.toString(16)}\r\n${piece}\r\n` : piece;
      if (length === piece.length) return socket.write(head + framed, 'latin1');
      if (head !== '' && !isAscii(head)) {
        socket.write(head, 'latin1');
        return socket.write(framed);
      }
      return socket.write(head + framed);
    }
    if (piece.length <= onePieceBytes) {
      const text = piece.toString('latin1', 0, piece.length);
      return socket.write(isChunked ? `${head}${piece.length.toString(16)}\r\n${text}\r\n` : head + text, 'latin1');
    }
    socket.cork();
    socket.write(isChunked ? `${head}${piece.length.toString(16)}\r\n` : head, 'latin1');
    const hasRoom = socket.write(piece);
    if (isChunked) socket.write('\r\n', 'latin1');
    socket.uncork();
    return hasRoom && !socket.writableNeedDrain;
  }
}

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}

let date = '';
let dateUntilMs = 0;

/** The time for a Date header, made once a second. */
function dateNow(): string {
  const now = Date.now();
  if (now >= dateUntilMs || now < dateUntilMs - 1000) {
    date = new Date(now).toUTCString();
    dateUntilMs = now - (now % 1000) + 1000;
  }
  return date;
}
