/** The response object around an answer: what every event of its life repeats of the request, and its state. */
import type { RenderAnswerOptions } from '../dialect.ts';
import type { Stop, Usage } from '../model/answer.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { ModelRequest } from '../model/request.ts';
import { renderRequest } from './request-render.ts';
import { renderUsage } from './usage.ts';

const notRepeated = new Set(['input', 'stream', 'stream_options', 'include', 'model', 'prompt']);

/** The fields of the request as OpenAI repeats them, with its defaults. */
export function echoOf(request: ModelRequest): JsonObject {
  const echo: JsonObject = {
    background: false,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    user: null,
  };
  const { body } = renderRequest(request);
  for (const key in body) if (!notRepeated.has(key)) echo[key] = body[key];
  return echo;
}

export interface ResponseState {
  id: string;
  model: string;
  createdAtMs: number;
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  output: JsonValue[];
  error?: JsonObject;
  incompleteReason?: string;
  usage?: Usage | undefined;
  completedAtMs?: number;
}

/** The fields of a response that change while it is made. */
export function stateFields(state: ResponseState): JsonObject {
  return {
    id: state.id,
    object: 'response',
    created_at: Math.floor(state.createdAtMs / 1000),
    ...(state.completedAtMs !== undefined && { completed_at: Math.floor(state.completedAtMs / 1000) }),
    status: state.status,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    model: state.model,
    output: state.output,
    usage: state.usage === undefined ? null : renderUsage(state.usage),
  };
}

/** Ids of responses begin with `resp_`; one that comes from elsewhere keeps its own behind it. */
export function responseId(id: string): string {
  return id.startsWith('resp_') ? id : `resp_${id}`;
}

/** Why a response is not complete; undefined for one that is. A refusal in words is complete, as at OpenAI. */
export function incompleteReason(stop: Stop, isRefusal: boolean): string | undefined {
  if (stop.reason === 'length' || stop.reason === 'context') return 'max_output_tokens';
  if (stop.reason === 'content-filter' || (stop.reason === 'refusal' && !isRefusal)) return 'content_filter';
  return undefined;
}

/** Why the model ended, from the status of its response. */
export function stopOf(response: JsonObject, incomplete: JsonObject, hasCalls: boolean, isRefusal: boolean): Stop {
  const { status } = response;
  if (status === 'incomplete') {
    const raw = typeof incomplete.reason === 'string' ? incomplete.reason : 'incomplete';
    if (raw === 'max_output_tokens') return { reason: 'length', raw };
    return { reason: raw === 'content_filter' ? 'content-filter' : 'other', raw };
  }
  if (typeof status === 'string' && status !== 'completed') return { reason: 'other', raw: status };
  if (hasCalls) return { reason: 'tool-calls', raw: 'completed' };
  return { reason: isRefusal ? 'refusal' : 'stop', raw: 'completed' };
}

/** Whether thoughts go into the summary, which all clients show, or stand beside it as raw text. */
export function wantsSummary(options: RenderAnswerOptions): boolean {
  return typeof options.request.reasoning?.summary === 'string';
}
