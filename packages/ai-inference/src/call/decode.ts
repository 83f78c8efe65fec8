/** Undoes a provider's compression. We ask for none, but not everybody listens. */

import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { HttpResponse } from '@switchyard/kit/http-client';
import { headerOf } from '../providers/provider.ts';

/** A decoder for a Content-Encoding; undefined when there is nothing to undo. Throws for one that is unknown. */
export function decoderOf(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress();
    default:
      throw new Error(`its Content-Encoding "${encoding}" is unknown`);
  }
}

/** The whole body of an answer as text, whatever it was packed in. Throws for one that is broken or larger than the limit. */
export async function textOf(answer: HttpResponse, limitBytes: number): Promise<string> {
  const decoder = decoderOf(headerOf(answer.headers, 'content-encoding'));
  if (!decoder) return await answer.text(limitBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  await pipeline(answer.body, decoder, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > limitBytes) throw new Error(`the answer is larger than ${limitBytes} bytes`);
      chunks.push(piece);
    }
  });
  return Buffer.concat(chunks).toString('utf8');
}
