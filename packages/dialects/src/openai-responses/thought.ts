/**
 * Reasoning items. OpenAI's own carry `encrypted_content`, which only OpenAI can read. For a client, what other providers want
 * back stands in the same field: wrapped tokens (model/opaque.ts) joined with dots, and each finds its part again:
 *
 * - without `itemId` of ours it belongs to the thought of its item;
 * - with the `call_id` of a call in the same turn it belongs to that call; its item stands before the call or inside it;
 * - with `^` it belongs to the text before the item;
 * - a token of ours of kind `details` holds the words of the thought, for words that stood in `content`: Codex gives only
 *   `summary` back, and a signature is worth nothing without the words it vouches for.
 */
import { arrayOf, fieldsBeside, type JsonObject, type JsonValue, objectOf, stringOf } from '../model/json.ts';
import { type Opaque, unwrapOpaque, wrapOpaque } from '../model/opaque.ts';
import type { Part, ReasoningPart } from '../model/request.ts';

export const dialect = 'openai-responses';
const knownOfItem = new Set(['type', 'encrypted_content']);
const ofTextBefore = '^';
const separator = '.';

/** What an item of reasoning holds. */
export interface FoundThought {
  /** The thought; undefined for an item that only carried tokens of other parts. */
  part: ReasoningPart | undefined;
  /** The token of the text before the item. */
  ofText: Opaque | undefined;
  /** Tokens of tool calls, by call id. */
  ofCalls: Map<string, Opaque>;
}

/** Reads an item, of a request or of an answer. */
export function readThought(item: JsonObject): FoundThought {
  const found: FoundThought = { part: undefined, ofText: undefined, ofCalls: new Map() };
  const summary = textsOf(item.summary);
  const content = textsOf(item.content);
  const part: ReasoningPart = { type: 'reasoning', text: (summary.length > 0 ? summary : content).join('\n\n') };
  if (summary.length > 0) part.isSummary = true;
  const encrypted = stringOf(item.encrypted_content);
  const id = stringOf(item.id);
  const opaques: Opaque[] = [];
  let isOurs = false;
  for (const token of encrypted === undefined ? [] : tokensOf(encrypted)) {
    const carrier = { origin: dialect, kind: 'encrypted', ...(id !== undefined && { itemId: id }) } as const;
    const opaque = unwrapOpaque(token, carrier);
    if (opaque.value === token) {
      opaques.push(opaque);
      continue;
    }
    isOurs = true;
    if (opaque.origin === dialect && opaque.kind === 'details') part.text = opaque.value;
    else if (opaque.itemId === ofTextBefore) found.ofText = withoutItem(opaque);
    else if (opaque.itemId?.startsWith(ofCall)) found.ofCalls.set(opaque.itemId.slice(ofCall.length), withoutItem(opaque));
    else opaques.push(opaque);
  }
  if (opaques.length > 0) part.opaque = opaques;
  if (part.text === '' && opaques.length === 0 && isOurs) return found;
  // OpenAI's own item goes back as it came; one of ours has nothing that only this dialect knows.
  if (!isOurs) part.bag = { dialect, fields: fieldsBeside(item, knownOfItem) ?? {} };
  if (!isOurs && item.encrypted_content === null) (part.bag as { fields: JsonObject }).fields.encrypted_content = null;
  found.part = part;
  return found;
}

const ofCall = 'call:';

function withoutItem(opaque: Opaque): Opaque {
  const { itemId: _, ...rest } = opaque;
  return rest;
}

/** Only tokens of ours hold no dots and are joined with them; OpenAI's text stays whole. */
function tokensOf(encrypted: string): string[] {
  return encrypted.startsWith('swyd1_') ? encrypted.split(separator) : [encrypted];
}

function textsOf(list: JsonValue | undefined): string[] {
  return arrayOf(list).flatMap((entry) => {
    const text = stringOf(objectOf(entry).text);
    return text === undefined || text === '' ? [] : [text];
  });
}

/**
 * `encrypted_content` for a client. OpenAI's own stays as it is in an item of the same id, with which OpenAI checks it;
 * everything else is wrapped. `words` go along where they would be lost.
 */
export function encryptedOf(opaques: readonly Opaque[], words: string, itemId: string): string | undefined {
  const own = opaques.length === 1 && isOwn(opaques[0]) ? opaques[0] : undefined;
  if (own !== undefined && (own.itemId === undefined || own.itemId === itemId)) return own.value;
  if (opaques.length === 0) return undefined;
  const tokens = opaques.map(wrapOpaque);
  if (words !== '') tokens.push(wrapOpaque({ origin: dialect, kind: 'details', value: words }));
  return tokens.join(separator);
}

export function isOwn(opaque: Opaque | undefined): opaque is Opaque & { origin: 'openai-responses'; kind: 'encrypted' } {
  return opaque?.origin === dialect && opaque.kind === 'encrypted';
}

/** The item that carries the token of a call. */
export function itemOfCallToken(opaque: Opaque, callId: string, id: string): JsonObject {
  return { type: 'reasoning', id, summary: [], encrypted_content: wrapOpaque({ ...opaque, itemId: ofCall + callId }) };
}

/** The item that carries the token of the text before it. */
export function itemOfTextToken(opaque: Opaque, id: string): JsonObject {
  return { type: 'reasoning', id, summary: [], encrypted_content: wrapOpaque({ ...opaque, itemId: ofTextBefore }) };
}

/** A whole thought as an item for a client. Words that are no summary stand in `content` unless the client asked for summaries. */
export function itemOfThought(text: string, isSummary: boolean, opaques: readonly Opaque[], id: string): JsonObject {
  const item: JsonObject = { type: 'reasoning', id, summary: isSummary && text !== '' ? [{ type: 'summary_text', text }] : [] };
  if (!isSummary && text !== '') item.content = [{ type: 'reasoning_text', text }];
  const encrypted = encryptedOf(opaques, isSummary ? '' : text, id);
  if (encrypted !== undefined) item.encrypted_content = encrypted;
  return item;
}

/** Puts the token of a text on the last text among the parts; alone, it becomes a text without words. */
export function joinTextToken(opaque: Opaque, parts: Part[]): void {
  const before = parts.at(-1);
  if (before?.type === 'text' && before.opaque === undefined) before.opaque = opaque;
  else parts.push({ type: 'text', text: '', opaque });
}
