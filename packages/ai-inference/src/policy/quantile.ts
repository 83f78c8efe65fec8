/**
 * Where a score stands among the owner's own recent ones. A raw threshold on a score sends almost everything or almost nothing to
 * one side, depending on the traffic; a quantile means the same share on any.
 */

/** How many recent scores are remembered. */
const defaultWindow = 1000;

export class RollingQuantile {
  readonly #window: number;
  /** In the order they came, as a ring. */
  readonly #recent: Float64Array;
  /** The same, ascending. */
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;

  constructor(window = defaultWindow) {
    this.#window = window;
    this.#recent = new Float64Array(window);
    this.#sorted = new Float64Array(window);
  }

  get size(): number {
    return this.#count;
  }

  copy(): RollingQuantile {
    const copy = new RollingQuantile(this.#window);
    copy.#recent.set(this.#recent);
    copy.#sorted.set(this.#sorted);
    copy.#count = this.#count;
    copy.#next = this.#next;
    return copy;
  }

  /** The share of remembered scores below this one, ties counted half; 0.5 before anything is known. */
  of(score: number): number {
    if (this.#count === 0) return 0.5;
    const below = this.#place(score, false);
    const upTo = this.#place(score, true);
    return (below + upTo) / 2 / this.#count;
  }

  add(score: number): void {
    if (this.#count === this.#window) {
      const oldest = this.#recent[this.#next] as number;
      const at = this.#place(oldest, false);
      this.#sorted.copyWithin(at, at + 1, this.#count);
      this.#count -= 1;
    }
    const at = this.#place(score, true);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = score;
    this.#count += 1;
    this.#recent[this.#next] = score;
    this.#next = (this.#next + 1) % this.#window;
  }

  /** How many are smaller; with `orEqual`, how many are not larger. */
  #place(score: number, orEqual: boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const value = this.#sorted[middle] as number;
      if (value < score || (orEqual && value === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Sends a wanted share of requests to the strong side: those with the highest scores. The quantile decides; the share so far corrects
 * it, so that ties, drift and a young window do not move the share.
 */
export class QuantileGate {
  readonly #quantile: RollingQuantile;
  /** Requests that the strong side is owed (positive) or has had too many of. */
  #owed = 0;

  constructor(quantile = new RollingQuantile()) {
    this.#quantile = quantile;
  }

  get owed(): number {
    return this.#owed;
  }

  copy(): QuantileGate {
    const copy = new QuantileGate(this.#quantile.copy());
    copy.#owed = this.#owed;
    return copy;
  }

  /** `share` 0 to 1; `fixed`: the side is settled, and only counted. The quantile is that of the score before it is added. */
  decide(score: number, share: number, fixed?: boolean): { strong: boolean; quantile: number } {
    const quantile = this.#quantile.of(score);
    this.#quantile.add(score);
    this.#owed += share;
    // A deviation of a few requests moves the bar by a few hundredths; it is firm where the share is.
    const bar = 1 - share - Math.max(-0.5, Math.min(0.5, (this.#owed - 0.5) / 10));
    const strong = fixed ?? (share >= 1 || (share > 0 && (quantile >= bar || this.#owed >= mostOwed) && this.#owed > -mostOwed));
    if (strong) this.#owed -= 1;
    return { strong, quantile };
  }

  /** A request ended on the other side than was decided. */
  moved(toStrong: boolean): void {
    this.#owed += toStrong ? -1 : 1;
  }
}

/** Beyond this the share counts more than the score. */
const mostOwed = 4;
