/** OpenAI `/v1/embeddings`, as Venice, OpenRouter, vLLM and Ollama speak it too. Base64 holds little-endian 32-bit floats. */
import { AnswerError } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, isObject, type JsonObject, type JsonValue, numberOf, objectOf, stringOf } from '../model/json.ts';
import { parseError } from '../openai-chat/error.ts';
import { parseUsage } from '../openai-chat/usage.ts';
import type { EmbeddingsAnswer, EmbeddingsRequest, RenderedEmbeddingsRequest } from './model.ts';

/** Throws DialectError naming the field. */
export function parseRequest(body: JsonObject): EmbeddingsRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf);
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const inputs = fields.take('input', (value) => inputsOf(value as JsonValue | undefined));
  if (inputs === undefined) throw new DialectError('input', 'must be a text, a list of texts, or lists of tokens');
  const request: EmbeddingsRequest = { model, inputs };
  const dimensions = fields.take('dimensions', numberOf);
  if (dimensions !== undefined) request.dimensions = dimensions;
  const format = fields.take('encoding_format', (value) => (value === 'float' || value === 'base64' ? value : undefined));
  if (format !== undefined) request.encodingFormat = format;
  const userId = fields.take('user', stringOf);
  if (userId !== undefined) request.userId = userId;
  if (typeof body.input === 'string') fields.rest.$form = { input: 'string' };
  if (Object.keys(fields.rest).length > 0) request.bag = { dialect: 'openai', fields: fields.rest };
  return request;
}

function inputsOf(input: JsonValue | undefined): EmbeddingsRequest['inputs'] | undefined {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) return undefined;
  if (input.every((item) => typeof item === 'string')) return input as string[];
  if (input.every((item) => typeof item === 'number')) return [input as number[]];
  const isTokens = input.every((item) => Array.isArray(item) && item.every((token) => typeof token === 'number'));
  return isTokens ? (input as number[][]) : undefined;
}

export function renderRequest(request: EmbeddingsRequest): RenderedEmbeddingsRequest {
  const isOwn = request.bag?.dialect === 'openai';
  const { $form, ...extra } = isOwn ? (request.bag?.fields ?? {}) : {};
  const isString = objectOf($form).input === 'string' && request.inputs.length === 1;
  const body: JsonObject = { ...extra, model: request.model, input: isString ? (request.inputs[0] as string) : request.inputs };
  if (request.dimensions !== undefined) body.dimensions = request.dimensions;
  if (request.encodingFormat !== undefined) body.encoding_format = request.encodingFormat;
  if (request.userId !== undefined) body.user = request.userId;
  return { body, losses: lossesOfBag(request, 'openai') };
}

/** What only the client's own dialect knows, as losses. */
export function lossesOfBag(request: EmbeddingsRequest, target: string): RenderedEmbeddingsRequest['losses'] {
  const { bag } = request;
  if (bag === undefined || bag.dialect === target) return [];
  return Object.keys(bag.fields)
    .filter((field) => !field.startsWith('$'))
    .map((field) => ({ field, how: 'dropped', why: `only ${bag.dialect} knows this field` }));
}

/** Reads numbers or base64. Throws DialectError for a body without vectors. */
export function parseAnswer(body: JsonObject): EmbeddingsAnswer {
  if (body.error) throw new AnswerError(parseError(undefined, body));
  if (!Array.isArray(body.data)) throw new DialectError('data', 'the answer has no vectors');
  // Providers may answer out of order; `index` says which input a vector belongs to.
  const data = body.data.filter(isObject).map((item, index) => ({ item, index: numberOf(item.index) ?? index }));
  data.sort((a, b) => a.index - b.index);
  const answer: EmbeddingsAnswer = {
    model: stringOf(body.model) ?? '',
    vectors: data.map(({ item, index }) => vectorOf(item.embedding, `data[${index}].embedding`)),
  };
  const usage = parseUsage(body);
  const tokens = usage?.inputTokens ?? usage?.totalTokens;
  if (tokens !== undefined) answer.inputTokens = tokens;
  if (usage?.costUsd !== undefined) answer.costUsd = usage.costUsd;
  if (usage?.costDiem !== undefined) answer.costDiem = usage.costDiem;
  return answer;
}

/** A vector from a list of numbers or from base64. */
export function vectorOf(value: JsonValue | undefined, path: string): number[] {
  if (typeof value === 'string') return decodeVector(value);
  if (!Array.isArray(value)) throw new DialectError(path, 'must be a list of numbers');
  return value as number[];
}

/** Writes vectors the way the client asked for them. */
export function renderAnswer(answer: EmbeddingsAnswer, request: Pick<EmbeddingsRequest, 'encodingFormat'>): JsonObject {
  const isBase64 = request.encodingFormat === 'base64';
  const tokens = answer.inputTokens ?? 0;
  return {
    object: 'list',
    data: answer.vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64 ? encodeVector(vector) : vector,
    })),
    model: answer.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

export function encodeVector(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

export function decodeVector(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}

/** Whether nothing but texts was sent; other providers have other tokens. */
export function textsOf(request: EmbeddingsRequest): string[] {
  if (request.inputs.every((input) => typeof input === 'string')) return arrayOf(request.inputs) as string[];
  throw new DialectError('input', 'lists of tokens belong to one tokenizer and cannot be routed: send the texts themselves');
}
