/**
 * The two timers of a running call: silence (reset by progress) and total time. Whoever wanted progress of a silent server
 * gets a heartbeat, so that clients that give up after a minute without news do not.
 */
import type { Clock } from '@switchyard/kit/clock';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import type { Decorator, RunningCall } from './call.ts';
import type { CallSettings } from './settings.ts';

/** Silence after which a caller that wants progress is told that the call still runs. */
const heartbeatMs = 15_000;
/** Added to the last progress so that it grows (2026-07-28, Progress: the value MUST increase), yet shows no advance. */
const heartbeatStep = 1e-6;

export function timeouts(clock: Clock, settingsOf: (call: RunningCall) => CallSettings): Decorator {
  return (next) => (call) => {
    // Requests of other kinds than calls are short by nature; the total limit holds for them all the same.
    const watch = new CallWatch(clock, call, settingsOf(call));
    return next(watch.watched).finally(() => watch.end());
  };
}

class CallWatch {
  readonly watched: RunningCall;
  readonly #clock: Clock;
  readonly #call: RunningCall;
  readonly #settings: CallSettings;
  #startedAt: number;
  /** Questions the client has not answered yet. */
  #open = 0;
  #lastSignAt: number;
  #lastTellAt: number;
  #progress = 0;
  #beats = 0;
  #timer: { cancel(): void };

  constructor(clock: Clock, call: RunningCall, settings: CallSettings) {
    this.#clock = clock;
    this.#call = call;
    this.#settings = settings;
    this.#startedAt = clock.monotonicMs();
    this.#lastSignAt = this.#startedAt;
    this.#lastTellAt = this.#startedAt;
    const { ask } = call;
    this.watched = {
      ...call,
      onProgress: (params) => this.#onProgress(params),
      ask: ask && ((question) => this.#asking(ask(question))),
    };
    this.#timer = this.#arm(this.#startedAt);
  }

  end(): void {
    this.#timer.cancel();
  }

  /** One timer for everything that can come next. */
  #arm(nowMs: number): { cancel(): void } {
    const { idleMs, totalMs } = this.#settings;
    const due = Math.min(
      this.#startedAt + totalMs,
      this.#lastSignAt + idleMs,
      this.#call.onProgress ? this.#lastTellAt + heartbeatMs : Infinity,
    );
    return this.#clock.setTimeout(() => this.#check(), Math.max(1, due - nowMs));
  }

  #check(): void {
    const nowMs = this.#clock.monotonicMs();
    const { idleMs, totalMs } = this.#settings;
    if (this.#open > 0) {
      this.#timer = this.#clock.setTimeout(() => this.#check(), Math.min(idleMs, totalMs));
      return;
    }
    if (nowMs - this.#startedAt >= totalMs)
      return this.#expire('total', `did not finish within ${totalMs} ms (timeouts.totalMs)`, totalMs);
    if (nowMs - this.#lastSignAt >= idleMs)
      return this.#expire('idle', `showed no progress for ${idleMs} ms (timeouts.idleMs)`, idleMs);
    if (this.#call.onProgress && nowMs - this.#lastTellAt >= heartbeatMs) {
      this.#beats += 1;
      const seconds = Math.round((nowMs - this.#startedAt) / 1000);
      this.#tell({ progress: this.#progress + heartbeatStep, message: `still running after ${seconds} s` }, nowMs);
    }
    this.#timer = this.#arm(nowMs);
  }

  /** While the client thinks about a question, no timer of the call runs. */
  async #asking<T>(answer: Promise<T>): Promise<T> {
    const askedAt = this.#clock.monotonicMs();
    this.#open += 1;
    try {
      return await answer;
    } finally {
      const nowMs = this.#clock.monotonicMs();
      this.#open -= 1;
      this.#startedAt += nowMs - askedAt;
      this.#lastSignAt = nowMs;
    }
  }

  #onProgress(params: JsonObject): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastSignAt = nowMs;
    const { progress } = params;
    // A heartbeat may have used up the step to the server's own next value.
    const used = this.#beats > 0 && typeof progress === 'number' && progress <= this.#progress;
    this.#tell(used ? { ...params, progress: this.#progress + heartbeatStep } : params, nowMs);
  }

  #tell(params: JsonObject, nowMs: number): void {
    this.#lastTellAt = nowMs;
    if (typeof params.progress === 'number') this.#progress = params.progress;
    this.#call.onProgress?.(params);
  }

  #expire(timeout: 'idle' | 'total', why: string, limitMs: number): void {
    const { server, name, method } = this.#call;
    const what =
      method === 'tools/call' && name !== undefined ? `tool "${name}" of server "${server}"` : `${method} of server "${server}"`;
    this.#call.abort(
      new RpcError(errorCodes.internalError, `${what} ${why} and was cancelled`, {
        httpStatus: 504,
        fault: 'timeout',
        data: { server, timeout, limitMs },
      }),
    );
  }
}
