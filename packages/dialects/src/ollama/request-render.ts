/** Writes a request for Ollama's own API. Unlike its `/v1`, it lets a request set the size of the context (`options.num_ctx`). */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf, lossesOfForeignBag } from '../model/bag.ts';
import { functionOfCustomTool } from '../model/custom-tools.ts';
import { effortOfBudget, isReasoningOff } from '../model/effort.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { ModelRequest, Tool } from '../model/request.ts';
import { nameFor, renderMessages } from './message-render.ts';
import { optionFields } from './request-parse.ts';

/** Never throws: what Ollama cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const isNative = request.bag?.dialect === 'ollama';
  const losses = lossesOfForeignBag(request, 'ollama');
  const fields = fieldsOf(request.bag, 'ollama');
  const body: JsonObject = { model: request.model, messages: renderMessages(request, isNative, losses) };
  const tools = offeredTools(request, losses).flatMap(([tool, index]) => renderTool(tool, `tools[${index}]`, isNative, losses));
  if (tools.length > 0) body.tools = tools;
  // Ollama streams when nothing is said.
  if (!request.stream || fields.$stream !== 'none') body.stream = request.stream;
  const output = request.output;
  if (output?.type === 'json') body.format = 'json';
  else if (output?.type === 'json-schema') body.format = output.schema;
  const think = renderThink(request, isNative, losses);
  if (think !== undefined) body.think = think;
  const options = renderOptions(request);
  if (Object.keys(options).length > 0) body.options = options;
  listLosses(request, losses);
  return { body: unpack(body, fields), losses };
}

function listLosses(request: ModelRequest, losses: Loss[]): void {
  const drop = (field: string, why: string) => losses.push({ field, how: 'dropped', why });
  if (request.parallelToolCalls === false) drop('parallelToolCalls', 'Ollama has no such setting');
  if (request.userId !== undefined) drop('userId', 'Ollama has no field for end users');
  if (request.cacheKey !== undefined) drop('cacheKey', 'Ollama finds cached prompts by itself');
  if ((request.sampling.candidates ?? 1) > 1) drop('sampling.candidates', 'Ollama gives one answer');
}

/** Ollama has no choice of tools: it is offered only those it may call. */
function offeredTools(request: ModelRequest, losses: Loss[]): [tool: Tool, index: number][] {
  const choice = request.toolChoice;
  const all = request.tools.map((tool, index): [Tool, number] => [tool, index]);
  if (choice === undefined || choice.type === 'auto') return all;
  if (choice.type === 'none') return [];
  if (choice.type !== 'tool' && choice.type !== 'allowed') {
    losses.push({ field: 'toolChoice', how: 'dropped', why: 'Ollama cannot force a call' });
    return all;
  }
  const why = 'Ollama has no choice of tools: the others are not offered, and a call is not forced';
  losses.push({ field: 'toolChoice', how: 'approximated', why });
  const names = choice.type === 'tool' ? [choice.name] : choice.names;
  return all.filter(([tool]) => names.includes(tool.name));
}

function renderTool(tool: Tool, field: string, isNative: boolean, losses: Loss[]): JsonObject[] {
  if (tool.isProviderTool) {
    losses.push({ field, how: 'dropped', why: `only ${tool.bag?.dialect ?? 'its own provider'} runs this tool` });
    return [];
  }
  const inner: JsonObject = { name: nameFor(tool, isNative) };
  if (tool.isCustom) {
    Object.assign(inner, functionOfCustomTool(tool));
    losses.push({ field, how: 'approximated', why: 'Ollama has no tools with free text: the text is the argument `input`' });
  } else {
    if (tool.description !== undefined) inner.description = tool.description;
    if (tool.parameters !== undefined) inner.parameters = tool.parameters;
    else if (!isNative) inner.parameters = { type: 'object', properties: {} };
  }
  if (tool.strict) losses.push({ field: `${field}.strict`, how: 'dropped', why: 'Ollama has no strict tools' });
  const fields = fieldsOf(tool.bag, 'ollama');
  return [unpack({ ...(fields.$type !== 'none' && { type: 'function' }), function: inner }, fields)];
}

const levels: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/** Levels are known to gpt-oss only; others take on and off, and refuse words (Ollama `server/routes.go`). */
function renderThink(request: ModelRequest, isNative: boolean, losses: Loss[]): JsonValue | undefined {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return undefined;
  if (isNative) return reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : reasoning.budgetTokens !== 0);
  if (isReasoningOff(reasoning)) return false;
  const effort = reasoning.effort ?? (reasoning.budgetTokens === undefined ? undefined : effortOfBudget(reasoning.budgetTokens));
  if (effort === undefined) return reasoning.budgetTokens === undefined ? undefined : true;
  const level = request.model.includes('gpt-oss') ? levels[effort] : undefined;
  if (level === undefined || level !== reasoning.effort) {
    const why =
      level === undefined ? 'at Ollama only gpt-oss knows levels of thought' : `the nearest level of Ollama is "${level}"`;
    losses.push({ field: 'reasoning', how: 'approximated', why });
  }
  return level ?? true;
}

function renderOptions(request: ModelRequest): JsonObject {
  const options: JsonObject = {};
  const sampling = request.sampling;
  for (const [theirs, ours] of optionFields) if (sampling[ours] !== undefined) options[theirs] = sampling[ours];
  if (sampling.maxOutputTokens !== undefined) options.num_predict = sampling.maxOutputTokens;
  if (sampling.stop !== undefined) options.stop = sampling.stop;
  return options;
}
