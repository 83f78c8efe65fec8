/** `usage` of Responses: `input_tokens` includes cached tokens, `output_tokens` includes thoughts. */
import type { Usage } from '../model/answer.ts';
import { bagOf, wireFieldsOf } from '../model/bag.ts';
import { byokOf } from '../model/byok.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, type JsonValue, numberOf, objectOf } from '../model/json.ts';

const known = new Set(['input_tokens', 'output_tokens', 'total_tokens', 'input_tokens_details', 'output_tokens_details', 'cost']);
const knownInput = new Set(['cached_tokens', 'cache_write_tokens']);
const knownOutput = new Set(['reasoning_tokens']);

/** Reads `usage` and, of the items of the answer, what is paid apart; undefined when there is no `usage`. `cost` and `cache_write_tokens` are OpenRouter's. */
export function parseUsage(found: JsonValue | undefined, items?: JsonValue): Usage | undefined {
  if (!isObject(found)) return undefined;
  const input = objectOf(found.input_tokens_details);
  const output = objectOf(found.output_tokens_details);
  const usage: Usage = {};
  const set = (field: Exclude<keyof Usage, 'bag' | 'isByok'>, value: JsonValue | undefined) => {
    const number = numberOf(value);
    if (number !== undefined) usage[field] = number;
  };
  set('inputTokens', found.input_tokens);
  set('cachedInputTokens', input.cached_tokens);
  set('cacheWriteTokens', input.cache_write_tokens);
  set('outputTokens', found.output_tokens);
  set('reasoningTokens', output.reasoning_tokens);
  set('totalTokens', found.total_tokens);
  set('costUsd', found.cost);
  Object.assign(usage, byokOf(found), paidTools(items));
  return Object.assign(
    usage,
    bagOf('openai-responses', fieldsBeside(found, known), {
      input_tokens_details: fieldsBeside(input, knownInput),
      output_tokens_details: fieldsBeside(output, knownOutput),
    }),
  );
}

/** Tools that OpenAI runs itself and bills by the call or by the container, not by tokens. */
const paidItems = new Set(['file_search_call', 'code_interpreter_call', 'image_generation_call']);

/** What is not in `usage` but on the bill: only the items of the answer tell. Of a web search, opening a page is free. */
function paidTools(items: JsonValue | undefined): Pick<Usage, 'webSearches' | 'otherToolCalls'> {
  let webSearches = 0;
  let otherToolCalls = 0;
  for (const item of arrayOf(items)) {
    const { type, action } = objectOf(item);
    if (type === 'web_search_call' && (objectOf(action).type ?? 'search') === 'search') webSearches += 1;
    else if (typeof type === 'string' && paidItems.has(type)) otherToolCalls += 1;
  }
  return { ...(webSearches > 0 && { webSearches }), ...(otherToolCalls > 0 && { otherToolCalls }) };
}

/** Writes `usage` with the counters that OpenAI's SDKs take for granted. */
export function renderUsage(usage: Usage): JsonObject {
  const extra = wireFieldsOf(usage.bag, 'openai-responses');
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  const written: JsonObject = {
    ...extra,
    input_tokens: input,
    input_tokens_details: { ...objectOf(extra.input_tokens_details), cached_tokens: usage.cachedInputTokens ?? 0 },
    output_tokens: output,
    output_tokens_details: { ...objectOf(extra.output_tokens_details), reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.totalTokens ?? input + output,
  };
  if (usage.cacheWriteTokens !== undefined) {
    written.input_tokens_details = { ...objectOf(written.input_tokens_details), cache_write_tokens: usage.cacheWriteTokens };
  }
  if (usage.costUsd !== undefined) written.cost = usage.costUsd;
  return written;
}
