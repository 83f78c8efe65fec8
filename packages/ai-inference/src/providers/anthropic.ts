/** Anthropic (SDK 1.10.0 types): the Messages API, keys in `x-api-key`, model lifecycle in its list. */
import { arrayOf, numberOf, objectOf, stringOf } from '@switchyard/dialects';
import { anthropicBill } from './bills.ts';
import { type ModelInfo, numberHeader, type ProviderProfile } from './provider.ts';

export const anthropicProvider: ProviderProfile = {
  type: 'anthropic',
  defaultBaseUrl: 'https://api.anthropic.com',
  keyVariables: ['ANTHROPIC_API_KEY'],
  baseUrlVariable: 'ANTHROPIC_BASE_URL',
  dialects: { anthropic: () => '/v1/messages' },
  preferredDialect: 'anthropic',
  countTokens: { anthropic: () => '/v1/messages/count_tokens' },
  authHeaders: (key) => ({ 'x-api-key': key }),
  headers: { 'anthropic-version': '2023-06-01' },
  bill: anthropicBill,
  modelsPath: '/v1/models?limit=1000',
  parseModels: (body) =>
    arrayOf(body.data).flatMap((item): ModelInfo[] => {
      const model = objectOf(item);
      const id = stringOf(model.id);
      if (id === undefined || model.lifecycle === 'retired') return [];
      const name = stringOf(model.display_name);
      const contextTokens = numberOf(model.max_input_tokens);
      const maxOutputTokens = numberOf(model.max_tokens);
      const retiresAt = stringOf(model.retires_at);
      const createdAt = Date.parse(stringOf(model.created_at) ?? '');
      return [
        {
          id,
          ownedBy: 'anthropic',
          capabilities: { tools: true, images: true },
          ...(name !== undefined && { name }),
          ...(contextTokens !== undefined && { contextTokens }),
          ...(maxOutputTokens !== undefined && { maxOutputTokens }),
          ...(retiresAt !== undefined && { retiresAt }),
          ...(Number.isFinite(createdAt) && { createdAtS: Math.floor(createdAt / 1000) }),
        },
      ];
    }),
  readAccount(headers) {
    const requestsRemaining = numberHeader(headers, 'anthropic-ratelimit-requests-remaining');
    const tokensRemaining = numberHeader(headers, 'anthropic-ratelimit-tokens-remaining');
    return {
      ...(requestsRemaining !== undefined && { requestsRemaining }),
      ...(tokensRemaining !== undefined && { tokensRemaining }),
    };
  },
};
