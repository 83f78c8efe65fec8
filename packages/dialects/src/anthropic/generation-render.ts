/** How an answer shall be made, in Anthropic's words: its length, sampling, thought and form. */
import type { Loss } from '../dialect.ts';
import { fieldsOf } from '../model/bag.ts';
import { budgetOfEffort, isReasoningOff } from '../model/effort.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { ModelRequest, Sampling } from '../model/request.ts';
import { userIdFor } from '../model/user-id.ts';
import type { BlockContext } from './block-render.ts';

/** `max_tokens` where the client named none: the most that every model Anthropic still serves takes (Opus 4.1). */
export const defaultMaxTokens = 32_000;
const smallestBudget = 1024;

export interface Generation {
  fields: JsonObject;
  /** A sentence for the system text, where Anthropic has no field. */
  instruction?: string;
}

export function renderGeneration(request: ModelRequest, context: BlockContext): Generation {
  if (context.isNative) return { fields: renderOwn(request) };
  const lose = (field: string, how: Loss['how'], why: string) => context.losses.push({ field, how, why });
  const fields: JsonObject = {};
  let maxTokens = request.sampling.maxOutputTokens;
  if (maxTokens === undefined) {
    maxTokens = defaultMaxTokens;
    lose('sampling.maxOutputTokens', 'approximated', `Anthropic demands a limit: ${defaultMaxTokens} tokens`);
  }
  fields.max_tokens = maxTokens;
  const thinks = renderReasoning(request, maxTokens, fields, lose);
  renderSampling(request.sampling, thinks, fields, lose);
  const userId = userIdFor(request, 'anthropic');
  if (userId !== undefined) fields.metadata = { user_id: userId };
  if (request.cacheKey !== undefined) lose('cacheKey', 'dropped', 'Anthropic finds cached prompts by their marks, not by a key');
  if (request.output?.type === 'json-schema') {
    const config = isObject(fields.output_config) ? fields.output_config : {};
    fields.output_config = { ...config, format: { type: 'json_schema', schema: closed(request.output.schema) } };
  } else if (request.output?.type === 'json') {
    lose('output', 'approximated', 'Anthropic knows JSON only by schema: the system text asks for it');
    return { fields, instruction: 'Answer with a single JSON object and nothing else.' };
  }
  return { fields };
}

/** The fields of a request that came from a client of Anthropic, as it said them. */
function renderOwn(request: ModelRequest): JsonObject {
  const { maxOutputTokens, temperature, topP, topK, stop } = request.sampling;
  const fields: JsonObject = {};
  if (maxOutputTokens !== undefined) fields.max_tokens = maxOutputTokens;
  if (temperature !== undefined) fields.temperature = temperature;
  if (topP !== undefined) fields.top_p = topP;
  if (topK !== undefined) fields.top_k = topK;
  if (stop !== undefined) fields.stop_sequences = stop;
  if (request.userId !== undefined) fields.metadata = { user_id: request.userId };
  const { budgetTokens, summary, effort } = request.reasoning ?? {};
  if (budgetTokens !== undefined) fields.thinking = thinkingOf(budgetTokens, summary);
  const config: JsonObject = {};
  if (effort !== undefined) config.effort = effort;
  if (request.output?.type === 'json-schema') {
    const format = { type: 'json_schema', schema: request.output.schema };
    if (fieldsOf(request.bag, 'anthropic').$format === 'output_format') fields.output_format = format;
    else config.format = format;
  }
  if (Object.keys(config).length > 0) fields.output_config = config;
  return fields;
}

function thinkingOf(budgetTokens: number, summary: string | false | undefined): JsonObject {
  const thinking: JsonObject =
    budgetTokens === 0
      ? { type: 'disabled' }
      : budgetTokens < 0
        ? { type: 'adaptive' }
        : { type: 'enabled', budget_tokens: budgetTokens };
  if (summary !== undefined && budgetTokens !== 0) thinking.display = summary === false ? 'omitted' : 'summarized';
  return thinking;
}

/**
 * Models that take a budget and no effort: up to Claude 4.5, Opus 4.5 (which takes both) included, since a budget suits all of
 * them. Source: Anthropic, "Effort" and "Adaptive thinking", lists of models.
 */
const thinksByBudget = /claude-(?:[23][-.]|(?:instant|v?2)|(?:opus|sonnet|haiku)-4(?:[-.@][015])?(?:[-@:]\d{6,}.*)?$)/;
const efforts = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

/** Writes `thinking` and `output_config.effort`; says whether the model will think. */
function renderReasoning(
  request: ModelRequest,
  maxTokens: number,
  fields: JsonObject,
  lose: (field: string, how: Loss['how'], why: string) => void,
): boolean {
  const reasoning = request.reasoning;
  if (reasoning === undefined || (reasoning.effort === undefined && reasoning.budgetTokens === undefined)) return false;
  const isOld = thinksByBudget.test(request.model);
  if (isReasoningOff(reasoning)) {
    fields.thinking = { type: 'disabled' };
    return false;
  }
  let effort = reasoning.effort;
  if (effort === 'minimal') effort = 'low';
  if (effort !== undefined && !efforts.has(effort)) {
    lose('reasoning.effort', 'dropped', `Anthropic knows no effort "${effort}"`);
    effort = undefined;
  }
  let budget = reasoning.budgetTokens;
  if (isOld) budget ??= effort === undefined ? undefined : budgetOfEffort(effort);
  else if (effort !== undefined) {
    fields.output_config = { effort };
    if (effort !== reasoning.effort) lose('reasoning.effort', 'approximated', 'the least effort of Anthropic is "low"');
    budget ??= -1;
  }
  if (budget === undefined) return false;
  const choice = request.toolChoice?.type;
  if (
    choice === 'required' ||
    choice === 'tool' ||
    (request.toolChoice?.type === 'allowed' && request.toolChoice.mode === 'required')
  ) {
    lose('reasoning', 'dropped', 'Anthropic does not think when a tool call is forced');
    return false;
  }
  if (isOld && budget < 0) budget = budgetOfEffort('medium') as number;
  if (budget > 0) {
    const most = Math.floor(maxTokens * 0.8);
    if (most < smallestBudget) {
      lose(
        'reasoning',
        'dropped',
        `thought takes ${smallestBudget} tokens at least, and the answer may hold ${maxTokens} in all`,
      );
      return false;
    }
    if (endsInUnsignedCalls(request)) {
      lose(
        'reasoning',
        'dropped',
        'with a budget, Anthropic wants back the signed thought of the turn whose results are sent, and there is none',
      );
      return false;
    }
    budget = Math.min(Math.max(budget, smallestBudget), most);
  }
  fields.thinking = thinkingOf(budget, reasoning.summary);
  return true;
}

/** Whether tool results are being sent for a turn that carries no thought of Anthropic's. */
function endsInUnsignedCalls(request: ModelRequest): boolean {
  const last = request.messages.at(-1);
  if (last?.role !== 'user' || !last.parts.some((part) => part.type === 'tool-result')) return false;
  const turn = request.messages.findLast((message) => message.role === 'assistant');
  return !turn?.parts.some((part) => part.type === 'reasoning' && part.opaque?.some((opaque) => opaque.origin === 'anthropic'));
}

function renderSampling(
  sampling: Sampling,
  thinks: boolean,
  fields: JsonObject,
  lose: (field: string, how: Loss['how'], why: string) => void,
): void {
  const { temperature, topP, topK } = sampling;
  if (thinks) {
    const why = 'Anthropic takes no sampling settings while the model thinks';
    if (temperature !== undefined && temperature !== 1) lose('sampling.temperature', 'dropped', why);
    if (topP !== undefined && topP !== 1) lose('sampling.topP', 'dropped', why);
    if (topK !== undefined) lose('sampling.topK', 'dropped', why);
  } else {
    if (temperature !== undefined) {
      fields.temperature = Math.min(temperature, 1);
      if (temperature > 1) lose('sampling.temperature', 'approximated', 'the highest temperature of Anthropic is 1');
    }
    if (topP !== undefined && temperature === undefined) fields.top_p = topP;
    else if (topP !== undefined) lose('sampling.topP', 'dropped', 'Claude models since 4.1 take temperature or top_p, not both');
    if (topK !== undefined) fields.top_k = topK;
  }
  const stop = sampling.stop?.filter((sequence) => sequence.trim() !== '');
  if (stop !== undefined && stop.length > 0) fields.stop_sequences = stop;
  if (stop !== undefined && stop.length !== sampling.stop?.length) {
    lose('sampling.stop', 'approximated', 'Anthropic refuses stop sequences of white space');
  }
  for (const key of ['seed', 'presencePenalty', 'frequencyPenalty'] as const) {
    if (sampling[key] !== undefined) lose(`sampling.${key}`, 'dropped', 'Anthropic has no such setting');
  }
  if (sampling.candidates !== undefined && sampling.candidates > 1)
    lose('sampling.candidates', 'dropped', 'Anthropic gives one answer');
}

/** Keywords whose values are data or names, not schemas. */
const data = new Set(['enum', 'const', 'default', 'examples', 'required', 'properties']);

/** Structured output of Anthropic demands `additionalProperties: false` on every object that lists its properties. */
function closed(schema: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const key in schema) result[key] = data.has(key) ? schema[key] : closedValue(schema[key]);
  if (isObject(schema.properties)) {
    result.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, closedValue(one)]));
    if (schema.additionalProperties === undefined && schema.$ref === undefined) result.additionalProperties = false;
  }
  return result;
}

function closedValue(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((one) => closedValue(one) as JsonValue);
  return isObject(value) ? closed(value) : value;
}
