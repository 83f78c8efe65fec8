/**
 * Keeps the failed requests of one provider below the number at which it blocks the key, also when many clients come at once: no
 * more requests wait for the beginning of an answer than may fail. Others wait until one of them has begun; before a provider that
 * answers well, but slowly, not for long, and what is let through then may fail together with the rest.
 */
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { Clock } from '@switchyard/kit/clock';
import type { FailureLimit } from '../providers/provider.ts';

/** Why a provider is not asked. */
export interface Refusal {
  reason: string;
  retryAfterMs: number;
}

/** Of the limit this share is used; the rest is for other programs with the same key. */
const share = 0.75;
/** How long a request waits for a provider whose latest answer was good. */
const patienceMs = 2000;

export class FailureBudget {
  readonly #clock: Clock;
  readonly #windowMs: number;
  /** Failures that may happen within the window. */
  readonly #most: number;
  /** Monotonic ms of the latest failures. */
  #failures: number[] = [];
  /** Requests whose fate is not known. */
  #open = 0;
  /** Monotonic ms of the latest good answer, if nothing failed since. */
  #goodAt = Number.NEGATIVE_INFINITY;
  /** How each of those who wait is let go, first come first. */
  readonly #waiting = new Set<(refusal: Refusal | undefined) => void>();

  constructor(clock: Clock, { failures, windowMs }: FailureLimit) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#most = Math.max(1, Math.floor(failures * share));
  }

  /** Lets a request through (undefined), refuses it, or makes it wait. One that was let through must be followed by `settle`. */
  enter(signal: CancelSignal): Refusal | undefined | Promise<Refusal | undefined> {
    const refusal = this.refusal();
    if (refusal) return refusal;
    if (this.#waiting.size === 0 && this.#hasRoom()) {
      this.#open += 1;
      return undefined;
    }
    return this.#wait(signal);
  }

  /** The fate of a request is known. `undefined`: nobody will know it. */
  settle(outcome: 'good' | 'failed' | undefined): void {
    const now = this.#clock.monotonicMs();
    this.#open = Math.max(0, this.#open - 1);
    if (outcome === 'good') this.#goodAt = now;
    else if (outcome === 'failed') {
      this.#goodAt = Number.NEGATIVE_INFINITY;
      this.#failures.push(now);
    }
    this.#wake();
  }

  /** Why nothing more may be sent, if that is so. */
  refusal(): Refusal | undefined {
    const now = this.#clock.monotonicMs();
    const recent = this.#recent(now);
    if (recent.length < this.#most) return undefined;
    const frees = (recent[recent.length - this.#most] as number) + this.#windowMs;
    return {
      reason: `${recent.length} requests failed within ${this.#windowMs / 1000} s, and more would make it block the key`,
      retryAfterMs: Math.max(1, frees - now),
    };
  }

  #recent(now: number): number[] {
    const [oldest] = this.#failures;
    if (oldest !== undefined && oldest <= now - this.#windowMs)
      this.#failures = this.#failures.filter((at) => at > now - this.#windowMs);
    return this.#failures;
  }

  #hasRoom(): boolean {
    return this.#open < this.#most - this.#recent(this.#clock.monotonicMs()).length;
  }

  #wait(signal: CancelSignal): Promise<Refusal | undefined> {
    const { promise, resolve } = Promise.withResolvers<Refusal | undefined>();
    const done = (refusal: Refusal | undefined) => {
      this.#waiting.delete(done);
      timer.cancel();
      signal.removeEventListener('abort', leave);
      if (!refusal) this.#open += 1;
      resolve(refusal);
    };
    // Who waited for a whole window is let through: those before it are slow, but have not failed, and if they do, then in another one.
    const lookAgain = () => {
      if (this.#clock.monotonicMs() - this.#goodAt < this.#windowMs) done(this.refusal());
      else timer = this.#clock.setTimeout(() => done(this.refusal()), Math.max(1, this.#windowMs - patienceMs));
    };
    let timer = this.#clock.setTimeout(lookAgain, patienceMs);
    // Who has left takes its turn at once; its caller gives it back.
    const leave = () => done(undefined);
    signal.addEventListener('abort', leave);
    this.#waiting.add(done);
    return promise;
  }

  #wake(): void {
    const refusal = this.refusal();
    for (const go of [...this.#waiting]) {
      if (!refusal && !this.#hasRoom()) return;
      go(refusal);
    }
  }
}
