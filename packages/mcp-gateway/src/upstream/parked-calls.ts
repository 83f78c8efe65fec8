/**
 * Calls that wait for their client (bridge from a handshake-era server to a client that can only be asked by an
 * `input_required` result, 2026-07-28 Patterns › MRTR). The server's request stays open; the client gets the questions
 * and a sealed state, and its retry feeds the answers in. The state is bound to caller, method and params, expires, and
 * is good for one round.
 */

import { createHash, randomUUID } from 'node:crypto';
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Call, CallResult, Question, RunningCall } from '../call/call.ts';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import type { Seal } from '../state/seal.ts';
import { objectOf } from './peer.ts';
import { canAnswer, missingCapability } from './questions.ts';

const purpose = 'parked1';
/** Questions that come this close together travel in one round. */
const batchMs = 10;

interface OpenQuestion extends Question {
  resolve(answer: JsonObject): void;
  reject(error: Error): void;
}

interface ParkedState {
  call: string;
  round: string;
  caller: string;
  digest: string;
  expiresAt: number;
}

type Perform = (
  current: () => RunningCall,
  signal: CancelSignal,
  ask: (method: string, params: JsonObject | undefined) => Promise<JsonObject>,
  waiting: () => boolean,
) => Promise<CallResult>;

export class ParkedCalls {
  readonly #calls = new Map<string, ParkedCall>();
  readonly #seal: Seal;
  readonly #clock: Clock;
  readonly #ttlMs: number;

  /** `ttlMs`: how long a parked call waits for its client before it is cancelled. */
  constructor(options: { seal: Seal; clock: Clock; ttlMs: number }) {
    this.#seal = options.seal;
    this.#clock = options.clock;
    this.#ttlMs = options.ttlMs;
  }

  /** Runs a call that may be parked. Resolves with its result or with an `input_required` result. */
  start(call: RunningCall, perform: Perform): Promise<CallResult> {
    const parked = new ParkedCall(call, {
      clock: this.#clock,
      ttlMs: this.#ttlMs,
      onPark: () => this.#calls.set(parked.id, parked),
      onEnd: () => this.#calls.delete(parked.id),
      state: (round) =>
        this.#seal.seal(purpose, {
          call: parked.id,
          round,
          caller: call.caller.id,
          digest: digestOf(call),
          expiresAt: this.#clock.now() + this.#ttlMs,
        } satisfies ParkedState),
    });
    return parked.run(perform);
  }

  /** Continues the call that `call.round` belongs to; undefined when it is a call's first. Throws RpcError -32602 on a damaged, stale or foreign state. */
  resume(call: RunningCall): Promise<CallResult> | undefined {
    const text = call.round?.requestState;
    if (text === undefined) return undefined;
    const state = this.#seal.open(purpose, text) as ParkedState | undefined;
    if (!state) throw refusal('requestState is damaged');
    if (state.caller !== call.caller.id) throw refusal('requestState belongs to another caller');
    if (state.digest !== digestOf(call)) throw refusal('requestState belongs to a call with other arguments');
    const parked = this.#calls.get(state.call);
    if (!parked || state.expiresAt <= this.#clock.now())
      throw refusal('the call this continues has ended; call again from the start');
    return parked.continue(call, state.round);
  }
}

interface ParkedCallOptions {
  clock: Clock;
  ttlMs: number;
  onPark(): void;
  onEnd(): void;
  state(round: string): string;
}

class ParkedCall {
  readonly id = randomUUID();
  readonly #options: ParkedCallOptions;
  readonly #abort = new AbortController();
  #call: RunningCall;
  #leg: PromiseWithResolvers<CallResult> | undefined;
  #unlisten: () => void = () => {};
  #questions = new Map<string, OpenQuestion>();
  #round = '';
  #expiry: Timer | undefined;
  #flush: Timer | undefined;

  constructor(call: RunningCall, options: ParkedCallOptions) {
    this.#call = call;
    this.#options = options;
  }

  run(perform: Perform): Promise<CallResult> {
    const answer = this.#startLeg(this.#call);
    perform(
      () => this.#call,
      this.#abort.signal,
      (method, params) => this.#ask(method, params),
      () => this.#leg === undefined,
    ).then(
      (result) => this.#end((leg) => leg.resolve(result)),
      (error: unknown) => this.#end((leg) => leg.reject(error)),
    );
    return answer;
  }

  continue(call: RunningCall, round: string): Promise<CallResult> {
    if (round !== this.#round || this.#leg) throw refusal('this round has been answered already');
    const answers = call.round?.inputResponses ?? {};
    for (const key of this.#questions.keys()) {
      if (Object.hasOwn(answers, key) && objectOf(answers[key]) !== answers[key])
        throw refusal(`inputResponses["${key}"] must be an object`);
    }
    this.#call = call;
    this.#expiry?.cancel();
    const answer = this.#startLeg(call);
    for (const [key, question] of this.#questions) {
      if (!Object.hasOwn(answers, key)) continue;
      this.#questions.delete(key);
      question.resolve(answers[key] as JsonObject);
    }
    // What was left unanswered is asked again (MRTR: missing answers are asked for, not refused).
    if (this.#questions.size > 0) this.#park();
    return answer;
  }

  #startLeg(call: RunningCall): Promise<CallResult> {
    const leg = Promise.withResolvers<CallResult>();
    this.#leg = leg;
    const onAbort = () => this.#abort.abort(call.signal.reason);
    call.signal.addEventListener('abort', onAbort, { once: true });
    this.#unlisten = () => call.signal.removeEventListener('abort', onAbort);
    if (call.signal.aborted) onAbort();
    return leg.promise;
  }

  #endLeg(): PromiseWithResolvers<CallResult> | undefined {
    const leg = this.#leg;
    this.#leg = undefined;
    this.#unlisten();
    return leg;
  }

  #end(settle: (leg: PromiseWithResolvers<CallResult>) => void): void {
    this.#expiry?.cancel();
    this.#flush?.cancel();
    this.#options.onEnd();
    const leg = this.#endLeg();
    if (leg) settle(leg);
  }

  #ask(method: string, params: JsonObject | undefined): Promise<JsonObject> {
    if (!canAnswer(this.#call.client.capabilities, method)) {
      const error = missingCapability(method);
      this.#end((leg) => leg.reject(error));
      this.#abort.abort(error);
      return Promise.reject(error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
    const name = method.slice(method.indexOf('/') + 1) === 'list' ? 'roots' : method.slice(0, method.indexOf('/'));
    this.#questions.set(`${name}-${randomUUID().slice(0, 8)}`, { method, params, resolve, reject });
    this.#flush ??= this.#options.clock.setTimeout(() => this.#park(), batchMs);
    return promise;
  }

  #park(): void {
    this.#flush?.cancel();
    this.#flush = undefined;
    const leg = this.#endLeg();
    if (!leg) return;
    this.#round = randomUUID();
    this.#options.onPark();
    this.#expiry = this.#options.clock.setTimeout(
      () => this.#abort.abort(new Error('the client did not answer in time')),
      this.#options.ttlMs,
    );
    const inputRequests = Object.fromEntries([...this.#questions].map(([key, question]) => [key, portable(question)]));
    const result = { resultType: 'input_required', inputRequests, requestState: this.#options.state(this.#round) };
    leg.resolve({ type: 'input_required', text: JSON.stringify(result), typed: true });
  }
}

/** The question without what only the handshake revisions know (2026-07-28 changelog: elicitationId, task, per-request `_meta`). */
function portable({ method, params }: Question): Question {
  if (!params) return { method };
  const { elicitationId: _elicitationId, task: _task, _meta, ...rest } = params;
  return { method, params: rest };
}

function digestOf(call: Call): string {
  return createHash('sha256')
    .update(`${call.server}\n${call.method}\n${canonicalJson(JSON.parse(call.params))}`)
    .digest('base64url');
}

function refusal(why: string): RpcError {
  return new RpcError(errorCodes.invalidParams, why);
}
