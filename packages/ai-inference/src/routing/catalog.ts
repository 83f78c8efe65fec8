/** The models of all providers: asked for when first needed, believed for a while, and kept when a provider stops answering. */

import { isObject } from '@switchyard/dialects';
import type { Clock } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import { textOf } from '../call/decode.ts';
import type { ModelInfo } from '../providers/provider.ts';
import type { Provider } from '../providers/provider-set.ts';

/** A model and who has it. */
export interface CatalogModel {
  provider: Provider;
  info: ModelInfo;
}

interface ModelList {
  models: ReadonlyMap<string, ModelInfo>;
  /** Monotonic ms; 0 = never had. */
  at: number;
  error?: string;
  refresh?: Promise<void>;
}

const limitBytes = 32 * 1024 * 1024;
/** How long somebody who asks for models waits for a provider. */
const patienceMs = 5000;
/** A provider that failed is asked again after this. */
const retryMs = 30_000;

export interface CatalogOptions {
  clock: Clock;
  logger: Logger;
  httpClient(): Promise<HttpClient>;
  refreshMs: number;
}

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #lists = new Map<string, ModelList>();
  #providers: readonly Provider[] = [];

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  /** Takes the providers in force; lists of others are forgotten. */
  use(providers: readonly Provider[]): void {
    this.#providers = providers;
    for (const name of this.#lists.keys()) if (!providers.some((provider) => provider.name === name)) this.#lists.delete(name);
  }

  /** What is known of a model now, without asking anybody. */
  known(provider: Provider, model: string): ModelInfo | undefined {
    return this.#lists.get(provider.name)?.models.get(model);
  }

  /** Who has a model of that name, as far as known, in the order of the providers. */
  find(model: string): CatalogModel[] {
    return this.#providers.flatMap((provider) => {
      const info = this.known(provider, model);
      return info ? [{ provider, info }] : [];
    });
  }

  /**
   * What a provider has in place of a model: by its own word where that model's time is over, else the first of `successors` in its list,
   * where the list is known and does not have the model.
   */
  successorAt(provider: Provider, model: string, nowMs: number, successors: () => readonly string[]): string | undefined {
    const list = this.#lists.get(provider.name);
    if (!list || list.models.size === 0) return undefined;
    const info = list.models.get(model);
    if (!info) return successors().find((name) => list.models.has(name));
    if (info.replacement === undefined || info.retiresAt === undefined || Date.parse(info.retiresAt) > nowMs) return undefined;
    return list.models.has(info.replacement) ? info.replacement : undefined;
  }

  /** The error of a provider's last list, if it failed. */
  errorOf(provider: Provider): string | undefined {
    return this.#lists.get(provider.name)?.error;
  }

  sizeOf(provider: Provider): number | undefined {
    const list = this.#lists.get(provider.name);
    return list && list.at > 0 ? list.models.size : undefined;
  }

  /** The models a provider is known to have. */
  namesOf(provider: string): string[] {
    return [...(this.#lists.get(provider)?.models.keys() ?? [])];
  }

  /** Brings in what is missing or old; resolves when all have answered or patience is over. Never rejects. */
  async load(): Promise<void> {
    await Promise.all(this.#providers.map((provider) => this.#fresh(provider)));
  }

  /** All models, in the order of the providers. Loads what is missing. */
  async all(): Promise<CatalogModel[]> {
    await this.load();
    return this.#providers.flatMap((provider) =>
      [...(this.#lists.get(provider.name)?.models.values() ?? [])].map((info) => ({ provider, info })),
    );
  }

  #fresh(provider: Provider): Promise<void> | undefined {
    const { clock, refreshMs } = this.#options;
    const list: ModelList = this.#lists.get(provider.name) ?? { models: new Map(), at: 0 };
    this.#lists.set(provider.name, list);
    const age = clock.monotonicMs() - list.at;
    if (list.at > 0 && age < (list.error === undefined ? refreshMs : Math.min(retryMs, refreshMs))) return undefined;
    list.refresh ??= this.#fetch(provider, list).finally(() => {
      delete list.refresh;
    });
    // An old list is better than waiting for a new one.
    return list.models.size > 0 ? undefined : list.refresh;
  }

  async #fetch(provider: Provider, list: ModelList): Promise<void> {
    const { clock, logger, httpClient } = this.#options;
    try {
      const client = await httpClient();
      const headers = provider.headers();
      const answer = await client.request(provider.baseUrl + provider.profile.modelsPath, {
        headers,
        signal: AbortSignal.timeout(patienceMs),
        headersTimeoutMs: patienceMs,
      });
      const text = await textOf(answer, limitBytes);
      if (answer.status !== 200) throw new Error(`its list of models answers ${answer.status}`);
      const body: unknown = JSON.parse(text);
      if (!isObject(body)) throw new Error('its list of models is no object');
      list.models = new Map(provider.profile.parseModels(body).map((info) => [info.id, info]));
      delete list.error;
    } catch (error) {
      list.error = error instanceof Error ? error.message : String(error);
      logger.warn('a provider does not tell its models', { provider: provider.name, error: list.error });
    }
    list.at = clock.monotonicMs();
  }
}
