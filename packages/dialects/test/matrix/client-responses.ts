/** A client of Responses that keeps what Codex keeps: items without ids, and of thoughts only summary and encrypted content. */
import type { JsonObject } from '../../src/model/json.ts';
import { countsOf } from './client-chat.ts';
import { frames, json, list, num, obj, str } from './json.ts';
import {
  type Client,
  followUp,
  hasTools,
  imageUrl,
  pngBase64,
  question,
  type Reading,
  schema,
  system,
  tool,
} from './scenario.ts';

const message = (content: JsonObject[]): JsonObject => ({ type: 'message', role: 'user', content });

export const responsesClient: Client = {
  counters: ['input', 'cached', 'cacheWrite', 'output', 'reasoning'],
  finishes: { calls: 'completed', over: 'completed' },
  request(scenario, isStream) {
    const images = [
      { type: 'input_image', image_url: `data:image/png;base64,${pngBase64}` },
      { type: 'input_image', image_url: imageUrl },
    ];
    return {
      model: 'auto',
      instructions: system,
      input: [message([{ type: 'input_text', text: question }, ...(scenario === 'images' ? images : [])])],
      ...(hasTools(scenario) && { tools: [{ type: 'function', ...tool, strict: false }] }),
      ...(scenario === 'reasoning' && { reasoning: { effort: 'high', summary: 'auto' } }),
      ...(scenario === 'schema' && { text: { format: { type: 'json_schema', name: 'weather', strict: true, schema } } }),
      store: false,
      include: ['reasoning.encrypted_content'],
      ...(isStream && { stream: true }),
    };
  },
  readWhole: readingOf,
  readStream(text) {
    const events = frames(text).map((frame) => json(frame.data));
    const last = obj(events.at(-1));
    if (last.type !== 'response.completed') throw new Error(`the stream ends with ${str(last.type)}`);
    const items = events.filter((event) => event.type === 'response.output_item.done').map((event) => obj(event.item));
    const reading = readingOf(obj(last.response));
    const streamed = events.filter((event) => event.type === 'response.output_text.delta').map((event) => str(event.delta));
    if (streamed.join('') !== reading.text) throw new Error('the deltas are not the text');
    // Codex keeps the items as they are done, in that order.
    return { ...reading, history: items.map(kept) };
  },
  next(request, reading, results) {
    const next =
      results.length > 0
        ? results.map((result) => ({ type: 'function_call_output', call_id: result.callId ?? '', output: result.text }))
        : [message([{ type: 'input_text', text: followUp }])];
    return { ...request, input: [...list(request.input), ...reading.history, ...next] };
  },
};

function readingOf(response: JsonObject): Reading {
  const output = list(response.output);
  const usage = obj(response.usage);
  const input = obj(usage.input_tokens_details);
  const of = (type: string) => output.filter((item) => item.type === type);
  return {
    thoughts: of('reasoning').flatMap((item) => list(item.summary).map((part) => str(part.text))),
    text: of('message')
      .flatMap((item) => list(item.content).map((part) => str(part.text)))
      .join(''),
    calls: of('function_call').map((item) => ({ id: str(item.call_id), name: str(item.name), args: json(str(item.arguments)) })),
    counts: countsOf({
      input: num(usage.input_tokens),
      cached: num(input.cached_tokens),
      cacheWrite: num(input.cache_write_tokens),
      output: num(usage.output_tokens),
      reasoning: num(obj(usage.output_tokens_details).reasoning_tokens),
    }),
    finish: str(response.status),
    history: output.map(kept),
  };
}

function kept(item: JsonObject): JsonObject {
  const { id: _, status: __, content, ...rest } = item;
  return item.type === 'reasoning' || content === undefined ? rest : { ...rest, content };
}
