/** Time as a dependency: everything that waits or reads the time takes a `Clock`, so that tests can turn it by hand. */
import type { CancelSignal } from './cancel.ts';

/** A pending timer. */
export interface Timer {
  /** Makes sure the callback will not run. Harmless when it already has. */
  cancel(): void;
}

/** How a timer treats the event loop. */
export interface TimerOptions {
  /** When true the timer alone does not keep the process alive. Default false. */
  unref?: boolean;
}

/** The one source of time. */
export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. May jump: use it for dates only. */
  now(): number;
  /** Milliseconds since an arbitrary point, never going back: use it for durations. */
  monotonicMs(): number;
  /** Runs `fn` once after `ms` milliseconds (a negative value counts as 0). */
  setTimeout(fn: () => void, ms: number, options?: TimerOptions): Timer;
}

/** Node fires a timer longer than this at once (32-bit milliseconds), so longer waits are walked in steps. */
const LONGEST_STEP_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout(fn, ms, options = {}) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const step = Math.min(left, LONGEST_STEP_MS);
      handle = setTimeout(() => (left > step ? arm(left - step) : fn()), step);
      if (options.unref) handle.unref();
    };
    arm(Math.max(0, ms));
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Resolves after `ms` milliseconds.
 * Rejects with the signal's reason as soon as `signal` aborts; the timer is then gone.
 */
export function sleep(ms: number, options: TimerOptions & { clock?: Clock; signal?: CancelSignal } = {}): Promise<void> {
  const { clock = systemClock, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      ms,
      options,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock that stands still until `advance` is called. For tests. */
export class FakeClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #order = 0;
  readonly #timers = new Set<{ at: number; order: number; fn: () => void }>();

  /** Starts at `startMs` (epoch milliseconds); by default 2026-01-01T00:00Z. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimeout(fn: () => void, ms: number): Timer {
    const timer = { at: this.#elapsedMs + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** How many timers have yet to fire. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on by `ms`, firing due timers in the order of their time (then of their creation). After each one
   * pending promise reactions run, so a timer set by what a timer started is honoured when it falls within `ms`.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
      next.fn();
      await settle();
    }
    this.#elapsedMs = end;
  }

  #next(end: number): { at: number; order: number; fn: () => void } | undefined {
    const due = [...this.#timers].filter((timer) => timer.at <= end);
    return due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}

/** One turn of the event loop: all promise reactions queued so far, and those they queue, have run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
