/** Reads parts of Gemini, in requests, answers and streams alike. A part that the model has no word for is kept whole. */
import { Fields } from '../fields.ts';
import { bagOf } from '../model/bag.ts';
import { isObject, type JsonObject, parseObject, stringOf } from '../model/json.ts';
import type { FilePart, ImagePart, Part, Source, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { camel } from './keys.ts';
import { opaqueIn } from './signature.ts';

/** Ids that were made up because Gemini gave none begin with this; they are not told to Gemini. */
export const madeUpId = 'gemcall_';

/** How calls without an id are named, and results without one find their call. */
export interface CallNames {
  newId(name: string): string;
  /** The call a result with this name belongs to. */
  callFor(name: string): string;
}

const object = (value: unknown) => (isObject(value) ? value : undefined);
const isTrue = (value: unknown) => (value === true ? true : undefined);

export function parsePart(raw: JsonObject, calls: CallNames): Part {
  const part = camel(raw);
  if (typeof part.text === 'string') return parseText(part);
  if (isObject(part.functionCall)) return parseCall(part, calls);
  if (isObject(part.functionResponse)) return parseResult(part, calls);
  if (isObject(part.inlineData) || isObject(part.fileData)) return parseMedia(part) ?? unknownPart(raw);
  return unknownPart(raw);
}

function unknownPart(raw: JsonObject): Part {
  return { type: 'unknown', bag: { dialect: 'gemini', fields: raw } };
}

/** A thought is a summary of what the model thought, made for people. The bag, even an empty one, marks it as Gemini's own. */
function parseText(part: JsonObject): Part {
  const fields = new Fields(part);
  const text = fields.take('text', stringOf) as string;
  const isThought = fields.take('thought', isTrue) === true;
  const { opaque } = opaqueIn(fields.rest.thoughtSignature);
  if (opaque !== undefined) delete fields.rest.thoughtSignature;
  if (!isThought) return { type: 'text', text, ...(opaque && { opaque }), ...bagOf('gemini', fields.rest) };
  return {
    type: 'reasoning',
    text,
    isSummary: true,
    ...(opaque && { opaque: [opaque] }),
    bag: { dialect: 'gemini', fields: fields.rest },
  };
}

/** Calls come whole, often without an id. */
export function parseCall(part: JsonObject, calls: CallNames): ToolCallPart {
  const fields = new Fields(part);
  const call = new Fields(camel(fields.take('functionCall', object) as JsonObject));
  const name = call.take('name', stringOf) ?? '';
  const id = call.take('id', (value) => stringOf(value) || undefined) ?? calls.newId(name);
  const args = call.take('args', object);
  const { opaque } = opaqueIn(fields.rest.thoughtSignature);
  if (opaque !== undefined) delete fields.rest.thoughtSignature;
  fields.leave('functionCall', call.rest);
  return {
    type: 'tool-call',
    id,
    name,
    arguments: JSON.stringify(args ?? {}),
    ...(opaque && { opaque }),
    ...bagOf('gemini', fields.rest, args === undefined ? { $args: 'none' } : undefined),
  };
}

/** The result is an object; by convention its text stands in `output`, that of a failure in `error`. Any other is text as JSON. */
function parseResult(part: JsonObject, calls: CallNames): ToolResultPart {
  const fields = new Fields(part);
  const result = new Fields(camel(fields.take('functionResponse', object) as JsonObject));
  const name = result.take('name', stringOf);
  const id = result.take('id', (value) => stringOf(value) || undefined) ?? calls.callFor(name ?? '');
  const response = result.take('response', object);
  const media = result.take('parts', (value) => (Array.isArray(value) && value.length > 0 ? value : undefined));
  fields.leave('functionResponse', result.rest);
  const keys = Object.keys(response ?? {});
  const key = keys.length === 1 ? keys[0] : undefined;
  const text = key === 'output' || key === 'error' ? response?.[key] : undefined;
  const content: Part[] = [];
  if (typeof text === 'string') content.push({ type: 'text', text });
  else if (response !== undefined) content.push({ type: 'text', text: JSON.stringify(response) });
  for (const one of media ?? []) if (isObject(one)) content.push(parsePart(one, calls));
  return {
    type: 'tool-result',
    callId: id,
    ...(name !== undefined && { name }),
    content,
    ...(key === 'error' && { isError: true }),
    ...bagOf('gemini', fields.rest, typeof text === 'string' || response === undefined ? undefined : { $form: 'json' }),
  };
}

/** The text of a result as an object; undefined when it is none. */
export function responseObject(text: string): JsonObject | undefined {
  return text.startsWith('{') ? parseObject(text) : undefined;
}

/** Bytes, or the address of a file; addresses under Google's own file services are file ids: nobody else can read them. */
export function parseMedia(part: JsonObject): ImagePart | FilePart | undefined {
  const fields = new Fields(part);
  const isInline = isObject(part.inlineData);
  const key = isInline ? 'inlineData' : 'fileData';
  const media = new Fields(camel(fields.take(key, object) as JsonObject));
  const mediaType = media.take('mimeType', stringOf);
  let source: Source;
  if (isInline) {
    const data = media.take('data', stringOf);
    if (data === undefined || mediaType === undefined) return undefined;
    source = { kind: 'base64', mediaType, data };
  } else {
    const uri = media.take('fileUri', stringOf);
    if (uri === undefined) return undefined;
    const type = mediaType === undefined ? undefined : { mediaType };
    const isOwn = !/^https?:/.test(uri) || uri.startsWith('https://generativelanguage.googleapis.com/');
    source = isOwn ? { kind: 'file-id', fileId: uri, ...type } : { kind: 'url', url: uri, ...type };
  }
  if (mediaType?.startsWith('image/')) {
    const { opaque } = opaqueIn(fields.rest.thoughtSignature);
    if (opaque !== undefined) delete fields.rest.thoughtSignature;
    fields.leave(key, media.rest);
    return { type: 'image', source, ...(opaque && { opaque }), ...bagOf('gemini', fields.rest) };
  }
  const name = media.take('displayName', stringOf);
  fields.leave(key, media.rest);
  return { type: 'file', source, ...(name !== undefined && { name }), ...bagOf('gemini', fields.rest) };
}
