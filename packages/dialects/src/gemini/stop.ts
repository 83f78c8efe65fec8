/** Why an answer ended, in Gemini's words. Source: Gemini API, `FinishReason` and `BlockReason`. */
import type { Stop, StopReason } from '../model/answer.ts';

const reasons: Readonly<Record<string, StopReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  CONTINUATION: 'pause',
};

/** Gemini says STOP before tool calls too. */
export function parseStop(finishReason: string, hasCalls: boolean): Stop {
  const reason = reasons[finishReason] ?? 'other';
  return { reason: reason === 'stop' && hasCalls ? 'tool-calls' : reason, raw: finishReason };
}

const words: Readonly<Record<StopReason, string>> = {
  stop: 'STOP',
  'tool-calls': 'STOP',
  length: 'MAX_TOKENS',
  context: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  refusal: 'SAFETY',
  pause: 'OTHER',
  other: 'OTHER',
};

/** Words of Gemini that mean a reason the model has no word for. */
const own =
  /^(?:RECITATION|LANGUAGE|OTHER|BLOCKLIST|PROHIBITED_CONTENT|SPII|MALFORMED_\w+|UNEXPECTED_TOOL_CALL|TOO_MANY_TOOL_CALLS|IMAGE_\w+|NO_IMAGE|CONTINUATION)$/;

/** `finishReason` for a client of Gemini; a word of Gemini's own stays. */
export function renderStop(stop: Stop | undefined): string {
  if (stop?.raw !== undefined && own.test(stop.raw)) return stop.raw;
  return words[stop?.reason ?? 'stop'];
}
