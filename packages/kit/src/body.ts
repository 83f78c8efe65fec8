/** Reads a request body once, bounded, or throws it away. */
import type { IncomingMessage } from 'node:http';
import { LaneRequest } from './http1/server-lane.ts';
import type { InboundRequest } from './inbound.ts';

export class BodyTooLargeError extends Error {
  readonly limitBytes: number;
  constructor(limitBytes: number) {
    super(`the request body is larger than ${limitBytes} bytes`);
    this.name = 'BodyTooLargeError';
    this.limitBytes = limitBytes;
  }
}

/** The client left before it sent the whole body. */
export class BodyCutError extends Error {
  override name = 'BodyCutError';
}

/**
 * How much beyond the limit is read and thrown away before a body is refused: an answer that comes while the client
 * is still sending is lost when the connection closes after it.
 */
const drainBytes = 64 * 1024 * 1024;

/** How long the rest of a body is read before its request is answered without it. */
const drainMs = 30_000;

/**
 * The body, at once where it is there; to be asked for once. Throws or rejects with BodyTooLargeError beyond the limit, with BodyCutError when the client
 * leaves before it sent everything.
 */
export function readBody(inbound: InboundRequest, limitBytes: number): Buffer | Promise<Buffer> {
  if (inbound instanceof LaneRequest) {
    const body = inbound.takeBody();
    if (body.length > limitBytes) throw new BodyTooLargeError(limitBytes);
    return body;
  }
  const request = inbound as IncomingMessage;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length'] ?? 0) > limitBytes + drainBytes) reject(new BodyTooLargeError(limitBytes));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > limitBytes + drainBytes) reject(new BodyTooLargeError(limitBytes));
    });
    request.once('end', () => {
      if (size > limitBytes) return reject(new BodyTooLargeError(limitBytes));
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks));
    });
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new BodyCutError('the client left before it sent the whole body'));
    });
  });
}

/**
 * Reads what is left of a body and throws it away, so that a client who is still sending hears the answer: it would be
 * lost in a reset when the connection closes. Resolves also when the client leaves, or sends too much or too long.
 */
export function drainBody(request: IncomingMessage, limits: { bytes?: number; ms?: number } = {}): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  const { bytes = drainBytes, ms = drainMs } = limits;
  return new Promise((resolve) => {
    let size = 0;
    const timer = setTimeout(done, ms);
    const count = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytes) done();
    };
    function done(): void {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      // Whatever still comes is read by Node and dropped.
      request.resume();
      resolve();
    }
    request.once('end', done).once('close', done).once('error', done).on('data', count);
  });
}
