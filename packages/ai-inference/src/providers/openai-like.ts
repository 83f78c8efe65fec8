/** What all servers with OpenAI's interface share: OpenAI itself, vLLM, llama.cpp and whoever calls itself compatible. */
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '@switchyard/dialects';
import { openaiBill } from './bills.ts';
import { type AccountReading, bearer, type Headers, type ModelInfo, numberHeader, type ProviderProfile } from './provider.ts';

/** The list of `GET /models` in OpenAI's shape; vLLM adds `max_model_len`. */
export function parseOpenAiModels(body: JsonObject): ModelInfo[] {
  return arrayOf(body.data).flatMap((item) => {
    const model = objectOf(item);
    const id = stringOf(model.id);
    if (id === undefined) return [];
    const ownedBy = stringOf(model.owned_by);
    const createdAtS = numberOf(model.created);
    const contextTokens = numberOf(model.max_model_len) ?? numberOf(model.context_length);
    return [
      {
        id,
        capabilities: {},
        ...(ownedBy !== undefined && { ownedBy }),
        ...(createdAtS !== undefined && { createdAtS }),
        ...(contextTokens !== undefined && { contextTokens }),
        ...(/embed/i.test(id) && { isEmbedding: true }),
      },
    ];
  });
}

/** `x-ratelimit-remaining-{requests,tokens}`, which OpenAI, Venice and many others send. */
export function readRateLimits(headers: Headers): AccountReading | undefined {
  const requestsRemaining = numberHeader(headers, 'x-ratelimit-remaining-requests');
  const tokensRemaining = numberHeader(headers, 'x-ratelimit-remaining-tokens');
  if (requestsRemaining === undefined && tokensRemaining === undefined) return undefined;
  return {
    ...(requestsRemaining !== undefined && { requestsRemaining }),
    ...(tokensRemaining !== undefined && { tokensRemaining }),
  };
}

/** OpenAI platform API. */
export const openai: ProviderProfile = {
  type: 'openai',
  defaultBaseUrl: 'https://api.openai.com/v1',
  keyVariables: ['OPENAI_API_KEY'],
  baseUrlVariable: 'OPENAI_BASE_URL',
  dialects: {
    'openai-chat': () => '/chat/completions',
    'openai-responses': () => '/responses',
    'openai-completions': () => '/completions',
  },
  preferredDialect: 'openai-chat',
  embeddings: { format: 'openai', path: () => '/embeddings' },
  authHeaders: bearer,
  bill: openaiBill,
  modelsPath: '/models',
  parseModels: parseOpenAiModels,
  readAccount: readRateLimits,
};

/** Any other server of that interface. Only what all of them have is assumed. */
export const openaiCompatible: ProviderProfile = {
  type: 'openai-compatible',
  keyVariables: [],
  keyless: true,
  dialects: {
    'openai-chat': () => '/chat/completions',
    'openai-completions': () => '/completions',
  },
  preferredDialect: 'openai-chat',
  embeddings: { format: 'openai', path: () => '/embeddings' },
  authHeaders: bearer,
  modelsPath: '/models',
  parseModels: parseOpenAiModels,
  readAccount: readRateLimits,
};
