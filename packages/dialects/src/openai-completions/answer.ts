/** Whole answers of the legacy completions: `text_completion` objects. */
import { AnswerError, type ParseAnswerOptions, type RenderAnswerOptions } from '../dialect.ts';
import type { ModelAnswer } from '../model/answer.ts';
import { bagOf, fieldsOf, wireFieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import { parseFinish } from '../openai-chat/answer.ts';
import { parseError } from '../openai-chat/error.ts';
import { parseUsage, renderUsage } from '../openai-chat/usage.ts';
import { dialect } from './request.ts';

const known = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'cost']);
const knownOfChoice = new Set(['index', 'text', 'finish_reason']);

export function parseAnswer(body: JsonObject, options: ParseAnswerOptions = {}): ModelAnswer {
  if (body.error) throw new AnswerError(parseError(undefined, body));
  const [choice, ...others] = arrayOf(body.choices).filter(isObject);
  if (choice === undefined) throw new DialectError('choices[0]', 'the answer has no text');
  const text = stringOf(choice.text) ?? '';
  const answer: ModelAnswer = {
    id: stringOf(body.id) ?? (options.newId ?? randomId)('cmpl-'),
    model: stringOf(body.model) ?? '',
    parts: text === '' ? [] : [{ type: 'text', text }],
    stop: parseFinish(stringOf(choice.finish_reason) ?? '', false, false),
  };
  const created = numberOf(body.created);
  if (created !== undefined) answer.createdAtMs = created * 1000;
  const usage = parseUsage(body);
  if (usage !== undefined) answer.usage = usage;
  return Object.assign(
    answer,
    bagOf(dialect, fieldsBeside(body, known), {
      $choice: fieldsBeside(choice, knownOfChoice),
      $choices: others.length > 0 ? others : undefined,
    }),
  );
}

/** Only text can be told: thoughts and tool calls have no place in a completion. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const own = fieldsOf(answer.bag, dialect);
  const text = answer.parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('');
  const choice = { text, index: 0, logprobs: null, finish_reason: finishOf(answer.stop.reason), ...objectOf(own.$choice) };
  return {
    id: answer.id,
    object: 'text_completion',
    created: Math.floor((answer.createdAtMs ?? options.nowMs) / 1000),
    model: answer.model,
    choices: [choice, ...arrayOf(own.$choices)],
    ...(answer.usage && renderUsage(answer.usage)),
    ...wireFieldsOf(answer.bag, dialect),
  };
}

/** `finish_reason`: completions know three. */
export function finishOf(reason: ModelAnswer['stop']['reason']): string {
  if (reason === 'length' || reason === 'context') return 'length';
  return reason === 'content-filter' || reason === 'refusal' ? 'content_filter' : 'stop';
}
