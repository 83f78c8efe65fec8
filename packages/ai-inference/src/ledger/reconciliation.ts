/**
 * Compares the ledger with the bills: for each whole day (UTC) of the last week, what the attempts of a provider did cost by the ledger and
 * what the provider says they did. A difference is said in the log, and all of it can be read back.
 */
import { isObject } from '@switchyard/dialects';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import { textOf } from '../call/decode.ts';
import type { Provider } from '../providers/provider-set.ts';
import type { Ledger, Reconciled } from './ledger.ts';

export interface ReconciliationOptions {
  clock: Clock;
  logger: Logger;
  ledger: Pick<Ledger, 'usage' | 'addReconciled' | 'reconciled'>;
  httpClient(): HttpClient;
  providers(): readonly Provider[];
}

const dayMs = 86_400_000;
/** Days that are looked at. */
const days = 7;
/** Bills are complete some time after midnight. */
const graceMs = 60 * 60_000;
/** How often there is a look whether a day is to be compared. */
const everyMs = 60 * 60_000;
/** A day is compared again after this, as long as it is young: bills grow for a while. */
const againMs = 20 * 60 * 60_000;
const settledAfterMs = 3 * dayMs;
/** What may differ without a word: a request at midnight is in the one day here and in the other there. */
const tolerableUsd = 0.01;
const tolerableShare = 0.001;
const pageLimitBytes = 16 * 1024 * 1024;
const patienceMs = 30_000;
/** More pages than this are no bill of a day. */
const mostPages = 1000;

export class Reconciliation {
  readonly #options: ReconciliationOptions;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /** Begins to look every hour; the first time at once. */
  start(): void {
    if (this.#stopping.signal.aborted || this.#timer) return;
    void this.run();
    this.#timer = this.#options.clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.start();
      },
      everyMs,
      { unref: true },
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  /** Compares the days that are due. Never rejects; one run at a time. */
  run(): Promise<void> {
    this.#running ??= this.#compareAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #compareAll(): Promise<void> {
    for (const provider of this.#options.providers()) {
      if (!provider.profile.bill || !provider.adminHeaders) continue;
      for (const day of this.#dueDays(provider)) {
        if (this.#stopping.signal.aborted) return;
        await this.#compare(provider, day);
      }
    }
  }

  #dueDays({ name }: Provider): string[] {
    const { clock, ledger } = this.#options;
    const now = clock.now();
    const known = new Map(ledger.reconciled({ provider: name }).map((row) => [row.day, row]));
    const lastEnd = Math.floor((now - graceMs) / dayMs) * dayMs;
    return Array.from({ length: days }, (_, index) => lastEnd - (days - index) * dayMs)
      .map((startMs) => new Date(startMs).toISOString().slice(0, 10))
      .filter((day) => {
        const row = known.get(day);
        if (!row || row.error !== null) return true;
        return row.checkedAtMs < Date.parse(day) + dayMs + settledAfterMs && now - row.checkedAtMs >= againMs;
      });
  }

  async #compare(provider: Provider, day: string): Promise<void> {
    const { clock, logger, ledger } = this.#options;
    const sinceMs = Date.parse(day);
    const row: Reconciled = {
      day,
      provider: provider.name,
      ledgerUsd: 0,
      unknown: 0,
      billUsd: null,
      error: null,
      checkedAtMs: clock.now(),
    };
    try {
      row.billUsd = await this.#bill(provider, day);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      row.error = error instanceof Error ? error.message : String(error);
    }
    const [sums] = ledger.usage([], { provider: provider.name, sinceMs, untilMs: sinceMs + dayMs });
    row.ledgerUsd = sums?.costUsd ?? 0;
    row.unknown = sums?.costUnknown ?? 0;
    ledger.addReconciled(row);
    if (row.error !== null)
      return logger.warn('the bill of a provider cannot be read', { provider: provider.name, day, error: row.error });
    if (!differs(row)) return;
    logger.warn('the bill of a provider differs from the ledger', {
      provider: provider.name,
      day,
      billUsd: row.billUsd,
      ledgerUsd: row.ledgerUsd,
      unknown: row.unknown,
      remedy: 'other programs may use the same account; costs that nobody could say are not in the ledger',
    });
  }

  async #bill(provider: Provider, day: string): Promise<number> {
    const { bill } = provider.profile;
    let usd = 0;
    let pages = 0;
    for (let page = bill?.firstPage(day); bill && page !== undefined; pages += 1) {
      if (pages === mostPages) throw new Error(`its bill of ${day} has more than ${mostPages} pages`);
      const answer = await this.#options.httpClient().request(provider.baseUrl + page, {
        headers: { ...provider.adminHeaders?.(), accept: 'application/json' },
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(patienceMs)]),
        headersTimeoutMs: patienceMs,
      });
      const text = await textOf(answer, pageLimitBytes);
      if (answer.status === 401 || answer.status === 403)
        throw new Error(`its bill answers ${answer.status}: "adminKey" has to be ${bill.keyKind}`);
      if (answer.status !== 200) throw new Error(`its bill answers ${answer.status}`);
      const body: unknown = JSON.parse(text);
      if (!isObject(body)) throw new Error('its bill is no object');
      const part = bill.usdOf(body);
      if (!Number.isFinite(part)) throw new Error('its bill has an amount that is no number');
      usd += part;
      page = bill.nextPage(day, body);
    }
    return usd;
  }
}

/** Whether a difference is worth a word. */
export function differs({ billUsd, ledgerUsd }: Pick<Reconciled, 'billUsd' | 'ledgerUsd'>): boolean {
  if (billUsd === null) return false;
  const gap = Math.abs(billUsd - ledgerUsd);
  return gap > tolerableUsd && gap > tolerableShare * Math.max(billUsd, ledgerUsd);
}
