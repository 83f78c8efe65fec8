/** Names for requests: our own short id, and the W3C trace context that travels between daemons. */
import { randomBytes, randomFillSync } from 'node:crypto';

/** Tells processes apart that made an id in the same millisecond. */
const processTag = randomBytes(4).readUInt32BE().toString(36).padStart(7, '0').slice(-4);
let lastMs = 0;
let lastMsText = '';
let sequence = 0;

/**
 * A new request id: 15 lower-case letters and digits (milliseconds, sequence, process), so that ids of one process sort
 * by age as plain text. Not a secret.
 */
export function newRequestId(): string {
  const ms = Date.now();
  if (ms > lastMs) beginMs(ms);
  else if (++sequence === 36 ** 3) beginMs(lastMs + 1);
  return lastMsText + sequence.toString(36).padStart(3, '0') + processTag;
}

function beginMs(ms: number): void {
  lastMs = ms;
  lastMsText = ms.toString(36).padStart(8, '0');
  sequence = 0;
}

/** Headers as the web's `Headers` or as Node's plain object. */
export type HeaderSource = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

/** The caller's `X-Request-Id` when it is sane (1 to 64 of `A-Z a-z 0-9 . _ : -`), otherwise a new id. */
export function requestIdFrom(headers: HeaderSource): string {
  const given = readHeader(headers, 'x-request-id');
  return given !== undefined && /^[\w.:-]{1,64}$/.test(given) ? given : newRequestId();
}

function readHeader(headers: HeaderSource, name: string): string | undefined {
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}

/** The parts of a `traceparent` header. */
export interface Traceparent {
  /** 32 lower-case hex digits, not all zero. */
  traceId: string;
  /** 16 lower-case hex digits, not all zero: the caller's span. */
  parentId: string;
  /** Two hex digits; bit 0 says the caller may have recorded the trace. */
  flags: string;
}

/** Reads a `traceparent` header (W3C Trace Context level 1, section 3.2); undefined when absent or malformed. */
export function parseTraceparent(header: string | null | undefined): Traceparent | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header?.trim() ?? '');
  if (!match) return undefined;
  const [, version, traceId = '', parentId = '', flags = '', rest] = match;
  const malformed = version === 'ff' || (version === '00' && rest !== undefined);
  if (malformed || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId, flags };
}

/**
 * The `traceparent` to send on: the same trace, a new span. Without a valid parent it begins a new trace that is marked
 * as not recorded, which is true.
 */
export function childTraceparent(parent?: Traceparent | string | null): string {
  const from = typeof parent === 'string' ? parseTraceparent(parent) : parent;
  return `00-${from?.traceId ?? hex(16)}-${hex(8)}-${from?.flags ?? '00'}`;
}

/** Random bytes are cheap by the thousand and dear by the dozen, and so is writing them in digits. */
const pool = Buffer.alloc(2048);
let digits = '';
let used = 0;

function hex(bytes: number): string {
  if (used + 2 * bytes > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  const text = digits.slice(used, used + 2 * bytes);
  used += 2 * bytes;
  return /^0+$/.test(text) ? hex(bytes) : text;
}
