/** OpenRouter (docs of 2026-08-22): three dialects, usage and cost in every answer, errors told apart by `metadata.error_type`. */
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '@switchyard/dialects';
import { openaiChat } from '@switchyard/dialects/openai-chat/index';
import { openrouterBill } from './bills.ts';
import { bearer, headerOf, type ModelInfo, type ModelPrice, type ProviderProfile } from './provider.ts';

export const openrouter: ProviderProfile = {
  type: 'openrouter',
  defaultBaseUrl: 'https://openrouter.ai/api/v1',
  keyVariables: ['OPENROUTER_API_KEY'],
  baseUrlVariable: 'OPENROUTER_BASE_URL',
  dialects: {
    'openai-chat': () => '/chat/completions',
    'openai-responses': () => '/responses',
    anthropic: () => '/messages',
    'openai-completions': () => '/completions',
  },
  preferredDialect: 'openai-chat',
  embeddings: { format: 'openai', path: () => '/embeddings' },
  readsCacheMarks: true,
  // Only endpoints with zero data retention, and none that trains.
  privateFields: (member) => ({ provider: { ...objectOf(member('provider')), zdr: true, data_collection: 'deny' } }),
  authHeaders: bearer,
  bill: openrouterBill,
  modelsPath: '/models',
  parseModels: (body) => arrayOf(body.data).flatMap((item) => parseModel(objectOf(item))),
  refineError(told, status, headers, body) {
    // The same `metadata` whichever of its dialects was spoken; only OpenAI's reader knows it.
    const error = isObject(objectOf(body.error).metadata) ? openaiChat.parseError(status, body) : told;
    // With a time to wait the 402 is a budget of requests in flight and passes; without it the money is gone.
    if (status === 402 && headerOf(headers, 'retry-after') !== undefined) return { ...error, kind: 'rate-limit' };
    return error;
  },
};

function parseModel(model: JsonObject): ModelInfo[] {
  const id = stringOf(model.id);
  if (id === undefined) return [];
  const inputs = arrayOf(objectOf(model.architecture).input_modalities);
  const supported = Array.isArray(model.supported_parameters) ? model.supported_parameters : undefined;
  const price = parsePrice(objectOf(model.pricing));
  const name = stringOf(model.name);
  const createdAtS = numberOf(model.created);
  const contextTokens = numberOf(model.context_length);
  const maxOutputTokens = numberOf(objectOf(model.top_provider).max_completion_tokens);
  const retiresAt = stringOf(model.expiration_date);
  return [
    {
      id,
      capabilities: {
        ...(supported && {
          tools: supported.includes('tools'),
          reasoning: supported.includes('reasoning') || supported.includes('include_reasoning'),
          jsonSchema: supported.includes('structured_outputs'),
        }),
        ...(inputs.length > 0 && { images: inputs.includes('image') }),
      },
      ...(name !== undefined && { name }),
      ...(id.includes('/') && { ownedBy: id.slice(0, id.indexOf('/')) }),
      ...(createdAtS !== undefined && { createdAtS }),
      ...(contextTokens !== undefined && { contextTokens }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(price && { price }),
      ...(retiresAt !== undefined && { retiresAt }),
    },
  ];
}

/** Prices are decimal strings per token; a router's own id has -1 for "depends". */
function parsePrice(pricing: JsonObject): ModelPrice | undefined {
  const inputUsd = perMillion(pricing.prompt);
  const outputUsd = perMillion(pricing.completion);
  const cachedInputUsd = perMillion(pricing.input_cache_read);
  const cacheWriteUsd = perMillion(pricing.input_cache_write);
  if (inputUsd === undefined) return undefined;
  return {
    inputUsd,
    ...(outputUsd !== undefined && { outputUsd }),
    ...(cachedInputUsd !== undefined && { cachedInputUsd }),
    ...(cacheWriteUsd !== undefined && { cacheWriteUsd }),
  };
}

/** Moves the decimal point of a price per token by six places, in text: 0.0000007 × 1e6 in floats is 0.7000000000000001. */
export function perMillion(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) return undefined;
  return Number(`${text.includes('e') || text.includes('E') ? number.toFixed(20) : text}e6`);
}
