/** Whole answers of chat completions. */
import { AnswerError, type ParseAnswerOptions, type RenderAnswerOptions } from '../dialect.ts';
import type { ModelAnswer, Stop, StopReason } from '../model/answer.ts';
import { bagOf, fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { customInputOf } from '../model/custom-tools.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, numberOf, objectOf, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Part, Tool, ToolCallPart } from '../model/request.ts';
import { flatToolName, restoreToolName } from '../model/tool-names.ts';
import { renderPart } from './content.ts';
import { parseError } from './error.ts';
import { parseAssistant } from './message-parse.ts';
import { renderCall } from './message-render.ts';
import { isGeminiSignature, renderThoughts } from './reasoning.ts';
import { isLegacyRequest } from './tools.ts';
import { parseUsage, renderUsage } from './usage.ts';

const dialect = 'openai-chat';
const knownOfAnswer = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'cost', 'error']);
const knownOfChoice = new Set(['index', 'message', 'finish_reason', 'error']);

const reasons: Record<string, StopReason> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};
const words: Record<StopReason, string> = {
  stop: 'stop',
  length: 'length',
  context: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'content_filter',
  pause: 'stop',
  other: 'stop',
};

/** Why the model ended. Many servers say `stop` though they wait for tools, and OpenAI does when the tool was forced. */
export function parseFinish(raw: string, hasCalls: boolean, isRefusal: boolean): Stop {
  const reason = reasons[raw] ?? 'other';
  if (reason === 'stop' && hasCalls) return { reason: 'tool-calls', raw };
  return reason === 'stop' && isRefusal ? { reason: 'refusal', raw } : { reason, raw };
}

/** `finish_reason`. A refusal in words ends with `stop`, as at OpenAI; one without words is a filter to a chat client. */
export function renderFinish(stop: Stop, isRefusal: boolean, isLegacy: boolean): string {
  if (stop.reason === 'refusal' && isRefusal) return 'stop';
  if (stop.reason === 'tool-calls' && isLegacy) return 'function_call';
  return words[stop.reason];
}

/** Throws AnswerError for an error in a 200 body: at top level or inside the choice (OpenRouter). */
export function parseAnswer(body: JsonObject, options: ParseAnswerOptions = {}): ModelAnswer {
  const choices = Array.isArray(body.choices) ? body.choices.filter(isObject) : [];
  const choice = choices[0];
  const error = isError(body.error) ? body.error : choice?.error;
  if (isError(error)) throw new AnswerError(parseError(undefined, { error }));
  if (choice?.finish_reason === 'error')
    throw new AnswerError({ kind: 'server', message: 'the provider ended the answer with an error' });
  if (choice === undefined || !isObject(choice.message))
    throw new DialectError('choices[0].message', 'the answer has no message');

  const message = parseAssistant(choice.message, 'choices[0].message');
  const newId = options.newId ?? randomId;
  for (const [index, part] of message.parts.entries()) {
    // An id is what joins call and result, so one is made where the server gave none.
    if (part.type === 'tool-call' && part.id === `call_${index}`) part.id = newId('call_');
  }
  const has = (type: Part['type']) => message.parts.some((part) => part.type === type);
  const answer: ModelAnswer = {
    id: stringOf(body.id) ?? newId('chatcmpl-'),
    model: stringOf(body.model) ?? '',
    parts: message.parts,
    stop: parseFinish(stringOf(choice.finish_reason) ?? '', has('tool-call'), has('refusal')),
  };
  const created = numberOf(body.created);
  if (created !== undefined) answer.createdAtMs = created * 1000;
  const usage = parseUsage(body);
  if (usage !== undefined) answer.usage = usage;
  return Object.assign(
    answer,
    bagOf(dialect, fieldsBeside(body, knownOfAnswer), {
      $message: message.bag?.fields,
      $choice: fieldsBeside(choice, knownOfChoice),
      $choices: choices.length > 1 ? choices.slice(1) : undefined,
    }),
  );
}

function isError(value: JsonValue | undefined): value is JsonObject | string {
  return isObject(value) || (typeof value === 'string' && value !== '');
}

/** The answer for a chat client. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const own = fieldsOf(answer.bag, dialect);
  const isLegacy = isLegacyRequest(options.request);
  const isRefusal = answer.parts.some((part) => part.type === 'refusal');
  const choice: JsonObject = {
    index: 0,
    message: renderMessage(answer, objectOf(own.$message), options, isLegacy),
    logprobs: null,
    finish_reason: renderFinish(answer.stop, isRefusal, isLegacy),
    ...objectOf(own.$choice),
  };
  const lost = lostReason(answer.stop);
  if (lost !== undefined) choice.native_finish_reason ??= lost;
  return {
    id: answer.id,
    object: 'chat.completion',
    created: Math.floor((answer.createdAtMs ?? options.nowMs) / 1000),
    model: answer.model,
    choices: [choice, ...(Array.isArray(own.$choices) ? own.$choices : [])],
    ...(answer.usage && renderUsage(answer.usage)),
    ...wireFieldsOf(answer.bag, dialect),
  };
}

/** The upstream's word where chat's own says less (OpenRouter's `native_finish_reason`). */
export function lostReason(stop: Stop): string | undefined {
  const isLost = stop.reason === 'context' || stop.reason === 'refusal' || stop.reason === 'pause' || stop.reason === 'other';
  return isLost && stop.raw !== 'stop' ? stop.raw : undefined;
}

function renderMessage(answer: ModelAnswer, bag: JsonObject, options: RenderAnswerOptions, isLegacy: boolean): JsonObject {
  const { text, details } = renderThoughts(answer.parts);
  const calls: JsonObject[] = [];
  const images: JsonObject[] = [];
  let content: string | null = null;
  let refusal: string | null = null;
  let signature: string | undefined;
  const form = formOf({ dialect, fields: bag }, dialect);
  const ofMessage = form.thought_signature === 'message';
  for (const part of answer.parts) {
    if (part.type === 'text') {
      content = (content ?? '') + part.text;
      if (isGeminiSignature(part.opaque)) signature = part.opaque.value;
    } else if (part.type === 'refusal') refusal = (refusal ?? '') + part.text;
    else if (part.type === 'tool-call') calls.push(renderAnswerCall(part, options.request.tools));
    else if (part.type === 'image') {
      const image = renderPart(part, '', []);
      if (image !== undefined) images.push(image);
    }
  }
  if (ofMessage && signature === undefined) {
    const call = answer.parts.find((part) => part.type === 'tool-call');
    if (isGeminiSignature(call?.opaque)) signature = call.opaque.value;
  }
  if (content === null && calls.length === 0) content = '';
  const message: JsonObject = { role: 'assistant', content, refusal };
  const fields = Array.isArray(form.reasoning) ? form.reasoning.map(String) : ['reasoning_content'];
  if (text !== '') for (const field of fields) message[field] = text;
  if (details.length > 0) message.reasoning_details = details;
  if (signature !== undefined) message.thought_signature = signature;
  if (images.length > 0) message.images = images;
  if (calls.length > 0 && isLegacy) message.function_call = objectOf(calls[0]?.function);
  else if (calls.length > 0) message.tool_calls = calls;
  return { ...message, ...wireFieldsOf({ dialect, fields: bag }, dialect) };
}

function renderAnswerCall(part: ToolCallPart, tools: readonly Tool[]): JsonObject {
  const { isCustom, isNative } = callOfClient(part, tools);
  const call: ToolCallPart = { ...part };
  if (isCustom && !part.isCustom) call.arguments = customInputOf(part.arguments);
  if (isCustom) call.isCustom = true;
  return renderCall(call, '', new Set(isNative ? [call.name] : []), []);
}

/** Whether the client offered the called tool as a custom one; if it did not, a custom call is told as a function. */
export function callOfClient(
  call: Pick<ToolCallPart, 'name' | 'namespace' | 'isCustom'>,
  tools: readonly Tool[],
): { name: string; isCustom: boolean; isNative: boolean } {
  const { name } = call.namespace === undefined ? restoreToolName(call.name, tools) : call;
  const tool = tools.find((tool) => tool.name === name);
  const isCustom = call.isCustom === true || tool?.isCustom === true;
  return { name: flatToolName(call.namespace, call.name), isCustom, isNative: isCustom && tool?.isCustom === true };
}
