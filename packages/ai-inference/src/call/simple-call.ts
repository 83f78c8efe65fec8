/**
 * Calls that are no conversation: a small JSON body to one endpoint of a provider, a small JSON body back. Embeddings and token
 * counts take this way; it shares health and money's accounting with model calls, and has no stream.
 */
import {
  DialectError,
  isObject,
  type JsonObject,
  kindOfStatus,
  type ModelError,
  parseObject,
  type Usage,
} from '@switchyard/dialects';
import { type Clock, sleep } from '@switchyard/kit/clock';
import { type HttpClient, TransportError } from '@switchyard/kit/http-client';
import { SecretError } from '@switchyard/kit/secrets';
import type { Accounting } from '../accounting.ts';
import { type AccountReading, headerOf } from '../providers/provider.ts';
import type { Provider } from '../providers/provider-set.ts';
import { consequenceOf, type Failure, type RetrySettings, retryAfterMs, retryDelayMs } from '../routing/failure.ts';
import { type Health, refusedBy } from '../routing/health.ts';
import type { Candidate } from '../routing/resolve.ts';
import { textOf } from './decode.ts';
import { refusedByBudget } from './money.ts';
import type { AttemptRecord } from './record.ts';

export interface SimpleEnvironment {
  httpClient: HttpClient;
  clock: Clock;
  health: Health;
  retries: RetrySettings;
  totalMs: number;
  answerLimitBytes: number;
  onAccount(provider: Provider, reading: AccountReading): void;
  accounting: Pick<Accounting, 'reserve' | 'settle'>;
  /** Who pays; undefined for what is free everywhere, such as counting tokens. */
  payer?: string;
}

/** What is sent to a candidate and how its answer is read. */
export interface SimpleRequest {
  path: string;
  body: Buffer | string;
  headers: Record<string, string>;
  parseError(status: number, body: unknown): ModelError;
  /** Usage that the answer tells. Throws DialectError for an answer that is none. */
  usageOf(body: JsonObject): Usage | undefined;
}

export type SimpleResult = { candidate: Candidate; bytes: Buffer; body: JsonObject; usage?: Usage } | { failure: Failure };

/**
 * Asks the candidates in turn. `prepare` may say that a candidate cannot do it at all. Resolves with the first answer or the
 * failure worth telling; never rejects.
 */
export async function simpleCall(
  env: SimpleEnvironment,
  candidates: readonly Candidate[],
  signal: AbortSignal,
  prepare: (candidate: Candidate) => SimpleRequest | ModelError,
  attempts: AttemptRecord[],
): Promise<SimpleResult> {
  let worth: Failure | undefined;
  for (const candidate of candidates) {
    const request = prepare(candidate);
    if ('kind' in request) {
      worth ??= { error: request };
      continue;
    }
    const result = await ask(env, candidate, request, signal, attempts);
    if (!('failure' in result)) return result;
    worth ??= result.failure;
    if (!consequenceOf(result.failure.error).fallback || signal.aborted) return result;
  }
  return { failure: worth ?? { error: { kind: 'not-found', message: 'no provider can do this' } } };
}

/** Vectors are not paid by the token. */
const noAnswer = 1;

async function ask(
  env: SimpleEnvironment,
  candidate: Candidate,
  request: SimpleRequest,
  signal: AbortSignal,
  attempts: AttemptRecord[],
): Promise<SimpleResult> {
  const { clock, health, retries, accounting, payer } = env;
  const { provider, model } = candidate;
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) return { failure: { error: { kind: 'cut', message: 'the client left' } } };
    const ticket = await health.admit(provider, model, signal);
    if (ticket.refusal) return { failure: refusedBy(provider, ticket.refusal) };
    const reservation =
      payer === undefined ? undefined : accounting.reserve(payer, provider, model, request.body.length, () => noAnswer);
    if (reservation && 'message' in reservation) {
      ticket.abandoned();
      return { failure: refusedByBudget(reservation) };
    }
    const startedAt = clock.monotonicMs();
    const record: AttemptRecord = { provider: provider.name, model, outcome: 'ok', startedAtMs: clock.now(), durationMs: 0 };
    attempts.push(record);
    const result = await once(env, candidate, request, signal);
    record.durationMs = clock.monotonicMs() - startedAt;
    if ('failure' in result) {
      record.outcome = signal.aborted ? 'aborted' : 'error';
      record.errorKind = result.failure.error.kind;
      const { status } = result.failure.error;
      if (status !== undefined) record.status = status;
    } else if (result.usage) record.usage = result.usage;
    if (reservation) await accounting.settle(provider, record, reservation);
    if (!('failure' in result)) {
      ticket.succeeded();
      return result;
    }
    if (signal.aborted) {
      ticket.abandoned();
      return result;
    }
    ticket.failed(result.failure);
    const delayMs = retryDelayMs(result.failure, attempt, retries, Math.random());
    if (delayMs === undefined) return result;
    await sleep(delayMs, { clock, signal }).catch(() => {});
  }
}

async function once(
  env: SimpleEnvironment,
  candidate: Candidate,
  request: SimpleRequest,
  signal: AbortSignal,
): Promise<SimpleResult> {
  const { httpClient, clock, totalMs, answerLimitBytes, onAccount } = env;
  const { provider } = candidate;
  const fail = (error: ModelError, extra: Partial<Failure> = {}): SimpleResult => ({
    failure: { ...extra, error: { ...error, message: `${provider.name}: ${error.message}` } },
  });
  const late = AbortSignal.timeout(totalMs);
  try {
    const answer = await httpClient.request(provider.baseUrl + request.path, {
      method: 'POST',
      headers: { ...provider.headers(), 'content-type': 'application/json', 'accept-encoding': 'identity', ...request.headers },
      body: request.body,
      signal: AbortSignal.any([signal, late]),
      headersTimeoutMs: 0,
      bodyTimeoutMs: 0,
    });
    const reading = provider.profile.readAccount?.(answer.headers);
    if (reading) onAccount(provider, reading);
    const text = await textOf(answer, answerLimitBytes);
    const body = parseObject(text);
    if (answer.status >= 200 && answer.status < 300 && body && !isObject(body.error)) {
      const usage = request.usageOf(body);
      return { candidate, bytes: Buffer.from(text), body, ...(usage && { usage }) };
    }
    if (answer.status < 300 && !body) return fail({ kind: 'malformed', message: "the provider's answer is not a JSON object" });
    const told: ModelError = body
      ? request.parseError(answer.status, body)
      : { kind: kindOfStatus(answer.status), message: `it answered ${answer.status} without JSON` };
    const error = provider.profile.refineError?.(told, answer.status, answer.headers, body ?? {}) ?? told;
    const ms = retryAfterMs(answer.headers, clock.now()) ?? error.retryAfterMs;
    const retryAfter = headerOf(answer.headers, 'retry-after');
    return fail(
      { ...error, status: answer.status },
      { ...(ms !== undefined && { retryAfterMs: ms }), ...(retryAfter !== undefined && { retryAfter }) },
    );
  } catch (error) {
    if (error instanceof DialectError) return fail({ kind: 'malformed', message: `its answer: ${error.message}` });
    if (late.aborted) return fail({ kind: 'timeout', message: `the answer was not complete after ${totalMs} ms` });
    if (error instanceof SecretError)
      return fail({ kind: 'authentication', message: `its key cannot be read: ${error.message}` });
    if (error instanceof TransportError) return fail({ kind: 'transport', message: error.message.replace(/^\S+: /, '') });
    return fail({ kind: 'server', message: error instanceof Error ? error.message : String(error) });
  }
}
