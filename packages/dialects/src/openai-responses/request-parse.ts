/** Reads a Responses request. Fields the model has no word for (`store`, `include`, `previous_response_id`, …) go into the bag. */
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
import type { Message, ModelRequest, Reasoning } from '../model/request.ts';
import { parseItems } from './item-parse.ts';
import { dialect } from './thought.ts';
import { toolsOfItems, withoutToolItems } from './tool-items.ts';
import { parseFormat, parseToolChoice, parseTools } from './tools.ts';

/** The body as the model says it. Throws DialectError for a field without which there is no request. */
export function parseRequest(body: JsonObject): ModelRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf);
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const form: JsonObject = {};
  const request: ModelRequest = {
    model,
    stream: body.stream === true,
    messages: parseInput(fields, form),
    tools: [...parseTools(fields.take('tools', listOf) ?? []), ...toolsOfItems(body.input)],
    sampling: {},
    // The last event always holds usage.
    includeUsage: true,
  };
  if (Array.isArray(body.tools) && body.tools.length === 0) form.tools = 'empty';
  if (request.stream) delete fields.rest.stream;
  const { sampling } = request;
  const limit = fields.take('max_output_tokens', numberOf);
  if (limit !== undefined) sampling.maxOutputTokens = limit;
  const temperature = fields.take('temperature', numberOf);
  if (temperature !== undefined) sampling.temperature = temperature;
  const topP = fields.take('top_p', numberOf);
  if (topP !== undefined) sampling.topP = topP;
  const choice = fields.take('tool_choice', parseToolChoice);
  if (choice !== undefined) request.toolChoice = choice;
  const parallel = fields.take('parallel_tool_calls', booleanOf);
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  const user = fields.take('user', stringOf);
  if (user !== undefined) request.userId = user;
  const cacheKey = fields.take('prompt_cache_key', stringOf);
  if (cacheKey !== undefined) request.cacheKey = cacheKey;
  readReasoning(fields, request);
  readText(fields, request);
  fields.leave('$form', form);
  // An empty bag too says where the request comes from.
  request.bag = { dialect, fields: fields.rest };
  return request;
}

function listOf(value: unknown): JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function parseInput(fields: Fields, form: JsonObject): Message[] {
  const messages: Message[] = [];
  const instructions = fields.take('instructions', stringOf);
  if (instructions !== undefined) {
    const bag = { dialect, fields: { $form: { isInstructions: true } } } as const;
    messages.push({ role: 'system', parts: [{ type: 'text', text: instructions }], bag });
  }
  const input = fields.take('input', (value) =>
    typeof value === 'string' || Array.isArray(value) ? (value as JsonValue) : undefined,
  );
  if (typeof input === 'string') {
    form.input = 'string';
    messages.push({ role: 'user', parts: [{ type: 'text', text: input }] });
  } else if (Array.isArray(input)) {
    const items = withoutToolItems(input);
    if (items.kept.length > 0) fields.rest.$toolItems = items.kept;
    messages.push(...parseItems(items.rest, 'input'));
  } else if (
    fields.rest.prompt === undefined &&
    fields.rest.previous_response_id === undefined &&
    fields.rest.conversation === undefined
  ) {
    throw new DialectError('input', 'must be a string or an array of items');
  }
  return messages;
}

function readReasoning(fields: Fields, request: ModelRequest): void {
  const found = fields.rest.reasoning;
  if (!isObject(found)) return;
  const reasoning: Reasoning = {};
  const inner = new Fields(found);
  const effort = inner.take('effort', stringOf);
  if (effort !== undefined) reasoning.effort = effort;
  const summary = inner.take('summary', stringOf);
  if (summary !== undefined) reasoning.summary = summary;
  request.reasoning = reasoning;
  delete fields.rest.reasoning;
  fields.leave('reasoning', inner.rest);
}

function readText(fields: Fields, request: ModelRequest): void {
  const { text } = fields.rest;
  if (!isObject(text)) return;
  const output = isObject(text.format) ? parseFormat(text.format) : undefined;
  if (output === undefined) return;
  request.output = output;
  delete fields.rest.text;
  fields.leave('text', fieldsBeside(text, new Set(['format'])) ?? {});
  const format = objectOf(text.format);
  const extra = fieldsBeside(format, new Set(['type', 'name', 'description', 'schema', 'strict']));
  fields.leave('$format', { ...extra, ...(format.strict === null && { strict: null }) });
}
