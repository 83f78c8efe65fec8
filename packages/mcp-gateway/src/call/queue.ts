/**
 * Turns on a server: at most so many calls run at once, the others wait in a bounded queue that serves callers in turn,
 * so that one busy agent cannot starve another. Waiting is not charged as running time.
 */
import type { Clock } from '@switchyard/kit/clock';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import { AbortedError } from '../upstream/link.ts';
import type { Decorator, RunningCall } from './call.ts';

/** Methods that make a server work; lists and the like are answered past the queue. */
const queuedMethods = new Set(['tools/call', 'prompts/get', 'resources/read']);

export interface QueueSettings {
  concurrency: number;
  queueSize: number;
  queueMs: number;
}

/** `queues`: filled here, server by server; read by metrics. */
export function fairQueue(
  clock: Clock,
  queues: Map<string, FairQueue>,
  settingsOf: (server: string) => QueueSettings,
): Decorator {
  return (next) => (call) => {
    if (!queuedMethods.has(call.method)) return next(call);
    let queue = queues.get(call.server);
    if (!queue) {
      queue = new FairQueue(call.server, clock, settingsOf(call.server));
      queues.set(call.server, queue);
    }
    return queue.run(call, next);
  };
}

interface Waiter {
  start(): void;
}

interface Line {
  caller: string;
  waiters: Waiter[];
}

export class FairQueue {
  readonly #server: string;
  readonly #clock: Clock;
  readonly #settings: QueueSettings;
  /** Callers with waiting calls, in the order they are served; each one's calls oldest first. */
  readonly #lines: Line[] = [];
  #running = 0;
  #waitingCount = 0;
  /** Rough time a call takes, for Retry-After. */
  #averageMs = 1000;

  constructor(server: string, clock: Clock, settings: QueueSettings) {
    this.#server = server;
    this.#clock = clock;
    this.#settings = settings;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** Runs `next` when it is the call's turn. Throws RpcError (429) when the queue is full or the wait too long. */
  async run<T>(call: RunningCall, next: (call: RunningCall) => Promise<T>): Promise<T> {
    if (this.#running < this.#settings.concurrency && this.#waitingCount === 0) this.#running += 1;
    else await this.#wait(call);
    const startedAt = this.#clock.monotonicMs();
    try {
      return await next(call);
    } finally {
      this.#averageMs += (this.#clock.monotonicMs() - startedAt - this.#averageMs) / 16;
      this.#running -= 1;
      this.#startNext();
    }
  }

  async #wait(call: RunningCall): Promise<void> {
    if (this.#waitingCount >= this.#settings.queueSize)
      throw this.#refusal(`${this.#waitingCount} calls are waiting for it already`);
    const queuedAt = this.#clock.monotonicMs();
    const key = call.caller.session ?? call.caller.id;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { start: resolve };
    const line = this.#lines.find(({ caller }) => caller === key);
    if (line) line.waiters.push(waiter);
    else this.#lines.push({ caller: key, waiters: [waiter] });
    this.#waitingCount += 1;
    const leave = (error: Error) => {
      if (this.#remove(key, waiter)) reject(error);
    };
    const timer = this.#clock.setTimeout(
      () => leave(this.#refusal(`no turn came within ${this.#settings.queueMs} ms (timeouts.queueMs)`)),
      this.#settings.queueMs,
    );
    const onAbort = () => leave(new AbortedError(call.signal.reason));
    call.signal.addEventListener('abort', onAbort, { once: true });
    try {
      await promise;
    } finally {
      timer.cancel();
      call.signal.removeEventListener('abort', onAbort);
      call.trace.queueMs = this.#clock.monotonicMs() - queuedAt;
    }
  }

  #startNext(): void {
    if (this.#waitingCount === 0 || this.#running >= this.#settings.concurrency) return;
    const line = this.#lines.shift() as Line;
    const waiter = line.waiters.shift() as Waiter;
    // To the back of the round: the next turn is another caller's.
    if (line.waiters.length > 0) this.#lines.push(line);
    this.#waitingCount -= 1;
    this.#running += 1;
    waiter.start();
  }

  #remove(key: string, waiter: Waiter): boolean {
    const place = this.#lines.findIndex(({ caller }) => caller === key);
    const line = this.#lines[place];
    const index = line?.waiters.indexOf(waiter) ?? -1;
    if (!line || index === -1) return false;
    line.waiters.splice(index, 1);
    if (line.waiters.length === 0) this.#lines.splice(place, 1);
    this.#waitingCount -= 1;
    return true;
  }

  #refusal(why: string): RpcError {
    const seconds = Math.max(1, Math.ceil((this.#averageMs * (this.#waitingCount + 1)) / this.#settings.concurrency / 1000));
    return new RpcError(errorCodes.internalError, `server "${this.#server}" is busy: ${why}; try again in ${seconds} s`, {
      httpStatus: 429,
      data: { server: this.#server, retryAfterMs: seconds * 1000 },
    });
  }
}
