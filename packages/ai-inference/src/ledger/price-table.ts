/** The dated price table of @pydantic/genai-prices, offline. 0.8 MB: loaded when a price is first needed. */
import type { Usage } from '@switchyard/dialects';
import type { ProviderType } from '../providers/provider.ts';

/** Prices of a provider's models by date, as the package knows them. */
export interface PriceTable {
  /** USD, or undefined for what it does not know. */
  costOf(provider: ProviderType, model: string, usage: Usage, atMs: number): number | undefined;
}

/** Names of our kinds of provider in the table. */
const names: Partial<Record<ProviderType, string>> = {
  anthropic: 'anthropic',
  gemini: 'google',
  openai: 'openai',
  openrouter: 'openrouter',
};

/** Whether the table has this kind of provider at all. */
export function isTabled(provider: ProviderType): boolean {
  return names[provider] !== undefined;
}

export async function loadPriceTable(): Promise<PriceTable> {
  const { calcPrice } = await import('@pydantic/genai-prices');
  return {
    costOf(provider, model, usage, atMs) {
      const providerId = names[provider];
      if (providerId === undefined) return undefined;
      // What is paid apart and has no price there must not look free.
      if (usage.otherToolCalls) return undefined;
      try {
        const found = calcPrice(usageForTable(usage), model, { providerId, timestamp: new Date(atMs) });
        if (usage.webSearches && found?.model_price.web_searches_kcount === undefined) return undefined;
        return found?.total_price;
      } catch {
        // It throws for counts that contradict each other: then it cannot say.
        return undefined;
      }
    },
  };
}

/** Its `input_tokens` include cached and written ones, as ours do. */
function usageForTable(usage: Usage) {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, cacheWrite1hTokens, webSearches } = usage;
  return {
    input_tokens: inputTokens ?? 0,
    output_tokens: outputTokens ?? 0,
    ...(cachedInputTokens && { cache_read_tokens: cachedInputTokens }),
    ...(cacheWriteTokens && { cache_write_tokens: cacheWriteTokens }),
    ...(cacheWrite1hTokens && { cache_write_1h_tokens: cacheWrite1hTokens }),
    ...(webSearches && { web_searches: webSearches }),
  };
}
