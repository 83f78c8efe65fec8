/**
 * Spends an allowance that is given anew at 00:00 UTC and does not roll over: all of it by midnight, none of it so early that
 * requests find it empty. A plan is made of what is left, of the hours left, and of the demand seen at these hours before; what does
 * not fit into it spills to the provider that is paid by use. (Venice: 1 DIEM is one dollar of inference a day.)
 */

export const dayMs = 86_400_000;
const slots = 96;
const slotMs = dayMs / slots;

/** What to do with one request. */
export interface PacingDecision {
  /** Use the allowance. */
  use: boolean;
  /** `plan` it is this request's turn, `saved` the allowance is kept for later demand, `empty` it would not be enough, `unknown` no balance was told yet. */
  reason: 'plan' | 'saved' | 'empty' | 'unknown';
  /** The part of demand that the plan pays from the allowance now, 0 to 1. */
  share: number;
}

/** An estimate may fall short: so many times its cost must be there. */
const caution = 3;
/** Requests on their way may cost more than they were expected to. */
const openMargin = 1.5;
const rememberedDays = 7;
/** How much of the forecast is believed at the start of a day; less toward its end, when a quiet evening could not be made up for. */
const trust = 0.85;
/** Demand of a day without history is taken to go on as it went, but no faster than it is sure of: this much of a day must have passed. */
const sureMs = slotMs / 3;

export class AllowancePacer {
  /** Demand by quarter of an hour in dollars, of the latest whole days and of today. */
  #days: Float64Array[] = [];
  #today = new Float64Array(slots);
  #day = Number.NaN;
  #balance: number | undefined;
  /** Allowance that requests on their way may use. */
  #reserved = 0;
  /** Dollars of demand that the plan has promised to the allowance and that were not yet spent from it. */
  #credit = 0;

  /** The balance as the provider tells it: before the request that it came with. */
  observeBalance(balance: number): void {
    this.#balance = balance;
  }

  /** A balance that was asked for, and not told with an answer: it holds nothing of requests on their way. */
  observeDay(nowMs: number, balance: number): void {
    if (Math.floor(nowMs / dayMs) !== this.#day) this.#reserved = 0;
    this.#balance = balance + this.#reserved;
  }

  copy(): AllowancePacer {
    const copy = new AllowancePacer();
    copy.#days = this.#days;
    copy.#today = this.#today.slice();
    copy.#day = this.#day;
    copy.#balance = this.#balance;
    copy.#reserved = this.#reserved;
    copy.#credit = this.#credit;
    return copy;
  }

  get balance(): number | undefined {
    return this.#balance;
  }

  /** Whether a request of about this cost is paid from the allowance. Counts it as demand either way. */
  decide(costUsd: number, nowMs: number): PacingDecision {
    this.#turn(nowMs);
    const slot = slotOf(nowMs);
    const coming = this.#comingDemand(nowMs) + costUsd;
    this.#today[slot] = (this.#today[slot] as number) + costUsd;
    if (this.#balance === undefined) return { use: true, reason: 'unknown', share: 1 };
    const free = this.#balance - this.#reserved * openMargin;
    const share = Math.max(0, Math.min(1, free / coming));
    this.#credit += share * costUsd;
    if (free < caution * costUsd) return { use: false, reason: 'empty', share };
    // Spent when the promise is nearer to the whole request than to none of it.
    if (this.#credit < costUsd / 2) return { use: false, reason: 'saved', share };
    this.#credit -= costUsd;
    return { use: true, reason: 'plan', share };
  }

  reserve(costUsd: number): void {
    this.#reserved += costUsd;
  }

  /** A request is over: what it was expected to cost is free again, what it did cost is gone. */
  settle(expectedUsd: number, costUsd: number): void {
    this.#reserved = Math.max(0, this.#reserved - expectedUsd);
    if (this.#balance !== undefined) this.#balance = Math.max(0, this.#balance - costUsd);
  }

  /**
   * Demand from now to midnight, as little of it as came on any of the days remembered: what is saved for demand that does not come
   * is lost, while what is spent too early only moves the spill to the evening.
   */
  #comingDemand(nowMs: number): number {
    const slot = slotOf(nowMs);
    const passedMs = nowMs % dayMs;
    const doubt = trust * Math.sqrt(1 - passedMs / dayMs);
    if (this.#days.length === 0) return (sum(this.#today, 0, slot + 1) / Math.max(sureMs, passedMs)) * (dayMs - passedMs) * doubt;
    const ofSlot = 1 - (nowMs % slotMs) / slotMs;
    const coming = this.#days.map((day) => (day[slot] as number) * ofSlot + sum(day, slot + 1, slots));
    return Math.min(...coming) * doubt;
  }

  #turn(nowMs: number): void {
    const day = Math.floor(nowMs / dayMs);
    if (day === this.#day) return;
    if (!Number.isNaN(this.#day)) this.#days = [...this.#days, this.#today].slice(-rememberedDays);
    this.#today = new Float64Array(slots);
    this.#credit = 0;
    this.#day = day;
  }
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to; at += 1) total += values[at] as number;
  return total;
}

function slotOf(nowMs: number): number {
  return Math.floor((nowMs % dayMs) / slotMs);
}
