/**
 * `usage` of chat-like answers. `prompt_tokens` includes cached and cache-written tokens, `completion_tokens` includes
 * thoughts. OpenRouter adds `cost` and `cache_write_tokens`, Venice `cache_creation_input_tokens` and, outside, `cost`.
 */
import type { Usage } from '../model/answer.ts';
import { bagOf, formOf, wireFieldsOf } from '../model/bag.ts';
import { byokOf } from '../model/byok.ts';
import { fieldsBeside, isObject, type JsonObject, numberOf, objectOf } from '../model/json.ts';

const known = new Set([
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
  'cost',
]);
const knownPromptDetails = new Set(['cached_tokens', 'cache_write_tokens', 'cache_creation_input_tokens']);
const knownCompletionDetails = new Set(['reasoning_tokens']);

/** Reads `usage` and Venice's top-level `cost` of a body or chunk; undefined when it has neither. */
export function parseUsage(body: JsonObject): Usage | undefined {
  const usage: Usage = {};
  const cost = objectOf(body.cost);
  set(usage, 'costUsd', cost.usd);
  set(usage, 'costDiem', cost.diem);
  const found = body.usage;
  if (isObject(found)) {
    const prompt = objectOf(found.prompt_tokens_details);
    const completion = objectOf(found.completion_tokens_details);
    set(usage, 'inputTokens', found.prompt_tokens);
    set(usage, 'cachedInputTokens', prompt.cached_tokens ?? found.prompt_cache_hit_tokens);
    set(usage, 'cacheWriteTokens', prompt.cache_write_tokens ?? prompt.cache_creation_input_tokens);
    set(usage, 'outputTokens', found.completion_tokens);
    set(usage, 'reasoningTokens', completion.reasoning_tokens);
    set(usage, 'totalTokens', found.total_tokens);
    set(usage, 'costUsd', found.cost);
    Object.assign(usage, byokOf(found));
    Object.assign(
      usage,
      bagOf('openai-chat', fieldsBeside(found, known), {
        prompt_tokens_details: fieldsBeside(prompt, knownPromptDetails),
        completion_tokens_details: fieldsBeside(completion, knownCompletionDetails),
        $form: prompt.cache_creation_input_tokens === undefined ? undefined : { cacheWrite: 'cache_creation_input_tokens' },
      }),
    );
  }
  for (const _ in usage) return usage;
  return undefined;
}

function set(usage: Usage, field: Exclude<keyof Usage, 'bag' | 'isByok'>, value: unknown): void {
  const number = numberOf(value);
  if (number !== undefined) usage[field] = number;
}

/** Writes `usage`, and Venice's `cost` where the upstream counted in DIEM. */
export function renderUsage(usage: Usage): { usage: JsonObject; cost?: JsonObject } {
  const extra = wireFieldsOf(usage.bag, 'openai-chat');
  const isVenice = formOf(usage.bag, 'openai-chat').cacheWrite === 'cache_creation_input_tokens';
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  const prompt = details(extra.prompt_tokens_details, [
    ['cached_tokens', usage.cachedInputTokens],
    [isVenice ? 'cache_creation_input_tokens' : 'cache_write_tokens', usage.cacheWriteTokens],
  ]);
  const completion = details(extra.completion_tokens_details, [['reasoning_tokens', usage.reasoningTokens]]);
  const counts: JsonObject = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: usage.totalTokens ?? input + output,
    ...extra,
  };
  if (prompt !== undefined) counts.prompt_tokens_details = prompt;
  if (completion !== undefined) counts.completion_tokens_details = completion;
  if (usage.costDiem !== undefined) return { usage: counts, cost: { usd: usage.costUsd ?? 0, diem: usage.costDiem } };
  if (usage.costUsd !== undefined) counts.cost = usage.costUsd;
  return { usage: counts };
}

function details(extra: unknown, counts: [name: string, value: number | undefined][]): JsonObject | undefined {
  let object: JsonObject | undefined = isObject(extra) ? { ...extra } : undefined;
  for (const [name, value] of counts) {
    if (value === undefined) continue;
    object ??= {};
    object[name] = value;
  }
  return object;
}
