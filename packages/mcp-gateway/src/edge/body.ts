/** The body of a request as the protocol wants it: UTF-8 text. */
import { isUtf8 } from 'node:buffer';
import { readBody } from '@switchyard/kit/body';
import type { InboundRequest } from '@switchyard/kit/inbound';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';

/** The body as text, at once where it is there. Fails as `readBody` does, and with RpcError -32700 when it is not UTF-8. */
export function readText(request: InboundRequest, limitBytes: number): string | Promise<string> {
  const read = readBody(request, limitBytes);
  return read instanceof Promise ? read.then(textOf) : textOf(read);
}

function textOf(bytes: Buffer): string {
  // Decoding would replace what is broken and so pass on what nobody sent.
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new RpcError(errorCodes.parseError, 'the body is not valid UTF-8', { httpStatus: 400 });
}
