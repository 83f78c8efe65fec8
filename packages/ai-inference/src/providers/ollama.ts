/**
 * Ollama, by its native interface: its OpenAI-compatible one cannot set the context length, whose default of 4 k cuts prompts
 * silently (Ollama docs of 2026-08-21).
 */
import { arrayOf, objectOf, stringOf } from '@switchyard/dialects';
import { bearer, type ModelInfo, type ProviderProfile } from './provider.ts';

export const ollamaProvider: ProviderProfile = {
  type: 'ollama',
  defaultBaseUrl: 'http://127.0.0.1:11434',
  keyVariables: ['OLLAMA_API_KEY'],
  baseUrlVariable: 'OLLAMA_BASE_URL',
  keyless: true,
  dialects: { ollama: () => '/api/chat' },
  preferredDialect: 'ollama',
  embeddings: { format: 'ollama', path: () => '/api/embed' },
  authHeaders: bearer,
  defaults: (_dialect, { contextTokens }) => (contextTokens === undefined ? {} : { options: { num_ctx: contextTokens } }),
  modelsPath: '/api/tags',
  parseModels: (body) =>
    arrayOf(body.models).flatMap((item): ModelInfo[] => {
      const id = stringOf(objectOf(item).name) ?? stringOf(objectOf(item).model);
      if (id === undefined) return [];
      return [
        {
          id,
          ownedBy: 'ollama',
          capabilities: {},
          price: { inputUsd: 0, outputUsd: 0 },
          ...(/embed/i.test(id) && { isEmbedding: true }),
        },
      ];
    }),
};
