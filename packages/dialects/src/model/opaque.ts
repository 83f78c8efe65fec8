/**
 * What a provider signs or encrypts and wants back unchanged: Anthropic thinking signatures and redacted thinking, Gemini
 * thought signatures, Responses encrypted reasoning, OpenRouter reasoning details. A client that speaks another dialect
 * carries it in the nearest opaque field of its own, wrapped so that it is known again when it returns.
 */
import { isObject, parseObject } from './json.ts';
import type { DialectName } from './request.ts';

export interface Opaque {
  /** Whose secret it is: only an upstream of this dialect may be given it. */
  origin: DialectName;
  /** `signature` vouches for readable text beside it; `encrypted` and `redacted` are the thought itself; `details` is JSON text. */
  kind: 'signature' | 'encrypted' | 'redacted' | 'details';
  /** Exactly as received. */
  value: string;
  /** Id of the item it belongs to (Responses `rs_…`, OpenRouter detail id). */
  itemId?: string;
}

const prefix = 'swyd1_';
const kinds = new Set(['signature', 'encrypted', 'redacted', 'details']);

/** The token as a foreign dialect carries it: one string of `[A-Za-z0-9_-]`. */
export function wrapOpaque(opaque: Opaque): string {
  return prefix + Buffer.from(JSON.stringify(opaque)).toString('base64url');
}

/** Reads what stands in an opaque field: ours is unwrapped, anything else belongs to the dialect that carried it. */
export function unwrapOpaque(text: string, carrier: Pick<Opaque, 'origin' | 'kind' | 'itemId'>): Opaque {
  if (text.startsWith(prefix)) {
    const found = parseObject(Buffer.from(text.slice(prefix.length), 'base64url').toString('utf8'));
    if (isObject(found) && typeof found.value === 'string' && kinds.has(String(found.kind))) return found as unknown as Opaque;
  }
  return { ...carrier, value: text };
}
