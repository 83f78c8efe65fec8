/** How an answer shall be made, as `generationConfig`: sampling, thought and form. */
import { fieldsOf } from '../model/bag.ts';
import { budgetOfEffort, isReasoningOff } from '../model/effort.ts';
import type { JsonObject } from '../model/json.ts';
import type { ModelRequest, Reasoning } from '../model/request.ts';
import type { PartContext } from './part-render.ts';
import { samplingFields } from './request-parse.ts';

export function renderGeneration(request: ModelRequest, context: PartContext): JsonObject {
  const config: JsonObject = {};
  for (const [theirs, ours] of samplingFields) {
    const value = request.sampling[ours];
    if (value === undefined) continue;
    if (ours === 'candidates' && !context.isNative) {
      if (value > 1)
        context.losses.push({ field: 'sampling.candidates', how: 'dropped', why: 'several answers cross no dialect' });
    } else config[theirs] = value;
  }
  if (request.sampling.stop !== undefined) config.stopSequences = request.sampling.stop;
  const thinking = context.isNative ? ownThinking(request) : renderThinking(request, context);
  if (thinking !== undefined) config.thinkingConfig = thinking;
  renderOutput(request, config, context);
  return config;
}

function renderOutput(request: ModelRequest, config: JsonObject, context: PartContext): void {
  const output = request.output;
  if (output === undefined || output.type === 'text') return;
  if (!context.isNative && isSecond(request.model) && request.tools.length > 0) {
    context.losses.push({ field: 'output', how: 'dropped', why: 'Gemini 2 gives no JSON when it is offered tools' });
    return;
  }
  config.responseMimeType = 'application/json';
  const own = fieldsOf(request.bag, 'gemini').generationConfig;
  const isOwnSchema = typeof own === 'object' && own !== null && 'responseSchema' in own;
  if (output.type === 'json-schema' && !isOwnSchema) config.responseJsonSchema = output.schema;
}

/** The thinking of a request that came from a client of Gemini, as it said it. */
function ownThinking(request: ModelRequest): JsonObject | undefined {
  const { effort, budgetTokens, summary } = request.reasoning ?? {};
  const level = fieldsOf(request.bag, 'gemini').$level;
  const thinking: JsonObject = {};
  if (effort !== undefined) thinking.thinkingLevel = typeof level === 'string' && level.toLowerCase() === effort ? level : effort;
  if (budgetTokens !== undefined) thinking.thinkingBudget = budgetTokens;
  if (summary !== undefined) thinking.includeThoughts = summary !== false;
  return Object.keys(thinking).length > 0 ? thinking : undefined;
}

const isSecond = (model: string) => /gemini-(?:1|2)[.-]/.test(model);
/** The largest budget that every thinking model of Gemini 2.5 takes (2.5 Flash). */
const largestBudget = 24_576;

/** Gemini 2.5 takes a budget, Gemini 3 a level; both in one request are refused. Source: Gemini API, "Thinking". */
function renderThinking(request: ModelRequest, context: PartContext): JsonObject | undefined {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return undefined;
  const thinking: JsonObject = isSecond(request.model)
    ? budgetFor(reasoning)
    : levelFor(reasoning, request.model, (how, why) => context.losses.push({ field: 'reasoning', how, why }));
  // A client of Anthropic that lets the model think is shown its thoughts unless it says otherwise.
  const shows = reasoning.summary ?? (request.bag?.dialect === 'anthropic' && !isReasoningOff(reasoning) ? 'auto' : undefined);
  if (shows !== undefined) thinking.includeThoughts = shows !== false;
  return Object.keys(thinking).length > 0 ? thinking : undefined;
}

function budgetFor(reasoning: Reasoning): JsonObject {
  const budget = reasoning.budgetTokens ?? (reasoning.effort === undefined ? undefined : budgetOfEffort(reasoning.effort));
  return budget === undefined ? {} : { thinkingBudget: Math.min(budget, largestBudget) };
}

const levels: Readonly<Record<string, string>> = {
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

function levelFor(reasoning: Reasoning, model: string, lose: (how: 'dropped' | 'approximated', why: string) => void): JsonObject {
  const least = model.includes('pro') ? 'low' : 'minimal';
  if (isReasoningOff(reasoning)) {
    lose('approximated', `Gemini 3 always thinks: its least is "${least}"`);
    return { thinkingLevel: least };
  }
  if (reasoning.effort === undefined) {
    const budget = reasoning.budgetTokens;
    // Gemini 3 still reads a budget; -1 is its own default.
    return budget === undefined || budget < 0 ? {} : { thinkingBudget: Math.min(budget, largestBudget) };
  }
  const level = levels[reasoning.effort];
  if (level === undefined) {
    lose('dropped', `Gemini knows no level "${reasoning.effort}"`);
    return {};
  }
  const rendered = level === 'minimal' ? least : level;
  if (rendered !== reasoning.effort) lose('approximated', `the nearest level of Gemini is "${rendered}"`);
  return { thinkingLevel: rendered };
}
