/** Money of the router in one place: which route a request takes for the sake of it, what is set aside, what it did cost, and the ledger. */
import type { Usage } from '@switchyard/dialects';
import { valueFor } from '@switchyard/dialects/model-name';
import type { Clock } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { AttemptRecord, CallRecord } from './call/record.ts';
import type { RouterConfig } from './config.ts';
import { type BudgetRefusal, Budgets, type Reservation } from './ledger/budgets.ts';
import { type Cost, type CostQuestion, costOf, needsTable, type PriceOverride } from './ledger/cost.ts';
import { Estimates } from './ledger/estimates.ts';
import { Ledger } from './ledger/ledger.ts';
import { Neighbours, type OpenAttempt } from './ledger/neighbours.ts';
import type { PriceTable } from './ledger/price-table.ts';
import { AllowancePacer } from './policy/pacing.ts';
import { RouteBook } from './policy/route-book.ts';
import type { OpenDecision } from './policy/route-policy.ts';
import type { AccountReading } from './providers/provider.ts';
import type { Provider } from './providers/provider-set.ts';
import type { Catalog } from './routing/catalog.ts';
import type { Candidate } from './routing/resolve.ts';

export interface AccountingOptions {
  config: RouterConfig;
  clock: Clock;
  logger: Logger;
  catalog: Catalog;
  /** Folder of the ledger; undefined keeps it in memory. */
  directory: string | undefined;
  /** The steps of the route for a name, as far as it is known now. */
  resolve(model: string): readonly Candidate[];
}

/** Leads from the record of an attempt to what was set aside for it. A property, because a map of what lives so briefly is dear. */
const openAttempt = Symbol('open attempt');
interface Traced extends AttemptRecord {
  [openAttempt]?: OpenAttempt | undefined;
}

/** Money is set aside as if tokens were shorter than they mostly are. */
const cautiousBytesPerToken = 3;
/** Set aside for a model whose price nobody knows and that was never paid. */
const unknownUsd = 0.05;

export class Accounting {
  readonly ledger: Ledger;
  readonly budgets: Budgets;
  readonly #options: AccountingOptions;
  readonly #neighbours: Neighbours;
  #config: RouterConfig;
  #routes: RouteBook;
  readonly #pacer = new AllowancePacer();
  readonly #estimates = new Estimates();
  #table: PriceTable | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: AccountingOptions) {
    const { clock, logger, directory } = options;
    this.#options = options;
    this.#config = options.config;
    this.ledger = new Ledger({ directory, clock, logger });
    this.#routes = this.#makeRoutes();
    this.budgets = new Budgets({
      budgets: this.#config.budgets,
      now: () => clock.now(),
      spentUsd: (sinceMs, filter) => this.#neighbours.alone(() => this.ledger.spentUsd(sinceMs, filter)),
      setAsideUsd: (isMeant) => this.#neighbours.setAsideUsd(isMeant),
      onSoftLimit: (budget, spentUsd) => logger.warn('a budget is beyond its soft limit', { budget, spentUsd }),
    });
    this.#neighbours = new Neighbours({
      ledger: this.ledger,
      directory,
      clock,
      logger,
      onSpent: (spending) => this.budgets.spentElsewhere(spending),
    });
  }

  /** The named routes. */
  get routes(): RouteBook {
    return this.#routes;
  }

  /** Takes a new configuration: budgets go on as they stand, routes begin anew unless they stay as they were. */
  reload(config: RouterConfig): void {
    const routing = ({ routes, tasks, longContextTokens }: RouterConfig) => JSON.stringify([routes, tasks, longContextTokens]);
    const isSame = routing(config) === routing(this.#config);
    this.#config = config;
    this.budgets.take(config.budgets);
    if (!isSame) this.#routes = this.#makeRoutes();
  }

  /** Gets ready what the first request would else do without: prices, where something is decided by them. */
  async warm(): Promise<void> {
    if (!this.budgets.none || Object.keys(this.#config.routes).length > 0) await this.loadPrices();
  }

  /** The dated prices: loaded once somebody needs them, and not before. Never rejects. */
  loadPrices(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Sets aside what a request may cost, or says which budget is used up. `answerLimit`: the most tokens the client allows. */
  reserve(
    app: string,
    provider: Provider,
    model: string,
    bodyBytes: number,
    answerLimit: () => number | undefined,
  ): Reservation | BudgetRefusal {
    if (this.budgets.none) return this.budgets.reserve(app, provider.name, 0);
    const name = `${provider.name}/${model}`;
    const modelLimit = this.#options.catalog.known(provider, model)?.maxOutputTokens;
    const usage = {
      inputTokens: Math.ceil(bodyBytes / cautiousBytesPerToken),
      outputTokens: Math.ceil(this.#estimates.mostOutputTokens(name, answerLimit(), modelLimit)),
    };
    const paid = this.#estimates.mostUsd(name);
    const byPrice = this.#priceOf({ provider, model }, usage);
    const usd = byPrice === undefined ? (paid ?? unknownUsd) : Math.max(byPrice, paid ?? 0);
    if (!this.#neighbours.sharing) return this.#reserve(app, provider.name, model, usd);
    return this.#neighbours.alone(() => this.#reserve(app, provider.name, model, usd));
  }

  /**
   * An attempt is over: its cost goes into its record, and takes the place of what was set aside. A promise while the price table has to
   * be loaded for it.
   */
  settle(provider: Provider, record: AttemptRecord, reservation: Reservation): Promise<void> | undefined {
    const question = this.#questionOf(provider, record);
    if (needsTable(question))
      return this.loadPrices().then(() => this.#settle(record, reservation, this.#questionOf(provider, record)));
    this.#settle(record, reservation, question);
    return undefined;
  }

  observeAccount(provider: Provider, reading: AccountReading): void {
    if (provider.profile.type === 'venice' && reading.balanceDiem !== undefined) this.#pacer.observeBalance(reading.balanceDiem);
  }

  /** Writes a call into the ledger and closes its decision. */
  settled(record: CallRecord, decision: OpenDecision | undefined): void {
    for (const attempt of record.attempts) {
      const { usage = {} } = attempt;
      const ended = (attempt as Traced)[openAttempt];
      if (ended) this.#neighbours.ended(ended);
      this.ledger.add({
        ended,
        requestId: record.requestId,
        timeMs: Math.round(attempt.startedAtMs),
        app: record.caller,
        route: record.model,
        decision: decision ? JSON.stringify(decision.decision) : null,
        provider: attempt.provider,
        modelAsked: attempt.model,
        modelServed: attempt.servedModel ?? null,
        inputTokens: usage.inputTokens ?? null,
        cachedInputTokens: usage.cachedInputTokens ?? null,
        cacheWriteTokens: usage.cacheWriteTokens ?? null,
        outputTokens: usage.outputTokens ?? null,
        reasoningTokens: usage.reasoningTokens ?? null,
        costUsd: attempt.costUsd ?? null,
        costSource: attempt.costSource ?? 'unknown',
        assumedUsd: attempt.assumedUsd ?? null,
        savedUsd: attempt.savedUsd ?? null,
        firstTokenMs: attempt.firstTokenMs ?? null,
        durationMs: attempt.durationMs,
        outcome: attempt.outcome,
        errorKind: attempt.errorKind ?? null,
      });
    }
    if (decision) this.#routes.settled(record, decision);
  }

  /** This process stops: the next one has to know what is set aside here. Call before nothing is accepted any more. */
  handOver(): void {
    this.#neighbours.handOver();
  }

  async close(): Promise<void> {
    // A cost may still wait for its price.
    await this.#loading;
    this.#neighbours.close();
    this.ledger.close();
  }

  #reserve(app: string, provider: string, model: string, usd: number): Reservation | BudgetRefusal {
    const reservation = this.budgets.reserve(app, provider, usd);
    if ('settle' in reservation) reservation.attempt = this.#neighbours.opened(app, provider, model, usd);
    return reservation;
  }

  async #load(): Promise<void> {
    try {
      const { loadPriceTable } = await import('./ledger/price-table.ts');
      this.#table = await loadPriceTable();
    } catch (error) {
      this.#options.logger.error('the price table cannot be loaded: costs that need it stay unknown', { error });
    }
  }

  #settle(record: AttemptRecord, reservation: Reservation, question: CostQuestion): void {
    if (reservation.attempt) (record as Traced)[openAttempt] = reservation.attempt;
    if (record.usage === undefined && wasRefused(record)) {
      record.costUsd = 0;
      record.costSource = 'refused';
      return reservation.release();
    }
    const cost: Cost = record.usage ? costOf(question) : { usd: undefined, source: 'unknown' };
    record.costSource = cost.source;
    if (cost.usd !== undefined) record.costUsd = cost.usd;
    else if (reservation.usd > 0) record.assumedUsd = reservation.usd;
    reservation.settle(cost.usd);
    if (record.usage && record.outcome === 'ok')
      this.#estimates.learn(`${record.provider}/${record.model}`, record.usage, cost.usd, cost.source === 'provider');
  }

  /** What is expected to be paid, by what is known now. */
  #priceOf({ provider, model }: Candidate, usage: Usage): number | undefined {
    const question = this.#questionOf(provider, { model, usage, startedAtMs: this.#options.clock.now() });
    if (needsTable(question)) void this.loadPrices();
    return costOf(question).usd;
  }

  #questionOf(
    provider: Provider,
    { model, servedModel, usage = {}, startedAtMs }: Pick<AttemptRecord, 'model' | 'servedModel' | 'usage' | 'startedAtMs'>,
  ): CostQuestion {
    const { catalog } = this.#options;
    const served = servedModel === undefined ? undefined : catalog.known(provider, servedModel);
    return {
      providerType: provider.profile.type,
      model,
      servedModel,
      usage,
      atMs: startedAtMs,
      overrides: (valueFor(`${provider.name}/${model}`, this.#config.prices) ?? []) as readonly PriceOverride[],
      listPrice: (served ?? catalog.known(provider, model))?.price,
      table: this.#table,
    };
  }

  #makeRoutes(): RouteBook {
    return new RouteBook({
      routes: this.#config.routes,
      tasks: this.#config.tasks,
      longContextTokens: this.#config.longContextTokens,
      now: () => this.#options.clock.now(),
      pacer: this.#pacer,
      ledger: this.ledger,
      resolve: this.#options.resolve,
      priceOf: (candidate, usage) => this.#priceOf(candidate, usage),
      expectedUsd: (candidate, usage) => {
        const tokens = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
        const told = this.#estimates.toldUsd(`${candidate.provider.name}/${candidate.model}`, tokens);
        return told ?? this.#priceOf(candidate, usage);
      },
      usualOutputTokens: ({ provider, model }) => this.#estimates.usualOutputTokens(`${provider.name}/${model}`),
    });
  }
}

/** Nothing was done, so nothing is to pay: an error status, no connection, no key. What broke after a good beginning, or timed out, may cost. */
function wasRefused({ outcome, status, errorKind }: AttemptRecord): boolean {
  if (outcome !== 'error') return false;
  if (status !== undefined) return status >= 300;
  return errorKind === 'transport' || errorKind === 'authentication';
}
