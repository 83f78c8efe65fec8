/** Reads a request of a client of Ollama's own API (`POST /api/chat`). It streams unless it says otherwise. */
import type { ParseRequestContext } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { bagOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { isObject, type JsonObject, type JsonValue, numberOf, stringOf } from '../model/json.ts';
import type { ModelRequest, OutputFormat, Reasoning, Sampling, Tool } from '../model/request.ts';
import { parseMessages } from './message-parse.ts';

const object = (value: unknown) => (isObject(value) ? value : undefined);
const filled = (value: unknown) => (Array.isArray(value) && value.length > 0 ? (value as JsonValue[]) : undefined);

/** The bag is always there: it says that the request is Ollama's own. */
export function parseRequest(body: JsonObject, context: ParseRequestContext = {}): ModelRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf) ?? context.model;
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const messages = fields.take('messages', (value) => (Array.isArray(value) ? value : undefined));
  if (messages === undefined) throw new DialectError('messages', 'give an array of messages');
  messages.forEach((message, index) => {
    if (!isObject(message)) throw new DialectError(`messages[${index}]`, 'must be an object');
  });
  const stream = fields.take('stream', (value) => (typeof value === 'boolean' ? value : undefined));
  const tools = fields.take('tools', filled)?.map(parseTool) ?? [];
  const output = parseFormat(fields);
  const reasoning = parseThink(fields);
  const given = fields.take('options', object);
  const options = new Fields(given ?? {});
  const sampling = parseOptions(options);
  if (given !== undefined && Object.keys(given).length === 0) fields.rest.options = {};
  else fields.leave('options', options.rest);
  if (stream === undefined) fields.rest.$stream = 'none';
  return {
    model,
    stream: stream ?? context.stream ?? true,
    messages: parseMessages(messages),
    tools,
    ...(output && { output }),
    sampling,
    ...(reasoning && { reasoning }),
    bag: { dialect: 'ollama', fields: fields.rest },
  };
}

function parseTool(value: JsonValue, index: number): Tool {
  const fields = new Fields(objectAt(value, `tools[${index}]`));
  const inner = new Fields(objectAt(fields.take('function', object), `tools[${index}].function`));
  const name = inner.take('name', stringOf);
  if (name === undefined) throw new DialectError(`tools[${index}].function.name`, 'name the tool');
  const description = inner.take('description', stringOf);
  const parameters = inner.take('parameters', object);
  const type = fields.take('type', (one) => (one === 'function' ? one : undefined));
  fields.leave('function', inner.rest);
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...bagOf('ollama', fields.rest, type === undefined ? { $type: 'none' } : undefined),
  };
}

function objectAt(value: unknown, field: string): JsonObject {
  if (isObject(value)) return value;
  throw new DialectError(field, 'must be an object');
}

/** `"json"`, or a schema. */
function parseFormat(fields: Fields): OutputFormat | undefined {
  if (fields.take('format', (value) => (value === 'json' ? value : undefined))) return { type: 'json' };
  const schema = fields.take('format', object);
  return schema === undefined ? undefined : { type: 'json-schema', schema };
}

/** On, off, or one of the levels that gpt-oss knows. */
function parseThink(fields: Fields): Reasoning | undefined {
  const think = fields.take('think', (value) => (typeof value === 'boolean' || typeof value === 'string' ? value : undefined));
  if (think === undefined) return undefined;
  return typeof think === 'string' ? { effort: think } : { budgetTokens: think ? -1 : 0 };
}

/** Names of the numbers that say how to sample, at Ollama and here. */
export const optionFields = [
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
] as const;

function parseOptions(options: Fields): Sampling {
  const sampling: Sampling = {};
  for (const [theirs, ours] of optionFields) {
    const value = options.take(theirs, numberOf);
    if (value !== undefined) sampling[ours] = value;
  }
  // -1 and -2 are Ollama's words for no limit and for the rest of the context.
  const most = options.take('num_predict', (value) => (typeof value === 'number' && value > 0 ? value : undefined));
  if (most !== undefined) sampling.maxOutputTokens = most;
  const stop = options.take('stop', (value) =>
    filled(value)?.every((one) => typeof one === 'string') ? (value as string[]) : undefined,
  );
  if (stop !== undefined) sampling.stop = stop;
  return sampling;
}
