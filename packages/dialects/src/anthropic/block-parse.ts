/**
 * Reads content blocks of Anthropic, in requests and in answers alike. A block that the model has no word for is kept whole.
 * Source: Messages API reference, and the types of `@anthropic-ai/sdk` 1.11.
 */
import { bagOf } from '../model/bag.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, type JsonValue, stringOf } from '../model/json.ts';
import type { Opaque } from '../model/opaque.ts';
import type { FilePart, ImagePart, Part, Source, TextPart, ToolCallPart, ToolResultPart } from '../model/request.ts';
import { addThought, joinSignatures, textTokenIn } from './thought.ts';

const textFields = new Set(['type', 'text']);
const mediaFields = new Set(['type', 'source', 'title']);
const callFields = new Set(['type', 'id', 'name', 'input']);
const resultFields = new Set(['type', 'tool_use_id', 'content', 'is_error']);

/** Content as it stands in a message: a string is one text part. */
export function parseContent(content: JsonValue | undefined): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const parts: Part[] = [];
  let areSignaturesApart = false;
  let tokenAhead: Opaque | undefined;
  for (const block of arrayOf(content)) {
    if (!isObject(block)) continue;
    const token = textTokenIn(block);
    if (tokenAhead !== undefined && (token !== undefined || block.type !== 'text')) {
      parts.push({ type: 'text', text: '', opaque: tokenAhead });
      tokenAhead = undefined;
    }
    if (token !== undefined) {
      tokenAhead = token;
    } else if (block.type === 'thinking' || block.type === 'redacted_thinking') {
      areSignaturesApart = addThought(block, parts) || areSignaturesApart;
    } else {
      const part = parseBlock(block);
      if (tokenAhead !== undefined && part.type === 'text') part.opaque = tokenAhead;
      tokenAhead = undefined;
      parts.push(part);
    }
  }
  if (tokenAhead !== undefined) parts.push({ type: 'text', text: '', opaque: tokenAhead });
  return areSignaturesApart ? joinSignatures(parts) : parts;
}

/** Any block but those of thought, which depend on what stands around them. */
export function parseBlock(block: JsonObject): Part {
  switch (block.type) {
    case 'text':
      return typeof block.text === 'string' ? parseText(block, block.text) : unknownPart(block);
    case 'image':
    case 'document':
      return parseMedia(block);
    case 'tool_use':
      return typeof block.name === 'string' ? parseCall(block, block.name) : unknownPart(block);
    case 'tool_result':
      return typeof block.tool_use_id === 'string' ? parseResult(block, block.tool_use_id) : unknownPart(block);
    case 'tool_reference':
      return typeof block.tool_name === 'string' ? parseReference(block, block.tool_name) : unknownPart(block);
    default:
      return unknownPart(block);
  }
}

/** What Claude Code's search for tools finds: Anthropic loads the tool, a model elsewhere has it and is told so. */
function parseReference(block: JsonObject, name: string): TextPart {
  return { type: 'text', text: `The tool ${name} can be called now.`, bag: { dialect: 'anthropic', fields: { $block: block } } };
}

function unknownPart(block: JsonObject): Part {
  return { type: 'unknown', bag: { dialect: 'anthropic', fields: block } };
}

function parseText(block: JsonObject, text: string): TextPart {
  return { type: 'text', text, ...besides(block, textFields) };
}

function parseCall(block: JsonObject, name: string): ToolCallPart {
  const input = block.input === undefined ? '{}' : JSON.stringify(block.input);
  return { type: 'tool-call', id: stringOf(block.id) ?? '', name, arguments: input, ...besides(block, callFields) };
}

function parseResult(block: JsonObject, callId: string): ToolResultPart {
  const content = block.content;
  const isString = typeof content === 'string';
  const isParsed = isString || (Array.isArray(content) && content.length > 0);
  return {
    type: 'tool-result',
    callId,
    content: parseContent(content),
    ...(typeof block.is_error === 'boolean' && { isError: block.is_error }),
    ...besides(block, resultFields, isString ? { $form: 'string' } : isParsed || content === undefined ? undefined : { content }),
  };
}

/** Images, and documents by bytes, address, file id or text; a document made of blocks is kept whole. */
function parseMedia(block: JsonObject): ImagePart | FilePart | Part {
  const source = isObject(block.source) ? parseSource(block.source) : undefined;
  if (source === undefined) return unknownPart(block);
  const notes: JsonObject = source.rest;
  if (block.type === 'image') {
    const title = block.title === undefined ? undefined : { title: block.title };
    return { type: 'image', source: source.source, ...besides(block, mediaFields, notes, title) };
  }
  const name = stringOf(block.title);
  const title = name === undefined && block.title !== undefined ? { title: block.title } : undefined;
  return {
    type: 'file',
    source: source.source,
    ...(name !== undefined && { name }),
    ...besides(block, mediaFields, notes, title),
  };
}

const sourceFields = new Set(['type', 'media_type', 'data', 'url', 'file_id']);

function parseSource(source: JsonObject): { source: Source; rest: JsonObject } | undefined {
  const extra = fieldsBeside(source, sourceFields);
  const rest: JsonObject = extra === undefined ? {} : { source: extra };
  const mediaType = stringOf(source.media_type);
  const data = stringOf(source.data);
  if (source.type === 'base64' && data !== undefined && mediaType !== undefined) {
    return { source: { kind: 'base64', mediaType, data }, rest };
  }
  if (source.type === 'text' && data !== undefined && mediaType !== undefined) {
    const bytes = Buffer.from(data).toString('base64');
    return { source: { kind: 'base64', mediaType, data: bytes }, rest: { ...rest, $source: 'text' } };
  }
  const type = mediaType === undefined ? undefined : { mediaType };
  if (source.type === 'url' && typeof source.url === 'string') return { source: { kind: 'url', url: source.url, ...type }, rest };
  if (source.type === 'file' && typeof source.file_id === 'string') {
    return { source: { kind: 'file-id', fileId: source.file_id, ...type }, rest };
  }
  return undefined;
}

/** The mark of the prompt cache and everything unknown of a block, to be spread into its part. */
function besides(block: JsonObject, known: ReadonlySet<string>, ...notes: (JsonObject | undefined)[]) {
  let rest = fieldsBeside(block, known);
  let cacheControl: JsonObject | undefined;
  if (isObject(rest?.cache_control)) {
    cacheControl = rest.cache_control;
    const { cache_control: _, ...others } = rest;
    rest = others;
  }
  return { ...(cacheControl !== undefined && { cacheControl }), ...bagOf('anthropic', rest, ...notes) };
}
