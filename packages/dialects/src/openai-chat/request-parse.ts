/** Reads a chat completions request. Fields the model has no word for, and values it cannot read, go into the bag as they are. */
import { Fields } from '../fields.ts';
import { DialectError } from '../model/error.ts';
import {
  booleanOf,
  fieldsBeside,
  isObject,
  type JsonObject,
  type JsonValue,
  numberOf,
  objectOf,
  stringOf,
} from '../model/json.ts';
import type { ModelRequest, Reasoning } from '../model/request.ts';
import { parseMessages } from './message-parse.ts';
import { parseFunction, parseResponseFormat, parseToolChoice, parseTools } from './tools.ts';

const dialect = 'openai-chat';

const counts = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['n', 'candidates'],
] as const;

/** The body as the model says it. Throws DialectError for a field without which there is no request. */
export function parseRequest(body: JsonObject): ModelRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf);
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const messages = fields.take('messages', listOf);
  if (messages === undefined) throw new DialectError('messages', 'must be an array of messages');

  const form: JsonObject = {};
  const request: ModelRequest = {
    model,
    stream: body.stream === true,
    messages: parseMessages(messages),
    tools: parseTools(fields.take('tools', listOf)),
    sampling: {},
  };
  if (request.stream) delete fields.rest.stream;
  if (body.functions !== undefined && body.tools === undefined) readLegacyFunctions(fields, request, form);
  readSampling(fields, request, form);
  readReasoning(fields, request, form);
  readOutput(fields, request);
  const choice = fields.take('tool_choice', parseToolChoice);
  if (choice !== undefined) request.toolChoice = choice;
  const parallel = fields.take('parallel_tool_calls', booleanOf);
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  const user = fields.take('user', stringOf);
  if (user !== undefined) request.userId = user;
  const cacheKey = fields.take('prompt_cache_key', stringOf);
  if (cacheKey !== undefined) request.cacheKey = cacheKey;

  // Always set, so that the renderer knows a chat client left it out from a dialect that has no such choice.
  request.includeUsage = objectOf(body.stream_options).include_usage === true;
  if (request.includeUsage) {
    delete fields.rest.stream_options;
    fields.leave('stream_options', fieldsBeside(objectOf(body.stream_options), new Set(['include_usage'])) ?? {});
  }
  fields.leave('$form', form);
  // An empty bag too says where the request comes from.
  request.bag = { dialect, fields: fields.rest };
  return request;
}

function readLegacyFunctions(fields: Fields, request: ModelRequest, form: JsonObject): void {
  const functions = fields.take('functions', listOf) ?? [];
  request.tools = functions.map((found, index) => parseFunction(objectOf(found), {}, `functions[${index}]`));
  const choice = fields.take('function_call', parseToolChoice);
  if (choice !== undefined) request.toolChoice = choice;
  form.tools = 'functions';
}

function listOf(value: unknown): JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function readSampling(fields: Fields, request: ModelRequest, form: JsonObject): void {
  const { sampling } = request;
  // The newer name wins where both are given; the other then stays in the bag.
  const newer = fields.take('max_completion_tokens', numberOf);
  const limit = newer ?? fields.take('max_tokens', numberOf);
  if (limit !== undefined) sampling.maxOutputTokens = limit;
  if (newer !== undefined) form.maxOutputTokens = 'max_completion_tokens';
  for (const [name, word] of counts) {
    const value = fields.take(name, numberOf);
    if (value !== undefined) sampling[word] = value;
  }
  if (typeof fields.rest.stop === 'string') form.stop = 'string';
  const stop = fields.take('stop', (value) => {
    if (typeof value === 'string') return [value];
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : undefined;
  });
  if (stop !== undefined) sampling.stop = stop;
}

/** `reasoning_effort` (OpenAI, Venice) and `reasoning` (OpenRouter: `effort`, `max_tokens`, `exclude`). */
function readReasoning(fields: Fields, request: ModelRequest, form: JsonObject): void {
  const reasoning: Reasoning = {};
  const object = fields.rest.reasoning;
  if (isObject(object)) {
    const effort = stringOf(object.effort);
    if (effort !== undefined) reasoning.effort = effort;
    const budget = numberOf(object.max_tokens);
    if (budget !== undefined) reasoning.budgetTokens = budget;
    if (object.exclude === true) reasoning.summary = false;
    form.reasoning =
      fieldsBeside(object, new Set(['effort', 'max_tokens', ...(object.exclude === true ? ['exclude'] : [])])) ?? {};
    if (object.enabled === false && effort === undefined) reasoning.effort = 'none';
    delete fields.rest.reasoning;
  } else {
    const effort = fields.take('reasoning_effort', stringOf);
    if (effort !== undefined) reasoning.effort = effort;
  }
  for (const _ in reasoning) request.reasoning = reasoning;
}

function readOutput(fields: Fields, request: ModelRequest): void {
  const format = fields.rest.response_format;
  if (!isObject(format)) return;
  const output = parseResponseFormat(format);
  if (output === undefined) return;
  request.output = output;
  const schema = fieldsBeside(objectOf(format.json_schema), new Set(['name', 'description', 'schema', 'strict']));
  delete fields.rest.response_format;
  fields.leave('response_format', fieldsBeside(format, new Set(['type', 'json_schema'])) ?? {});
  const { strict } = objectOf(format.json_schema);
  const extra = { ...schema, ...(strict === null && { strict }) };
  fields.leave('$schema', extra);
}
