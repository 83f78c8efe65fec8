/** Venice (swagger 20260821): OpenAI's chat with `venice_parameters`, balances in headers, cost in the body, errors as strings. */
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '@switchyard/dialects';
import { veniceBill } from './bills.ts';
import { readRateLimits } from './openai-like.ts';
import { bearer, headerOf, type ModelInfo, type ModelPrice, numberHeader, type ProviderProfile } from './provider.ts';

export const venice: ProviderProfile = {
  type: 'venice',
  defaultBaseUrl: 'https://api.venice.ai/api/v1',
  keyVariables: ['VENICE_API_KEY'],
  baseUrlVariable: 'VENICE_BASE_URL',
  // Its /responses is alpha: left out until it is not.
  dialects: { 'openai-chat': () => '/chat/completions' },
  preferredDialect: 'openai-chat',
  embeddings: { format: 'openai', path: () => '/embeddings' },
  readsCacheMarks: true,
  tellsPrivacy: true,
  bill: veniceBill,
  authHeaders: bearer,
  // Its default is true: an invisible prompt of its own that changes behaviour and tokens.
  defaults: (_dialect, { includeVeniceSystemPrompt }) =>
    includeVeniceSystemPrompt ? {} : { venice_parameters: { include_venice_system_prompt: false } },
  modelsPath: '/models?type=all',
  parseModels: (body) => arrayOf(body.data).flatMap((item) => parseModel(objectOf(item))),
  readAccount(headers) {
    // The balance headers hold the value before this request.
    const balanceDiem = numberHeader(headers, 'x-venice-balance-diem');
    const balanceUsd = numberHeader(headers, 'x-venice-balance-usd');
    const servedModel = headerOf(headers, 'x-venice-model-id');
    const deprecation = headerOf(headers, 'x-venice-model-deprecation-warning');
    return {
      ...readRateLimits(headers),
      ...(balanceDiem !== undefined && { balanceDiem }),
      ...(balanceUsd !== undefined && { balanceUsd }),
      ...(servedModel !== undefined && { servedModel }),
      ...(deprecation !== undefined && { deprecation }),
    };
  },
  // More than 20 failed requests in 30 s block the key for 30 s.
  failureLimit: { failures: 20, windowMs: 30_000 },
};

function parseModel(model: JsonObject): ModelInfo[] {
  const id = stringOf(model.id);
  if (id === undefined) return [];
  const spec = objectOf(model.model_spec);
  const can = objectOf(spec.capabilities);
  const deprecation = objectOf(spec.deprecation);
  const is = (name: string) => (typeof can[name] === 'boolean' ? (can[name] as boolean) : undefined);
  const capabilities = {
    tools: is('supportsFunctionCalling'),
    images: is('supportsVision'),
    reasoning: is('supportsReasoning'),
    jsonSchema: is('supportsResponseSchema'),
  };
  const info: Record<string, unknown> = {
    id,
    name: stringOf(spec.name),
    ownedBy: stringOf(model.owned_by),
    createdAtS: numberOf(model.created),
    contextTokens: numberOf(spec.availableContextTokens) ?? numberOf(model.context_length),
    maxOutputTokens: numberOf(spec.maxCompletionTokens),
    price: parsePrice(objectOf(spec.pricing)),
    privacy: stringOf(spec.privacy),
    traits: arrayOf(spec.traits).filter((trait) => typeof trait === 'string'),
    retiresAt: stringOf(deprecation.removesAt) ?? stringOf(deprecation.date),
    replacement: stringOf(deprecation.replacementModelId),
    isEmbedding: model.type === 'embedding' || undefined,
  };
  if (spec.offline === true) return [];
  return [{ ...withoutUndefined(info), capabilities: withoutUndefined(capabilities) } as unknown as ModelInfo];
}

/** Venice prices are USD per million tokens. */
function parsePrice(pricing: JsonObject): ModelPrice | undefined {
  const usd = (name: string) => numberOf(objectOf(pricing[name]).usd);
  const price = {
    inputUsd: usd('input'),
    outputUsd: usd('output'),
    cachedInputUsd: usd('cache_input'),
    cacheWriteUsd: usd('cache_write'),
  };
  return price.inputUsd === undefined ? undefined : (withoutUndefined(price) as ModelPrice);
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
