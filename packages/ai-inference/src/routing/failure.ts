/**
 * What a failure means for what is done next. Pure tables and functions. Sources: reference facts of the providers' documents
 * (retry 408, 429 with a time, 5xx and 529; never what the request itself or the account is to blame for).
 */
import type { ErrorKind, ModelError } from '@switchyard/dialects';
import { type Headers, headerOf } from '../providers/provider.ts';

/** A failed attempt of which nothing has reached the client. */
export interface Failure {
  error: ModelError;
  /** How long the provider asks to be left alone, in ms. */
  retryAfterMs?: number;
  /** Header as it came, to be passed on. */
  retryAfter?: string;
}

export interface Consequence {
  /** The same model may be asked again after a while. */
  retry: boolean;
  /** Another model may do better. */
  fallback: boolean;
  /** Counts against the health of the provider with this model. */
  unhealthy: boolean;
}

const consequences: Readonly<Record<ErrorKind, Consequence>> = {
  authentication: { retry: false, fallback: true, unhealthy: false },
  permission: { retry: false, fallback: true, unhealthy: false },
  balance: { retry: false, fallback: true, unhealthy: false },
  'rate-limit': { retry: true, fallback: true, unhealthy: false },
  overloaded: { retry: true, fallback: true, unhealthy: true },
  // A model with a longer context may stand further down the route.
  'context-length': { retry: false, fallback: true, unhealthy: false },
  'too-large': { retry: false, fallback: true, unhealthy: false },
  // What one provider refuses another one may answer, but going around a refusal is not the router's to decide.
  'content-policy': { retry: false, fallback: false, unhealthy: false },
  'not-found': { retry: false, fallback: true, unhealthy: false },
  unsupported: { retry: false, fallback: true, unhealthy: false },
  // A request that is wrong here is wrong everywhere.
  'invalid-request': { retry: false, fallback: false, unhealthy: false },
  timeout: { retry: false, fallback: true, unhealthy: true },
  transport: { retry: true, fallback: true, unhealthy: true },
  malformed: { retry: true, fallback: true, unhealthy: true },
  cut: { retry: true, fallback: true, unhealthy: true },
  server: { retry: true, fallback: true, unhealthy: true },
};

export function consequenceOf(error: ModelError): Consequence {
  return consequences[error.kind];
}

/** `Retry-After` in both its forms (RFC 9110 §10.2.3): seconds, or a date. Milliseconds from now, never negative. */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const inMs = Number(headerOf(headers, 'retry-after-ms') ?? 'none');
  if (Number.isFinite(inMs) && inMs >= 0) return inMs;
  const text = headerOf(headers, 'retry-after')?.trim();
  if (!text) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
  const date = Date.parse(text);
  return Number.isFinite(date) ? Math.max(0, date - nowMs) : undefined;
}

/** The next midnight UTC, when Venice's allowance is given anew. */
export function nextEpochMs(nowMs: number): number {
  const day = 86_400_000;
  return Math.floor(nowMs / day) * day + day;
}

export interface RetrySettings {
  attempts: number;
  baseDelayMs: number;
  maxDelayMs: number;
}

/** How long to wait before try number `attempt` + 1 (the first is 1); undefined: do not. `random` is 0 to 1. */
export function retryDelayMs(failure: Failure, attempt: number, settings: RetrySettings, random: number): number | undefined {
  if (attempt >= settings.attempts || !consequenceOf(failure.error).retry) return undefined;
  // A limit without a time to wait is a limit for the day or for good.
  if (failure.error.kind === 'rate-limit' && failure.retryAfterMs === undefined) return undefined;
  if (failure.retryAfterMs !== undefined && failure.retryAfterMs > settings.maxDelayMs) return undefined;
  const backoff = Math.min(settings.maxDelayMs, settings.baseDelayMs * 2 ** (attempt - 1)) * (0.5 + random / 2);
  return Math.max(backoff, failure.retryAfterMs ?? 0);
}
