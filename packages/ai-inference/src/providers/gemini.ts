/** Google Gemini (genai 2.32.0 types): the model in the path, the key in `x-goog-api-key` and never in the URL. */
import { arrayOf, numberOf, objectOf, stringOf } from '@switchyard/dialects';
import type { ModelInfo, ProviderProfile } from './provider.ts';

const at = (model: string, verb: string) => `/v1beta/models/${encodeURIComponent(bare(model))}:${verb}`;
const bare = (model: string) => model.replace(/^models\//, '');

export const geminiProvider: ProviderProfile = {
  type: 'gemini',
  defaultBaseUrl: 'https://generativelanguage.googleapis.com',
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  baseUrlVariable: 'GEMINI_BASE_URL',
  dialects: {
    gemini: (model, stream) => (stream ? `${at(model, 'streamGenerateContent')}?alt=sse` : at(model, 'generateContent')),
  },
  preferredDialect: 'gemini',
  embeddings: { format: 'gemini', path: (model) => at(model, 'batchEmbedContents') },
  countTokens: { gemini: (model) => at(model, 'countTokens') },
  authHeaders: (key) => ({ 'x-goog-api-key': key }),
  modelsPath: '/v1beta/models?pageSize=1000',
  parseModels: (body) =>
    arrayOf(body.models).flatMap((item): ModelInfo[] => {
      const model = objectOf(item);
      const id = stringOf(model.name)?.replace(/^models\//, '');
      if (id === undefined) return [];
      const methods = arrayOf(model.supportedGenerationMethods);
      const name = stringOf(model.displayName);
      const contextTokens = numberOf(model.inputTokenLimit);
      const maxOutputTokens = numberOf(model.outputTokenLimit);
      return [
        {
          id,
          ownedBy: 'google',
          capabilities: { ...(typeof model.thinking === 'boolean' && { reasoning: model.thinking }) },
          ...(name !== undefined && { name }),
          ...(contextTokens !== undefined && { contextTokens }),
          ...(maxOutputTokens !== undefined && { maxOutputTokens }),
          ...(methods.includes('embedContent') && !methods.includes('generateContent') && { isEmbedding: true }),
        },
      ];
    }),
};
