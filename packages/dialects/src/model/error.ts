/** What can go wrong with a model call, in one vocabulary for all dialects. */

/**
 * - `authentication` the key is wrong (401), `permission` it may not do this (403)
 * - `balance` money or an allowance ran out (402 and its kin)
 * - `rate-limit` too many requests or tokens (429), `overloaded` the provider has no room (503, 529)
 * - `context-length` the prompt is longer than the model reads, `too-large` the body is larger than the provider takes (413)
 * - `content-policy` refused for what it says
 * - `not-found` no such model or resource (404, 410)
 * - `unsupported` the model cannot do what is asked, `invalid-request` the request is wrong (400, 422)
 * - `timeout` nothing came in time, `transport` the connection failed, `malformed` the answer made no sense
 * - `cut` the stream stopped before its end
 * - `server` the provider failed (500 and everything unknown)
 */
export type ErrorKind =
  | 'authentication'
  | 'permission'
  | 'balance'
  | 'rate-limit'
  | 'overloaded'
  | 'context-length'
  | 'too-large'
  | 'content-policy'
  | 'not-found'
  | 'unsupported'
  | 'invalid-request'
  | 'timeout'
  | 'transport'
  | 'malformed'
  | 'cut'
  | 'server';

export interface ModelError {
  kind: ErrorKind;
  /** For people: what happened, and what to do where we know it. */
  message: string;
  /** The status the upstream answered with; undefined when it came inside a stream or from us. */
  status?: number;
  /** The upstream's own code (`context_length_exceeded`, `RESOURCE_EXHAUSTED`, `overloaded_error`). */
  code?: string;
  /** The field of the request that is wrong (OpenAI `param`). */
  param?: string;
  /** Milliseconds to wait, where the body says so (Gemini `RetryInfo`); headers are the router's business. */
  retryAfterMs?: number;
}

/** HTTP status for each kind where the upstream gave none. */
export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  authentication: 401,
  permission: 403,
  balance: 402,
  'rate-limit': 429,
  overloaded: 503,
  'context-length': 400,
  'too-large': 413,
  'content-policy': 400,
  'not-found': 404,
  unsupported: 400,
  'invalid-request': 400,
  timeout: 504,
  transport: 502,
  malformed: 502,
  cut: 502,
  server: 500,
};

/** The kind a bare HTTP status speaks for. */
export function kindOfStatus(status: number): ErrorKind {
  if (status === 401) return 'authentication';
  if (status === 402) return 'balance';
  if (status === 403) return 'permission';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 408 || status === 504) return 'timeout';
  if (status === 413) return 'too-large';
  if (status === 429) return 'rate-limit';
  if (status === 502) return 'transport';
  if (status === 503 || status === 529) return 'overloaded';
  return status >= 400 && status < 500 ? 'invalid-request' : 'server';
}

/** Raised by a dialect for a body that it cannot read. `param` names the field, the message says the remedy. */
export class DialectError extends Error {
  readonly param: string;
  constructor(param: string, message: string) {
    super(param === '' ? message : `${param}: ${message}`);
    this.name = 'DialectError';
    this.param = param;
  }

  toModelError(): ModelError {
    return { kind: 'invalid-request', message: this.message, ...(this.param && { param: this.param }) };
  }
}
