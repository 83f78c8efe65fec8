/** Content parts of Responses items: `input_*` from the client, `output_*` from the model. */
import type { Loss } from '../dialect.ts';
import { bagOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { sourceOfUrl, urlOfSource } from '../model/data-url.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import type { Part, Source } from '../model/request.ts';

const dialect = 'openai-responses';
const knownOfText = new Set(['type', 'text']);
const knownOfRefusal = new Set(['type', 'refusal']);
const knownOfImage = new Set(['type', 'image_url', 'file_id', 'detail']);
const knownOfFile = new Set(['type', 'file_data', 'file_url', 'file_id', 'filename']);

/** Reads `content` or `output`: a string or parts. */
export function parseContent(content: JsonValue | undefined, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (content === undefined || content === null) return [];
  if (!Array.isArray(content)) throw new DialectError(path, 'must be a string or an array of parts');
  return content.map((part, index) => {
    if (!isObject(part)) throw new DialectError(`${path}[${index}]`, 'must be an object with a type');
    return parsePart(part);
  });
}

function parsePart(part: JsonObject): Part {
  const { type } = part;
  if ((type === 'input_text' || type === 'output_text' || type === 'text') && typeof part.text === 'string') {
    const rest = fieldsBeside(part, knownOfText);
    // What every answer repeats without saying anything is not worth a bag.
    return { type: 'text', text: part.text, ...bagOf(dialect, rest, { $form: type === 'text' ? { type } : undefined }) };
  }
  if (type === 'refusal' && typeof part.refusal === 'string') {
    return { type: 'refusal', text: part.refusal, ...bagOf(dialect, fieldsBeside(part, knownOfRefusal)) };
  }
  if (type === 'input_image') {
    const source = sourceOf(part.image_url, part.file_id);
    if (source !== undefined) {
      const detail = stringOf(part.detail);
      const rest = fieldsBeside(part, knownOfImage);
      return {
        type: 'image',
        source,
        ...(detail !== undefined && { detail }),
        ...bagOf(dialect, rest, nulls(part, knownOfImage)),
      };
    }
  }
  if (type === 'input_file') {
    const source = sourceOf(part.file_data ?? part.file_url, part.file_id);
    if (source !== undefined) {
      const name = stringOf(part.filename);
      const rest = fieldsBeside(part, knownOfFile);
      return { type: 'file', source, ...(name !== undefined && { name }), ...bagOf(dialect, rest, nulls(part, knownOfFile)) };
    }
  }
  const audio = objectOf(part.input_audio);
  if (type === 'input_audio' && typeof audio.data === 'string') {
    return { type: 'file', source: { kind: 'base64', mediaType: `audio/${stringOf(audio.format) ?? 'wav'}`, data: audio.data } };
  }
  return { type: 'unknown', bag: { dialect, fields: part } };
}

/** Known fields that the client wrote as null. */
function nulls(part: JsonObject, known: ReadonlySet<string>): JsonObject {
  const found: JsonObject = {};
  for (const key of known) if (part[key] === null) found[key] = null;
  return found;
}

function sourceOf(url: JsonValue | undefined, fileId: JsonValue | undefined): Source | undefined {
  if (typeof url === 'string') return sourceOfUrl(url);
  return typeof fileId === 'string' ? { kind: 'file-id', fileId } : undefined;
}

/** Writes a part; `isOutput` for words of the model. Undefined, with its loss noted, for what Responses cannot carry. */
export function renderPart(part: Part, isOutput: boolean, path: string, losses: Loss[]): JsonObject | undefined {
  const extra = 'bag' in part ? wireFieldsOf(part.bag, dialect) : {};
  if (part.type === 'text') {
    const written = stringOf(formOf(part.bag, dialect).type) ?? (isOutput ? 'output_text' : 'input_text');
    return { type: written, text: part.text, ...extra };
  }
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text, ...extra };
  if (part.type === 'image') {
    const detail = part.detail === undefined ? {} : { detail: part.detail };
    const url = urlOfSource(part.source);
    if (url !== undefined) return { type: 'input_image', image_url: url, ...detail, ...extra };
    if (part.bag?.dialect === dialect || part.bag === undefined)
      return { type: 'input_image', ...fileIdOf(part.source), ...detail, ...extra };
  }
  if (part.type === 'file') {
    const { source } = part;
    const name = part.name === undefined ? {} : { filename: part.name };
    if (source.kind === 'base64' && source.mediaType.startsWith('audio/')) {
      return { type: 'input_audio', input_audio: { data: source.data, format: source.mediaType.slice('audio/'.length) } };
    }
    if (source.kind === 'file-id') return { type: 'input_file', ...fileIdOf(source), ...name, ...extra };
    const url = urlOfSource(source);
    if (source.kind === 'url') return { type: 'input_file', file_url: url, ...name, ...extra };
    return {
      type: 'input_file',
      file_data: url,
      ...(part.bag?.dialect === dialect ? name : { filename: part.name ?? 'file' }),
      ...extra,
    };
  }
  if (part.type === 'unknown' && part.bag.dialect === dialect) return part.bag.fields;
  losses.push({ field: path, how: 'dropped', why: `Responses has no such content: ${part.type}` });
  return undefined;
}

function fileIdOf(source: Source): JsonObject {
  return source.kind === 'file-id' ? { file_id: source.fileId } : {};
}

/** Writes `output` of a tool or `content` of a message: a bare string for one plain text unless the client wrote an array. */
export function renderContent(parts: readonly Part[], wroteArray: boolean, path: string, losses: Loss[]): JsonValue {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only?.type === 'text' && !wroteArray && Object.keys(wireFieldsOf(only.bag, dialect)).length === 0) return only.text;
  const content: JsonValue[] = [];
  for (const [index, part] of parts.entries()) {
    const written = renderPart(part, false, `${path}.parts[${index}]`, losses);
    if (written !== undefined) content.push(written);
  }
  return content.length === 0 && !wroteArray ? '' : content;
}
