/** Money of the router in one place: which route a request takes for the sake of it, what is set aside, what it did cost, and the ledger. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Message, ModelRequest, Usage } from '@switchyard/dialects';
import { valueFor } from '@switchyard/dialects/model-name';
import type { Clock } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { CallRecord } from './call/record.ts';
import type { RouterConfig } from './config.ts';
import { type BudgetRefusal, Budgets, type Reservation } from './ledger/budgets.ts';
import { type Cost, costOf, type PriceOverride, type PriceTable } from './ledger/cost.ts';
import { Ledger } from './ledger/ledger.ts';
import { AllowancePacer } from './policy/pacing.ts';
import { type OpenDecision, parseRouteName, type RequestFacts, RoutePolicy } from './policy/route-policy.ts';
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
  /** The first step of the route for a name, if it has one now. */
  resolve(model: string): Candidate | undefined;
}

/** An answer is taken to be this long before it is known. */
const usualAnswerTokens = 500;
const bytesPerToken = 4;
/** Set aside for a model whose price nobody knows. */
const unknownUsd = 0.01;

export class Accounting {
  readonly ledger: Ledger;
  readonly #options: AccountingOptions;
  #config: RouterConfig;
  #budgets: Budgets;
  #policies: Map<string, RoutePolicy>;
  readonly #pacer = new AllowancePacer();
  #table: PriceTable | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: AccountingOptions) {
    this.#options = options;
    this.#config = options.config;
    this.ledger = new Ledger({ directory: options.directory, clock: options.clock, logger: options.logger });
    this.#budgets = this.#makeBudgets();
    this.#policies = this.#makePolicies();
  }

  get budgets(): Budgets {
    return this.#budgets;
  }

  /** Takes a new configuration: budgets go on from the ledger, routes begin anew. */
  reload(config: RouterConfig): void {
    this.#config = config;
    this.#budgets = this.#makeBudgets();
    this.#policies = this.#makePolicies();
  }

  /** The dated prices: loaded once somebody needs them, and not before. */
  async loadPrices(): Promise<void> {
    this.#loading ??= import('./ledger/price-table.ts').then(
      async ({ loadPriceTable }) => {
        this.#table = await loadPriceTable();
      },
      (error) => this.#options.logger.error('the price table cannot be loaded', { error }),
    );
    await this.#loading;
  }

  /** The decision for a name that is one of the routes; undefined for any other. */
  decide(model: string, request: () => ModelRequest, bodyBytes: number): OpenDecision | undefined {
    const asked = parseRouteName(model, this.#config.routes);
    if (!asked) return undefined;
    return (this.#policies.get(asked.route) as RoutePolicy).decide(
      this.#facts(asked.route, request(), bodyBytes),
      asked,
      this.#options.clock.now(),
    );
  }

  /** What would be decided now, and why, without counting it. */
  explain(model: string, request: ModelRequest, bodyBytes: number): object | undefined {
    const asked = parseRouteName(model, this.#config.routes);
    if (!asked) return undefined;
    const facts = this.#facts(asked.route, request, bodyBytes);
    const { text: _text, ...shown } = facts;
    return {
      ...asked,
      ...(this.#policies.get(asked.route) as RoutePolicy).explain(facts, asked),
      estimates: shown,
      settings: this.#config.routes[asked.route],
    };
  }

  /** Sets aside what a request may cost, or says which budget is used up. */
  reserve(app: string, provider: Provider, model: string, bodyBytes: number): Reservation | BudgetRefusal {
    if (this.#config.budgets.length === 0) return this.#budgets.reserve(app, provider.name, 0);
    return this.#budgets.reserve(app, provider.name, this.#estimateUsd(provider, model, bodyBytes) ?? unknownUsd);
  }

  /** What a call did cost, as far as anybody can say. */
  costOf(provider: Provider, model: string, usage: Usage, atMs: number): Cost {
    const cost = costOf({
      providerType: provider.profile.type,
      model,
      usage,
      atMs,
      overrides: (valueFor(`${provider.name}/${model}`, this.#config.prices) ?? []) as readonly PriceOverride[],
      listPrice: this.#options.catalog.known(provider, model)?.price,
      table: this.#table,
    });
    if (cost.source !== 'provider' && !this.#table) void this.loadPrices();
    return cost;
  }

  observeAccount(provider: Provider, reading: AccountReading): void {
    if (provider.profile.type === 'venice' && reading.balanceDiem !== undefined) this.#pacer.observeBalance(reading.balanceDiem);
  }

  /** Writes a call into the ledger and closes its decision. */
  settled(record: CallRecord, decision: OpenDecision | undefined): void {
    for (const attempt of record.attempts) {
      const { usage = {} } = attempt;
      this.ledger.add({
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
        firstTokenMs: attempt.firstTokenMs ?? null,
        durationMs: attempt.durationMs,
        outcome: attempt.outcome,
        errorKind: attempt.errorKind ?? null,
      });
    }
    if (!decision) return;
    const last = record.attempts.at(-1);
    if (!last || last.outcome === 'error') return decision.settle(undefined);
    const { cheap } = this.#sides(decision.decision.route);
    const isCheap = cheap.some((name) => {
      const candidate = this.#options.resolve(name);
      return candidate?.provider.name === last.provider && candidate.model === last.model;
    });
    const tokens = (last.usage?.inputTokens ?? 0) + (last.usage?.outputTokens ?? 0);
    decision.settle({ side: isCheap ? 'cheap' : 'strong', tokens, usd: last.costUsd });
  }

  close(): void {
    this.ledger.close();
  }

  #facts(route: string, request: ModelRequest, bodyBytes: number): RequestFacts {
    const { cheap, strong } = this.#sides(route);
    const [first] = cheap.map((name) => this.#options.resolve(name));
    const usdOf = (names: readonly string[]) => {
      const [candidate] = names.map((name) => this.#options.resolve(name));
      return candidate && this.#estimateUsd(candidate.provider, candidate.model, bodyBytes);
    };
    const tokens = bodyBytes / bytesPerToken + usualAnswerTokens;
    // Without prices both sides count the same.
    const [cheapUsd, strongUsd] = [usdOf(cheap), usdOf(strong)];
    const plain = tokens * 1e-6;
    return {
      text: askingText(request.messages),
      tokens,
      cheapUsd: cheapUsd ?? strongUsd ?? plain,
      strongUsd: strongUsd ?? cheapUsd ?? plain,
      cheapHasAllowance: first?.provider.profile.type === 'venice' && this.#pacer.balance !== undefined,
    };
  }

  #estimateUsd(provider: Provider, model: string, bodyBytes: number): number | undefined {
    const usage = { inputTokens: Math.ceil(bodyBytes / bytesPerToken), outputTokens: usualAnswerTokens };
    return this.costOf(provider, model, usage, this.#options.clock.now()).usd;
  }

  #sides(route: string): { cheap: readonly string[]; strong: readonly string[] } {
    const settings = this.#config.routes[route];
    return { cheap: listOf(settings?.cheap), strong: listOf(settings?.strong) };
  }

  #makePolicies(): Map<string, RoutePolicy> {
    return new Map(
      Object.entries(this.#config.routes).map(([name, settings]) => [
        name,
        new RoutePolicy(name, { ...settings, ...this.#sides(name) }, this.#pacer),
      ]),
    );
  }

  #makeBudgets(): Budgets {
    const { clock, logger } = this.#options;
    return new Budgets({
      budgets: this.#config.budgets,
      now: () => clock.now(),
      spentUsd: (sinceMs, filter) => this.ledger.spentUsd(sinceMs, filter),
      onSoftLimit: (budget, spentUsd) => logger.warn('a budget is beyond its soft limit', { budget, spentUsd }),
    });
  }
}

/** The latest words of the user: what is asked now, not what the conversation began with. */
function askingText(messages: readonly Message[]): string {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const { role, parts } = messages[index] as Message;
    if (role !== 'user') continue;
    const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    if (text !== '') return text;
  }
  return '';
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

/** `$STATE_DIRECTORY` under systemd, else the XDG state folder of the user. */
export function defaultStateDirectory(env: NodeJS.ProcessEnv): string {
  if (env.STATE_DIRECTORY) return env.STATE_DIRECTORY.split(':', 1)[0] as string;
  return join(env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local', 'state'), 'switchyard', 'ai-inference');
}
