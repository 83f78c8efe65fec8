/** Reads a request's JSON body: bounded, with its text kept so that numbers can travel on with all their digits. */
import { locateJsonError } from '@switchyard/kit/json-position';
import { isTooDeep, maxDepth } from '@switchyard/kit/json-scan';
import { badRequest, Problem, payloadTooLarge } from '@switchyard/kit/problem';
import type { JsonObject } from '../jsonrpc/message.ts';

export interface JsonBody {
  /** The object as the caller wrote it. */
  text: string;
  value: JsonObject;
}

/** The body as a JSON object; `{}` when there is none. Throws Problem 400, 413, 415. */
export async function readJsonObject(request: Request, limitBytes: number): Promise<JsonBody> {
  const bytes = await readBytes(request, limitBytes);
  if (bytes.length === 0) return { text: '{}', value: {} };
  const type = request.headers.get('content-type');
  if (!isJson(type)) {
    const found = type === null ? 'no Content-Type header' : `the Content-Type ${JSON.stringify(type)}`;
    throw new Problem(415, {
      detail: `the body must be sent as "Content-Type: application/json", found ${found}`,
      headers: { accept: 'application/json' },
    });
  }
  const text = decode(bytes);
  return text.trim() === '' ? { text: '{}', value: {} } : { text, value: parseObject(text, 'the body') };
}

/** Parses `text`, which must be a JSON object; `what` names it. Throws Problem 400 with line and column. */
function parseObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const { line, column, problem } = locateJsonError(text);
    throw badRequest(`${what} is not valid JSON at line ${line}, column ${column}: ${problem}`, { line, column });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
    throw badRequest(`${what} must be a JSON object, found ${kind}`);
  }
  if (isTooDeep(text)) throw badRequest(`${what} is nested deeper than ${maxDepth} levels`);
  return value as JsonObject;
}

function isJson(contentType: string | null): boolean {
  const [essence = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(essence)) return false;
  return parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter));
}

/**
 * How much beyond the limit is read and thrown away before a body is refused: an answer that comes while the caller
 * is still sending is lost when the connection closes after it.
 */
const drainBytes = 64 * 1024 * 1024;

async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    payloadTooLarge(`the body is larger than ${limitBytes} bytes, the setting "bodyLimitBytes"`, { limitBytes });
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes + drainBytes) throw tooLarge();
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body) {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > limitBytes + drainBytes) break;
    }
  } catch {
    throw badRequest('the body ended before it was complete');
  }
  if (size > limitBytes) throw tooLarge();
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest('the body is not valid UTF-8');
  }
}
