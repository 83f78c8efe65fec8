/** A client of the Messages API: content blocks, as the SDK gathers and Claude Code replays them. */
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

export const anthropicClient: Client = {
  counters: ['input', 'cached', 'cacheWrite', 'output'],
  finishes: { calls: 'tool_use', over: 'end_turn' },
  request(scenario, isStream) {
    const images = [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pngBase64 } },
      { type: 'image', source: { type: 'url', url: imageUrl } },
    ];
    return {
      model: 'claude',
      max_tokens: 20_000,
      system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
      messages: [{ role: 'user', content: [...(scenario === 'images' ? images : []), { type: 'text', text: question }] }],
      ...(hasTools(scenario) && {
        tools: [{ name: tool.name, description: tool.description, input_schema: tool.parameters }],
      }),
      ...(scenario === 'reasoning' && {
        thinking: { type: 'adaptive', display: 'summarized' },
        output_config: { effort: 'high' },
      }),
      ...(scenario === 'schema' && { output_config: { format: { type: 'json_schema', schema } } }),
      ...(isStream && { stream: true }),
    };
  },
  readWhole(body) {
    return readingOf(list(body.content), obj(body.usage), str(body.stop_reason));
  },
  readStream(text) {
    const blocks: JsonObject[] = [];
    const inputs: string[] = [];
    let usage: JsonObject = {};
    let finish = '';
    let last = '';
    for (const { event, data } of frames(text)) {
      const body = json(data);
      if (event !== body.type) throw new Error(`event ${event} holds ${str(body.type)}`);
      last = event;
      const index = Number(body.index);
      const delta = obj(body.delta);
      if (event === 'message_start') usage = obj(obj(body.message).usage);
      else if (event === 'content_block_start') {
        if (index !== blocks.length) throw new Error('blocks are not numbered without gaps');
        blocks.push({ ...obj(body.content_block) });
        inputs[index] = '';
      } else if (event === 'content_block_delta') {
        const block = obj(blocks[index]);
        if (delta.type === 'text_delta') block.text = str(block.text) + str(delta.text);
        else if (delta.type === 'thinking_delta') block.thinking = str(block.thinking) + str(delta.thinking);
        else if (delta.type === 'signature_delta') block.signature = delta.signature;
        else if (delta.type === 'input_json_delta') inputs[index] += str(delta.partial_json);
      } else if (event === 'content_block_stop') {
        const block = obj(blocks[index]);
        if (block.type === 'tool_use') block.input = json(inputs[index] || '{}');
      } else if (event === 'message_delta') {
        finish = str(delta.stop_reason);
        usage = { ...usage, ...obj(body.usage) };
      }
    }
    if (last !== 'message_stop') throw new Error(`the stream ends with ${last}`);
    return readingOf(blocks, usage, finish);
  },
  next(request, reading, results) {
    const content =
      results.length > 0
        ? results.map((result) => ({ type: 'tool_result', tool_use_id: result.callId ?? '', content: result.text }))
        : [{ type: 'text', text: followUp }];
    return { ...request, messages: [...list(request.messages), ...reading.history, { role: 'user', content }] };
  },
};

function readingOf(blocks: JsonObject[], usage: JsonObject, finish: string): Reading {
  const of = (type: string) => blocks.filter((block) => block.type === type);
  const read = num(usage.cache_read_input_tokens);
  const write = num(usage.cache_creation_input_tokens);
  const input = num(usage.input_tokens);
  return {
    thoughts: of('thinking')
      .map((block) => str(block.thinking))
      .filter((text) => text !== ''),
    text: of('text')
      .map((block) => str(block.text))
      .join(''),
    calls: of('tool_use').map((block) => ({ id: str(block.id), name: str(block.name), args: obj(block.input) })),
    counts: countsOf({
      // Anthropic counts the cached apart.
      input: input === undefined ? undefined : input + (read ?? 0) + (write ?? 0),
      cached: read,
      cacheWrite: write,
      output: num(usage.output_tokens),
    }),
    finish,
    history: [{ role: 'assistant', content: blocks }],
  };
}
