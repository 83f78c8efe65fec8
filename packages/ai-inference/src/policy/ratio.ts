/**
 * Holds a share of requests, tokens or dollars exactly, without dice: error diffusion. What one side is owed is carried on; each
 * request goes where it brings the account closer to the target, by an estimate of its size that is corrected when the true size
 * is known. Weighted random choice is off by a percentage point after a thousand requests of uneven size.
 */

export type RatioUnit = 'requests' | 'tokens' | 'usd';

/** A decision that waits for its true sizes. */
export interface RatioTicket {
  minor: boolean;
  minorSize: number;
  majorSize: number;
}

/** How many average requests the minor side may be owed, or have too many of, for the sake of better fitting requests. */
const slackRequests = 0.75;

export class RatioController {
  #share: number;
  /** What the minor side is owed, in units: positive when it has had too little. */
  #owed = 0;
  /** Average size of a request, for the slack. */
  #average = 0;
  #seen = 0;

  /** `share`: the minor side's part of the whole, 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  get share(): number {
    return this.#share;
  }

  /** A new target counts from now on: what was owed under the old one is forgiven. */
  set share(share: number) {
    if (share === this.#share) return;
    this.#share = share;
    this.#owed = 0;
  }

  get owed(): number {
    return this.#owed;
  }

  copy(): RatioController {
    const copy = new RatioController(this.#share);
    copy.#owed = this.#owed;
    copy.#average = this.#average;
    copy.#seen = this.#seen;
    return copy;
  }

  /**
   * Which side a request of about this size goes to. The sizes may differ by side (dollars do). `fit` from -1 to 1 says how well the
   * minor side suits it: within the slack a well suited one is preferred and an ill suited one waits. `fixed`: it is settled which side
   * it goes to, and only counted.
   */
  decide(size: number | { minor: number; major: number }, fit = 0, fixed?: boolean): RatioTicket {
    const minorSize = Math.max(0, typeof size === 'number' ? size : size.minor);
    const majorSize = Math.max(0, typeof size === 'number' ? size : size.major);
    this.#seen += 1;
    this.#average += (majorSize - this.#average) / Math.min(this.#seen, 200);
    const ifMinor = this.#owed - minorSize * (1 - this.#share);
    const ifMajor = this.#owed + majorSize * this.#share;
    const minor =
      fixed ??
      (this.#share > 0 && (this.#share >= 1 || Math.abs(ifMinor) < Math.abs(ifMajor) + fit * slackRequests * this.#average));
    this.#owed = minor ? ifMinor : ifMajor;
    return { minor, minorSize, majorSize };
  }

  /** The true size of a request, once it is known. Its estimate is taken back. */
  settle(ticket: RatioTicket, size: number): void {
    if (ticket.minor) this.#owed -= (size - ticket.minorSize) * (1 - this.#share);
    else this.#owed += (size - ticket.majorSize) * this.#share;
  }

  /** Counts what went to a side without having been asked about. */
  count(minor: boolean, size: number): void {
    this.#owed += minor ? -size * (1 - this.#share) : size * this.#share;
  }

  /** The request came to nothing: it counts for neither side. */
  cancel(ticket: RatioTicket): void {
    this.settle(ticket, 0);
  }
}
