/** Reads a request of a client of Anthropic (`POST /v1/messages`, and `count_tokens`, which lacks `max_tokens`). */
import type { ParseRequestContext } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { bagOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { booleanOf, fieldsBeside, isObject, type JsonObject, type JsonValue, numberOf, stringOf } from '../model/json.ts';
import type { Message, ModelRequest, OutputFormat, Reasoning, Sampling, Tool, ToolChoice } from '../model/request.ts';
import { parseContent } from './block-parse.ts';

const object = (value: unknown) => (isObject(value) ? value : undefined);
const filled = (value: unknown) => (Array.isArray(value) && value.length > 0 ? (value as JsonValue[]) : undefined);

/** Source: Messages API reference; beta fields travel in the bag. The bag is always there: it says that the request is Anthropic's own. */
export function parseRequest(body: JsonObject, context: ParseRequestContext = {}): ModelRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf) ?? context.model;
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const messages = fields.take('messages', (value) => (Array.isArray(value) ? (value as JsonValue[]) : undefined));
  if (messages === undefined) throw new DialectError('messages', 'give an array of messages');
  const system = parseSystem(fields);
  const turns = messages.map(parseMessage);
  const tools = fields.take('tools', filled)?.map(parseTool) ?? [];
  const choice = fields.take('tool_choice', object);
  const request: ModelRequest = {
    model,
    stream: fields.take('stream', (value) => (value === true ? true : undefined)) ?? context.stream ?? false,
    messages: system === undefined ? turns : [system, ...turns],
    tools,
    ...(choice !== undefined && parseChoice(choice, fields)),
    ...parseOutputAndReasoning(fields),
    sampling: parseSampling(fields),
  };
  const metadata = fields.take('metadata', object);
  if (metadata !== undefined) {
    const rest = new Fields(metadata);
    const userId = rest.take('user_id', stringOf);
    if (userId !== undefined) request.userId = userId;
    if (userId === undefined) fields.rest.metadata = metadata;
    else fields.leave('metadata', rest.rest);
  }
  request.bag = { dialect: 'anthropic', fields: fields.rest };
  return request;
}

function parseSystem(fields: Fields): Message | undefined {
  const text = fields.take('system', stringOf);
  if (text !== undefined) return { role: 'system', parts: [{ type: 'text', text }], ...bagOf('anthropic', { $form: 'string' }) };
  const blocks = fields.take('system', filled);
  return blocks === undefined ? undefined : { role: 'system', parts: parseContent(blocks) };
}

const messageFields = new Set(['role', 'content']);

/** A system message among the others (new models take them) is noted as such: it goes back to its place, not to the top. */
function parseMessage(message: JsonValue, index: number): Message {
  if (!isObject(message)) throw new DialectError(`messages[${index}]`, 'must be an object');
  const role = message.role;
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    throw new DialectError(`messages[${index}].role`, 'must be "user" or "assistant"');
  }
  const content = message.content;
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw new DialectError(`messages[${index}].content`, 'must be a string or an array of blocks');
  }
  return {
    role,
    parts: parseContent(content),
    ...bagOf(
      'anthropic',
      fieldsBeside(message, messageFields),
      typeof content === 'string' ? { $form: 'string' } : undefined,
      role === 'system' ? { $place: 'messages' } : undefined,
    ),
  };
}

/** A tool with a `type` other than `custom` is one that Anthropic defines or runs itself. */
function parseTool(value: JsonValue, index: number): Tool {
  if (!isObject(value)) throw new DialectError(`tools[${index}]`, 'must be an object');
  const fields = new Fields(value);
  const isProviderTool = typeof value.type === 'string' && value.type !== 'custom';
  const name = fields.take('name', stringOf);
  if (name === undefined && !isProviderTool) throw new DialectError(`tools[${index}].name`, 'name the tool');
  const description = fields.take('description', stringOf);
  const parameters = isProviderTool ? undefined : fields.take('input_schema', object);
  const strict = fields.take('strict', booleanOf);
  const cacheControl = fields.take('cache_control', object);
  return {
    name: name ?? String(value.type),
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    ...(strict !== undefined && { strict }),
    ...(cacheControl !== undefined && { cacheControl }),
    ...(isProviderTool && { isProviderTool }),
    ...bagOf('anthropic', fields.rest, isProviderTool && name === undefined ? { $isNameless: true } : undefined),
  };
}

/** The choice of tools, and in it whether several may be called at once. */
function parseChoice(choice: JsonObject, fields: Fields): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  const rest = new Fields(choice);
  const disabled = rest.take('disable_parallel_tool_use', booleanOf);
  const type = rest.take('type', (value) =>
    ['auto', 'any', 'none', 'tool'].includes(value as string) ? (value as string) : undefined,
  );
  const name = type === 'tool' ? rest.take('name', stringOf) : undefined;
  if (type === 'tool' && name === undefined) throw new DialectError('tool_choice.name', 'name the tool');
  fields.leave('tool_choice', rest.rest);
  let toolChoice: ToolChoice | undefined;
  if (name !== undefined) toolChoice = { type: 'tool', name };
  else if (type === 'any') toolChoice = { type: 'required' };
  else if (type === 'auto' || type === 'none') toolChoice = { type };
  return { ...(toolChoice && { toolChoice }), ...(disabled !== undefined && { parallelToolCalls: !disabled }) };
}

/** `output_config` holds effort and format; `output_format` is the older place of the format; `thinking` the budget. */
function parseOutputAndReasoning(fields: Fields): { output?: OutputFormat; reasoning?: Reasoning } {
  const reasoning: Reasoning = parseThinking(fields);
  let output: OutputFormat | undefined;
  const config = fields.take('output_config', object);
  if (config !== undefined) {
    const rest = new Fields(config);
    const effort = rest.take('effort', stringOf);
    if (effort !== undefined) reasoning.effort = effort;
    output = parseFormat(rest, 'format');
    if (effort === undefined && output === undefined) fields.rest.output_config = config;
    else fields.leave('output_config', rest.rest);
  }
  if (output === undefined) {
    output = parseFormat(fields, 'output_format');
    if (output !== undefined) fields.rest.$format = 'output_format';
  }
  const hasReasoning = Object.keys(reasoning).length > 0;
  return { ...(output && { output }), ...(hasReasoning && { reasoning }) };
}

function parseFormat(fields: Fields, key: string): OutputFormat | undefined {
  const format = fields.take(key, (value) =>
    isObject(value) && value.type === 'json_schema' && isObject(value.schema) ? value : undefined,
  );
  if (format === undefined) return undefined;
  const { type: _, schema, ...rest } = format;
  fields.leave(key, rest);
  return { type: 'json-schema', schema: schema as JsonObject };
}

/** `enabled` has a budget, `adaptive` leaves it to the model (-1), `disabled` is none (0); other types stay as they are. */
function parseThinking(fields: Fields): Reasoning {
  const thinking = object(fields.rest.thinking);
  if (thinking === undefined) return {};
  const rest = new Fields(thinking);
  const budget = thinking.type === 'enabled' ? rest.take('budget_tokens', numberOf) : undefined;
  const budgetTokens = thinking.type === 'adaptive' ? -1 : thinking.type === 'disabled' ? 0 : budget;
  if (budgetTokens === undefined) return {};
  delete rest.rest.type;
  const display = rest.take('display', (value) => (value === 'summarized' || value === 'omitted' ? value : undefined));
  delete fields.rest.thinking;
  fields.leave('thinking', rest.rest);
  return { budgetTokens, ...(display !== undefined && { summary: display === 'summarized' ? 'auto' : false }) };
}

function parseSampling(fields: Fields): Sampling {
  const maxOutputTokens = fields.take('max_tokens', numberOf);
  const temperature = fields.take('temperature', numberOf);
  const topP = fields.take('top_p', numberOf);
  const topK = fields.take('top_k', numberOf);
  const stop = fields.take('stop_sequences', (value) =>
    filled(value)?.every((one) => typeof one === 'string') ? (value as string[]) : undefined,
  );
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(stop !== undefined && { stop }),
  };
}
