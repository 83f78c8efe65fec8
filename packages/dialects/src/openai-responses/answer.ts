/** Whole answers of Responses. */
import { AnswerError, type ParseAnswerOptions, type RenderAnswerOptions } from '../dialect.ts';
import type { ModelAnswer } from '../model/answer.ts';
import { bagOf, wireFieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Part, ReasoningPart, ToolCallPart } from '../model/request.ts';
import { parseError } from '../openai-chat/error.ts';
import { clientCall, itemOfCall } from './client-call.ts';
import { renderPart } from './content.ts';
import { itemFieldsOf, parseOutput } from './item-parse.ts';
import { ownItem } from './item-render.ts';
import { echoOf, incompleteReason, responseId, stateFields, stopOf, wantsSummary } from './response.ts';
import { dialect, encryptedOf, isOwn, itemOfCallToken, itemOfTextToken, itemOfThought } from './thought.ts';
import { parseUsage } from './usage.ts';

/** What we write ourselves, from the answer or from the client's request. */
export const knownOfResponse: ReadonlySet<string> = new Set([
  ...['id', 'object', 'created_at', 'completed_at', 'status', 'error', 'incomplete_details', 'model', 'output', 'usage'],
  ...['instructions', 'max_output_tokens', 'metadata', 'parallel_tool_calls', 'previous_response_id', 'reasoning', 'store'],
  ...['temperature', 'text', 'tool_choice', 'tools', 'top_p', 'truncation', 'user', 'background', 'prompt_cache_key'],
]);

/** Throws AnswerError for a response that failed. */
export function parseAnswer(body: JsonObject, options: ParseAnswerOptions = {}): ModelAnswer {
  if (isObject(body.error) || body.status === 'failed') {
    throw new AnswerError(parseError(undefined, { error: body.error ?? { message: 'the response failed' } }));
  }
  if (!Array.isArray(body.output)) throw new DialectError('output', 'the answer has no output');
  const parts = parseOutput(body.output);
  const has = (type: Part['type']) => parts.some((part) => part.type === type);
  const answer: ModelAnswer = {
    id: stringOf(body.id) ?? (options.newId ?? randomId)('resp_'),
    model: stringOf(body.model) ?? '',
    parts,
    stop: stopOf(body, objectOf(body.incomplete_details), has('tool-call'), has('refusal')),
  };
  const created = numberOf(body.created_at);
  if (created !== undefined) answer.createdAtMs = created * 1000;
  const usage = parseUsage(body.usage, body.output);
  if (usage !== undefined) answer.usage = usage;
  return Object.assign(answer, bagOf(dialect, fieldsBeside(body, knownOfResponse)));
}

/** The answer for a Responses client. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const reason = incompleteReason(
    answer.stop,
    answer.parts.some((part) => part.type === 'refusal'),
  );
  const output = outputOf(answer.parts, options);
  return {
    ...stateFields({
      id: responseId(answer.id),
      model: answer.model,
      createdAtMs: answer.createdAtMs ?? options.nowMs,
      completedAtMs: options.nowMs,
      status: reason === undefined ? 'completed' : 'incomplete',
      output,
      usage: answer.usage,
      ...(reason !== undefined && { incompleteReason: reason }),
    }),
    ...echoOf(options.request),
    ...wireFieldsOf(answer.bag, dialect),
  };
}

/** The items of an answer. */
function outputOf(parts: readonly Part[], options: RenderAnswerOptions): JsonObject[] {
  const newId = options.newId ?? randomId;
  const items: JsonObject[] = [];
  let message: JsonObject | undefined;
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') {
      const began = itemFieldsOf(part);
      if (message === undefined || began !== undefined) {
        const { $form: _, ...rest } = began ?? {};
        message = { type: 'message', id: newId('msg_'), status: 'completed', role: 'assistant', content: [], ...rest };
        items.push(message);
      }
      if (part.type === 'refusal' || part.text !== '' || part.opaque === undefined) {
        arrayOf(message.content).push(outputPart(part));
      }
      if (part.type === 'text' && part.opaque !== undefined) {
        if (arrayOf(message.content).length === 0) items.pop();
        items.push(itemOfTextToken(part.opaque, newId('rs_')));
        message = undefined;
      }
      continue;
    }
    message = undefined;
    if (part.type === 'reasoning') items.push(thoughtItem(part, options, newId));
    else if (part.type === 'tool-call') items.push(...callItems(part, options, newId));
    else if (part.type === 'image') items.push(imageItem(part, newId));
    else if (part.type === 'unknown' && part.bag.dialect === dialect) items.push(ownItem(part));
  }
  return items;
}

/** A part of a message of the model, with the lists that SDKs take for granted. */
function outputPart(part: Part): JsonObject {
  const written = renderPart(part, true, '', []) ?? {};
  return part.type === 'text' ? { annotations: [], logprobs: [], ...written } : written;
}

function thoughtItem(part: ReasoningPart, options: RenderAnswerOptions, newId: (prefix: string) => string): JsonObject {
  const opaques = part.opaque ?? [];
  if (part.bag?.dialect === dialect) {
    const { fields } = part.bag;
    const encrypted = encryptedOf(opaques, '', stringOf(fields.id) ?? '');
    return { type: 'reasoning', ...fields, ...(encrypted !== undefined && { encrypted_content: encrypted }) };
  }
  const ownId = opaques.length === 1 && isOwn(opaques[0]) ? opaques[0].itemId : undefined;
  return itemOfThought(part.text, part.isSummary === true || wantsSummary(options), opaques, ownId ?? newId('rs_'));
}

function callItems(part: ToolCallPart, options: RenderAnswerOptions, newId: (prefix: string) => string): JsonObject[] {
  const call = clientCall(part, options.request.tools);
  const text = part.arguments === '' && !call.isCustom ? '{}' : part.arguments;
  const id = newId(call.isCustom ? 'ctc_' : 'fc_');
  const item = { ...itemOfCall(call, id, part.id, text, 'completed'), ...wireFieldsOf(part.bag, dialect) };
  return part.opaque === undefined ? [item] : [itemOfCallToken(part.opaque, part.id, newId('rs_')), item];
}

/** A picture of the model; one that is only an address is told in words, because Responses has no place for it. */
export function imageItem(part: Extract<Part, { type: 'image' }>, newId: (prefix: string) => string): JsonObject {
  if (part.source.kind === 'base64') {
    const format = part.source.mediaType.replace('image/', '');
    return {
      type: 'image_generation_call',
      id: newId('ig_'),
      status: 'completed',
      ...(format !== 'png' && { output_format: format }),
      ...itemFieldsOf(part),
      result: part.source.data,
    };
  }
  const text = part.source.kind === 'url' ? `![image](${part.source.url})` : '';
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  return { type: 'message', id: newId('msg_'), status: 'completed', role: 'assistant', content };
}
