/** Errors for HTTP callers as RFC 9457 "problem details". Throw one anywhere below a route; the edge turns it into an answer. */
import { STATUS_CODES } from 'node:http';

/** What a problem may say besides its status and detail. Further members become extension members of the JSON. */
export interface ProblemExtra {
  /** Short and the same for every occurrence. Default: the status's reason phrase. */
  title?: string;
  /** URI that names the kind of problem. Default `about:blank`. */
  type?: string;
  /** Headers for the answer, for example `retry-after`. */
  headers?: Record<string, string>;
  [extension: string]: unknown;
}

/** What a problem says besides its status. */
export interface ProblemInit extends ProblemExtra {
  /** What was wrong this time, which field or setting, and what to do. */
  detail: string;
}

/** An error that knows how it looks over HTTP. */
export class Problem extends Error {
  /** HTTP status, 400 to 599. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly type: string;
  /** Extension members (RFC 9457 section 3.2). */
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(status: number, init: ProblemInit) {
    const { title, detail, type, headers, ...extra } = init;
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.title = title ?? STATUS_CODES[status] ?? 'Error';
    this.detail = detail;
    this.type = type ?? 'about:blank';
    this.extra = extra;
    this.headers = headers ?? {};
  }
}

/** The JSON object of a problem. Extension members can not replace the standard ones. */
export function toProblemJson(problem: Problem): Record<string, unknown> {
  const { type, title, status, detail, extra } = problem;
  return { ...extra, type, title, status, detail };
}

/** The answer for a problem: `application/problem+json`, with the request id in body and header when given. */
export function problemResponse(problem: Problem, requestId?: string): Response {
  const headers = new Headers(problem.headers);
  headers.set('content-type', 'application/problem+json');
  headers.set('cache-control', 'no-store');
  const body = toProblemJson(problem);
  if (requestId !== undefined) {
    body.requestId = requestId;
    headers.set('x-request-id', requestId);
  }
  return new Response(JSON.stringify(body), { status: problem.status, headers });
}

/**
 * Any thrown value as a problem. A `Problem` is returned as it is; everything else becomes a 500 that gives away nothing
 * of the error's text (log the original beside it).
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(500, { detail: 'The service failed while answering this request; its log has the reason.' });
}

/** 400: the request itself is wrong; `detail` names the field and what it should be. */
export const badRequest = (detail: string, extra: ProblemExtra = {}): Problem => new Problem(400, { ...extra, detail });

/** 401: no valid credentials. Give `headers: {'www-authenticate': …}` in `extra` where a scheme is known. */
export const unauthorized = (detail: string, extra: ProblemExtra = {}): Problem => new Problem(401, { ...extra, detail });

/** 403: the caller is known and may not. */
export const forbidden = (detail: string, extra: ProblemExtra = {}): Problem => new Problem(403, { ...extra, detail });

/** 404: nothing by that name. */
export const notFound = (detail: string, extra: ProblemExtra = {}): Problem => new Problem(404, { ...extra, detail });

/** 413: the body is over the limit, which `detail` names. */
export const payloadTooLarge = (detail: string, extra: ProblemExtra = {}): Problem => new Problem(413, { ...extra, detail });

/** 429 with `Retry-After`, rounded up to whole seconds, at least 1. */
export function tooManyRequests(detail: string, retryAfterSeconds: number, extra: ProblemExtra = {}): Problem {
  return new Problem(429, { ...extra, detail, headers: { ...extra.headers, 'retry-after': wholeSeconds(retryAfterSeconds) } });
}

/** 503, with `Retry-After` when it is known how long. */
export function unavailable(detail: string, retryAfterSeconds?: number, extra: ProblemExtra = {}): Problem {
  const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': wholeSeconds(retryAfterSeconds) };
  return new Problem(503, { ...extra, detail, headers: { ...extra.headers, ...wait } });
}

function wholeSeconds(seconds: number): string {
  return String(Math.max(1, Math.ceil(seconds)));
}
