/**
 * Reads items, of a request's `input` or an answer's `output`. What the model said in one turn (reasoning, messages, calls)
 * is one assistant message, and the results that follow are one user message, as other dialects want them; how the items were
 * cut is noted on their first part (`$item`), so that the same dialect cuts them again.
 */
import { bagOf, fieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { ImagePart, Message, Part, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { flatToolName } from '../model/tool-names.ts';
import { parseContent } from './content.ts';
import { dialect, joinTextToken, readThought } from './thought.ts';

const knownOfMessage = new Set(['role', 'content']);
const knownOfCall = new Set(['type', 'call_id', 'name', 'namespace', 'arguments', 'input']);
const knownOfResult = new Set(['type', 'call_id', 'output']);

/** The messages that a list of items makes. */
export function parseItems(items: readonly JsonValue[], path: string): Message[] {
  const messages: Message[] = [];
  let turn: AssistantTurn | undefined;
  let results: Message | undefined;
  for (const [index, item] of items.entries()) {
    const itemPath = `${path}[${index}]`;
    if (!isObject(item)) throw new DialectError(itemPath, 'must be an object');
    const side = sideOf(item, itemPath);
    if (side === 'assistant') {
      results = undefined;
      if (turn === undefined) {
        turn = new AssistantTurn();
        messages.push(turn.message);
      }
      turn.add(item, itemPath);
    } else if (side === 'result') {
      turn = undefined;
      if (results === undefined) {
        results = { role: 'user', parts: [] };
        messages.push(results);
      }
      results.parts.push(parseResult(item, itemPath, messages));
    } else {
      turn = undefined;
      results = undefined;
      messages.push(parseMessage(item, itemPath));
    }
  }
  return messages;
}

/** The parts of an answer's `output`. */
export function parseOutput(items: readonly JsonValue[]): Part[] {
  const turn = new AssistantTurn();
  items.forEach((item, index) => {
    if (isObject(item)) turn.add(item, `output[${index}]`);
  });
  return turn.message.parts;
}

/** Whose item it is. Unknown kinds are the model's, except outputs of tools that the client ran. */
function sideOf(item: JsonObject, path: string): 'assistant' | 'result' | 'message' {
  const { type, role } = item;
  if (type === 'message' || (type === undefined && role !== undefined)) {
    if (role === 'assistant') return 'assistant';
    if (role === 'user' || role === 'system' || role === 'developer') return 'message';
    throw new DialectError(`${path}.role`, 'must be system, developer, user or assistant');
  }
  const word = stringOf(type) ?? '';
  return word.endsWith('_output') || word === 'mcp_approval_response' ? 'result' : 'assistant';
}

function parseMessage(item: JsonObject, path: string): Message {
  const role = item.role as 'user' | 'system' | 'developer';
  // A bag even if empty: it tells a message of this dialect from one that may be moved to `instructions`.
  const fields: JsonObject = { ...fieldsBeside(item, knownOfMessage) };
  if (Array.isArray(item.content)) fields.$form = { content: 'array' };
  return { role, parts: parseContent(item.content, `${path}.content`), bag: { dialect, fields } };
}

function formOfContent(content: JsonValue | undefined): JsonObject | undefined {
  return Array.isArray(content) ? { content: 'array' } : undefined;
}

/** One turn of the model. */
class AssistantTurn {
  readonly message: Message = { role: 'assistant', parts: [] };
  /** Tokens whose call has not come yet. */
  readonly #tokens = new Map<string, NonNullable<ToolCallPart['opaque']>>();

  add(item: JsonObject, path: string): void {
    const { parts } = this.message;
    if (item.type === 'reasoning') {
      const found = readThought(item);
      if (found.part !== undefined) parts.push(found.part);
      if (found.ofText !== undefined) joinTextToken(found.ofText, parts);
      for (const [callId, opaque] of found.ofCalls) {
        const call = parts.find((part): part is ToolCallPart => part.type === 'tool-call' && part.id === callId);
        if (call !== undefined) call.opaque = opaque;
        else this.#tokens.set(callId, opaque);
      }
    } else if (item.type === 'function_call' || item.type === 'custom_tool_call') {
      const call = parseCall(item, path);
      const opaque = this.#tokens.get(call.id);
      if (opaque !== undefined) call.opaque = opaque;
      parts.push(call);
    } else if (item.role === 'assistant' && (item.type === 'message' || item.type === undefined)) {
      parts.push(...messageParts(item, path));
    } else parts.push(imageOf(item) ?? { type: 'unknown', bag: { dialect, fields: item } });
  }
}

function messageParts(item: JsonObject, path: string): Part[] {
  const parts = parseContent(item.content, `${path}.content`);
  const form: JsonObject = typeof item.content === 'string' ? { content: 'string' } : {};
  const rest = { ...fieldsBeside(item, knownOfMessage), $form: form };
  // An item without content has no part to hold its fields.
  const [first = { type: 'text', text: '' } as Part, ...others] = parts;
  if (parts.length === 0 && Array.isArray(item.content)) form.content = 'none';
  const bag = 'bag' in first && first.bag !== undefined ? first.bag.fields : {};
  if (first.type === 'unknown')
    return [{ type: 'unknown', bag: { dialect, fields: { $raw: first.bag.fields, $item: rest } } }, ...others];
  return [{ ...first, bag: { dialect, fields: { ...bag, $item: rest } } }, ...others];
}

/** A call of a function or of a custom tool. */
export function parseCall(item: JsonObject, path: string): ToolCallPart {
  const isCustom = item.type === 'custom_tool_call';
  const id = stringOf(item.call_id) ?? stringOf(item.id);
  if (typeof item.name !== 'string') throw new DialectError(`${path}.name`, 'name the tool that was called');
  if (id === undefined) throw new DialectError(`${path}.call_id`, 'give the call an id');
  const text = isCustom ? item.input : item.arguments;
  const call: ToolCallPart = {
    type: 'tool-call',
    id,
    name: item.name,
    arguments: typeof text === 'string' ? text : JSON.stringify(text ?? {}),
  };
  if (typeof item.namespace === 'string') call.namespace = item.namespace;
  if (isCustom) call.isCustom = true;
  const namespace = item.namespace === null ? { namespace: null } : undefined;
  return Object.assign(call, bagOf(dialect, fieldsBeside(item, knownOfCall), namespace));
}

function parseResult(item: JsonObject, path: string, before: readonly Message[]): Part {
  const isCustom = item.type === 'custom_tool_call_output';
  if (item.type !== 'function_call_output' && !isCustom) return { type: 'unknown', bag: { dialect, fields: item } };
  if (typeof item.call_id !== 'string') throw new DialectError(`${path}.call_id`, 'say which call this is the output of');
  const found: ToolResultPart = {
    type: 'tool-result',
    callId: item.call_id,
    content: parseContent(item.output, `${path}.output`),
  };
  const call = findCall(item.call_id, before);
  // Other dialects join by the name they were told of the call, which is the flat one.
  if (call !== undefined) found.name = flatToolName(call.namespace, call.name);
  if (isCustom) found.isCustom = true;
  return Object.assign(found, bagOf(dialect, fieldsBeside(item, knownOfResult), { $form: formOfContent(item.output) }));
}

function findCall(id: string, messages: readonly Message[]): ToolCallPart | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    for (const part of messages[index]?.parts ?? []) if (part.type === 'tool-call' && part.id === id) return part;
  }
  return undefined;
}

/** A picture that the model made; the rest of its item stays in the bag. */
export function imageOf(item: JsonObject): ImagePart | undefined {
  if (item.type !== 'image_generation_call' || typeof item.result !== 'string') return undefined;
  const mediaType = `image/${stringOf(item.output_format) ?? 'png'}`;
  const rest = fieldsBeside(item, new Set(['result']));
  return { type: 'image', source: { kind: 'base64', mediaType, data: item.result }, ...bagOf(dialect, { $item: rest ?? {} }) };
}

/** The item that a part began, with what the model has no word for. */
export function itemFieldsOf(part: Part): JsonObject | undefined {
  const { $item } = fieldsOf('bag' in part ? part.bag : undefined, dialect);
  return isObject($item) ? objectOf($item) : undefined;
}
