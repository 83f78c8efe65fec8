/**
 * Token counts of Anthropic. Its `input_tokens` leaves out what was read from and written to the prompt cache; the model's
 * `inputTokens` holds all three. Source: Messages API, `usage`; `cache_creation` splits writes by how long they are kept.
 */

import { unpack } from '../fields.ts';
import type { Usage } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { byokOf } from '../model/byok.ts';
import { fieldsBeside, type JsonObject, numberOf, objectOf } from '../model/json.ts';

const known = new Set(['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']);

export function parseUsage(usage: JsonObject): Usage {
  const input = numberOf(usage.input_tokens);
  const read = numberOf(usage.cache_read_input_tokens);
  const output = numberOf(usage.output_tokens);
  const split = objectOf(usage.cache_creation);
  const write5m = numberOf(split.ephemeral_5m_input_tokens);
  const write1h = numberOf(split.ephemeral_1h_input_tokens);
  const isSplit = write5m !== undefined || write1h !== undefined;
  const write = numberOf(usage.cache_creation_input_tokens) ?? (isSplit ? (write5m ?? 0) + (write1h ?? 0) : undefined);
  const thoughts = numberOf(objectOf(usage.output_tokens_details).thinking_tokens);
  // OpenRouter's; it stays in the bag as well.
  const cost = numberOf(usage.cost);
  const { webSearches, otherToolCalls } = paidTools(objectOf(usage.server_tool_use));
  const hasInput = input !== undefined || read !== undefined || write !== undefined;
  return {
    ...(hasInput && { inputTokens: (input ?? 0) + (read ?? 0) + (write ?? 0) }),
    ...(read !== undefined && { cachedInputTokens: read }),
    ...(write !== undefined && { cacheWriteTokens: write }),
    ...(write5m !== undefined && { cacheWrite5mTokens: write5m }),
    ...(write1h !== undefined && { cacheWrite1hTokens: write1h }),
    ...(output !== undefined && { outputTokens: output }),
    ...(thoughts !== undefined && { reasoningTokens: thoughts }),
    ...(cost !== undefined && { costUsd: cost }),
    ...byokOf(usage),
    ...(webSearches > 0 && { webSearches }),
    ...(otherToolCalls > 0 && { otherToolCalls }),
    ...bagOf('anthropic', fieldsBeside(usage, known)),
  };
}

/** Fetching pages is free beyond its tokens (tool documentation, 2026-08); whatever else is counted there has a price. */
function paidTools(counts: JsonObject): { webSearches: number; otherToolCalls: number } {
  let otherToolCalls = 0;
  for (const name in counts)
    if (name !== 'web_search_requests' && name !== 'web_fetch_requests') otherToolCalls += numberOf(counts[name]) ?? 0;
  return { webSearches: numberOf(counts.web_search_requests) ?? 0, otherToolCalls };
}

/** All counters a client reads; what is not known is zero, as Anthropic's types demand numbers. */
export function renderUsage(usage: Usage | undefined): JsonObject {
  const read = usage?.cachedInputTokens ?? 0;
  const write = usage?.cacheWriteTokens ?? 0;
  const rendered: JsonObject = {
    input_tokens: Math.max(0, (usage?.inputTokens ?? 0) - read - write),
    cache_creation_input_tokens: write,
    cache_read_input_tokens: read,
    output_tokens: usage?.outputTokens ?? 0,
  };
  if (usage === undefined) return rendered;
  if (usage.cacheWrite5mTokens !== undefined || usage.cacheWrite1hTokens !== undefined) {
    rendered.cache_creation = {
      ephemeral_5m_input_tokens: usage.cacheWrite5mTokens ?? 0,
      ephemeral_1h_input_tokens: usage.cacheWrite1hTokens ?? 0,
    };
  }
  if (usage.reasoningTokens !== undefined) rendered.output_tokens_details = { thinking_tokens: usage.reasoningTokens };
  return unpack(rendered, fieldsOf(usage.bag, 'anthropic'));
}

/**
 * Joins two cumulative counts of one stream: the later wins, but a zero or null never takes back what was counted (compatible
 * servers send `input_tokens: 0` in one of the two events).
 */
export function joinUsage(before: JsonObject, later: JsonObject): JsonObject {
  const joined = { ...before };
  for (const key in later) {
    const value = later[key];
    if (value !== null && value !== undefined && !(value === 0 && joined[key])) joined[key] = value;
    else if (joined[key] === undefined) joined[key] = value;
  }
  return joined;
}
