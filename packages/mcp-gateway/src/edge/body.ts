/** Reads a request body once, bounded. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';

export class BodyTooLargeError extends Error {
  readonly limitBytes: number;
  constructor(limitBytes: number) {
    super(`the request body is larger than ${limitBytes} bytes`);
    this.name = 'BodyTooLargeError';
    this.limitBytes = limitBytes;
  }
}

/**
 * How much beyond the limit is read and thrown away before a body is refused: an answer that comes while the client
 * is still sending is lost when the connection closes after it.
 */
const drainBytes = 64 * 1024 * 1024;

/**
 * The body as UTF-8 text. Rejects with BodyTooLargeError beyond the limit, with RpcError -32700 when it is not UTF-8, and
 * with an Error when the client leaves before it sent everything.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
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
      const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks);
      // Decoding would replace what is broken and so pass on what nobody sent.
      if (isUtf8(bytes)) resolve(bytes.toString('utf8'));
      else reject(new RpcError(errorCodes.parseError, 'the body is not valid UTF-8', { httpStatus: 400 }));
    });
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new Error('the client left before it sent the whole body'));
    });
  });
}
