/** Writes parts for Gemini itself: only what it made or can read goes out. Toward a client see answer.ts. */
import type { Loss } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { type JsonObject, parseObject } from '../model/json.ts';
import type { Opaque } from '../model/opaque.ts';
import type { FilePart, ImagePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { madeUpId, responseObject } from './part-parse.ts';
import { noSignature } from './signature.ts';
import { nameFor } from './tools.ts';

export interface PartContext {
  /** The request came from a client of Gemini: its form is kept, nothing is mended. */
  isNative: boolean;
  losses: Loss[];
  /** Names of the calls so far by id: a result names its tool. */
  names: Map<string, string>;
}

/** None, one or several parts of Gemini for one of the model. */
export function renderPart(part: Part, field: string, context: PartContext): JsonObject[] {
  const drop = (why: string): [] => {
    context.losses.push({ field, how: 'dropped', why });
    return [];
  };
  switch (part.type) {
    case 'text': {
      const signature = ownSignature(part.opaque, field, context);
      // Gemini refuses parts of text without words, unless they carry a signature.
      if (!context.isNative && part.text === '' && signature.thoughtSignature === undefined) return [];
      return [finish(part, { text: part.text, ...signature })];
    }
    case 'refusal':
      return [{ text: part.text }];
    case 'image':
    case 'file':
      if (part.source.kind === 'file-id' && !context.isNative) return drop('the file was uploaded to another provider');
      return [renderMedia(part, field, context)];
    case 'reasoning': {
      const parts = renderThought(part);
      return parts.length > 0 ? parts : drop('Gemini takes back only thoughts of its own');
    }
    case 'tool-call':
      return [renderCall(part, field, context)];
    case 'tool-result':
      return [renderResult(part, field, context)];
    case 'unknown':
      return part.bag.dialect === 'gemini' ? [part.bag.fields] : drop(`only ${part.bag.dialect} knows this part`);
  }
}

function finish(part: Exclude<Part, { type: 'unknown' }>, rendered: JsonObject): JsonObject {
  return unpack(rendered, fieldsOf(part.bag, 'gemini'));
}

function ownSignature(opaque: Opaque | undefined, field: string, context: PartContext): { thoughtSignature?: string } {
  if (opaque === undefined) return {};
  if (opaque.origin === 'gemini' && opaque.kind === 'signature') return { thoughtSignature: opaque.value };
  context.losses.push({ field: `${field}.opaque`, how: 'dropped', why: `only ${opaque.origin} can read its own signature` });
  return {};
}

/** Thoughts that Gemini made: by their signature, or because a client of Gemini sent them. */
function renderThought(part: ReasoningPart): JsonObject[] {
  const own = part.opaque?.filter((opaque) => opaque.origin === 'gemini' && opaque.kind === 'signature') ?? [];
  if (own.length === 0 && part.bag?.dialect !== 'gemini') return [];
  const [first, ...more] = own;
  const thought = finish(part, { text: part.text, thought: true, ...(first && { thoughtSignature: first.value }) });
  return [thought, ...more.map((opaque) => ({ text: '', thought: true, thoughtSignature: opaque.value }))];
}

function renderCall(part: ToolCallPart, field: string, context: PartContext): JsonObject {
  const name = nameFor(part, context.isNative);
  context.names.set(part.id, name);
  const call: JsonObject = { name };
  if (!part.id.startsWith(madeUpId)) call.id = part.id;
  if (fieldsOf(part.bag, 'gemini').$args !== 'none' || part.arguments !== '{}') call.args = argsOf(part, field, context);
  const signature = ownSignature(part.opaque, field, context);
  const isForeignlySigned = part.opaque !== undefined && signature.thoughtSignature === undefined;
  if (context.isNative && isForeignlySigned) signature.thoughtSignature = noSignature;
  return finish(part, { functionCall: call, ...signature });
}

/** The arguments as an object. Text that is none is handed over as the one field `_raw`, so that the model sees what it wrote. */
function argsOf(part: ToolCallPart, field: string, context: PartContext): JsonObject {
  const args = parseObject(jsonArgumentsOf(part));
  if (args !== undefined) return args;
  context.losses.push({ field: `${field}.arguments`, how: 'approximated', why: 'Gemini takes arguments as an object only' });
  return { _raw: part.arguments };
}

function renderResult(part: ToolResultPart, field: string, context: PartContext): JsonObject {
  const called = context.isNative ? undefined : context.names.get(part.callId);
  const name =
    called ?? (part.name === undefined ? context.names.get(part.callId) : nameFor({ name: part.name }, context.isNative));
  if (name === undefined) {
    context.losses.push({
      field: `${field}.name`,
      how: 'approximated',
      why: 'Gemini joins results by name, and no call has this id',
    });
  }
  const result: JsonObject = { name: name ?? (part.callId || 'unknown') };
  if (!part.callId.startsWith(madeUpId)) result.id = part.callId;
  const texts: string[] = [];
  const media: JsonObject[] = [];
  part.content.forEach((one, index) => {
    if (one.type === 'text') texts.push(one.text);
    else media.push(...renderPart(one, `${field}.content[${index}]`, context));
  });
  const text = texts.join('\n');
  const written = fieldsOf(part.bag, 'gemini').$form === 'json' ? responseObject(text) : undefined;
  if (written !== undefined || part.content.length > 0 || !context.isNative) {
    result.response = written ?? (part.isError ? { error: text } : { output: text });
  }
  if (media.length > 0) result.parts = media;
  return finish(part, { functionResponse: result });
}

function renderMedia(part: ImagePart | FilePart, field: string, context: PartContext): JsonObject {
  const { source } = part;
  const name = part.type === 'file' && part.name !== undefined && context.isNative ? { displayName: part.name } : undefined;
  const signature = part.type === 'image' ? ownSignature(part.opaque, field, context) : undefined;
  if (source.kind === 'base64') {
    return finish(part, { inlineData: { mimeType: source.mediaType, data: source.data, ...name }, ...signature });
  }
  if (source.kind === 'url' && !context.isNative) {
    const why = 'Gemini reads its own files and some public addresses, not every one';
    context.losses.push({ field: `${field}.source`, how: 'approximated', why });
  }
  const uri = source.kind === 'url' ? source.url : source.fileId;
  const mimeType = source.mediaType ?? (context.isNative ? undefined : typeOfAddress(uri, part.type));
  return finish(part, { fileData: { ...(mimeType !== undefined && { mimeType }), fileUri: uri, ...name }, ...signature });
}

const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  pdf: 'application/pdf',
  txt: 'text/plain',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  mp4: 'video/mp4',
};

/** Gemini wants to be told a type; the ending of the address is the best there is. */
function typeOfAddress(address: string, type: 'image' | 'file'): string {
  const ending = /\.([a-z0-9]+)(?:[?#].*)?$/i.exec(address)?.[1]?.toLowerCase();
  return (ending === undefined ? undefined : types[ending]) ?? (type === 'image' ? 'image/jpeg' : 'application/pdf');
}
