/**
 * Writes parts as content blocks for Anthropic itself. Toward a client see answer.ts: there, nothing may get lost that the
 * client has to bring back, here nothing may be sent that Anthropic did not make or cannot read.
 */
import type { Loss } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { isObject, type JsonObject, type JsonValue, objectOf } from '../model/json.ts';
import type { Part, ReasoningPart, Source, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { flatToolName } from '../model/tool-names.ts';
import { ownThought } from './thought.ts';

/** What blocks are written for. */
export interface BlockContext {
  /** The request came from a client of Anthropic: its form is kept, nothing is mended. */
  isNative: boolean;
  losses: Loss[];
}

/** Renders the parts of one message in order; what cannot be said is a loss. */
export function renderParts(parts: readonly Part[], path: string, context: BlockContext): JsonObject[] {
  const blocks: JsonObject[] = [];
  parts.forEach((part, index) => {
    const field = `${path}[${index}]`;
    if (part.type === 'reasoning') blocks.push(...renderThought(part, field, context));
    else {
      const block = renderPart(part, field, context);
      if (block !== undefined) blocks.push(block);
    }
  });
  return blocks;
}

/** What else the client said of a thought belongs to its first block. */
function renderThought(part: ReasoningPart, field: string, { losses }: BlockContext): JsonObject[] {
  const [first, ...more] = ownThought(part);
  if (first !== undefined) return [unpack(first, fieldsOf(part.bag, 'anthropic')), ...more];
  losses.push({ field, how: 'dropped', why: 'Anthropic takes back only thoughts that it signed itself' });
  return [];
}

function renderPart(part: Exclude<Part, ReasoningPart>, field: string, context: BlockContext): JsonObject | undefined {
  const lose = (why: string): undefined => {
    context.losses.push({ field, how: 'dropped', why });
  };
  if ('opaque' in part && part.opaque !== undefined) {
    context.losses.push({
      field: `${field}.opaque`,
      how: 'dropped',
      why: `only ${part.opaque.origin} can read its own signature`,
    });
  }
  switch (part.type) {
    case 'text':
      if (isObject(fieldsOf(part.bag, 'anthropic').$block)) return objectOf(fieldsOf(part.bag, 'anthropic').$block);
      // Anthropic refuses blocks of text without words.
      if (!context.isNative && part.text.trim() === '') return undefined;
      return finish(part, { type: 'text', text: part.text });
    case 'refusal':
      return { type: 'text', text: part.text };
    case 'image':
    case 'file':
      return renderMedia(part, lose, context);
    case 'tool-call':
      return renderCall(part, field, context);
    case 'tool-result':
      return renderResult(part, field, context);
    case 'unknown':
      return part.bag.dialect === 'anthropic' ? part.bag.fields : lose(`only ${part.bag.dialect} knows this part`);
  }
}

/** Adds the mark of the prompt cache and the fields only Anthropic knows. */
function finish(part: Exclude<Part, { type: 'unknown' }>, block: JsonObject): JsonObject {
  if ('cacheControl' in part && part.cacheControl !== undefined) block.cache_control = part.cacheControl;
  return unpack(block, fieldsOf(part.bag, 'anthropic'));
}

function renderMedia(
  part: Extract<Part, { type: 'image' | 'file' }>,
  lose: (why: string) => undefined,
  context: BlockContext,
): JsonObject | undefined {
  const source = part.source;
  if (source.kind === 'file-id' && !context.isNative) return lose('the file was uploaded to another provider');
  if (part.type === 'image') return finish(part, { type: 'image', source: renderSource(source) });
  const title = part.name === undefined ? undefined : { title: part.name };
  const mediaType = source.mediaType ?? 'application/pdf';
  if (
    source.kind === 'base64' &&
    (fieldsOf(part.bag, 'anthropic').$source === 'text' || (!context.isNative && mediaType.startsWith('text/')))
  ) {
    const data = Buffer.from(source.data, 'base64').toString('utf8');
    const type = context.isNative ? mediaType : 'text/plain';
    return finish(part, { type: 'document', source: { type: 'text', media_type: type, data }, ...title });
  }
  if (!context.isNative && mediaType !== 'application/pdf') return lose(`Anthropic reads PDF and plain text, not ${mediaType}`);
  return finish(part, { type: 'document', source: renderSource(source), ...title });
}

function renderSource(source: Source): JsonObject {
  const mediaType = source.mediaType === undefined || source.kind === 'base64' ? undefined : { media_type: source.mediaType };
  if (source.kind === 'base64') return { type: 'base64', media_type: source.mediaType, data: source.data };
  if (source.kind === 'url') return { type: 'url', url: source.url, ...mediaType };
  return { type: 'file', file_id: source.fileId, ...mediaType };
}

function renderCall(part: ToolCallPart, field: string, context: BlockContext): JsonObject {
  const name = context.isNative && part.namespace === undefined ? part.name : flatToolName(part.namespace, part.name);
  return finish(part, { type: 'tool_use', id: callId(part.id), name, input: inputOf(part, field, context) });
}

/** The arguments as a value. Text that is no JSON is handed over as the one field `_raw`, so that the model sees what it wrote. */
function inputOf(part: ToolCallPart, field: string, context: BlockContext): JsonValue {
  try {
    const input = JSON.parse(jsonArgumentsOf(part)) as JsonValue;
    if (isObject(input) || context.isNative) return input;
  } catch {
    // Said below.
  }
  context.losses.push({ field: `${field}.arguments`, how: 'approximated', why: 'Anthropic takes arguments as an object only' });
  return { _raw: part.arguments };
}

function renderResult(part: ToolResultPart, field: string, context: BlockContext): JsonObject {
  const block: JsonObject = { type: 'tool_result', tool_use_id: callId(part.callId) };
  const only = part.content.length === 1 ? part.content[0] : undefined;
  const isPlain = only?.type === 'text' && only.cacheControl === undefined && only.bag === undefined;
  const form = fieldsOf(part.bag, 'anthropic').$form;
  if (isPlain && (form === 'string' || !context.isNative)) block.content = only.text;
  else if (part.content.length > 0) block.content = renderParts(part.content, `${field}.content`, context);
  if (part.isError !== undefined) block.is_error = part.isError;
  return finish(part, block);
}

/** Anthropic takes ids of `[A-Za-z0-9_-]` only; some providers make others (`functions.read:0`). */
export function callId(id: string): string {
  return /^[A-Za-z0-9_-]+$/.test(id) ? id : `toolu_${Buffer.from(id).toString('base64url')}`;
}
