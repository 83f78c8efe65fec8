/**
 * Writes a Responses request. What came from elsewhere is sent without state (`store: false`) and asks for encrypted
 * reasoning where the client asked for thought, because the next turn may come through another process.
 */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { fieldsOf, formOf, lossesOfForeignBag, wireFieldsOf } from '../model/bag.ts';
import { effortOfBudget, isReasoningOff } from '../model/effort.ts';
import { type JsonObject, objectOf } from '../model/json.ts';
import type { ModelRequest, Reasoning } from '../model/request.ts';
import { userIdFor } from '../model/user-id.ts';
import { instructionsOf, itemsOfMessage } from './item-render.ts';
import { dialect } from './thought.ts';
import { putBack } from './tool-items.ts';
import { renderFormat, renderToolChoice, renderTools } from './tools.ts';

/** Never throws: what Responses cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const losses: Loss[] = lossesOfForeignBag(request, dialect);
  const form = formOf(request.bag, dialect);
  const isOwn = request.bag?.dialect === dialect;
  const body: JsonObject = { model: request.model, ...wireFieldsOf(request.bag, dialect) };
  const instructions = instructionsOf(request.messages[0]);
  if (instructions !== undefined) body.instructions = instructions;
  renderInput(request, instructions !== undefined, form, body, losses);
  if (request.stream) body.stream = true;
  else if (body.stream !== false) delete body.stream;

  const tools = renderTools(request.tools, losses);
  if (tools.length > 0 || form.tools === 'empty') body.tools = tools;
  if (request.toolChoice !== undefined) body.tool_choice = renderToolChoice(request.toolChoice, request.tools);
  if (request.parallelToolCalls !== undefined) body.parallel_tool_calls = request.parallelToolCalls;
  if (request.output !== undefined) {
    const format = { ...renderFormat(request.output), ...objectOf(fieldsOf(request.bag, dialect).$format) };
    body.text = { ...objectOf(body.text), format };
  }
  if (request.reasoning !== undefined) renderReasoning(request.reasoning, body, losses);
  renderSampling(request, body, losses);
  const userId = userIdFor(request, dialect);
  if (userId !== undefined) body.user = userId;
  if (request.cacheKey !== undefined) body.prompt_cache_key = request.cacheKey;
  if (!isOwn) {
    body.store = false;
    // Models without thought refuse this word, so it is said only when thought was asked for.
    if (request.reasoning !== undefined && !isReasoningOff(request.reasoning)) body.include = ['reasoning.encrypted_content'];
  }
  return { body, losses };
}

function renderInput(request: ModelRequest, skipsFirst: boolean, form: JsonObject, body: JsonObject, losses: Loss[]): void {
  const start = skipsFirst ? 1 : 0;
  const only = request.messages.length === start + 1 ? request.messages[start] : undefined;
  const part = only?.role === 'user' && only.parts.length === 1 ? only.parts[0] : undefined;
  if (form.input === 'string' && part?.type === 'text') {
    body.input = part.text;
    return;
  }
  const input = request.messages.flatMap((message, index) =>
    index < start ? [] : itemsOfMessage(message, `messages[${index}]`, losses),
  );
  putBack(fieldsOf(request.bag, dialect).$toolItems, input);
  if (
    input.length > 0 ||
    (body.prompt === undefined && body.previous_response_id === undefined && body.conversation === undefined)
  ) {
    body.input = input;
  }
}

function renderReasoning(reasoning: Reasoning, body: JsonObject, losses: Loss[]): void {
  const written: JsonObject = { ...objectOf(body.reasoning) };
  const { effort, budgetTokens, summary } = reasoning;
  const nearest = effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens));
  if (nearest !== undefined) written.effort = nearest;
  if (typeof summary === 'string') written.summary = summary;
  if (budgetTokens !== undefined) {
    const why = nearest === undefined ? 'Responses has no budget for thought' : `said as reasoning effort ${nearest}`;
    losses.push({ field: 'reasoning.budgetTokens', how: nearest === undefined ? 'dropped' : 'approximated', why });
  }
  body.reasoning = written;
}

function renderSampling(request: ModelRequest, body: JsonObject, losses: Loss[]): void {
  const { sampling } = request;
  if (sampling.maxOutputTokens !== undefined) body.max_output_tokens = sampling.maxOutputTokens;
  if (sampling.temperature !== undefined) body.temperature = sampling.temperature;
  if (sampling.topP !== undefined) body.top_p = sampling.topP;
  for (const field of ['topK', 'stop', 'seed', 'presencePenalty', 'frequencyPenalty', 'candidates'] as const) {
    if (sampling[field] === undefined || (field === 'candidates' && sampling.candidates === 1)) continue;
    losses.push({ field: `sampling.${field}`, how: 'dropped', why: 'Responses has no such field' });
  }
}
