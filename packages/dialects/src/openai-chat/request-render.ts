/**
 * Writes a chat completions request. What came from a chat client goes out as that client wrote it; what came from elsewhere
 * takes the form that most servers know: `max_tokens`, `reasoning_effort`, functions in place of custom tools.
 */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { fieldsOf, formOf, lossesOfForeignBag, wireFieldsOf } from '../model/bag.ts';
import { effortOfBudget } from '../model/effort.ts';
import { isObject, type JsonObject, objectOf } from '../model/json.ts';
import type { ModelRequest, Reasoning } from '../model/request.ts';
import { userIdFor } from '../model/user-id.ts';
import { renderMessages } from './message-render.ts';
import { renderFunction, renderResponseFormat, renderToolChoice, renderTools } from './tools.ts';

const dialect = 'openai-chat';

/** Never throws: what chat cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const losses: Loss[] = lossesOfForeignBag(request, dialect);
  const form = formOf(request.bag, dialect);
  const extra = wireFieldsOf(request.bag, dialect);
  const body: JsonObject = { ...extra, model: request.model, messages: renderMessages(request, losses) };
  if (request.stream) body.stream = true;
  else if (body.stream !== false) delete body.stream;
  // Dialects that always report usage leave the choice open; then we want it here as well.
  if (request.stream && request.includeUsage !== false)
    body.stream_options = { ...objectOf(extra.stream_options), include_usage: true };

  if (form.tools === 'functions') {
    body.functions = request.tools.map(renderFunction);
    const choice = request.toolChoice;
    if (choice?.type === 'tool') body.function_call = { name: choice.name };
    else if (choice !== undefined && choice.type !== 'allowed') body.function_call = choice.type;
  } else {
    const tools = renderTools(request.tools, losses);
    if (tools.length > 0) body.tools = tools;
    if (request.toolChoice !== undefined) body.tool_choice = renderToolChoice(request.toolChoice, request.tools);
  }
  if (request.parallelToolCalls !== undefined) body.parallel_tool_calls = request.parallelToolCalls;
  if (request.output !== undefined) body.response_format = renderOutput(request);
  renderSampling(request, form, body);
  if (request.reasoning !== undefined) renderReasoning(request.reasoning, form, body, losses);
  const userId = userIdFor(request, dialect);
  if (userId !== undefined) body.user = userId;
  if (request.cacheKey !== undefined) body.prompt_cache_key = request.cacheKey;
  return { body, losses };
}

function renderOutput(request: ModelRequest): JsonObject {
  const format = request.output === undefined ? {} : renderResponseFormat(request.output);
  const { response_format, $schema } = fieldsOf(request.bag, dialect);
  if (isObject(format.json_schema) && isObject($schema)) format.json_schema = { ...format.json_schema, ...$schema };
  return { ...objectOf(response_format), ...format };
}

function renderSampling(request: ModelRequest, form: JsonObject, body: JsonObject): void {
  const { sampling } = request;
  const set = (name: string, value: number | undefined) => {
    if (value !== undefined) body[name] = value;
  };
  // `max_tokens` is understood nearly everywhere; only OpenAI's reasoning models insist on the newer name.
  set(form.maxOutputTokens === 'max_completion_tokens' ? 'max_completion_tokens' : 'max_tokens', sampling.maxOutputTokens);
  set('temperature', sampling.temperature);
  set('top_p', sampling.topP);
  set('top_k', sampling.topK);
  set('seed', sampling.seed);
  set('presence_penalty', sampling.presencePenalty);
  set('frequency_penalty', sampling.frequencyPenalty);
  set('n', sampling.candidates);
  if (sampling.stop === undefined) return;
  body.stop = form.stop === 'string' && sampling.stop.length === 1 ? (sampling.stop[0] as string) : sampling.stop;
}

function renderReasoning(reasoning: Reasoning, form: JsonObject, body: JsonObject, losses: Loss[]): void {
  const { effort, budgetTokens, summary } = reasoning;
  if (isObject(form.reasoning)) {
    const object: JsonObject = { ...form.reasoning };
    if (effort !== undefined && object.enabled !== false) object.effort = effort;
    if (budgetTokens !== undefined) object.max_tokens = budgetTokens;
    if (summary === false) object.exclude = true;
    body.reasoning = object;
    return;
  }
  if (summary === false)
    losses.push({ field: 'reasoning.summary', how: 'dropped', why: 'chat completions cannot hide thoughts' });
  if (effort !== undefined) {
    body.reasoning_effort = effort;
    if (budgetTokens !== undefined) {
      losses.push({ field: 'reasoning.budgetTokens', how: 'dropped', why: 'the effort says it: chat completions has no budget' });
    }
    return;
  }
  const nearest = budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens);
  if (nearest === undefined) return;
  body.reasoning_effort = nearest;
  losses.push({ field: 'reasoning.budgetTokens', how: 'approximated', why: `said as reasoning_effort ${nearest}` });
}
