/** Why an answer ended, in Anthropic's words. Source: Messages API, `stop_reason`. */
import type { Stop, StopReason } from '../model/answer.ts';
import { type JsonObject, stringOf } from '../model/json.ts';

const reasons: Readonly<Record<string, StopReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'context',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  refusal: 'refusal',
};

const words: Readonly<Record<StopReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  context: 'model_context_window_exceeded',
  'tool-calls': 'tool_use',
  pause: 'pause_turn',
  refusal: 'refusal',
  'content-filter': 'refusal',
  other: 'end_turn',
};

/** Reads `stop_reason` and `stop_sequence` of a message or of the delta of one. */
export function parseStop(message: JsonObject): Stop {
  const raw = stringOf(message.stop_reason);
  const sequence = stringOf(message.stop_sequence);
  return {
    reason: raw === undefined ? 'other' : (reasons[raw] ?? 'other'),
    ...(raw !== undefined && { raw }),
    ...(sequence !== undefined && { sequence }),
  };
}

/**
 * Both fields as a client reads them. `hasCalls`: the answer holds tool calls; several OpenAI-like servers then still say
 * `stop`, and clients of Anthropic run tools only on `tool_use`. `hasRefusal`: OpenAI says `stop` beside a refusal.
 */
export function renderStop(stop: Stop | undefined, has: { calls: boolean; refusal: boolean }): JsonObject {
  const reason = stop?.reason ?? 'stop';
  if (reason === 'stop' || reason === 'other') {
    if (has.calls) return { stop_reason: 'tool_use', stop_sequence: null };
    if (has.refusal) return { stop_reason: 'refusal', stop_sequence: null };
  }
  if (reason === 'stop' && stop?.sequence !== undefined) return { stop_reason: 'stop_sequence', stop_sequence: stop.sequence };
  return { stop_reason: words[reason], stop_sequence: null };
}
