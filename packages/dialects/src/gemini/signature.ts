/**
 * Thought signatures of Gemini. They may stand on any part and return exactly as they came; Gemini 3 answers 400 to a turn of
 * function calls whose first call has none. Source: Gemini API, "Thought signatures".
 *
 * A token of another provider travels to a client of Gemini wrapped in the same field (model/opaque.ts).
 */
import { type Opaque, unwrapOpaque, wrapOpaque } from '../model/opaque.ts';

/** Documented stand-in for calls that Gemini did not make: the validator lets them pass. */
export const noSignature = 'skip_thought_signature_validator';

/** Reads `thoughtSignature`, to be spread into a part or event. */
export function opaqueIn(value: unknown): { opaque?: Opaque } {
  if (typeof value !== 'string' || value === '') return {};
  return { opaque: unwrapOpaque(value, { origin: 'gemini', kind: 'signature' }) };
}

/** Writes `thoughtSignature` for a client of Gemini, to be spread into a part. */
export function signatureFor(opaque: Opaque | undefined): { thoughtSignature?: string } {
  if (opaque === undefined) return {};
  return { thoughtSignature: opaque.origin === 'gemini' && opaque.kind === 'signature' ? opaque.value : wrapOpaque(opaque) };
}
