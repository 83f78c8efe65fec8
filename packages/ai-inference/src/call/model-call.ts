/**
 * A model call from its body to its end: one candidate of the route after the other, each tried as often as is safe, until one
 * answers. Once the client has heard anything there is no other try.
 */

import {
  type Dialect,
  DialectError,
  type DialectName,
  isObject,
  type JsonObject,
  type Loss,
  type ModelError,
  type ModelRequest,
  objectOf,
} from '@switchyard/dialects';
import { withoutCacheMarks } from '@switchyard/dialects/model/cache-marks';
import type { CancelSignal } from '@switchyard/kit/cancel';
import { type Clock, sleep } from '@switchyard/kit/clock';
import type { Deadlines } from '@switchyard/kit/deadlines';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { JsonBody } from '@switchyard/kit/json-body';
import { SecretError } from '@switchyard/kit/secrets';
import type { Accounting } from '../accounting.ts';
import type { OpenDecision } from '../policy/route-policy.ts';
import type { AccountReading } from '../providers/provider.ts';
import type { Provider } from '../providers/provider-set.ts';
import { consequenceOf, type Failure, type RetrySettings, retryDelayMs } from '../routing/failure.ts';
import { type Health, refusedBy, type Ticket } from '../routing/health.ts';
import type { PrivacyLevel } from '../routing/privacy.ts';
import type { Candidate } from '../routing/resolve.ts';
import { Attempt, type AttemptResult, type AttemptTimeouts } from './attempt.ts';
import type { ClientAnswer } from './client-answer.ts';
import { answerLimitOf, refusedByBudget } from './money.ts';
import type { AttemptRecord, CallRecord } from './record.ts';

/** What a call needs of the router. */
export interface CallEnvironment {
  httpClient: HttpClient;
  clock: Clock;
  deadlines: Deadlines;
  health: Health;
  dialects: Readonly<Record<DialectName, Dialect>>;
  timeouts: AttemptTimeouts;
  retries: RetrySettings;
  answerLimitBytes: number;
  onAccount(provider: Provider, reading: AccountReading): void;
  onSettled(record: CallRecord, decision: OpenDecision | undefined): void;
  accounting: Pick<Accounting, 'reserve' | 'settle'>;
}

export interface ModelCallOptions {
  requestId: string;
  caller: string;
  client: Dialect;
  /** As the client asked. */
  model: string;
  stream: boolean;
  body: JsonBody;
  /** The body as the client's dialect is read; the same object each time. Throws DialectError. */
  request(): ModelRequest;
  candidates: readonly Candidate[];
  /** Who may read it; the candidates are all trusted with that, some only when told so. */
  privacy: PrivacyLevel;
  /** Where the name was that of a route. */
  decision: OpenDecision | undefined;
  answer: ClientAnswer;
  /** Headers of the client that its own dialect may pass on. */
  passHeaders: Readonly<Record<string, string>>;
  /** Headers for every provider: request id, trace context. */
  commonHeaders: Readonly<Record<string, string>>;
  startedAtMs: number;
}

interface Prepared {
  upstream: Dialect;
  /** Text is all ASCII. */
  body: Buffer | string;
  stripUsage: boolean;
  losses: readonly Loss[];
}

/** The client left. */
const gone = Symbol('gone');

export class ModelCall {
  readonly #env: CallEnvironment;
  readonly #options: ModelCallOptions;
  readonly #attempts: AttemptRecord[] = [];
  readonly #left: CancelSignal;
  #running: Attempt | undefined;

  constructor(env: CallEnvironment, options: ModelCallOptions) {
    this.#env = env;
    this.#options = options;
    this.#left = options.answer.leaving();
  }

  /** Answers the client. Never rejects for anything a client or a provider does. */
  async run(): Promise<CallRecord> {
    const { answer, client } = this.#options;
    this.#left.addEventListener('abort', () => this.#running?.abort());
    let ended: AttemptResult | Failure | typeof gone;
    try {
      ended = await this.#route();
    } catch (error) {
      if (!(error instanceof DialectError)) throw error;
      answer.fail(client, error.toModelError());
      return this.#settled('error', error.toModelError());
    }
    if (ended === gone) return this.#settled('aborted');
    if ('outcome' in ended) return this.#settled(ended.outcome, ended.outcome === 'error' ? ended.failure.error : undefined);
    answer.fail(client, ended.error, ended);
    return this.#settled('error', ended.error);
  }

  /** The result that the client has heard, or the failure it is to be told. */
  async #route(): Promise<AttemptResult | Failure | typeof gone> {
    const { candidates, answer } = this.#options;
    let worth: { failure: Failure; raw?: { status: number; body: Buffer } } | undefined;
    for (const candidate of candidates) {
      const result = await this.#ask(candidate);
      if (result === gone) return gone;
      if ('refused' in result) {
        worth ??= { failure: result.refused };
        continue;
      }
      if (result.outcome !== 'error' || result.heard) return result;
      const { failure, raw } = result;
      // What can be waited for tells the client more than what cannot.
      if (worth === undefined || (isPassing(failure) && !isPassing(worth.failure))) worth = { failure, ...(raw && { raw }) };
      if (!consequenceOf(failure.error).fallback) {
        worth = { failure, ...(raw && { raw }) };
        break;
      }
    }
    const { failure, raw } = worth as { failure: Failure; raw?: { status: number; body: Buffer } };
    if (!raw) return failure;
    answer.failWith(raw.status, raw.body, failure);
    return { outcome: 'error', failure, heard: true, learnt: {} };
  }

  /** Asks one candidate, as often as is safe. */
  async #ask(candidate: Candidate): Promise<AttemptResult | { refused: Failure } | typeof gone> {
    const { clock, health, retries } = this.#env;
    const { provider, model } = candidate;
    for (let attempt = 1; ; attempt += 1) {
      if (this.#left.aborted) return gone;
      const admitted = health.admit(provider, model, this.#left);
      const ticket = admitted instanceof Promise ? await admitted : admitted;
      if (ticket.refusal) return { refused: refusedBy(provider, ticket.refusal) };
      if (this.#left.aborted) {
        ticket.abandoned();
        return gone;
      }
      let result: AttemptResult | { refused: Failure };
      try {
        result = await this.#attempt(candidate, ticket);
      } catch (error) {
        ticket.abandoned();
        throw error;
      }
      if ('refused' in result) {
        // A budget of ours says nothing about the provider.
        ticket.abandoned();
        return result;
      }
      if (result.outcome === 'aborted') {
        ticket.abandoned();
        return gone;
      }
      if (result.outcome === 'ok') {
        ticket.succeeded();
        return result;
      }
      ticket.failed(result.failure);
      if (result.heard) return result;
      const delayMs = retryDelayMs(result.failure, attempt, retries, Math.random());
      if (delayMs === undefined) return result;
      try {
        await sleep(delayMs, { clock, signal: this.#left });
      } catch {
        return gone;
      }
    }
  }

  async #attempt({ provider, model, insteadOf }: Candidate, ticket: Ticket): Promise<AttemptResult | { refused: Failure }> {
    const { clock, deadlines, httpClient, timeouts, answerLimitBytes, onAccount, accounting } = this.#env;
    const { caller, client, stream, answer, passHeaders, commonHeaders } = this.#options;
    const startedAt = clock.monotonicMs();
    const startedAtMs = clock.now();
    const prepared = this.#prepare(provider, model);
    const { upstream, stripUsage, losses } = prepared;
    const bodyBytes = prepared.body.length;
    const reservation = accounting.reserve(caller, provider, model, bodyBytes, () => answerLimitOf(this.#options.body));
    if ('message' in reservation) return { refused: refusedByBudget(reservation) };
    let result: AttemptResult;
    try {
      const headers = provider.headers();
      headers['content-type'] = 'application/json';
      headers.accept = stream ? (upstream.framing === 'sse' ? 'text/event-stream' : 'application/x-ndjson') : 'application/json';
      headers['accept-encoding'] = 'identity';
      Object.assign(headers, commonHeaders);
      if (client === upstream) Object.assign(headers, passHeaders);
      answer.set('x-switchyard-provider', provider.name);
      answer.set('x-switchyard-model', headerSafe(model));
      if (insteadOf !== undefined)
        answer.set('x-switchyard-warning', headerSafe(`${insteadOf} is retired; ${model} serves in its place`));
      if (losses.length > 0) answer.set('x-switchyard-lost-fields', lossHeader(losses));
      const path = (provider.profile.dialects[upstream.name] as (model: string, stream: boolean) => string)(model, stream);
      const attempt = new Attempt({
        provider,
        target: provider.target(path),
        headers,
        stream,
        client,
        upstream,
        request: this.#options.request,
        stripUsage,
        answer,
        httpClient,
        timeouts,
        answerLimitBytes,
        clock,
        deadlines,
        onAccount: (reading) => onAccount(provider, reading),
        onAnswered: () => ticket.answered(),
      });
      this.#running = attempt;
      attempt.start(prepared.body);
      prepared.body = '';
      if (this.#left.aborted) attempt.abort();
      result = await attempt.result;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      const failure: Failure = {
        error: { kind: 'authentication', message: `${provider.name}: its key cannot be read: ${error.message}` },
      };
      result = { outcome: 'error', failure, heard: false, learnt: {} };
    }
    this.#running = undefined;
    const record = recordOf(provider, model, result, startedAtMs, clock.monotonicMs() - startedAt);
    const settling = accounting.settle(provider, record, reservation);
    if (settling) await settling;
    this.#attempts.push(record);
    return result;
  }

  /** The body for this provider. Throws DialectError when the client's cannot be read. */
  #prepare(provider: Provider, model: string): Prepared {
    const { client, body, stream, privacy } = this.#options;
    const { profile, quirks } = provider;
    const privateFields = privacy === 'any' ? undefined : profile.privateFields;
    const native = profile.dialects[client.name] !== undefined;
    const upstream = this.#env.dialects[native ? client.name : profile.preferredDialect];
    const defaults = profile.defaults?.(upstream.name, quirks) ?? {};
    // Usage is what the accounting lives on; where the client did not ask for it, it does not get it either.
    const isAsked = upstream.name === 'openai-chat' || upstream.name === 'openai-completions';
    const needsUsage = isAsked && stream && profile.type !== 'openrouter';
    if (native) {
      const asked = needsUsage ? objectOf(body.member('stream_options')) : {};
      const stripUsage = needsUsage && asked.include_usage !== true;
      const set: JsonObject = {
        // Gemini names the model in the path alone.
        ...(client.name !== 'gemini' && { model }),
        ...(stripUsage && { stream_options: { ...asked, include_usage: true } }),
        ...privateFields?.((name) => body.member(name)),
      };
      return { upstream, body: body.changed({ set, defaults }), stripUsage, losses: [] };
    }
    const asked = this.#options.request();
    const unmarked = upstream.name === 'openai-chat' && !profile.readsCacheMarks ? withoutCacheMarks(asked) : asked;
    const request = { ...unmarked, model, ...(needsUsage && { includeUsage: true }) };
    const { body: rendered, losses } = upstream.renderRequest(request);
    for (const [key, value] of Object.entries(defaults)) {
      const present = rendered[key];
      if (present === undefined) rendered[key] = value;
      else if (isObject(present) && isObject(value)) rendered[key] = { ...value, ...present };
    }
    Object.assign(
      rendered,
      privateFields?.((name) => rendered[name]),
    );
    return { upstream, body: Buffer.from(JSON.stringify(rendered)), stripUsage: false, losses };
  }

  #settled(outcome: CallRecord['outcome'], error?: ModelError): CallRecord {
    const { requestId, caller, client, model, stream, startedAtMs, decision } = this.#options;
    const record: CallRecord = {
      requestId,
      caller,
      operation: 'chat',
      dialect: client.name,
      model,
      stream,
      outcome,
      ...(error && { errorKind: error.kind }),
      attempts: this.#attempts,
      startedAtMs,
      durationMs: this.#env.clock.now() - startedAtMs,
    };
    this.#env.onSettled(record, decision);
    return record;
  }
}

/** Whether waiting helps. */
function isPassing({ error }: Failure): boolean {
  return error.kind === 'rate-limit' || error.kind === 'overloaded';
}

function recordOf(
  provider: Provider,
  model: string,
  result: AttemptResult,
  startedAtMs: number,
  durationMs: number,
): AttemptRecord {
  const { learnt, firstTokenMs, status } = result;
  const servedModel = result.servedModel ?? learnt.model;
  const record: AttemptRecord = { provider: provider.name, model, outcome: result.outcome, startedAtMs, durationMs };
  if (servedModel !== undefined) record.servedModel = servedModel;
  if (result.outcome === 'error') record.errorKind = result.failure.error.kind;
  if (status !== undefined) record.status = status;
  if (learnt.usage) record.usage = learnt.usage;
  if (learnt.stop) record.stop = learnt.stop;
  if (firstTokenMs !== undefined) record.firstTokenMs = firstTokenMs;
  return record;
}

/** A header holds one line of Latin-1; model names may be anything. */
export function headerSafe(text: string): string {
  if (text.length <= 200 && !/[^\x20-\x7e]/.test(text)) return text;
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function lossHeader(losses: readonly Loss[]): string {
  return headerSafe([...new Set(losses.map(({ field }) => field))].join(', '));
}
