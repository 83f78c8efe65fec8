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

/** How much of a refused body is still read, so that the client can finish sending and see the answer. */
const drainBytes = 64 * 1024 * 1024;

/**
 * The body as UTF-8 text. Rejects with BodyTooLargeError beyond the limit (the rest is read and thrown away, within
 * bounds), with RpcError -32700 when it is not UTF-8, and with an Error when the client leaves before it sent everything.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    const chunks: Buffer[] = [];
    let size = 0;
    let refused = false;
    const refuse = () => {
      refused = true;
      chunks.length = 0;
      reject(new BodyTooLargeError(limitBytes));
    };
    if (announced > limitBytes) refuse();
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (refused) {
        if (size > drainBytes) request.destroy();
        return;
      }
      if (size > limitBytes) return refuse();
      chunks.push(chunk);
    });
    request.once('end', () => {
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
