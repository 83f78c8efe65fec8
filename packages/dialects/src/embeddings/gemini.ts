/**
 * Gemini `embedContent` (one text) and `batchEmbedContents` (many). Only vectors of the full length are normalised by
 * Google; shorter ones are passed on as they come.
 */
import { AnswerError } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';
import { parseError } from '../openai-chat/error.ts';
import type { EmbeddingsAnswer, EmbeddingsRequest, RenderedEmbeddingsRequest } from './model.ts';
import { lossesOfBag, textsOf, vectorOf } from './openai.ts';

/** Reads a body of either method; the model stands in the path. */
export function parseRequest(body: JsonObject, context: { model: string }): EmbeddingsRequest {
  const requests = arrayOf(body.requests);
  const first = objectOf(Array.isArray(body.requests) ? requests[0] : body);
  const bodies = Array.isArray(body.requests) ? requests.map(objectOf) : [body];
  const request: EmbeddingsRequest = {
    model: context.model,
    inputs: bodies.map((one, index) => textOf(one, bodies.length > 1 ? `requests[${index}].content` : 'content')),
  };
  if (bodies.length === 0) throw new DialectError('requests', 'must hold at least one text');
  const fields = new Fields(first);
  delete fields.rest.content;
  delete fields.rest.model;
  delete fields.rest.requests;
  const dimensions = fields.take('outputDimensionality', numberOf) ?? fields.take('output_dimensionality', numberOf);
  if (dimensions !== undefined) request.dimensions = dimensions;
  if (Object.keys(fields.rest).length > 0) request.bag = { dialect: 'gemini', fields: fields.rest };
  return request;
}

function textOf(body: JsonObject, path: string): string {
  const parts = arrayOf(objectOf(body.content).parts);
  const texts = parts.map((part) => stringOf(objectOf(part).text));
  if (texts.length === 0 || texts.some((text) => text === undefined)) throw new DialectError(path, 'must hold parts of text');
  return texts.join('');
}

/** Always writes a batch: one text is a batch of one, and the answer has one shape. */
export function renderRequest(request: EmbeddingsRequest): RenderedEmbeddingsRequest {
  const losses = lossesOfBag(request, 'gemini');
  if (request.userId !== undefined) losses.push({ field: 'userId', how: 'dropped', why: 'Gemini has no such field' });
  const model = request.model.startsWith('models/') ? request.model : `models/${request.model}`;
  const extra = request.bag?.dialect === 'gemini' ? request.bag.fields : {};
  const requests = textsOf(request).map((text) => ({
    ...extra,
    model,
    content: { parts: [{ text }] },
    ...(request.dimensions !== undefined && { outputDimensionality: request.dimensions }),
  }));
  return { body: { requests }, losses };
}

export function parseAnswer(body: JsonObject, context: { model: string }): EmbeddingsAnswer {
  if (body.error) throw new AnswerError(parseError(undefined, body));
  const list = isObject(body.embedding) ? [body.embedding] : body.embeddings;
  if (!Array.isArray(list)) throw new DialectError('embeddings', 'the answer has no vectors');
  const answer: EmbeddingsAnswer = {
    model: context.model,
    vectors: list.map((item, index) => vectorOf(objectOf(item).values, `embeddings[${index}].values`)),
  };
  const tokens = numberOf(objectOf(body.usageMetadata).promptTokenCount);
  if (tokens !== undefined) answer.inputTokens = tokens;
  return answer;
}

/** `isBatch`: the client called `batchEmbedContents`. */
export function renderAnswer(answer: EmbeddingsAnswer, context: { isBatch: boolean }): JsonObject {
  const embeddings = answer.vectors.map((values) => ({ values }));
  const usage = answer.inputTokens === undefined ? {} : { usageMetadata: { promptTokenCount: answer.inputTokens } };
  return context.isBatch ? { embeddings, ...usage } : { embedding: embeddings[0] ?? { values: [] }, ...usage };
}
