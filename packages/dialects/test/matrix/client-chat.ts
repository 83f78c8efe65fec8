/** A client of chat completions: what the OpenAI SDK and OpenRouter's keep of an answer. */
import type { JsonObject } from '../../src/model/json.ts';
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

export const chatClient: Client = {
  counters: ['input', 'cached', 'cacheWrite', 'output', 'reasoning'],
  finishes: { calls: 'tool_calls', over: 'stop' },
  request(scenario, isStream) {
    const image = [
      { type: 'text', text: question },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${pngBase64}` } },
      { type: 'image_url', image_url: { url: imageUrl } },
    ];
    return {
      model: 'auto',
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: scenario === 'images' ? image : question },
      ],
      ...(hasTools(scenario) && { tools: [{ type: 'function', function: tool }] }),
      ...(scenario === 'reasoning' && { reasoning_effort: 'high' }),
      ...(scenario === 'schema' && {
        response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema } },
      }),
      ...(isStream && { stream: true, stream_options: { include_usage: true } }),
    };
  },
  readWhole(body) {
    const choice = obj(list(body.choices)[0]);
    return readingOf(obj(choice.message), obj(body.usage), str(choice.finish_reason));
  },
  readStream(text) {
    const message: JsonObject = { role: 'assistant', content: null };
    const calls: JsonObject[] = [];
    const details: JsonObject[] = [];
    let usage: JsonObject = {};
    let finish = '';
    const data = frames(text).map((frame) => frame.data);
    if (data.pop() !== '[DONE]') throw new Error('the stream does not end with [DONE]');
    for (const chunk of data.map(json)) {
      if (chunk.usage) usage = obj(chunk.usage);
      const choice = obj(list(chunk.choices)[0]);
      const delta = obj(choice.delta);
      if (choice.finish_reason) finish = str(choice.finish_reason);
      for (const key of ['content', 'reasoning_content']) if (delta[key]) message[key] = str(message[key]) + str(delta[key]);
      if (delta.thought_signature) message.thought_signature = delta.thought_signature;
      details.push(...list(delta.reasoning_details));
      for (const fragment of list(delta.tool_calls)) {
        const { index, function: inner, ...rest } = fragment;
        const call = calls[Number(index)] ?? { function: { name: '', arguments: '' } };
        calls[Number(index)] = call;
        Object.assign(call, rest);
        const target = obj(call.function);
        target.name = str(target.name) + str(obj(inner).name);
        target.arguments = str(target.arguments) + str(obj(inner).arguments);
      }
    }
    if (calls.length > 0) message.tool_calls = calls;
    if (details.length > 0) message.reasoning_details = details;
    return readingOf(message, usage, finish);
  },
  next(request, reading, results) {
    const next =
      results.length > 0
        ? results.map((result) => ({ role: 'tool', tool_call_id: result.callId ?? '', content: result.text }))
        : [{ role: 'user', content: followUp }];
    return { ...request, messages: [...list(request.messages), ...reading.history, ...next] };
  },
};

function readingOf(message: JsonObject, usage: JsonObject, finish: string): Reading {
  const prompt = obj(usage.prompt_tokens_details);
  return {
    // OpenRouter's own word is `reasoning`; it stays that when OpenRouter answers.
    thoughts: [str(message.reasoning_content) || str(message.reasoning)],
    text: str(message.content),
    calls: list(message.tool_calls).map((call) => ({
      id: str(call.id),
      name: str(obj(call.function).name),
      args: json(str(obj(call.function).arguments)),
    })),
    counts: countsOf({
      input: num(usage.prompt_tokens),
      cached: num(prompt.cached_tokens),
      cacheWrite: num(prompt.cache_write_tokens),
      output: num(usage.completion_tokens),
      reasoning: num(obj(usage.completion_tokens_details).reasoning_tokens),
    }),
    finish,
    history: [message],
  };
}

/** Counters without those that were not told. */
export function countsOf(all: Record<string, number | undefined>): Reading['counts'] {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Reading['counts'];
}
