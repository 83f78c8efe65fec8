/**
 * Thought of every origin inside Anthropic's blocks. What Anthropic signed itself stands in `signature` and `data` as it
 * came. What another provider wants back travels wrapped (model/opaque.ts), and finds its part again when the client returns it:
 *
 * - a `thinking` block begins a thought and carries its first token;
 * - a `redacted_thinking` block with a wrapped token adds a further one to the thought before it;
 * - an empty `thinking` block whose token has the id of a `tool_use` block of the same message as its `itemId` belongs to that
 *   call (Gemini signs function calls);
 * - one with the `itemId` `text` belongs to the text behind it (Gemini again), or is a text without words where none follows.
 *   It stands before its text because clients take the last block for the answer.
 */
import { bagOf } from '../model/bag.ts';
import { fieldsBeside, type JsonObject, stringOf } from '../model/json.ts';
import { type Opaque, unwrapOpaque, wrapOpaque } from '../model/opaque.ts';
import type { Part, ReasoningPart, ToolCallPart } from '../model/request.ts';

const thinkingFields = new Set(['type', 'thinking', 'signature']);
const redactedFields = new Set(['type', 'data']);
const ofText = 'text';

/** Adds a block of thought to the parts of its message. True when its token may belong to a tool call: see joinSignatures. */
export function addThought(block: JsonObject, parts: Part[]): boolean {
  const before = parts.at(-1);
  if (block.type === 'redacted_thinking') {
    const opaque = unwrapOpaque(stringOf(block.data) ?? '', { origin: 'anthropic', kind: 'redacted' });
    if (opaque.origin !== 'anthropic' && before?.type === 'reasoning' && before.opaque !== undefined) before.opaque.push(opaque);
    else
      parts.push({ type: 'reasoning', text: '', opaque: [opaque], ...bagOf('anthropic', fieldsBeside(block, redactedFields)) });
    return false;
  }
  const text = stringOf(block.thinking) ?? '';
  const opaque = opaqueOfSignature(stringOf(block.signature));
  const thought = fieldsBeside(block, thinkingFields);
  parts.push({ type: 'reasoning', text, ...(opaque !== undefined && { opaque: [opaque] }), ...bagOf('anthropic', thought) });
  return text === '' && opaque !== undefined && opaque.origin !== 'anthropic' && opaque.itemId !== undefined;
}

/** Puts the tokens that came in blocks of their own back on the tool calls they sign. */
export function joinSignatures(parts: Part[]): Part[] {
  const calls = new Map<string, ToolCallPart>();
  for (const part of parts) if (part.type === 'tool-call') calls.set(part.id, part);
  return parts.filter((part) => {
    if (part.type !== 'reasoning' || part.text !== '' || part.opaque?.length !== 1) return true;
    const opaque = part.opaque[0] as Opaque;
    const call = opaque.origin !== 'anthropic' && opaque.itemId !== undefined ? calls.get(opaque.itemId) : undefined;
    if (call === undefined || call.opaque !== undefined) return true;
    call.opaque = withoutItem(opaque);
    return false;
  });
}

/** The token of a `signature` field; undefined for an empty one, which is how a thought without a token is written. */
export function opaqueOfSignature(signature: string | undefined): Opaque | undefined {
  return signature === undefined || signature === ''
    ? undefined
    : unwrapOpaque(signature, { origin: 'anthropic', kind: 'signature' });
}

/** The token as it was before an `itemId` said where it belongs. */
export function withoutItem(opaque: Opaque): Opaque {
  const { itemId: _, ...rest } = opaque;
  return rest;
}

/** What a client of Anthropic is given of a thought: text and tokens, each token in a block of its own. */
export function blocksOfThought(text: string, opaque: readonly Opaque[]): JsonObject[] {
  const [first, ...more] = opaque;
  if (first?.origin === 'anthropic' && first.kind === 'redacted') {
    return [
      { type: 'redacted_thinking', data: first.value },
      ...(more.length > 0 || text !== '' ? blocksOfThought(text, more) : []),
    ];
  }
  return [{ type: 'thinking', thinking: text, signature: signatureOf(first) }, ...more.map(redactedBlock)];
}

/** A further token of a thought. */
export function redactedBlock(opaque: Opaque): JsonObject {
  return { type: 'redacted_thinking', data: opaque.origin === 'anthropic' ? opaque.value : wrapOpaque(opaque) };
}

/** The `signature` field for a token: as it came from Anthropic, wrapped from anyone else, empty for none. */
export function signatureOf(opaque: Opaque | undefined): string {
  if (opaque === undefined) return '';
  return opaque.origin === 'anthropic' && opaque.kind === 'signature' ? opaque.value : wrapOpaque(opaque);
}

/** The block that carries the token of a tool call. */
export function blockOfCallToken(opaque: Opaque, callId: string): JsonObject {
  return { type: 'thinking', thinking: '', signature: wrapOpaque({ ...opaque, itemId: callId }) };
}

/** The block that carries the token of a text. */
export function blockOfTextToken(opaque: Opaque): JsonObject {
  return { type: 'thinking', thinking: '', signature: wrapOpaque({ ...opaque, itemId: ofText }) };
}

/** The token of a text, if this block carries one. */
export function textTokenIn(block: JsonObject): Opaque | undefined {
  if (block.type !== 'thinking' || block.thinking !== '') return undefined;
  const opaque = opaqueOfSignature(stringOf(block.signature));
  return opaque !== undefined && isTextToken(opaque) ? withoutItem(opaque) : undefined;
}

/** Whether a token belongs to a text. */
export function isTextToken(opaque: Opaque): boolean {
  return opaque.origin === 'gemini' && opaque.itemId === ofText;
}

/**
 * The thought as Anthropic itself made it, a block for each of its tokens (a client may hold a signed thought and a redacted one
 * as one part); none for a thought it could not verify. Words stand in the block of the first signature.
 */
export function ownThought(part: ReasoningPart): JsonObject[] {
  const own = (part.opaque ?? []).filter((opaque) => opaque.origin === 'anthropic');
  const signed = own.find((opaque) => opaque.kind === 'signature');
  return own.map((opaque) =>
    opaque.kind === 'redacted'
      ? { type: 'redacted_thinking', data: opaque.value }
      : { type: 'thinking', thinking: opaque === signed ? part.text : '', signature: opaque.value },
  );
}
