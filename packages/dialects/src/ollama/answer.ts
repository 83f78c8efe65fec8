/** Reads and writes whole answers of `/api/chat`. */
import { AnswerError, type ParseAnswerOptions, type RenderAnswerOptions } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelAnswer } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { isReasoningOff } from '../model/effort.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, parseObject, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { ModelRequest, Part, ToolCallPart } from '../model/request.ts';
import { flatToolName, restoreToolName } from '../model/tool-names.ts';
import { parseErrorObject } from './error.ts';
import { type CallNames, madeUpId, parseMessage } from './message-parse.ts';
import { parseStop, parseUsage, renderStop, renderUsage, usageFields } from './usage.ts';

/** Fields of an answer, and of a line of a stream, that the model has words for. */
export const answerFields: ReadonlySet<string> = new Set([
  'model',
  'created_at',
  'message',
  'done',
  'done_reason',
  ...usageFields,
]);

/** Throws AnswerError for `{"error"}`, DialectError for anything else that is no answer. Ollama gives no id. */
export function parseAnswer(body: JsonObject, options: ParseAnswerOptions = {}): ModelAnswer {
  if (body.error !== undefined) throw new AnswerError(parseErrorObject(body));
  if (!isObject(body.message)) throw new DialectError('message', 'the answer has no message');
  const message = parseMessage(body.message, namesFor(options));
  const created = Date.parse(stringOf(body.created_at) ?? '');
  const usage = parseUsage(body);
  return {
    id: '',
    model: stringOf(body.model) ?? '',
    ...(!Number.isNaN(created) && { createdAtMs: created }),
    parts: message.parts,
    stop: parseStop(
      body,
      message.parts.some((part) => part.type === 'tool-call'),
    ),
    ...(usage && { usage }),
    ...bagOf('ollama', fieldsBeside(body, answerFields), message.bag && { $message: message.bag.fields }),
  };
}

/** Ids for calls of an answer that has none. */
export function namesFor(options: ParseAnswerOptions): CallNames {
  const newId = options.newId ?? randomId;
  return { newId: () => newId(madeUpId), callFor: () => newId(madeUpId) };
}

/** Writes an answer for a client of Ollama. Signatures have no place in it. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const fields = fieldsOf(answer.bag, 'ollama');
  const message: JsonObject = { role: 'assistant', content: '' };
  let thinking = '';
  let content = '';
  const calls: JsonObject[] = [];
  for (const part of answer.parts) {
    if (part.type === 'reasoning') thinking += part.text;
    else if (part.type === 'tool-call') calls.push(renderCall(part, options.request));
    else content += textOf(part);
  }
  message.content = content;
  if (thinking !== '' && showsThoughts(options.request)) message.thinking = thinking;
  if (calls.length > 0) message.tool_calls = calls;
  const body: JsonObject = {
    model: answer.model === '' ? options.request.model : answer.model,
    created_at: new Date(answer.createdAtMs ?? options.nowMs).toISOString(),
    message: isObject(fields.$message) ? unpack(message, fields.$message) : message,
    done: true,
    done_reason: renderStop(answer.stop),
    ...renderUsage(answer.usage),
  };
  return unpack(body, fields);
}

/** Ollama's thinking models think unless they are told not to. */
export function showsThoughts(request: ModelRequest): boolean {
  return !isReasoningOff(request.reasoning);
}

/** A call, whole. Clients read `arguments` as an object; text that is none is handed over as `_raw`. */
export function renderCall(part: ToolCallPart, request: ModelRequest): JsonObject {
  const fields = fieldsOf(part.bag, 'ollama');
  const restored = part.namespace === undefined ? restoreToolName(part.name, request.tools) : undefined;
  const name = restored?.namespace === undefined ? (restored?.name ?? flatToolName(part.namespace, part.name)) : part.name;
  const call: JsonObject = { function: { name, arguments: parseObject(jsonArgumentsOf(part)) ?? { _raw: part.arguments } } };
  if (!part.id.startsWith(madeUpId)) call.id = part.id;
  return unpack(call, fields);
}

/** What a client can read of a part that is neither thought nor call. */
export function textOf(part: Part): string {
  if (part.type === 'text' || part.type === 'refusal') return part.text;
  if (part.type !== 'image' && part.type !== 'file') return '';
  // Ollama's answers hold no media, and a client that is told nothing would think the answer empty.
  return `[The model made ${part.type === 'image' ? 'an image' : 'a file'}, which this API cannot carry.]`;
}
