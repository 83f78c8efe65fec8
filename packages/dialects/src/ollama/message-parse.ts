/** Reads messages of Ollama, of requests and answers alike. Source: Ollama docs, "Chat", and `api/types.go` (Message, ToolCall). */
import { Fields } from '../fields.ts';
import { bagOf } from '../model/bag.ts';
import { arrayOf, isObject, type JsonObject, stringOf } from '../model/json.ts';
import type { Message, Part, ToolCallPart } from '../model/request.ts';

/** Ids that were made up because Ollama gave none begin with this; they are not told to Ollama. */
export const madeUpId = 'ollcall_';

/** How calls without an id are named, and results without one find their call. */
export interface CallNames {
  newId(name: string): string;
  callFor(name: string): string;
}

const filledText = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/** Thought, text, images, calls: the order in which Ollama's templates put them. */
export function parseMessage(raw: JsonObject, calls: CallNames): Message {
  const fields = new Fields(raw);
  const role = fields.take('role', stringOf) ?? 'assistant';
  if (role === 'tool') return parseResult(fields, calls);
  const parts: Part[] = [];
  const thinking = fields.take('thinking', filledText);
  if (thinking !== undefined) parts.push({ type: 'reasoning', text: thinking });
  // An empty content is what a message without text has; a missing one is noted.
  const content = fields.take('content', stringOf);
  if (content !== undefined && content !== '') parts.push({ type: 'text', text: content });
  parts.push(...takeImages(fields));
  for (const call of fields.take('tool_calls', (value) => (Array.isArray(value) && value.length > 0 ? value : undefined)) ?? []) {
    const part = isObject(call) ? parseCall(call, calls) : undefined;
    if (part !== undefined) parts.push(part);
  }
  return {
    role: role === 'user' || role === 'system' || role === 'developer' ? role : 'assistant',
    parts,
    ...bagOf('ollama', fields.rest, content === undefined ? { $content: 'none' } : undefined),
  };
}

function takeImages(fields: Fields): Part[] {
  const images = fields.take('images', (value) =>
    Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string') ? (value as string[]) : undefined,
  );
  return (images ?? []).map((data) => ({ type: 'image', source: { kind: 'base64', mediaType: typeOfBytes(data), data } }));
}

/** The type by the first bytes, which Ollama does not name: PNG, GIF, WebP, else JPEG. */
function typeOfBytes(base64: string): string {
  if (base64.startsWith('iVBOR')) return 'image/png';
  if (base64.startsWith('R0lGOD')) return 'image/gif';
  return base64.startsWith('UklGR') ? 'image/webp' : 'image/jpeg';
}

/** One call, whole. `id` exists since Ollama 0.12; arguments are an object, text at some servers that imitate it. */
export function parseCall(raw: JsonObject, calls: CallNames): ToolCallPart | undefined {
  const fields = new Fields(raw);
  const inner = fields.take('function', (value) => (isObject(value) ? value : undefined));
  if (inner === undefined) return undefined;
  const rest = new Fields(inner);
  const name = rest.take('name', stringOf) ?? '';
  const id = fields.take('id', filledText) ?? calls.newId(name);
  const text = rest.take('arguments', stringOf);
  const object = rest.take('arguments', (value) => (isObject(value) ? value : undefined));
  fields.leave('function', rest.rest);
  return {
    type: 'tool-call',
    id,
    name,
    arguments: text ?? JSON.stringify(object ?? {}),
    ...bagOf('ollama', fields.rest, text === undefined ? undefined : { $arguments: 'text' }),
  };
}

function parseResult(fields: Fields, calls: CallNames): Message {
  const name = fields.take('tool_name', stringOf);
  const callId = fields.take('tool_call_id', filledText) ?? calls.callFor(name ?? '');
  const text = fields.take('content', stringOf);
  const content: Part[] = text === undefined ? [] : [{ type: 'text', text }];
  content.push(...takeImages(fields));
  return {
    role: 'user',
    parts: [{ type: 'tool-result', callId, ...(name !== undefined && { name }), content, ...bagOf('ollama', fields.rest) }],
  };
}

/** Ids by count, so that one conversation always gets the same. */
export function countedNames(): CallNames {
  let count = 0;
  const open: { id: string; name: string }[] = [];
  return {
    newId(name) {
      const id = `${madeUpId}${count}`;
      count += 1;
      open.push({ id, name });
      return id;
    },
    callFor(name) {
      const found = open.findIndex((call) => call.name === name);
      const [call] = open.splice(Math.max(found, 0), 1);
      return call?.id ?? this.newId(name);
    },
  };
}

/** The messages of a request. */
export function parseMessages(messages: unknown): Message[] {
  const calls = countedNames();
  return arrayOf(messages).flatMap((message) => (isObject(message) ? [parseMessage(message, calls)] : []));
}
