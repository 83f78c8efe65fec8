/** Answers that are no chat: embeddings, counts of tokens, lists of models. */
import { arrayOf, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '@switchyard/dialects';
import { Refusal } from '../ask.ts';
import { created, vectorOf } from '../fake-model.ts';
import type { ChatFlavour } from './chat.ts';

const defaultDimensions = 8;
const tokensOf = (value: JsonValue | undefined) => Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4));

/** OpenAI's SDK asks for base64 of 32-bit floats; Venice takes text only. */
export function openaiEmbeddings(body: JsonObject, flavour: ChatFlavour): JsonObject {
  const isTokens = Array.isArray(body.input) && typeof body.input[0] !== 'string';
  if (body.input === undefined || (isTokens && flavour === 'venice')) throw new Refusal(400, 'Invalid request parameters');
  const isOne = typeof body.input === 'string' || typeof arrayOf(body.input)[0] === 'number';
  const inputs = isOne ? [body.input] : arrayOf(body.input);
  const dimensions = typeof body.dimensions === 'number' ? body.dimensions : defaultDimensions;
  const data = inputs.map((input, index): JsonObject => {
    const vector = vectorOf(typeof input === 'string' ? input : JSON.stringify(input), dimensions);
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
    return { object: 'embedding', index, embedding };
  });
  const tokens = tokensOf(body.input);
  return { object: 'list', data, model: stringOf(body.model) ?? '', usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

export function geminiEmbedding(body: JsonObject): JsonObject {
  const text = arrayOf(objectOf(body.content).parts).map((part) => stringOf(objectOf(part).text) ?? '');
  const dimensions = typeof body.outputDimensionality === 'number' ? body.outputDimensionality : defaultDimensions;
  return { embedding: { values: vectorOf(text.join('\n'), dimensions) } };
}

export function geminiEmbeddings(body: JsonObject): JsonObject {
  return {
    embeddings: arrayOf(body.requests)
      .filter(isObject)
      .map((request) => objectOf(geminiEmbedding(request).embedding)),
  };
}

export function ollamaEmbeddings(body: JsonObject): JsonObject {
  const inputs = typeof body.input === 'string' ? [body.input] : arrayOf(body.input).map(String);
  const dimensions = typeof body.dimensions === 'number' ? body.dimensions : defaultDimensions;
  // Ollama's vectors have length 1.
  const embeddings = inputs.map((input) => {
    const vector = vectorOf(input, dimensions);
    const length = Math.hypot(...vector);
    return vector.map((one) => one / length);
  });
  return {
    model: stringOf(body.model) ?? '',
    embeddings,
    total_duration: 1_000_000,
    load_duration: 1000,
    prompt_eval_count: tokensOf(body.input),
  };
}

export function anthropicCount(body: JsonObject): JsonObject {
  return { input_tokens: tokensOf([body.system ?? null, body.messages ?? null, body.tools ?? null]) };
}

export function geminiCount(body: JsonObject): JsonObject {
  return { totalTokens: tokensOf(body.contents ?? objectOf(body.generateContentRequest).contents) };
}

/** `GET …/models` is three protocols on one path; see routes.ts. */
export function openaiModels(ids: readonly string[], flavour: ChatFlavour): JsonObject {
  return {
    object: 'list',
    data: ids.map((id) => ({ id, object: 'model', created, owned_by: flavour, ...details(id, flavour) })),
  };
}

/** A name may say what its model lacks: `no-tools`, `no-images`, `no-schema`, `anonymized`, and `8k` for a short context. */
function details(id: string, flavour: ChatFlavour): JsonObject {
  const has = (what: string) => !id.includes(`no-${what}`);
  const thousands = /(?:^|[-/])(\d+)k$/.exec(id)?.[1];
  const contextTokens = thousands === undefined ? 131_072 : Number(thousands) * 1000;
  if (flavour === 'openrouter') {
    return {
      canonical_slug: id,
      name: id,
      context_length: contextTokens,
      architecture: {
        input_modalities: has('images') ? ['text', 'image'] : ['text'],
        output_modalities: ['text'],
        tokenizer: 'Other',
      },
      pricing: { prompt: '0.000001', completion: '0.000002', input_cache_read: '0.0000001', request: '0', image: '0' },
      top_provider: { context_length: contextTokens, max_completion_tokens: 16_384, is_moderated: false },
      supported_parameters: [
        ...(has('tools') ? ['tools', 'tool_choice'] : []),
        ...(has('schema') ? ['structured_outputs'] : []),
        'response_format',
        'reasoning',
      ],
    };
  }
  if (flavour !== 'venice') return {};
  const capabilities = {
    supportsFunctionCalling: has('tools'),
    supportsResponseSchema: has('schema'),
    supportsReasoning: true,
    supportsVision: has('images'),
  };
  const pricing = { input: { usd: 1, diem: 1 }, output: { usd: 2, diem: 2 }, cache_input: { usd: 0.1, diem: 0.1 } };
  return {
    type: 'text',
    context_length: contextTokens,
    model_spec: {
      name: id,
      availableContextTokens: contextTokens,
      maxCompletionTokens: 16_384,
      offline: false,
      beta: false,
      privacy: id.includes('anonymized') ? 'anonymized' : 'private',
      traits: [],
      capabilities,
      pricing,
    },
  };
}

export function anthropicModels(ids: readonly string[]): JsonObject {
  const createdAt = new Date(created * 1000).toISOString();
  const data = ids.map((id) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: createdAt,
    lifecycle: 'active',
    max_input_tokens: 200_000,
    max_tokens: 64_000,
  }));
  return { data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
}

export function geminiModels(ids: readonly string[]): JsonObject {
  const supportedGenerationMethods = ['generateContent', 'countTokens', 'embedContent'];
  return {
    models: ids.map((id) => ({
      name: `models/${id}`,
      displayName: id,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods,
    })),
  };
}

export function ollamaTags(ids: readonly string[]): JsonObject {
  const detail = { family: 'chaos', parameter_size: '9B', quantization_level: 'Q4_K_M' };
  return {
    models: ids.map((id) => ({
      name: id,
      model: id,
      modified_at: new Date(created * 1000).toISOString(),
      size: 1000,
      digest: 'sha256:0',
      details: detail,
    })),
  };
}

export function ollamaShow(body: JsonObject, ids: readonly string[]): JsonObject {
  const model = stringOf(body.model) ?? '';
  if (!ids.includes(model)) throw new Refusal(404, `model '${model}' not found`);
  return {
    details: { family: 'chaos', parameter_size: '9B' },
    model_info: { 'general.architecture': 'chaos', 'chaos.context_length': 32_768, 'chaos.embedding_length': defaultDimensions },
    capabilities: ['completion', 'tools', 'vision', 'thinking'],
  };
}
