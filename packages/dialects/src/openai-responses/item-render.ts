/** Writes the messages of the model as items of `input`. */
import type { Loss } from '../dialect.ts';
import { fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { Message, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { renderContent, renderPart } from './content.ts';
import { itemFieldsOf } from './item-parse.ts';
import { dialect, isOwn } from './thought.ts';

/** The items of a message. */
export function itemsOfMessage(message: Message, path: string, losses: Loss[]): JsonObject[] {
  return message.role === 'assistant' ? assistantItems(message, path, losses) : otherItems(message, path, losses);
}

function otherItems(message: Message, path: string, losses: Loss[]): JsonObject[] {
  const items: JsonObject[] = [];
  const rest: Part[] = [];
  for (const [index, part] of message.parts.entries()) {
    if (part.type === 'tool-result') items.push(resultItem(part, `${path}.parts[${index}]`, losses));
    else if (part.type === 'unknown' && part.bag.dialect === dialect && stringOf(part.bag.fields.type)?.endsWith('_output')) {
      items.push(part.bag.fields);
    } else rest.push(part);
  }
  if (items.length > 0 && rest.length === 0) return items;
  const wroteArray = formOf(message.bag, dialect).content === 'array';
  const content = renderContent(rest, wroteArray || message.bag?.dialect !== dialect, path, losses);
  const type = message.bag?.dialect === dialect ? {} : { type: 'message' };
  return [...items, { ...type, role: message.role, content, ...wireFieldsOf(message.bag, dialect) }];
}

function resultItem(part: ToolResultPart, path: string, losses: Loss[]): JsonObject {
  if (part.isError) losses.push({ field: `${path}.isError`, how: 'dropped', why: 'Responses does not mark failed tools' });
  const output = renderContent(part.content, formOf(part.bag, dialect).content === 'array', path, losses);
  const type = part.isCustom ? 'custom_tool_call_output' : 'function_call_output';
  return { type, call_id: part.callId, output, ...wireFieldsOf(part.bag, dialect) };
}

function assistantItems(message: Message, path: string, losses: Loss[]): JsonObject[] {
  const items: JsonObject[] = [];
  /** Content of the message item that is open. */
  let content: JsonValue[] | undefined;
  for (const [index, part] of message.parts.entries()) {
    const partPath = `${path}.parts[${index}]`;
    if (part.type === 'reasoning') items.push(...reasoningItems(part, partPath, losses));
    else if (part.type === 'tool-call') items.push(callItem(part, partPath, losses));
    else if (isItem(part)) items.push(ownItem(part));
    else {
      if (part.type === 'text' && part.opaque !== undefined) noteForeign(part.opaque.origin, partPath, losses);
      const began = itemFieldsOf(part);
      if (began !== undefined) {
        const item = messageItem(began, part);
        items.push(item);
        content = Array.isArray(item.content) ? item.content : undefined;
        if (content === undefined) continue;
        if (objectOf(began.$form).content === 'none') continue;
      } else if (content === undefined) {
        // A text that only carried its signature need not be said.
        if (part.type === 'text' && part.text === '') continue;
        content = [];
        items.push({ type: 'message', role: 'assistant', content });
      }
      const written = partOf(part, partPath, losses);
      if (written !== undefined) content.push(written);
      continue;
    }
    content = undefined;
  }
  return items;
}

function partOf(part: Part, path: string, losses: Loss[]): JsonObject | undefined {
  const raw = part.type === 'unknown' ? fieldsOf(part.bag, dialect).$raw : undefined;
  return isObject(raw) ? raw : renderPart(part, true, path, losses);
}

/** The message item a part began, as the client wrote it. */
function messageItem(began: JsonObject, first: Part): JsonObject {
  const { $form, ...rest } = began;
  const isString = objectOf($form).content === 'string';
  return { role: 'assistant', content: isString && first.type === 'text' ? first.text : [], ...rest };
}

/** Whether a part is an item of its own in this dialect. */
function isItem(part: Part): boolean {
  if (part.type === 'image') return itemFieldsOf(part) !== undefined && itemFieldsOf(part)?.type === 'image_generation_call';
  return (
    part.type === 'unknown' &&
    part.bag.dialect === dialect &&
    part.bag.fields.$raw === undefined &&
    part.bag.fields.$item === undefined
  );
}

/** The item that such a part is. */
export function ownItem(part: Part): JsonObject {
  if (part.type === 'image' && part.source.kind === 'base64') return { ...itemFieldsOf(part), result: part.source.data };
  return part.type === 'unknown' ? part.bag.fields : {};
}

function reasoningItems(part: ReasoningPart, path: string, losses: Loss[]): JsonObject[] {
  const own = (part.opaque ?? []).filter(isOwn);
  for (const opaque of part.opaque ?? []) if (!isOwn(opaque)) noteForeign(opaque.origin, path, losses);
  if (part.bag?.dialect === dialect) {
    return [{ type: 'reasoning', ...part.bag.fields, ...(own[0] && { encrypted_content: own[0].value }) }];
  }
  if (own.length === 0) {
    losses.push({ field: path, how: 'dropped', why: 'Responses takes back only thoughts that it encrypted itself' });
    return [];
  }
  return own.map((opaque, index) => ({
    type: 'reasoning',
    ...(opaque.itemId !== undefined && { id: opaque.itemId }),
    summary: index === 0 && part.text !== '' ? [{ type: 'summary_text', text: part.text }] : [],
    encrypted_content: opaque.value,
  }));
}

function callItem(part: ToolCallPart, path: string, losses: Loss[]): JsonObject {
  if (part.opaque !== undefined) noteForeign(part.opaque.origin, path, losses);
  const namespace = part.namespace === undefined ? {} : { namespace: part.namespace };
  const written: JsonObject = part.isCustom
    ? { type: 'custom_tool_call', call_id: part.id, name: part.name, ...namespace, input: part.arguments }
    : {
        type: 'function_call',
        call_id: part.id,
        name: part.name,
        ...namespace,
        arguments: part.arguments === '' ? '{}' : part.arguments,
      };
  return { ...written, ...wireFieldsOf(part.bag, dialect) };
}

function noteForeign(origin: string, path: string, losses: Loss[]): void {
  losses.push({ field: `${path}.opaque`, how: 'dropped', why: `signed or encrypted by ${origin}, which alone can read it` });
}

/** The words of a system message that stands first, for `instructions`. */
export function instructionsOf(message: Message | undefined): string | undefined {
  if (message?.role !== 'system' || message.parts.some((part) => part.type !== 'text')) return undefined;
  const form = formOf(message.bag, dialect);
  if (message.bag?.dialect === dialect && form.isInstructions !== true) return undefined;
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n\n');
}
