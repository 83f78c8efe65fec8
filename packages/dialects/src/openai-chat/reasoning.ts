/**
 * Thoughts on chat messages. Words stand in `reasoning_content` (DeepSeek, Venice, vLLM) or `reasoning` (OpenRouter); what a
 * provider wants back unchanged stands in `reasoning_details[]` (OpenRouter).
 *
 * Details of an upstream that speaks chat are kept entry by entry, as JSON text. Opaque values of other dialects go to a chat
 * client as entries of our own, `format: "switchyard"`: `index` counts the blocks of the answer, `id` is null for a thought,
 * `part` for the text or image at that index, and the call's id for a tool call. A Gemini signature has native places and
 * stays there: `extra_content.google.thought_signature` of a tool call, `thought_signature` of the message for its text.
 */
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, parseObject, stringOf } from '../model/json.ts';
import { type Opaque, unwrapOpaque, wrapOpaque } from '../model/opaque.ts';
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../model/request.ts';

const dialect = 'openai-chat';
const ourFormat = 'switchyard';

/** A detail of the upstream itself, to be given back as it is. */
export function opaqueOfDetail(detail: JsonObject): Opaque {
  const opaque: Opaque = { origin: dialect, kind: 'details', value: JSON.stringify(detail) };
  const id = stringOf(detail.id);
  return id === undefined ? opaque : { ...opaque, itemId: id };
}

/** The readable words of a native detail. */
export function textOfDetail(detail: JsonObject): string {
  return stringOf(detail.text) ?? stringOf(detail.summary) ?? '';
}

export function isOurs(detail: JsonObject): boolean {
  return detail.format === ourFormat;
}

/** Whether an opaque value is one of chat's own details. */
export function isDetail(opaque: Opaque): boolean {
  return opaque.origin === dialect && opaque.kind === 'details';
}

/** The details that a chat upstream gave, as it wants them back. */
export function nativeDetails(opaques: readonly Opaque[] | undefined): JsonObject[] {
  const details: JsonObject[] = [];
  for (const opaque of opaques ?? []) {
    const detail = isDetail(opaque) ? parseObject(opaque.value) : undefined;
    if (detail !== undefined) details.push(detail);
  }
  return details;
}

/** One of our entries that carries an opaque value; `id` says whose it is. */
export function ourDetail(opaque: Opaque, index: number, id: string | null): JsonObject {
  return { type: 'reasoning.encrypted', data: wrapOpaque(opaque), format: ourFormat, id, index };
}

export function ourTextDetail(text: string, index: number): JsonObject {
  return { type: 'reasoning.text', text, format: ourFormat, id: null, index };
}

/** A Gemini signature, which chat carries natively beside a tool call. */
export function isGeminiSignature(opaque: Opaque | undefined): opaque is Opaque & { origin: 'gemini'; kind: 'signature' } {
  return opaque?.origin === 'gemini' && opaque.kind === 'signature';
}

export function geminiSignature(value: unknown): Opaque | undefined {
  return typeof value === 'string' && value !== '' ? { origin: 'gemini', kind: 'signature', value } : undefined;
}

/** The Gemini signature on a tool call, where Google's own chat endpoint puts it. */
export function signatureOfCall(call: JsonObject): Opaque | undefined {
  return geminiSignature(objectOf(objectOf(call.extra_content).google).thought_signature);
}

/** All thoughts of a whole answer as a chat client gets them: words, and details where somebody signed. */
export function renderThoughts(parts: readonly Part[]): { text: string; details: JsonObject[] } {
  let text = '';
  const details: JsonObject[] = [];
  const count = new BlockCounter();
  for (const part of parts) {
    if (part.type === 'reasoning') {
      text += part.text;
      details.push(...detailsOfThought(part.text, part.opaque, count));
    } else if (part.type === 'tool-call') {
      const index = count.next();
      if (part.opaque !== undefined && !isGeminiSignature(part.opaque)) details.push(ourDetail(part.opaque, index, part.id));
    } else if (part.type === 'text' || part.type === 'image') {
      const index = part.type === 'text' ? count.text() : count.next();
      if (part.opaque !== undefined && !(part.type === 'text' && isGeminiSignature(part.opaque))) {
        details.push(ourDetail(part.opaque, index, 'part'));
      }
    }
  }
  return { text, details };
}

/** The entries for one thought: native ones as they are; words and wrapped values when another provider signed. */
export function detailsOfThought(text: string, opaques: readonly Opaque[] | undefined, count: BlockCounter): JsonObject[] {
  const details = nativeDetails(opaques);
  const foreign = (opaques ?? []).filter((opaque) => !isDetail(opaque));
  if (foreign.length === 0) return details;
  const index = count.next();
  if (text !== '') details.push(ourTextDetail(text, index));
  for (const opaque of foreign) details.push(ourDetail(opaque, index, null));
  return details;
}

/** Counts the blocks of an answer, by which our entries find back to their place. Thoughts nobody signed do not count. */
export class BlockCounter {
  #count = 0;
  #isText = false;

  next(): number {
    this.#isText = false;
    this.#count += 1;
    return this.#count - 1;
  }

  /** Texts that follow each other are one block: chat has one string for them. */
  text(): number {
    if (!this.#isText) this.next();
    this.#isText = true;
    return this.#count - 1;
  }
}

/** What an assistant message says about its thoughts. */
export interface FoundThoughts {
  /** The thought of a chat upstream itself. */
  native: ReasoningPart | undefined;
  /** Signed thoughts of other dialects, by block. */
  signed: Map<number, ReasoningPart>;
  /** Values that belong to a text or image (by block) or to a tool call (by id). */
  ofBlock: Map<number, Opaque>;
  ofCall: Map<string, Opaque>;
  /** Fields with words that said the same, so that they are written back. */
  textFields: string[];
}

const noThoughts: FoundThoughts = {
  native: undefined,
  signed: new Map(),
  ofBlock: new Map(),
  ofCall: new Map(),
  textFields: [],
};

/** Not to be changed: most messages have none, and share one object. */
export function readThoughts(message: JsonObject): Readonly<FoundThoughts> {
  if (message.reasoning_details === undefined && !message.reasoning_content && !message.reasoning) return noThoughts;
  const found: FoundThoughts = { native: undefined, signed: new Map(), ofBlock: new Map(), ofCall: new Map(), textFields: [] };
  const opaques: Opaque[] = [];
  let words = '';
  for (const detail of arrayOf(message.reasoning_details)) {
    if (!isObject(detail)) continue;
    if (isOurs(detail)) readOurs(detail, found);
    else {
      opaques.push(opaqueOfDetail(detail));
      words += textOfDetail(detail);
    }
  }
  const text = stringOf(message.reasoning_content) || stringOf(message.reasoning) || words;
  for (const field of ['reasoning_content', 'reasoning'])
    if (text !== '' && message[field] === text) found.textFields.push(field);
  if (opaques.length > 0 || (found.signed.size === 0 && text !== '')) {
    found.native = { type: 'reasoning', text };
    if (opaques.length > 0) found.native.opaque = opaques;
  }
  return found;
}

function readOurs(detail: JsonObject, found: FoundThoughts): void {
  const index = numberOf(detail.index) ?? 0;
  const id = stringOf(detail.id);
  const thought = () => {
    let part = found.signed.get(index);
    if (part === undefined) {
      part = { type: 'reasoning', text: '' };
      found.signed.set(index, part);
    }
    return part;
  };
  if (typeof detail.data === 'string') {
    const opaque = unwrapOpaque(detail.data, { origin: dialect, kind: 'encrypted' });
    if (id === 'part') found.ofBlock.set(index, opaque);
    else if (id !== undefined) found.ofCall.set(id, opaque);
    else {
      const part = thought();
      part.opaque = [...(part.opaque ?? []), opaque];
    }
  } else if (typeof detail.text === 'string') thought().text += detail.text;
}

/** Puts thoughts and opaque values back among the other parts of the message, where they stood. */
export function placeThoughts(found: Readonly<FoundThoughts>, others: Part[]): Part[] {
  if (found === noThoughts) return others;
  for (const part of others) {
    if (part.type !== 'tool-call') continue;
    const opaque = found.ofCall.get(part.id);
    if (opaque !== undefined) part.opaque = opaque;
  }
  const parts: Part[] = found.native === undefined ? [] : [found.native];
  const offset = parts.length;
  const signed = [...found.signed].sort(([a], [b]) => a - b);
  let next = 0;
  const takeSigned = (isLast: boolean) => {
    for (let at = signed[next]; at !== undefined && (isLast || at[0] <= parts.length - offset); at = signed[next]) {
      parts.push(at[1]);
      next += 1;
    }
  };
  for (const part of others) {
    takeSigned(false);
    parts.push(part);
  }
  takeSigned(true);
  for (const [index, opaque] of found.ofBlock) {
    const target = parts[index + offset];
    if (target !== undefined && canHold(target)) target.opaque = opaque;
  }
  return parts;
}

function canHold(part: Part): part is TextPart | ToolCallPart {
  return part.type === 'text' || part.type === 'image';
}

/**
 * Venice writes one `thought_signature` for the whole message: it belongs to the text, or to the first tool call when there is
 * no text.
 */
export function placeMessageSignature(message: JsonObject, parts: Part[]): void {
  const opaque = geminiSignature(message.thought_signature);
  if (opaque === undefined) return;
  const target = parts.find((part) => part.type === 'text') ?? parts.find((part) => part.type === 'tool-call');
  if (target === undefined) parts.push({ type: 'text', text: '', opaque });
  else target.opaque ??= opaque;
}
