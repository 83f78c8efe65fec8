/** The list of models in the three shapes that clients read. Pure. */
import type { JsonObject } from '@switchyard/dialects';
import type { ModelInfo } from '../providers/provider.ts';

export interface ListedModel {
  /** `provider/model`, or an alias. */
  id: string;
  provider: string;
  info: ModelInfo;
}

export type ModelsProtocol = 'openai' | 'anthropic' | 'gemini';

export function modelList(models: readonly ListedModel[], protocol: ModelsProtocol): JsonObject {
  const items = models.map((model) => modelItem(model, protocol));
  if (protocol === 'gemini') return { models: items };
  if (protocol === 'openai') return { object: 'list', data: items };
  return { data: items, has_more: false, first_id: models[0]?.id ?? null, last_id: models.at(-1)?.id ?? null };
}

export function modelItem({ id, provider, info }: ListedModel, protocol: ModelsProtocol): JsonObject {
  if (protocol === 'gemini') {
    return {
      name: `models/${id}`,
      displayName: info.name ?? id,
      ...(info.contextTokens !== undefined && { inputTokenLimit: info.contextTokens }),
      ...(info.maxOutputTokens !== undefined && { outputTokenLimit: info.maxOutputTokens }),
      supportedGenerationMethods: info.isEmbedding ? ['embedContent', 'batchEmbedContents'] : ['generateContent', 'countTokens'],
    };
  }
  if (protocol === 'anthropic') {
    return {
      type: 'model',
      id,
      display_name: info.name ?? id,
      created_at: new Date((info.createdAtS ?? 0) * 1000).toISOString(),
      ...(info.contextTokens !== undefined && { max_input_tokens: info.contextTokens }),
      ...(info.maxOutputTokens !== undefined && { max_tokens: info.maxOutputTokens }),
    };
  }
  const { price } = info;
  return {
    id,
    object: 'model',
    created: info.createdAtS ?? 0,
    owned_by: info.ownedBy ?? provider,
    provider,
    ...(info.name !== undefined && { name: info.name }),
    ...(info.contextTokens !== undefined && { context_length: info.contextTokens }),
    ...(info.maxOutputTokens !== undefined && { max_output_tokens: info.maxOutputTokens }),
    ...(price && {
      // USD per million tokens, as the provider says.
      pricing: {
        ...(price.inputUsd !== undefined && { input_usd_per_million: price.inputUsd }),
        ...(price.outputUsd !== undefined && { output_usd_per_million: price.outputUsd }),
        ...(price.cachedInputUsd !== undefined && { cached_input_usd_per_million: price.cachedInputUsd }),
        ...(price.cacheWriteUsd !== undefined && { cache_write_usd_per_million: price.cacheWriteUsd }),
      },
    }),
    capabilities: { ...info.capabilities },
    ...(info.privacy !== undefined && { privacy: info.privacy }),
    ...(info.traits && info.traits.length > 0 && { traits: info.traits }),
    ...(info.retiresAt !== undefined && { retires_at: info.retiresAt }),
    ...(info.replacement !== undefined && { replacement: info.replacement }),
    ...(info.isEmbedding && { type: 'embedding' }),
  };
}
