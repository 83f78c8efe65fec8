/** Reads and writes whole answers of the Messages API. */
import { AnswerError, type RenderAnswerOptions } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelAnswer } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { jsonArgumentsOf } from '../model/custom-tools.ts';
import { DialectError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, type JsonValue, parseObject, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { ModelRequest, Part, ToolCallPart } from '../model/request.ts';
import { flatToolName, restoreToolName } from '../model/tool-names.ts';
import { parseContent } from './block-parse.ts';
import { callId } from './block-render.ts';
import { viewedThought, viewOfThoughts } from './client-thought.ts';
import { parseErrorObject } from './error.ts';
import { parseStop, renderStop } from './stop.ts';
import { blockOfCallToken, blockOfTextToken, blocksOfThought } from './thought.ts';
import { parseUsage, renderUsage } from './usage.ts';

const known = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage']);

/** Reads a message. Throws AnswerError for an error object, DialectError for anything else that is no message. */
export function parseAnswer(body: JsonObject): ModelAnswer {
  if (body.type === 'error' || isObject(body.error)) throw new AnswerError(parseErrorObject(body));
  if (!Array.isArray(body.content)) throw new DialectError('content', 'the answer has no array of blocks');
  return {
    id: stringOf(body.id) ?? '',
    model: stringOf(body.model) ?? '',
    parts: parseContent(body.content),
    stop: parseStop(body),
    ...(isObject(body.usage) && { usage: parseUsage(body.usage) }),
    ...bagOf('anthropic', fieldsBeside(body, known)),
  };
}

/** Writes a message for a client of Anthropic. Everything that has to come back is in it. */
export function renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject {
  const newId = options.newId ?? randomId;
  const view = viewOfThoughts(options.request);
  const content: JsonObject[] = [];
  const has = { calls: false, refusal: false };
  for (const [index, part] of answer.parts.entries()) {
    if (part.type === 'tool-call') has.calls = true;
    if (part.type === 'refusal') has.refusal = true;
    if (part.type === 'reasoning') {
      const thought = viewedThought(view, part.text, part.opaque);
      if (thought !== undefined) content.push(...withBag(blocksOfThought(thought.text, thought.opaque), part));
    } else if (part.type === 'text' && part.text === '' && part.opaque !== undefined) {
      // Gemini may sign its text in a part without words behind it: the token goes before the text.
      const before = answer.parts[index - 1];
      const isUnsigned = before?.type === 'text' && before.opaque === undefined;
      content.splice(isUnsigned ? -1 : content.length, 0, blockOfTextToken(part.opaque));
    } else content.push(...blocksOfPart(part, options.request));
  }
  const message: JsonObject = {
    id: answer.id === '' ? newId('msg_') : answer.id,
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content,
    ...renderStop(answer.stop, has),
    usage: renderUsage(answer.usage),
  };
  return unpack(message, fieldsOf(answer.bag, 'anthropic'));
}

function withBag(blocks: JsonObject[], part: Part): JsonObject[] {
  if (blocks[0] !== undefined) unpack(blocks[0], fieldsOf(part.bag, 'anthropic'));
  return blocks;
}

/** The blocks of one part that is no thought; tokens of other providers stand beside it in blocks of their own. */
export function blocksOfPart(part: Exclude<Part, { type: 'reasoning' }>, request: ModelRequest): JsonObject[] {
  switch (part.type) {
    case 'text': {
      const text = part.text === '' && part.opaque ? [] : withBag([{ type: 'text', text: part.text }], part);
      return part.opaque === undefined ? text : [blockOfTextToken(part.opaque), ...text];
    }
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'tool-call': {
      const id = callId(part.id);
      const call = { type: 'tool_use', id, name: callNameFor(part, request), input: inputOfCall(part) };
      const blocks = withBag([call], part);
      return part.opaque === undefined ? blocks : [blockOfCallToken(part.opaque, id), ...blocks];
    }
    case 'unknown':
      return part.bag.dialect === 'anthropic' ? [part.bag.fields] : [];
    case 'image':
    case 'file':
      // Anthropic's answers hold no media, and a client that is told nothing would think the answer empty.
      return [{ type: 'text', text: `[The model made ${nameOfMedia(part)}, which this API cannot carry.]` }];
    case 'tool-result':
      return [];
  }
}

function nameOfMedia(part: Extract<Part, { type: 'image' | 'file' }>): string {
  const mediaType = part.source.mediaType;
  if (part.source.kind === 'url') return `${part.type === 'image' ? 'an image' : 'a file'} at ${part.source.url}`;
  return `${part.type === 'image' ? 'an image' : 'a file'}${mediaType === undefined ? '' : ` (${mediaType})`}`;
}

/** The name under which this client offered the tool. */
export function callNameFor(call: Pick<ToolCallPart, 'name' | 'namespace'>, request: ModelRequest): string {
  if (call.namespace !== undefined) return flatToolName(call.namespace, call.name);
  const restored = restoreToolName(call.name, request.tools);
  return restored.namespace === undefined ? restored.name : call.name;
}

/** Clients read `input` as an object; arguments that are none are handed over as `_raw`, where they can be seen. */
function inputOfCall(part: ToolCallPart): JsonValue {
  return parseObject(jsonArgumentsOf(part)) ?? { _raw: part.arguments };
}
