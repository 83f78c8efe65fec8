/**
 * The heads of requests that leave nothing to interpret: a POST with one Host, one Content-Length, no field twice, and every
 * character where RFC 9112 puts it. Whatever else a client may send is not refused here but left to Node's own parser.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { lowerCaseOf, valueBetween } from './fields.ts';

export interface PlainHead {
  /** As it was sent: path and query. */
  url: string;
  headers: Readonly<IncomingHttpHeaders>;
  /** Bytes of the head with its empty line. */
  headBytes: number;
  /** Content-Length. */
  bodyBytes: number;
  /** The head itself, where it is worth comparing the next one with it. */
  bytes: Buffer | undefined;
}

const longestHead = 16 * 1024;
/** Node has a limit of its own. */
const mostFields = 100;
const plainHead = /^POST \/[\x21-\x7e]* HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/;
/** Fields that change what the bytes after the head mean, or what is to be answered and when; and two that Node gives another form. */
const notPlain = new Set([
  ...['transfer-encoding', 'expect', 'upgrade', 'trailer', 'te', 'keep-alive', 'proxy-connection'],
  ...['set-cookie', '__proto__'],
]);

/** Longer ones are not kept with their connection. */
const longestKept = 2048;

/**
 * The head at the beginning of `bytes`; undefined when it is not plain, or not all there. `before`: the one before on the same
 * connection, because most clients send the same head again and again. What it holds must not be changed.
 */
export function plainHeadOf(bytes: Buffer, before?: PlainHead): PlainHead | undefined {
  const kept = before?.bytes;
  if (kept && bytes.length >= kept.length && kept.compare(bytes, 0, kept.length) === 0) return before;
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 || end > longestHead) return undefined;
  const headBytes = end + 4;
  const text = bytes.toString('latin1', 0, headBytes);
  if (!plainHead.test(text)) return undefined;
  let at = text.indexOf('\r\n');
  const url = text.slice('POST '.length, at - ' HTTP/1.1'.length);
  const headers: Record<string, string> = Object.create(null);
  at += 2;
  for (let count = 0; at < end; count++) {
    const colon = text.indexOf(':', at);
    const lineEnd = text.indexOf('\r\n', colon);
    const name = lowerCaseOf(text.slice(at, colon));
    if (headers[name] !== undefined || notPlain.has(name) || count === mostFields) return undefined;
    headers[name] = valueBetween(text, colon + 1, lineEnd);
    at = lineEnd + 2;
  }
  const { host, connection, 'content-length': length } = headers;
  if (host === undefined || length === undefined || !/^\d{1,9}$/.test(length)) return undefined;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  return {
    url,
    headers,
    headBytes,
    bodyBytes: Number(length),
    bytes: headBytes > longestKept ? undefined : Buffer.from(bytes.subarray(0, headBytes)),
  };
}
