/** The dated price table of @pydantic/genai-prices, offline. 0.8 MB: loaded when a price is first needed. */
import type { Usage } from '@switchyard/dialects';
import type { ProviderType } from '../providers/provider.ts';
import type { PriceTable } from './cost.ts';

/** Names of our kinds of provider in the table. */
const names: Partial<Record<ProviderType, string>> = {
  anthropic: 'anthropic',
  gemini: 'google',
  openai: 'openai',
  openrouter: 'openrouter',
};

export async function loadPriceTable(): Promise<PriceTable> {
  const { calcPrice } = await import('@pydantic/genai-prices');
  return {
    costOf(provider, model, usage, atMs) {
      const providerId = names[provider];
      if (providerId === undefined) return undefined;
      try {
        return calcPrice(usageForTable(usage), model, { providerId, timestamp: new Date(atMs) })?.total_price;
      } catch {
        // It throws for counts that contradict each other: then it cannot say.
        return undefined;
      }
    },
  };
}

/** Its `input_tokens` include cached and written ones, as ours do. */
function usageForTable({ inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, cacheWrite1hTokens }: Usage) {
  return {
    input_tokens: inputTokens ?? 0,
    output_tokens: outputTokens ?? 0,
    ...(cachedInputTokens && { cache_read_tokens: cachedInputTokens }),
    ...(cacheWriteTokens && { cache_write_tokens: cacheWriteTokens }),
    ...(cacheWrite1hTokens && { cache_write_1h_tokens: cacheWrite1hTokens }),
  };
}
