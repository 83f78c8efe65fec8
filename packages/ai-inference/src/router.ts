/** The router's heart, without any HTTP of its own: providers, their models and health, and how a name becomes a route. */

import type { Dialect, DialectName } from '@switchyard/dialects';
import { anthropic } from '@switchyard/dialects/anthropic/index';
import { gemini } from '@switchyard/dialects/gemini/index';
import { ollama } from '@switchyard/dialects/ollama/index';
import { openaiChat } from '@switchyard/dialects/openai-chat/index';
import { openaiCompletions } from '@switchyard/dialects/openai-completions/index';
import { openaiResponses } from '@switchyard/dialects/openai-responses/index';
import type { Clock } from '@switchyard/kit/clock';
import { Deadlines } from '@switchyard/kit/deadlines';
import { createHttpClient, type HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import type { Secrets } from '@switchyard/kit/secrets';
import { Accounting } from './accounting.ts';
import { AnswerCache } from './call/answer-cache.ts';
import type { CallEnvironment } from './call/model-call.ts';
import type { CallRecord } from './call/record.ts';
import { SemanticCache } from './call/semantic-cache.ts';
import type { SimpleEnvironment } from './call/simple-call.ts';
import { providerSchema, type RouterConfig } from './config.ts';
import { Reconciliation } from './ledger/reconciliation.ts';
import { CallFigures } from './metrics.ts';
import type { OpenDecision } from './policy/route-policy.ts';
import type { AccountReading } from './providers/provider.ts';
import { type MissingProvider, makeProvider, type Provider, providersOf } from './providers/provider-set.ts';
import { Catalog, type CatalogModel } from './routing/catalog.ts';
import { Health } from './routing/health.ts';
import { type Resolving, type Route, resolveModel } from './routing/resolve.ts';
import { successorsOf } from './routing/retired-models.ts';

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-completions': openaiCompletions,
  anthropic,
  gemini,
  ollama,
};

export interface RouterOptions {
  config: RouterConfig;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  logger: Logger;
  secrets: Secrets;
  /** Folder of what must outlive a restart; undefined keeps it in memory. */
  stateDirectory?: string;
}

/** Connections per provider. Streams take one each for as long as they last. */
const connections = 1024;
/** So many calls are remembered for people. */
const mostRecent = 50;
/** How long Ollama on this machine may take to answer whether it is there. */
const discoveryMs = 1000;
/** How often it is looked for again. */
const rediscoverMs = 30_000;

export class Router {
  #config: RouterConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly figures = new CallFigures();
  /** Hides secrets in a text. */
  readonly mask: (text: string) => string;
  readonly catalog: Catalog;
  readonly accounting: Accounting;
  readonly cache: AnswerCache;
  readonly semanticCache: SemanticCache;
  readonly #options: RouterOptions;
  readonly #health: Health;
  readonly #deadlines: Deadlines;
  readonly #reconciliation: Reconciliation;
  #providers: Provider[] = [];
  #missing: MissingProvider[] = [];
  readonly #accounts = new Map<string, AccountReading>();
  /** Oldest first. */
  #recent: CallRecord[] = [];
  #httpClient: HttpClient;
  readonly #resolving = this.#resolvingBy();
  #callEnvironment: CallEnvironment | undefined;
  readonly #toldRetired = new Set<string>();
  /** What tasks are called, and the aliases of the configuration. */
  #aliases: RouterConfig['aliases'];
  #lookedForOllamaAt = Number.NEGATIVE_INFINITY;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#aliases = aliasesOf(options.config);
    this.clock = options.clock;
    this.logger = options.logger;
    this.mask = (text) => options.secrets.mask(text);
    this.#httpClient = createHttpClient({ connections, connectTimeoutMs: options.config.timeouts.connectMs });
    this.cache = new AnswerCache(options.config.cache);
    this.semanticCache = new SemanticCache({
      settings: () => this.#config.cache.semantic,
      ttlMs: () => this.#config.cache.ttlMs,
      httpClient: () => this.#httpClient,
      secrets: options.secrets,
      logger: options.logger,
    });
    this.#deadlines = new Deadlines(options.clock);
    this.#health = new Health(options.clock, options.config.breaker);
    this.catalog = new Catalog({
      clock: options.clock,
      logger: options.logger,
      httpClient: async () => this.#httpClient,
      refreshMs: options.config.modelsRefreshMs,
    });
    this.#takeProviders();
    this.accounting = new Accounting({
      config: options.config,
      clock: options.clock,
      logger: options.logger,
      catalog: this.catalog,
      directory: options.stateDirectory,
      resolve: (model) => {
        const route = this.resolveNow(model);
        return 'candidates' in route ? route.candidates : [];
      },
    });
    this.#reconciliation = new Reconciliation({
      clock: options.clock,
      logger: options.logger,
      ledger: this.accounting.ledger,
      httpClient: () => this.#httpClient,
      providers: () => this.#providers,
    });
  }

  get config(): RouterConfig {
    return this.#config;
  }

  get providers(): readonly Provider[] {
    return this.#providers;
  }

  /** What names are resolved by, as it is at each moment. */
  #resolvingBy(): Resolving {
    const router = this;
    return {
      get providers() {
        return router.#providers;
      },
      get aliases() {
        return router.#aliases;
      },
      get defaultModel() {
        return router.#config.defaultModel;
      },
      find: (name) => this.catalog.find(name),
      successorAt: (provider, name) => this.#successorAt(provider, name),
      names: () => this.#names(),
    };
  }

  /** Providers that could be had, and what is missing. */
  get missing(): readonly MissingProvider[] {
    return this.#missing;
  }

  get health(): Health {
    return this.#health;
  }

  /** The latest calls, newest first. */
  get recent(): readonly CallRecord[] {
    return this.#recent.slice(-mostRecent).reverse();
  }

  accountOf(provider: Provider): AccountReading | undefined {
    return this.#accounts.get(provider.name);
  }

  /** Looks for Ollama on this machine and asks all providers for their models, so that the first client need not wait. */
  async start(): Promise<void> {
    await this.findOllama();
    await Promise.all([this.catalog.load(), this.accounting.warm()]);
  }

  /** Begins to compare the ledger with the providers' bills, where there are keys for that. */
  reconcile(): void {
    this.#reconciliation.start();
  }

  /** Takes a new configuration. Calls on their way go on as they began. Returns the settings that need a restart. */
  reload(config: RouterConfig): string[] {
    const before = this.#config;
    this.#config = config;
    this.#aliases = aliasesOf(config);
    this.#health.reset(config.breaker);
    this.#callEnvironment = undefined;
    this.cache.reload(config.cache);
    this.accounting.reload(config);
    this.#lookedForOllamaAt = Number.NEGATIVE_INFINITY;
    this.#takeProviders();
    void this.start();
    const fixed = ['listen', 'access', 'allowedHosts', 'allowedOrigins', 'bodyLimitBytes', 'modelsRefreshMs'] as const;
    return fixed.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(config[key]));
  }

  /** Stopping has begun: another process may serve from now on while this one finishes its answers. */
  handOver(): void {
    void this.#reconciliation.stop();
    this.accounting.handOver();
  }

  async stop(): Promise<void> {
    await this.#reconciliation.stop();
    await this.#httpClient.close(1000);
    await this.accounting.close();
  }

  /** The route for a name; asks the providers for their models when that could make a difference. */
  async resolve(model: string): Promise<Route> {
    const route = this.resolveNow(model);
    if (!('problem' in route)) return route;
    await this.findOllama();
    await this.catalog.load();
    return this.resolveNow(model);
  }

  /** The route as far as it is known now. */
  resolveNow(model: string): Route {
    return resolveModel(model, this.#resolving);
  }

  /** What is missing when there is no provider at all, for people. */
  get remedy(): string {
    const ways = this.#missing.map(({ name, remedy }) => `${name}: ${remedy}`).join('; ');
    return `No provider of models is set up. ${ways}${ways === '' ? '' : '; '}or start Ollama on this machine.`;
  }

  /** Everything that can be asked for. */
  async models(): Promise<CatalogModel[]> {
    await this.findOllama();
    return this.catalog.all();
  }

  callEnvironment(): CallEnvironment {
    const { clock } = this;
    const { timeouts, retries, answerLimitBytes } = this.#config;
    this.#callEnvironment ??= {
      httpClient: this.#httpClient,
      clock,
      deadlines: this.#deadlines,
      health: this.#health,
      dialects,
      timeouts,
      retries,
      answerLimitBytes,
      onAccount: (provider, reading) => this.#onAccount(provider, reading),
      onSettled: (record, decision) => this.settled(record, decision),
      accounting: this.accounting,
    };
    return this.#callEnvironment;
  }

  simpleEnvironment(): SimpleEnvironment {
    return { ...this.callEnvironment(), totalMs: this.#config.timeouts.totalMs };
  }

  settled(record: CallRecord, decision?: OpenDecision): void {
    this.accounting.settled(record, decision);
    this.figures.count(record);
    this.#recent.push(record);
    if (this.#recent.length >= 2 * mostRecent) this.#recent = this.#recent.slice(-mostRecent);
    if (record.outcome !== 'error') return;
    const last = record.attempts.at(-1);
    this.logger.warn('a call failed', {
      requestId: record.requestId,
      model: record.model,
      provider: last?.provider,
      kind: record.errorKind,
      status: last?.status,
      attempts: record.attempts.length,
    });
  }

  /** What serves in place of a retired model; said once in the log. */
  #successorAt(provider: Provider, model: string): string | undefined {
    const now = this.clock.now();
    const successor = this.catalog.successorAt(provider, model, now, () => successorsOf(model, now, this.#config.retiredModels));
    const told = `${provider.name}/${model}`;
    if (successor === undefined || this.#toldRetired.has(told)) return successor;
    // Names come from clients.
    if (this.#toldRetired.size < 1000) this.#toldRetired.add(told);
    this.logger.warn('a model is retired: another one serves in its place', {
      provider: provider.name,
      model,
      successor,
      remedy: 'ask for the successor, or choose another one in "retiredModels" or "aliases"',
    });
    return successor;
  }

  /** Adds Ollama when it answers on this machine and is neither configured nor named by the environment. */
  async findOllama(): Promise<void> {
    const { env, secrets } = this.#options;
    const now = this.clock.monotonicMs();
    if (!this.#config.discoverProviders || Object.hasOwn(this.#config.providers, 'ollama')) return;
    if (this.#providers.some(({ name }) => name === 'ollama') || now - this.#lookedForOllamaAt < rediscoverMs) return;
    this.#lookedForOllamaAt = now;
    const found = makeProvider({ name: 'ollama', settings: providerSchema.parse({}), env, secrets, origin: 'this machine' });
    if ('remedy' in found) return;
    try {
      const answer = await this.#httpClient.request(`${found.baseUrl}/api/version`, {
        signal: AbortSignal.timeout(discoveryMs),
        headersTimeoutMs: discoveryMs,
      });
      await answer.text(64 * 1024);
      if (answer.status !== 200) return;
    } catch {
      return;
    }
    if (this.#providers.some(({ name }) => name === 'ollama')) return;
    this.#providers = [...this.#providers, found];
    this.catalog.use(this.#providers);
    this.logger.info('Ollama answers on this machine', { baseUrl: found.baseUrl });
  }

  #takeProviders(): void {
    const { env, secrets } = this.#options;
    const { providers, missing } = providersOf(this.#config, env, secrets);
    this.#providers = providers;
    this.#missing = missing;
    this.catalog.use(providers);
  }

  #names(): string[] {
    const listed = this.#providers.flatMap(({ name }) => this.catalog.namesOf(name).flatMap((id) => [id, `${name}/${id}`]));
    return [...new Set([...Object.keys(this.#aliases), ...listed])];
  }

  #onAccount(provider: Provider, reading: AccountReading): void {
    this.accounting.observeAccount(provider, reading);
    this.#accounts.set(provider.name, { ...this.#accounts.get(provider.name), ...reading });
    if (reading.deprecation !== undefined)
      this.logger.warn('a model is going to end', {
        provider: provider.name,
        model: reading.servedModel,
        notice: reading.deprecation,
      });
  }
}

/** A task's name stands for its models, unless an alias has that name. */
function aliasesOf({ tasks, aliases }: RouterConfig): RouterConfig['aliases'] {
  return { ...tasks, ...aliases };
}
