/**
 * Reads the messages of a chat request. Each message becomes one of the model, except that tool results which follow each
 * other are gathered into one user message: other dialects want the results of parallel calls together.
 */
import { bagOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { Message, Part, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { contentForm, parseContent, parseImages } from './content.ts';
import { placeMessageSignature, placeThoughts, readThoughts, signatureOfCall } from './reasoning.ts';

const dialect = 'openai-chat';
const knownOfAny = new Set(['role', 'content', 'name']);
const knownOfAssistant = new Set(['role', 'content', 'name', 'reasoning_details']);
const knownOfResult = new Set(['role', 'content', 'tool_call_id', 'name']);
const knownOfCall = new Set(['id', 'type', 'function', 'custom', 'extra_content']);

export function parseMessages(messages: readonly JsonValue[]): Message[] {
  const found: Message[] = [];
  let results: Message | undefined;
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if (!isObject(message)) throw new DialectError(path, 'must be an object');
    if (message.role === 'tool' || message.role === 'function') {
      if (results === undefined) {
        results = { role: 'user', parts: [] };
        found.push(results);
      }
      results.parts.push(parseResult(message, path, found));
    } else {
      results = undefined;
      found.push(parseMessage(message, path));
    }
  }
  return found;
}

function parseMessage(message: JsonObject, path: string): Message {
  const { role } = message;
  if (role === 'assistant') return parseAssistant(message, path);
  if (role !== 'system' && role !== 'developer' && role !== 'user') {
    throw new DialectError(`${path}.role`, 'must be system, developer, user, assistant or tool');
  }
  const found: Message = { role, parts: parseContent(message.content, `${path}.content`) };
  if (typeof message.name === 'string') found.name = message.name;
  return Object.assign(
    found,
    bagOf(dialect, fieldsBeside(message, knownOfAny), noteForm(contentForm(message.content), found.parts)),
  );
}

/** Notes the form of the content unless one reads it off the parts. */
function noteForm(form: JsonObject, parts: readonly Part[]): JsonObject | undefined {
  const text = parts[0];
  if (form.content === 'array' && (parts.length > 1 || (text !== undefined && text.type !== 'text'))) delete form.content;
  return Object.keys(form).length === 0 ? undefined : { $form: form };
}

/** An assistant message of a request, or the message of a whole answer. */
export function parseAssistant(message: JsonObject, path: string): Message {
  const form = contentForm(message.content);
  const thoughts = readThoughts(message);
  if (thoughts.textFields.length > 0) form.reasoning = thoughts.textFields;
  const further = [...thoughts.textFields];

  const others = parseContent(message.content, `${path}.content`);
  if (typeof message.refusal === 'string' && message.refusal !== '') {
    others.push({ type: 'refusal', text: message.refusal });
    further.push('refusal');
  }
  if (Array.isArray(message.images)) {
    others.push(...parseImages(message.images));
    further.push('images');
  }
  if (Array.isArray(message.tool_calls)) {
    message.tool_calls.forEach((call, index) => {
      others.push(parseCall(objectOf(call), index, `${path}.tool_calls[${index}]`));
    });
    further.push('tool_calls');
    if (message.tool_calls.length === 0) form.tool_calls = 'empty';
  }
  if (isObject(message.function_call)) {
    others.push(parseLegacyCall(message.function_call));
    form.tool_calls = 'function_call';
    further.push('function_call');
  }
  const parts = placeThoughts(thoughts, others);
  if (typeof message.thought_signature === 'string') {
    placeMessageSignature(message, parts);
    further.push('thought_signature');
    form.thought_signature = 'message';
  }
  const found: Message = { role: 'assistant', parts };
  if (typeof message.name === 'string') found.name = message.name;
  const known = further.length === 0 ? knownOfAssistant : new Set([...knownOfAssistant, ...further]);
  return Object.assign(found, bagOf(dialect, fieldsBeside(message, known), noteForm(form, contentParts(parts))));
}

/** The parts that stand in `content`. */
export function contentParts(parts: readonly Part[]): Part[] {
  return parts.filter((part) => part.type === 'text' || part.type === 'file' || part.type === 'unknown');
}

function parseCall(call: JsonObject, index: number, path: string): ToolCallPart {
  const isCustom = call.type === 'custom' || (isObject(call.custom) && !isObject(call.function));
  const inner = objectOf(isCustom ? call.custom : call.function);
  const name = stringOf(inner.name);
  if (name === undefined) throw new DialectError(`${path}.function.name`, 'name the tool that was called');
  const found: ToolCallPart = {
    type: 'tool-call',
    id: stringOf(call.id) || `call_${index}`,
    name,
    arguments: argumentsText(isCustom ? inner.input : inner.arguments),
  };
  if (isCustom) found.isCustom = true;
  const signature = signatureOfCall(call);
  if (signature !== undefined) found.opaque = signature;
  const known = new Set(isCustom ? ['name', 'input'] : ['name', 'arguments']);
  const extraContent = withoutSignature(call.extra_content);
  return Object.assign(
    found,
    bagOf(dialect, fieldsBeside(call, knownOfCall), {
      $inner: fieldsBeside(inner, known),
      $extraContent: extraContent,
      $form: call.type === undefined ? { isTypeless: true } : undefined,
    }),
  );
}

/** What else stands beside Google's signature. */
function withoutSignature(extraContent: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(extraContent)) return undefined;
  const google = fieldsBeside(objectOf(extraContent.google), new Set(['thought_signature']));
  const rest = fieldsBeside(extraContent, new Set(['google']));
  return google === undefined ? rest : { ...rest, google };
}

/** Arguments as text; some servers send the object itself. */
export function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** The call of a legacy `function_call`, which has no id: one call at most is open, so its name will do. */
export function parseLegacyCall(call: JsonObject): ToolCallPart {
  const name = stringOf(call.name) ?? '';
  return { type: 'tool-call', id: `call_${name}`, name, arguments: argumentsText(call.arguments) };
}

function parseResult(message: JsonObject, path: string, before: readonly Message[]): ToolResultPart {
  const name = stringOf(message.name);
  const isLegacy = message.role === 'function';
  const callId = isLegacy ? `call_${name ?? ''}` : stringOf(message.tool_call_id);
  if (callId === undefined) throw new DialectError(`${path}.tool_call_id`, 'say which tool call this is the result of');
  const call = findCall(callId, before);
  const found: ToolResultPart = { type: 'tool-result', callId, content: parseContent(message.content, `${path}.content`) };
  const toolName = name ?? call?.name;
  if (toolName !== undefined) found.name = toolName;
  if (call?.isCustom) found.isCustom = true;
  const form = contentForm(message.content);
  if (isLegacy) form.role = 'function';
  else if (name !== undefined) form.name = true;
  const note = noteForm(form, found.content);
  return Object.assign(found, bagOf(dialect, fieldsBeside(message, knownOfResult), note));
}

function findCall(id: string, messages: readonly Message[]): ToolCallPart | undefined {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    for (const part of messages[index]?.parts ?? []) if (part.type === 'tool-call' && part.id === id) return part;
  }
  return undefined;
}
