/** Ollama `/api/embed`: vectors of unit length. */
import { AnswerError } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { DialectError } from '../model/error.ts';
import { type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';
import { parseError } from '../openai-chat/error.ts';
import type { EmbeddingsAnswer, EmbeddingsRequest, RenderedEmbeddingsRequest } from './model.ts';
import { lossesOfBag, textsOf, vectorOf } from './openai.ts';

export function parseRequest(body: JsonObject): EmbeddingsRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf);
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const inputs = fields.take('input', (value) => {
    if (typeof value === 'string') return [value];
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : undefined;
  });
  if (inputs === undefined) throw new DialectError('input', 'must be a text or a list of texts');
  const request: EmbeddingsRequest = { model, inputs };
  const dimensions = fields.take('dimensions', numberOf);
  if (dimensions !== undefined) request.dimensions = dimensions;
  if (typeof body.input === 'string') fields.rest.$form = { input: 'string' };
  if (Object.keys(fields.rest).length > 0) request.bag = { dialect: 'ollama', fields: fields.rest };
  return request;
}

export function renderRequest(request: EmbeddingsRequest): RenderedEmbeddingsRequest {
  const losses = lossesOfBag(request, 'ollama');
  if (request.userId !== undefined) losses.push({ field: 'userId', how: 'dropped', why: 'Ollama has no such field' });
  const { $form, ...extra } = request.bag?.dialect === 'ollama' ? request.bag.fields : {};
  const texts = textsOf(request);
  const body: JsonObject = { ...extra, model: request.model };
  body.input = objectOf($form).input === 'string' && texts.length === 1 ? (texts[0] as string) : texts;
  if (request.dimensions !== undefined) body.dimensions = request.dimensions;
  return { body, losses };
}

export function parseAnswer(body: JsonObject): EmbeddingsAnswer {
  if (body.error) throw new AnswerError(parseError(undefined, body));
  if (!Array.isArray(body.embeddings)) throw new DialectError('embeddings', 'the answer has no vectors');
  const answer: EmbeddingsAnswer = {
    model: stringOf(body.model) ?? '',
    vectors: body.embeddings.map((vector, index) => vectorOf(vector, `embeddings[${index}]`)),
  };
  const tokens = numberOf(body.prompt_eval_count);
  if (tokens !== undefined) answer.inputTokens = tokens;
  return answer;
}

export function renderAnswer(answer: EmbeddingsAnswer): JsonObject {
  const count = answer.inputTokens === undefined ? {} : { prompt_eval_count: answer.inputTokens };
  return { model: answer.model, embeddings: answer.vectors, ...count };
}
