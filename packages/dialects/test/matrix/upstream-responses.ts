/** A Responses upstream: items, encrypted reasoning with an id that must come back with it. */
import type { JsonObject } from '../../src/model/json.ts';
import { json, list, str } from './json.ts';
import { callsOf, counts, pieces, type Scenario, texts, thought, type Upstream } from './scenario.ts';

const encrypted = 'gAAAAABo+responses/encrypted==';
const reasoningId = 'rs_68upstream';

const usage: JsonObject = {
  input_tokens: counts.input,
  input_tokens_details: { cached_tokens: counts.cached },
  output_tokens: counts.output,
  output_tokens_details: { reasoning_tokens: counts.reasoning },
  total_tokens: counts.input + counts.output,
};

function items(scenario: Scenario): JsonObject[] {
  const found: JsonObject[] = [];
  if (scenario === 'reasoning') {
    found.push({
      type: 'reasoning',
      id: reasoningId,
      summary: [{ type: 'summary_text', text: thought }],
      encrypted_content: encrypted,
    });
  }
  const content = [{ type: 'output_text', text: texts[scenario], annotations: [], logprobs: [] }];
  if (texts[scenario] !== '') found.push({ type: 'message', id: 'msg_up', status: 'completed', role: 'assistant', content });
  callsOf(scenario).forEach((call, index) => {
    const names = { call_id: call.id, name: call.name, arguments: JSON.stringify(call.args) };
    found.push({ type: 'function_call', id: `fc_up${index}`, status: 'completed', ...names });
  });
  return found;
}

const response = (status: string, output: JsonObject[]): JsonObject => ({
  id: 'resp_up',
  object: 'response',
  created_at: 1_760_000_000,
  status,
  error: null,
  incomplete_details: null,
  model: 'gpt-6',
  output,
  usage: status === 'completed' ? usage : null,
});

export const responsesUpstream: Upstream = {
  model: 'gpt-6',
  counters: ['input', 'cached', 'output', 'reasoning'],
  hasIds: true,
  whole: (scenario) => response('completed', items(scenario)),
  stream(scenario) {
    let text = '';
    let sequence = 0;
    const event = (type: string, fields: JsonObject) => {
      text += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`;
      sequence += 1;
    };
    event('response.created', { response: response('in_progress', []) });
    event('response.in_progress', { response: response('in_progress', []) });
    items(scenario).forEach((item, output_index) => {
      const place = { item_id: str(item.id), output_index };
      if (item.type === 'reasoning') {
        event('response.output_item.added', { output_index, item: { type: 'reasoning', id: str(item.id), summary: [] } });
        event('response.reasoning_summary_part.added', { ...place, summary_index: 0, part: { type: 'summary_text', text: '' } });
        for (const delta of pieces(thought))
          event('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta });
        event('response.reasoning_summary_text.done', { ...place, summary_index: 0, text: thought });
      } else if (item.type === 'message') {
        event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } });
        event('response.content_part.added', {
          ...place,
          content_index: 0,
          part: { type: 'output_text', text: '', annotations: [] },
        });
        for (const delta of pieces(texts[scenario])) event('response.output_text.delta', { ...place, content_index: 0, delta });
        event('response.output_text.done', { ...place, content_index: 0, text: texts[scenario] });
      } else {
        event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } });
        for (const delta of pieces(str(item.arguments))) event('response.function_call_arguments.delta', { ...place, delta });
        event('response.function_call_arguments.done', { ...place, arguments: str(item.arguments) });
      }
      event('response.output_item.done', { output_index, item });
    });
    event('response.completed', { response: response('completed', items(scenario)) });
    return text;
  },
  readTurn(body) {
    const turn = lastTurn(body);
    const of = (type: string) => turn.filter((item) => item.type === type);
    return {
      thoughts: of('reasoning').map(thoughtOf),
      text: of('message')
        .flatMap((item) => list(item.content).map((part) => str(part.text)))
        .join(''),
      calls: of('function_call').map((item) => ({
        id: str(item.call_id),
        name: str(item.name),
        args: json(str(item.arguments)),
      })),
    };
  },
  readResults(body) {
    return list(body.input)
      .filter((item) => item.type === 'function_call_output')
      .map((item) => ({ callId: str(item.call_id), text: str(item.output) }));
  },
  said: (scenario) => ({
    thoughts: items(scenario)
      .filter((item) => item.type === 'reasoning')
      .map(thoughtOf),
    text: texts[scenario],
    calls: callsOf(scenario),
  }),
};

/** A client may leave the id out, as Codex does, but it may not come back with another one. */
function thoughtOf(item: JsonObject): string {
  const id = item.id === undefined || item.id === reasoningId ? '' : `wrong id ${str(item.id)}: `;
  const summary = list(item.summary).map((part) => str(part.text));
  return `${id}${summary.join('|')} ${str(item.encrypted_content)}`;
}

function lastTurn(body: JsonObject): JsonObject[] {
  const input = list(body.input);
  const isModel = (item: JsonObject) => item.type === 'reasoning' || item.type === 'function_call' || item.role === 'assistant';
  const end = input.findLastIndex(isModel) + 1;
  const start = input.slice(0, end).findLastIndex((item) => !isModel(item)) + 1;
  return input.slice(start, end);
}
