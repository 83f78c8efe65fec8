/**
 * Timers that hardly ever fire: limits on what mostly ends long before. A timer of Node's costs most when it is the only one, because
 * setting and cancelling it sets and cancels one of the system's each time. Here all limits of the same length wait in one line, behind
 * one timer that is left to run out.
 */
import type { Clock, Timer } from './clock.ts';

export class Deadlines {
  readonly #clock: Clock;
  /** By length; the lengths come from configurations, and are few. */
  readonly #lines = new Map<number, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `fn` once after `ms` milliseconds, unless it is cancelled before. Does not keep the process alive. */
  after(ms: number, fn: () => void): Timer {
    let line = this.#lines.get(ms);
    if (!line) {
      line = new Line(this.#clock, ms);
      this.#lines.set(ms, line);
    }
    return line.add(fn);
  }
}

/** Limits of one length, in the order in which they end. */
class Line {
  readonly #clock: Clock;
  readonly #ms: number;
  /** Before the first and behind the last. */
  readonly #ends: Deadline;
  #isArmed = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#ends = new Deadline(0, () => {});
  }

  add(fn: () => void): Timer {
    const deadline = new Deadline(this.#clock.monotonicMs() + this.#ms, fn);
    deadline.standBefore(this.#ends);
    if (!this.#isArmed) this.#arm(this.#ms);
    return deadline;
  }

  #arm(ms: number): void {
    this.#isArmed = true;
    this.#clock.setTimeout(() => this.#due(), ms, { unref: true });
  }

  #due(): void {
    this.#isArmed = false;
    const now = this.#clock.monotonicMs();
    let first = this.#ends.next;
    try {
      for (; first !== this.#ends && first.atMs <= now; first = this.#ends.next) {
        first.cancel();
        first.fn();
      }
    } finally {
      first = this.#ends.next;
      // What was set meanwhile has armed it already.
      if (first !== this.#ends && !this.#isArmed) this.#arm(first.atMs - now);
    }
  }
}

class Deadline implements Timer {
  readonly atMs: number;
  readonly fn: () => void;
  next: Deadline = this;
  #previous: Deadline = this;

  constructor(atMs: number, fn: () => void) {
    this.atMs = atMs;
    this.fn = fn;
  }

  standBefore(next: Deadline): void {
    const previous = next.#previous;
    this.next = next;
    this.#previous = previous;
    previous.next = this;
    next.#previous = this;
  }

  cancel(): void {
    this.#previous.next = this.next;
    this.next.#previous = this.#previous;
    this.next = this;
    this.#previous = this;
  }
}
