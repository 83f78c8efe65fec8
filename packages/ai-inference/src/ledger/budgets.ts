/**
 * Budgets: what an app, a provider or everybody may spend in a day or a month. A request reserves what it may cost before it is sent
 * and settles what it did cost after, so that many at once cannot overrun a limit by more than one reservation.
 */

import type { OpenAttempt, Spending } from './neighbours.ts';

export type BudgetPeriod = 'day' | 'month';

export interface BudgetSettings {
  /** Only requests of this app's key. */
  app?: string | undefined;
  /** Only what goes to this provider. */
  provider?: string | undefined;
  period: BudgetPeriod;
  /** Beyond this requests are refused. */
  limitUsd: number;
  /** Beyond this it is said in the log and in an answer's header. */
  softUsd?: number | undefined;
}

/** Money that is set aside for a request. */
export interface Reservation {
  /** What was set aside, in USD; counts as spent where the cost stays unknown. */
  readonly usd: number;
  /** The attempt it is for, where other processes may have to hear of it. */
  attempt?: OpenAttempt | undefined;
  settle(costUsd: number | undefined): void;
  /** Nothing was spent. */
  release(): void;
}

export interface BudgetRefusal {
  message: string;
  /** Until the period is over; or a moment, where money is only set aside for requests on their way. */
  retryAfterMs: number;
}

interface Account {
  settings: BudgetSettings;
  name: string;
  periodStartMs: number;
  spentUsd: number;
  reservedUsd: number;
  /** How many requests have money set aside. */
  open: number;
  warned: boolean;
}

export interface BudgetsOptions {
  budgets: readonly BudgetSettings[];
  now(): number;
  /** What the ledger knows to be spent since a time. */
  spentUsd(sinceMs: number, filter: { app?: string; provider?: string }): number;
  /** What other processes have set aside for requests that a budget is meant for. Default: there are none. */
  setAsideUsd?(isMeant: (spending: Spending) => boolean): number;
  onSoftLimit(name: string, spentUsd: number): void;
}

/** Nothing needs to be counted. */
const free: Reservation = { usd: 0, settle: () => {}, release: () => {} };

/** What others have set aside is free again as soon as they are done. */
const inFlightMs = 2000;

export class Budgets {
  readonly #options: BudgetsOptions;
  #accounts: Account[] = [];

  constructor(options: BudgetsOptions) {
    this.#options = options;
    this.take(options.budgets);
  }

  /** Takes new limits. What was spent and what is on its way goes on counting. */
  take(budgets: readonly BudgetSettings[]): void {
    const before = this.#accounts;
    this.#accounts = budgets.map((settings) => {
      const name = nameOf(settings);
      const known = before.find((account) => account.name === name);
      if (!known) return { settings, name, periodStartMs: Number.NaN, spentUsd: 0, reservedUsd: 0, open: 0, warned: false };
      // The same object: requests on their way hold on to it.
      known.settings = settings;
      known.warned = false;
      return known;
    });
  }

  get none(): boolean {
    return this.#accounts.length === 0;
  }

  /** Sets money aside in every budget that the request falls under, or says which of them has none left. */
  reserve(app: string, provider: string, estimateUsd: number): Reservation | BudgetRefusal {
    if (this.#accounts.length === 0) return free;
    const now = this.#options.now();
    const concerned = this.#accounts.filter(({ settings }) => isMeantFor(settings, app, provider));
    for (const account of concerned) {
      this.#turn(account, now);
      const { limitUsd, period } = account.settings;
      // What was set aside may all be spent: only what is left over counts. A single request may still be larger than that.
      const setAsideUsd = this.#setAsideUsd(account);
      if (account.spentUsd + setAsideUsd >= limitUsd)
        return {
          message: `the budget ${account.name} of ${limitUsd} USD a ${period} is used up (${account.spentUsd.toFixed(4)} USD spent, ${setAsideUsd.toFixed(4)} USD set aside)`,
          retryAfterMs: account.spentUsd >= limitUsd ? endOf(period, now) - now : inFlightMs,
        };
    }
    for (const account of concerned) {
      account.reservedUsd += estimateUsd;
      account.open += 1;
    }
    let open = true;
    const close = (costUsd: number) => {
      if (!open) return;
      open = false;
      for (const account of concerned) {
        account.open -= 1;
        // Binary fractions do not add up to nothing by themselves.
        account.reservedUsd = account.open === 0 ? 0 : Math.max(0, account.reservedUsd - estimateUsd);
        this.#spend(account, costUsd);
      }
    };
    return {
      usd: estimateUsd,
      attempt: undefined,
      settle: (costUsd) => close(costUsd ?? estimateUsd),
      release: () => close(0),
    };
  }

  /** Another process did spend: its row is in the ledger. */
  spentElsewhere({ app, provider, timeMs, usd }: Spending): void {
    for (const account of this.#accounts)
      if (isMeantFor(account.settings, app, provider) && timeMs >= account.periodStartMs) this.#spend(account, usd);
  }

  /** How each budget stands. */
  get states(): { name: string; limitUsd: number; spentUsd: number; reservedUsd: number }[] {
    const now = this.#options.now();
    return this.#accounts.map((account) => {
      this.#turn(account, now);
      const { name, settings, spentUsd } = account;
      return { name, limitUsd: settings.limitUsd, spentUsd, reservedUsd: this.#setAsideUsd(account) };
    });
  }

  #spend(account: Account, usd: number): void {
    account.spentUsd += usd;
    const { softUsd } = account.settings;
    if (softUsd === undefined || account.warned || account.spentUsd < softUsd) return;
    account.warned = true;
    this.#options.onSoftLimit(account.name, account.spentUsd);
  }

  /** By this process and by others. */
  #setAsideUsd({ settings, reservedUsd }: Account): number {
    const elsewhere = this.#options.setAsideUsd?.(({ app, provider }) => isMeantFor(settings, app, provider));
    return reservedUsd + (elsewhere ?? 0);
  }

  #turn(account: Account, now: number): void {
    const { settings } = account;
    const start = startOf(settings.period, now);
    if (start === account.periodStartMs) return;
    const { app, provider } = settings;
    account.periodStartMs = start;
    account.warned = false;
    account.spentUsd = this.#options.spentUsd(start, {
      ...(app !== undefined && { app }),
      ...(provider !== undefined && { provider }),
    });
  }
}

function isMeantFor(settings: BudgetSettings, app: string, provider: string): boolean {
  return (settings.app ?? app) === app && (settings.provider ?? provider) === provider;
}

function nameOf({ app, provider, period }: BudgetSettings): string {
  const of = [app && `of app ${app}`, provider && `for provider ${provider}`].filter(Boolean).join(' ');
  return `"${of === '' ? 'everything' : of}, per ${period}"`;
}

function startOf(period: BudgetPeriod, now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), period === 'day' ? date.getUTCDate() : 1);
}

function endOf(period: BudgetPeriod, now: number): number {
  const date = new Date(now);
  return period === 'day'
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1)
    : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
