/**
 * Token counts of Gemini. `promptTokenCount` holds cached tokens and leaves out what tools brought in (`toolUsePromptTokenCount`, paid
 * as input), `candidatesTokenCount` leaves thoughts out; the model's `inputTokens` and `outputTokens` hold all of it. Source: Gemini API, `UsageMetadata`.
 */
import { unpack } from '../fields.ts';
import type { Usage } from '../model/answer.ts';
import { bagOf, fieldsOf } from '../model/bag.ts';
import { arrayOf, fieldsBeside, type JsonObject, numberOf, objectOf } from '../model/json.ts';
import { camel } from './keys.ts';

const known = new Set([
  'promptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'totalTokenCount',
]);

export function parseUsage(raw: JsonObject): Usage {
  const metadata = camel(raw);
  const input = numberOf(metadata.promptTokenCount);
  const cached = numberOf(metadata.cachedContentTokenCount);
  const candidates = numberOf(metadata.candidatesTokenCount);
  const thoughts = numberOf(metadata.thoughtsTokenCount);
  const total = numberOf(metadata.totalTokenCount);
  const fromTools = numberOf(metadata.toolUsePromptTokenCount) ?? 0;
  const hasOutput = candidates !== undefined || thoughts !== undefined;
  return {
    ...(input !== undefined && { inputTokens: input + fromTools }),
    ...(cached !== undefined && { cachedInputTokens: cached }),
    ...(hasOutput && { outputTokens: (candidates ?? 0) + (thoughts ?? 0) }),
    ...(thoughts !== undefined && { reasoningTokens: thoughts }),
    ...(total !== undefined && { totalTokens: total }),
    ...bagOf('gemini', fieldsBeside(metadata, known)),
  };
}

export function renderUsage(usage: Usage): JsonObject {
  const rendered: JsonObject = {};
  const fromTools = numberOf(fieldsOf(usage.bag, 'gemini').toolUsePromptTokenCount) ?? 0;
  if (usage.inputTokens !== undefined) rendered.promptTokenCount = Math.max(0, usage.inputTokens - fromTools);
  if (usage.cachedInputTokens !== undefined) rendered.cachedContentTokenCount = usage.cachedInputTokens;
  if (usage.outputTokens !== undefined)
    rendered.candidatesTokenCount = Math.max(0, usage.outputTokens - (usage.reasoningTokens ?? 0));
  if (usage.reasoningTokens !== undefined) rendered.thoughtsTokenCount = usage.reasoningTokens;
  const total = usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
  rendered.totalTokenCount = total;
  return unpack(rendered, fieldsOf(usage.bag, 'gemini'));
}

/**
 * Searches of the web that Google billed for a candidate, which its counts leave out: since Gemini 3 each query, before that once for
 * an answer with any. Source: Gemini API pricing, "Grounding with Google Search". `candidate` in camel case.
 */
export function paidSearches(candidate: JsonObject, model: string): { webSearches?: number } {
  const queries = arrayOf(objectOf(candidate.groundingMetadata).webSearchQueries).length;
  if (queries === 0) return {};
  return { webSearches: /^(models\/)?gemini-[12]\./.test(model) ? 1 : queries };
}
