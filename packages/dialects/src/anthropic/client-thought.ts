/**
 * Which thoughts a client of Anthropic is shown. Like Anthropic, a client that asked for none is shown none, and one that asked
 * for `display: "omitted"` gets tokens without words; but what a provider wants back is handed over all the same.
 */
import { isReasoningOff } from '../model/effort.ts';
import type { Opaque } from '../model/opaque.ts';
import type { ModelRequest } from '../model/request.ts';

/** `shown` with words, `omitted` tokens only, `signed` with words if a token needs them. */
export type ThoughtView = 'shown' | 'omitted' | 'signed';

export function viewOfThoughts(request: ModelRequest): ThoughtView {
  const reasoning = request.reasoning;
  if (reasoning?.summary === false) return 'omitted';
  const isAsked = reasoning !== undefined && (reasoning.effort !== undefined || reasoning.budgetTokens !== undefined);
  return isAsked && !isReasoningOff(reasoning) ? 'shown' : 'signed';
}

/** The thought as this view has it; undefined for none at all. */
export function viewedThought(
  view: ThoughtView,
  text: string,
  opaque: readonly Opaque[] = [],
): { text: string; opaque: readonly Opaque[] } | undefined {
  if (view === 'shown') return { text, opaque };
  if (view === 'signed') return opaque.length > 0 ? { text, opaque } : undefined;
  // A signature of Anthropic vouches for its words: without them it would be refused when it returns.
  const kept = text === '' ? opaque : opaque.filter((one) => one.origin !== 'anthropic' || one.kind !== 'signature');
  return kept.length > 0 ? { text: '', opaque: kept } : undefined;
}
