/** The head of a request to an upstream. */
import type { HttpTarget } from '../http-target.ts';
import { FieldError, fieldLines } from './fields.ts';

const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** Said here of every request; a second one would change where its body ends. */
const ownFields = ['connection', 'content-length', 'transfer-encoding'];
const requestTarget = /^\/[\x21-\x7e\x80-\xff]*$/;

/** Request line and fields, with the length of the body in bytes. Throws FieldError for what cannot be sent. */
export function requestHead(
  { origin, path }: HttpTarget,
  method: string,
  headers: Record<string, string | string[]>,
  body: { length: number } | undefined,
): string {
  if (!token.test(method)) throw new FieldError(`${JSON.stringify(method)} is not a method`);
  if (!requestTarget.test(path)) throw new FieldError('the path has a character that no request line can hold');
  for (const name of ownFields) if (name in headers) throw new FieldError(`the header ${name} is the client's own to say`);
  const host = 'host' in headers ? '' : `Host: ${origin.slice(origin.indexOf('//') + 2)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${host}Connection: keep-alive\r\n${fieldLines(headers)}${lengthLine(method, body)}\r\n`;
}

function lengthLine(method: string, body: { length: number } | undefined): string {
  if (body !== undefined) return `Content-Length: ${body.length}\r\n`;
  return method === 'GET' || method === 'HEAD' ? '' : 'Content-Length: 0\r\n';
}
