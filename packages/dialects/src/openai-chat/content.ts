/** Message content of chat completions: a string or an array of typed parts, and the parts of the model. */
import type { Loss } from '../dialect.ts';
import { bagOf, fieldsOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { sourceOfUrl, urlOfSource } from '../model/data-url.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { FilePart, ImagePart, Part, TextPart } from '../model/request.ts';

const dialect = 'openai-chat';
const knownOfText = new Set(['type', 'text', 'cache_control']);
const knownOfImage = new Set(['type', 'image_url', 'cache_control']);
const knownOfImageUrl = new Set(['url', 'detail']);

/** Reads `content`. An empty string and null have no parts; the caller notes which it was. */
export function parseContent(content: JsonValue | undefined, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (content === undefined || content === null) return [];
  if (!Array.isArray(content)) throw new DialectError(path, 'must be a string or an array of parts');
  return content.map((part, index) => {
    if (typeof part === 'string') return { type: 'text', text: part };
    if (!isObject(part)) throw new DialectError(`${path}[${index}]`, 'must be an object with a type');
    return parsePart(part);
  });
}

function parsePart(part: JsonObject): Part {
  const cacheControl = isObject(part.cache_control) ? { cacheControl: part.cache_control } : {};
  if (part.type === 'text' && typeof part.text === 'string') {
    return { type: 'text', text: part.text, ...cacheControl, ...bagOf(dialect, fieldsBeside(part, knownOfText)) };
  }
  if (part.type === 'image_url') {
    // Some clients write the address itself where the object belongs.
    const image = typeof part.image_url === 'string' ? { url: part.image_url } : objectOf(part.image_url);
    const url = stringOf(image.url);
    if (url !== undefined) return imagePart(url, image, part);
  }
  if (part.type === 'input_audio') {
    const audio = objectOf(part.input_audio);
    if (typeof audio.data === 'string') {
      const source = { kind: 'base64', mediaType: `audio/${stringOf(audio.format) ?? 'wav'}`, data: audio.data } as const;
      return { type: 'file', source, ...cacheControl };
    }
  }
  if (part.type === 'video_url') {
    const url = stringOf(objectOf(part.video_url).url);
    if (url !== undefined) {
      const source = sourceOfUrl(url);
      return { type: 'file', source: source.kind === 'url' ? { ...source, mediaType: 'video/mp4' } : source, ...cacheControl };
    }
  }
  if (part.type === 'file') {
    const file = parseFile(objectOf(part.file));
    if (file !== undefined) return { ...file, ...cacheControl };
  }
  if (part.type === 'refusal' && typeof part.refusal === 'string') {
    return { type: 'refusal', text: part.refusal, ...bagOf(dialect, { $form: { isPart: true } }) };
  }
  return { type: 'unknown', bag: { dialect, fields: part } };
}

function imagePart(url: string, image: JsonObject, part: JsonObject): ImagePart {
  const found: ImagePart = { type: 'image', source: sourceOfUrl(url) };
  if (typeof image.detail === 'string') found.detail = image.detail;
  if (isObject(part.cache_control)) found.cacheControl = part.cache_control;
  return Object.assign(found, bagOf(dialect, fieldsBeside(part, knownOfImage), { $image: fieldsBeside(image, knownOfImageUrl) }));
}

/** Images that a model made: OpenRouter's `images` on messages and deltas. */
export function parseImages(images: JsonValue | undefined): Part[] {
  return Array.isArray(images) ? images.filter(isObject).map(parsePart) : [];
}

function parseFile(file: JsonObject): FilePart | undefined {
  const data = stringOf(file.file_data);
  const fileId = stringOf(file.file_id);
  if (data === undefined && fileId === undefined) return undefined;
  const found: FilePart = {
    type: 'file',
    source: data === undefined ? { kind: 'file-id', fileId: fileId as string } : sourceOfUrl(data),
  };
  if (typeof file.filename === 'string') found.name = file.filename;
  return Object.assign(found, bagOf(dialect, found.name === undefined ? { $form: { isNameless: true } } : undefined));
}

/** Whether the text can stand as a bare string without losing anything. */
function isPlain(part: TextPart): boolean {
  return part.cacheControl === undefined && Object.keys(wireFieldsOf(part.bag, dialect)).length === 0;
}

/** Writes `content`: a bare string for one plain text unless the client wrote an array, and nothing for no parts. */
export function renderContent(parts: readonly Part[], wroteArray: boolean, path: string, losses: Loss[]): JsonValue | undefined {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only?.type === 'text' && !wroteArray && isPlain(only)) return only.text;
  const content: JsonValue[] = [];
  parts.forEach((part, index) => {
    const written = renderPart(part, `${path}.parts[${index}]`, losses);
    if (written !== undefined) content.push(written);
  });
  return content.length === 0 && !wroteArray ? undefined : content;
}

/** One content part; undefined, with its loss noted, for what chat cannot carry. */
export function renderPart(part: Part, path: string, losses: Loss[]): JsonObject | undefined {
  const extra = 'bag' in part ? wireFieldsOf(part.bag, dialect) : {};
  const cacheControl = 'cacheControl' in part && part.cacheControl ? { cache_control: part.cacheControl } : {};
  if (part.type === 'text') return { type: 'text', text: part.text, ...cacheControl, ...extra };
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text };
  if (part.type === 'image') {
    const url = urlOfSource(part.source);
    if (url !== undefined) {
      const detail = part.detail === undefined ? {} : { detail: part.detail };
      return {
        type: 'image_url',
        image_url: { url, ...detail, ...objectOf(fieldsOf(part.bag, dialect).$image) },
        ...cacheControl,
        ...extra,
      };
    }
    losses.push({ field: path, how: 'dropped', why: 'chat completions knows no image by file id' });
    return undefined;
  }
  if (part.type === 'file') return renderFile(part, cacheControl, path, losses);
  if (part.type === 'unknown' && part.bag.dialect === dialect) return part.bag.fields;
  losses.push({ field: path, how: 'dropped', why: `chat completions has no such content: ${describe(part)}` });
  return undefined;
}

function describe(part: Part): string {
  return part.type === 'unknown' ? `${stringOf(part.bag.fields.type) ?? 'unknown'} of ${part.bag.dialect}` : part.type;
}

function renderFile(part: FilePart, cacheControl: JsonObject, path: string, losses: Loss[]): JsonObject | undefined {
  const { source } = part;
  const mediaType = source.mediaType ?? '';
  if (source.kind === 'base64' && mediaType.startsWith('audio/')) {
    const format = mediaType.slice('audio/'.length).replace('mpeg', 'mp3').replace('x-wav', 'wav');
    return { type: 'input_audio', input_audio: { data: source.data, format }, ...cacheControl };
  }
  const url = urlOfSource(source);
  if (url !== undefined && mediaType.startsWith('video/')) return { type: 'video_url', video_url: { url }, ...cacheControl };
  const name = part.name === undefined ? {} : { filename: part.name };
  if (source.kind === 'file-id') {
    if (part.bag !== undefined && part.bag.dialect !== dialect) {
      losses.push({ field: path, how: 'dropped', why: 'a file id is known only to the provider it was uploaded to' });
      return undefined;
    }
    return { type: 'file', file: { file_id: source.fileId, ...name }, ...cacheControl };
  }
  // OpenAI takes only bytes here and demands a name; OpenRouter takes addresses as well.
  const anyName = formOf(part.bag, dialect).isNameless ? {} : { filename: part.name ?? 'file' };
  return { type: 'file', file: { file_data: url, ...anyName }, ...cacheControl };
}

/** Notes how `content` was written where the parts alone do not tell: an array, an empty string, null, not at all. */
export function contentForm(content: JsonValue | undefined): JsonObject {
  if (Array.isArray(content)) return { content: 'array' };
  if (content === '') return { content: 'empty' };
  if (content === undefined) return { content: 'absent' };
  return content === null ? { content: 'null' } : {};
}

/** Whether the client wrote the refusal as a content part instead of the message's own field. */
export function isRefusalPart(part: Part): boolean {
  return part.type === 'refusal' && formOf(part.bag, dialect).isPart === true;
}

/** `content` of a message whose parts give none: as the client wrote it, else the value given. */
export function emptyContent(form: JsonObject, otherwise: '' | null): JsonObject {
  if (form.content === 'absent') return {};
  if (form.content === 'null') return { content: null };
  return { content: form.content === 'empty' ? '' : otherwise };
}
