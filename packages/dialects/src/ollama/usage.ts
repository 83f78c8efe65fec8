/** Token counts of Ollama. The last line has them; `prompt_eval_count` may be missing when the prompt was cached. */
import { unpack } from '../fields.ts';
import type { Stop, Usage } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { type JsonObject, numberOf, stringOf } from '../model/json.ts';

/** Durations are nanoseconds; only Ollama has them. */
const durations = ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration'] as const;

/** Every field of an answer that is about counts. */
export const usageFields = ['prompt_eval_count', 'eval_count', ...durations] as const;

/** Undefined where the answer counts nothing. */
export function parseUsage(answer: JsonObject): Usage | undefined {
  const input = numberOf(answer.prompt_eval_count);
  const output = numberOf(answer.eval_count);
  const times: JsonObject = {};
  for (const key of durations) if (answer[key] !== undefined) times[key] = answer[key];
  const bag = bagOf('ollama', times);
  if (input === undefined && output === undefined && bag.bag === undefined) return undefined;
  return { ...(input !== undefined && { inputTokens: input }), ...(output !== undefined && { outputTokens: output }), ...bag };
}

export function renderUsage(usage: Usage | undefined): JsonObject {
  if (usage === undefined) return {};
  const rendered: JsonObject = {};
  if (usage.inputTokens !== undefined) rendered.prompt_eval_count = usage.inputTokens;
  if (usage.outputTokens !== undefined) rendered.eval_count = usage.outputTokens;
  return unpack(rendered, fieldsOf(usage.bag, 'ollama'));
}

/** `done_reason`: `stop` (before tool calls too), `length`, `load` and `unload` for prompts without words. */
export function parseStop(answer: JsonObject, hasCalls: boolean): Stop {
  const raw = stringOf(answer.done_reason);
  const reason = raw === 'length' ? 'length' : raw === undefined || raw === 'stop' ? (hasCalls ? 'tool-calls' : 'stop') : 'other';
  return { reason, ...(raw !== undefined && { raw }) };
}

export function renderStop(stop: Stop | undefined): string {
  if (stop?.reason === 'length' || stop?.reason === 'context') return 'length';
  return stop?.reason === 'other' && (stop.raw === 'load' || stop.raw === 'unload') ? stop.raw : 'stop';
}
