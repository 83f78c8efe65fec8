/** Venice's guard: more than 20 failed requests of one key in 30 seconds, and the key is blocked for 30 seconds. */
export class FailureGuard {
  readonly #windowMs: number;
  readonly #most: number;
  readonly #failures: number[] = [];
  #blockedUntil = 0;
  /** How often it blocked, and how many requests met the block. */
  blocks = 0;
  refused = 0;

  constructor(options: { windowMs?: number; most?: number } = {}) {
    this.#windowMs = options.windowMs ?? 30_000;
    this.#most = options.most ?? 20;
  }

  get failures(): number {
    return this.#failures.length;
  }

  isBlocked(nowMs: number): boolean {
    if (nowMs >= this.#blockedUntil) return false;
    this.refused += 1;
    return true;
  }

  fail(nowMs: number): void {
    this.#failures.push(nowMs);
    while ((this.#failures[0] as number) <= nowMs - this.#windowMs) this.#failures.shift();
    if (this.#failures.length <= this.#most) return;
    this.#blockedUntil = nowMs + this.#windowMs;
    this.#failures.length = 0;
    this.blocks += 1;
  }
}
