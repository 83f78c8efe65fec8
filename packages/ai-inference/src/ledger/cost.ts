/**
 * What a call costs: the provider's own figure where it tells one, else its tokens by a dated price; unknown stays unknown and is
 * never zero. Prices: overrides of the configuration, then the provider's own list, then the table of @pydantic/genai-prices.
 */
import type { Usage } from '@switchyard/dialects';
import type { ModelPrice, ProviderType } from '../providers/provider.ts';
import { isTabled, type PriceTable } from './price-table.ts';

/** Where a cost comes from. `refused`: the provider would not do it, which costs nothing; `cache`: it was answered from here. */
export type CostSource = 'provider' | 'override' | 'provider-list' | 'price-table' | 'unknown' | 'refused' | 'cache';

export interface Cost {
  /** Undefined: nobody can say. */
  usd: number | undefined;
  source: CostSource;
}

/** A price of the configuration, from a date on. USD per million tokens. */
export interface PriceOverride extends ModelPrice {
  /** ISO date or time from which it holds. Default: always. */
  from?: string;
}

export interface CostQuestion {
  providerType: ProviderType;
  model: string;
  /** As the answer says; providers move old names to newer models, at the newer price. */
  servedModel?: string | undefined;
  usage: Usage;
  atMs: number;
  overrides: readonly PriceOverride[];
  listPrice: ModelPrice | undefined;
  table: PriceTable | undefined;
}

export function costOf({ providerType, model, servedModel, usage, atMs, overrides, listPrice, table }: CostQuestion): Cost {
  const told = toldUsd(usage);
  if (told !== undefined) return { usd: told, source: 'provider' };
  if (usage.inputTokens === undefined && usage.outputTokens === undefined) return { usd: undefined, source: 'unknown' };
  const override = priceAt(overrides, atMs);
  if (override) return priced(override, usage, 'override');
  // Its list has no tiers, no dates and no cache writes by duration: where the table knows the model it knows better.
  const tabled =
    (servedModel !== undefined && servedModel !== model ? table?.costOf(providerType, servedModel, usage, atMs) : undefined) ??
    table?.costOf(providerType, model, usage, atMs);
  if (tabled !== undefined) return { usd: tabled, source: 'price-table' };
  if (listPrice) return priced(listPrice, usage, 'provider-list');
  return { usd: undefined, source: 'unknown' };
}

/**
 * The provider's own figure. One DIEM buys inference for one dollar: both parts of a mixed payment count. With the owner's own key of
 * another provider, that provider's bill is part of it, and unless it is told the figure is none.
 */
function toldUsd({ costUsd, costDiem, isByok, byokUsd }: Usage): number | undefined {
  if (costUsd === undefined && costDiem === undefined) return undefined;
  if (isByok && byokUsd === undefined) return undefined;
  return (costUsd ?? 0) + (costDiem ?? 0) + (isByok ? (byokUsd ?? 0) : 0);
}

/** Whether the answer to this question depends on a table that was not loaded yet. */
export function needsTable({ usage, overrides, atMs, providerType, table }: CostQuestion): boolean {
  if (table !== undefined || !isTabled(providerType)) return false;
  if (toldUsd(usage) !== undefined) return false;
  return (usage.inputTokens !== undefined || usage.outputTokens !== undefined) && priceAt(overrides, atMs) === undefined;
}

/** The latest price whose date has come. */
export function priceAt(overrides: readonly PriceOverride[], atMs: number): PriceOverride | undefined {
  let best: PriceOverride | undefined;
  let bestFrom = Number.NEGATIVE_INFINITY;
  for (const override of overrides) {
    const from = override.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(override.from);
    if (from <= atMs && (best === undefined || from >= bestFrom)) {
      best = override;
      bestFrom = from;
    }
  }
  return best;
}

function priced(price: ModelPrice, usage: Usage, source: CostSource): Cost {
  const usd = costByPrice(price, usage);
  return { usd, source: usd === undefined ? 'unknown' : source };
}

/**
 * Cached and cache-written tokens are part of the input: each token is paid once. Undefined when a price that is needed is missing, also
 * that of a tool which the provider ran: what is paid apart must not look free.
 */
export function costByPrice(price: ModelPrice, usage: Usage): number | undefined {
  const { inputUsd, outputUsd, cachedInputUsd, cacheWriteUsd, cacheWrite1hUsd, webSearchUsd } = price;
  const { inputTokens = 0, outputTokens = 0, cachedInputTokens = 0, cacheWriteTokens = 0, cacheWrite1hTokens = 0 } = usage;
  const { webSearches = 0, otherToolCalls = 0 } = usage;
  if (otherToolCalls > 0 || (webSearches > 0 && webSearchUsd === undefined)) return undefined;
  if (inputUsd === undefined || (outputTokens > 0 && outputUsd === undefined)) return undefined;
  const fresh = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
  const millions =
    fresh * inputUsd +
    cachedInputTokens * (cachedInputUsd ?? inputUsd) +
    (cacheWriteTokens - cacheWrite1hTokens) * (cacheWriteUsd ?? inputUsd) +
    cacheWrite1hTokens * (cacheWrite1hUsd ?? cacheWriteUsd ?? inputUsd) +
    outputTokens * (outputUsd ?? 0);
  return millions / 1e6 + (webSearches * (webSearchUsd ?? 0)) / 1e3;
}
