/** Writes the messages of a chat request. */
import type { Loss } from '../dialect.ts';
import { fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { arrayOf, isObject, type JsonObject, objectOf } from '../model/json.ts';
import type { Message, ModelRequest, Part, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { systemFirst } from '../model/system-first.ts';
import { flatToolName } from '../model/tool-names.ts';
import { emptyContent, isRefusalPart, renderContent, renderPart } from './content.ts';
import { isDetail, isGeminiSignature, nativeDetails } from './reasoning.ts';

const dialect = 'openai-chat';

export function renderMessages(request: ModelRequest, losses: Loss[]): JsonObject[] {
  // A custom tool that a chat client offered stays one; all others are functions here.
  const nativeCustom = new Set(request.tools.filter((tool) => formOf(tool.bag, dialect).isCustom).map((tool) => tool.name));
  return systemFirst(request, dialect, losses).flatMap((message, index) => {
    const path = `messages[${index}]`;
    if (message.role === 'assistant') return [renderAssistant(message, path, nativeCustom, losses)];
    return renderOther(message, path, losses);
  });
}

/** A message of anyone else; its tool results become messages of their own, before the rest. */
function renderOther(message: Message, path: string, losses: Loss[]): JsonObject[] {
  const results: JsonObject[] = [];
  const rest: Part[] = [];
  const moved: Part[] = [];
  message.parts.forEach((part, index) => {
    if (part.type === 'tool-result') results.push(renderResult(part, `${path}.parts[${index}]`, moved, losses));
    else rest.push(part);
  });
  // Tool messages hold only text: pictures of a result follow in the words of the user.
  const parts = [...moved, ...rest];
  if (results.length > 0 && parts.length === 0) return results;
  const form = formOf(message.bag, dialect);
  const written: JsonObject = { role: message.role };
  const isForeignSystem = message.role === 'system' && message.bag?.dialect !== dialect;
  const content = renderContent(isForeignSystem ? joinTexts(parts, '\n\n') : parts, form.content === 'array', path, losses);
  if (content !== undefined) written.content = content;
  else Object.assign(written, emptyContent(form, ''));
  if (message.name !== undefined) written.name = message.name;
  return [...results, { ...written, ...wireFieldsOf(message.bag, dialect) }];
}

function renderResult(part: ToolResultPart, path: string, moved: Part[], losses: Loss[]): JsonObject {
  const form = formOf(part.bag, dialect);
  const texts = part.content.filter((inner) => inner.type === 'text' || part.bag?.dialect === dialect);
  const others = part.content.filter((inner) => !texts.includes(inner));
  if (others.length > 0) {
    moved.push({ type: 'text', text: `Output of tool call ${part.callId}:` }, ...others);
    losses.push({ field: path, how: 'approximated', why: 'tool messages hold only text: the rest follows in a user message' });
  }
  if (part.isError) losses.push({ field: `${path}.isError`, how: 'dropped', why: 'chat completions does not mark failed tools' });
  const written: JsonObject = form.role === 'function' ? { role: 'function' } : { role: 'tool', tool_call_id: part.callId };
  if ((form.name || form.role === 'function') && part.name !== undefined) written.name = part.name;
  const content = renderContent(texts, form.content === 'array', path, losses);
  Object.assign(written, content === undefined ? emptyContent(form, '') : { content });
  return { ...written, ...wireFieldsOf(part.bag, dialect) };
}

function renderAssistant(message: Message, path: string, nativeCustom: ReadonlySet<string>, losses: Loss[]): JsonObject {
  const form = formOf(message.bag, dialect);
  const written: JsonObject = { role: 'assistant' };
  const content: Part[] = [];
  const calls: JsonObject[] = [];
  const images: JsonObject[] = [];
  const details: JsonObject[] = [];
  let thought = '';
  let signature: string | undefined;
  message.parts.forEach((part, index) => {
    const partPath = `${path}.parts[${index}]`;
    if (part.type === 'reasoning') {
      thought += part.text;
      details.push(...nativeDetails(part.opaque));
      for (const opaque of part.opaque ?? []) if (!isDetail(opaque)) noteForeign(opaque.origin, partPath, losses);
    } else if (part.type === 'tool-call') {
      const ofMessage = form.thought_signature === 'message' && signature === undefined && content.length === 0;
      if (ofMessage && isGeminiSignature(part.opaque)) {
        signature = part.opaque.value;
        calls.push(renderCall({ ...part, opaque: undefined }, partPath, nativeCustom, losses));
      } else calls.push(renderCall(part, partPath, nativeCustom, losses));
    } else if (part.type === 'image') {
      const image = renderPart(part, partPath, losses);
      if (image !== undefined) images.push(image);
    } else if (part.type === 'refusal' && !isRefusalPart(part)) written.refusal = part.text;
    else {
      if (part.type === 'text' && part.opaque !== undefined) {
        if (isGeminiSignature(part.opaque)) signature = part.opaque.value;
        else noteForeign(part.opaque.origin, partPath, losses);
      }
      // A text that only carried its signature need not be said.
      if (part.type !== 'text' || part.text !== '' || part.opaque === undefined) content.push(part);
    }
  });
  const texts = message.bag?.dialect === dialect ? content : joinTexts(content);
  const body = renderContent(texts, form.content === 'array', path, losses);
  if (body !== undefined) written.content = body;
  else Object.assign(written, emptyContent(form, calls.length > 0 ? null : ''));
  if (thought !== '') for (const field of textFields(message, form, details)) written[field] = thought;
  if (details.length > 0) written.reasoning_details = details;
  if (signature !== undefined) written.thought_signature = signature;
  if (images.length > 0) written.images = images;
  if (form.tool_calls === 'function_call') written.function_call = objectOf(calls[0]?.function);
  else if (calls.length > 0 || form.tool_calls === 'empty') written.tool_calls = calls;
  if (message.name !== undefined) written.name = message.name;
  return { ...written, ...wireFieldsOf(message.bag, dialect) };
}

/** Texts of other dialects as one string, because many servers take nothing else from an assistant or as system text. */
function joinTexts(parts: readonly Part[], between = ''): Part[] {
  const isPlain = parts.every((part) => part.type === 'text' && part.cacheControl === undefined);
  if (!isPlain || parts.length < 2) return [...parts];
  return [{ type: 'text', text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(between) }];
}

/** Where the words of a thought go: where the client had them, else into the field that most servers read. */
function textFields(message: Message, form: JsonObject, details: readonly JsonObject[]): string[] {
  if (Array.isArray(form.reasoning)) return arrayOf(form.reasoning).map(String);
  return message.bag?.dialect === dialect && details.length > 0 ? [] : ['reasoning_content'];
}

function noteForeign(origin: string, path: string, losses: Loss[]): void {
  losses.push({ field: `${path}.opaque`, how: 'dropped', why: `signed or encrypted by ${origin}, which alone can read it` });
}

/** Writes one tool call, of a request or of an answer. */
export function renderCall(
  part: Omit<ToolCallPart, 'opaque'> & { opaque?: ToolCallPart['opaque'] | undefined },
  path: string,
  nativeCustom: ReadonlySet<string>,
  losses: Loss[],
): JsonObject {
  const own = fieldsOf(part.bag, dialect);
  const written: JsonObject = { id: part.id };
  const inner = objectOf(own.$inner);
  if (part.isCustom && nativeCustom.has(part.name)) {
    written.type = 'custom';
    written.custom = { name: part.name, input: part.arguments, ...inner };
  } else {
    if (!objectOf(own.$form).isTypeless) written.type = 'function';
    written.function = { name: flatToolName(part.namespace, part.name), arguments: jsonArgumentsOf(part), ...inner };
  }
  if (isGeminiSignature(part.opaque)) {
    const rest = objectOf(own.$extraContent);
    const google = isObject(rest.google) ? rest.google : {};
    written.extra_content = { ...rest, google: { ...google, thought_signature: part.opaque.value } };
  } else {
    if (isObject(own.$extraContent)) written.extra_content = own.$extraContent;
    if (part.opaque !== undefined) noteForeign(part.opaque.origin, path, losses);
  }
  return { ...written, ...wireFieldsOf(part.bag, dialect) };
}
