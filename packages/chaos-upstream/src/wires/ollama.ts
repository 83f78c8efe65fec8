/** Ollama's `/api/chat`: lines of JSON, whole calls without ids, nothing signed. */
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { type Ask, pieces, Refusal, type Reply, type Wire } from '../ask.ts';

export const ollamaWire: Wire = {
  contentType: 'application/x-ndjson',
  read,
  whole: (reply) => ({ ...head(reply), message: messageOf(reply), ...lastOf(reply, true) }),
  stream(reply, _ask, usage) {
    const message = (fields: JsonObject) =>
      line({ ...head(reply), message: { role: 'assistant', content: '', ...fields }, done: false });
    const events = pieces(reply.thought ?? '').map((thinking) => message({ thinking }));
    for (const content of pieces(reply.text)) events.push(message({ content }));
    if (reply.calls.length > 0) events.push(message({ tool_calls: callsOf(reply) }));
    events.push(line({ ...head(reply), message: { role: 'assistant', content: '' }, ...lastOf(reply, usage !== 'missing') }));
    return events;
  },
  errorEvent: (message) => line({ error: message }),
  errorInside: (message) => ({ error: message }),
  errorBody: (_status, message) => ({ error: message }),
};

const line = (value: JsonObject): string => `${JSON.stringify(value)}\n`;

function read(body: JsonObject): Ask {
  const messages = arrayOf(body.messages).filter(isObject);
  const model = stringOf(body.model);
  if (model === undefined || model === '') throw new Refusal(400, 'model is required');
  const lastAnswer = messages.findLastIndex((message) => message.role === 'assistant');
  const results = messages.slice(lastAnswer + 1).filter((message) => message.role === 'tool');
  const lastUser = messages.findLast((message) => message.role === 'user');
  const max = objectOf(body.options).num_predict;
  return {
    model,
    stream: body.stream !== false,
    prompt: stringOf(lastUser?.content) ?? '',
    tools: arrayOf(body.tools)
      .filter(isObject)
      .map((tool) => objectOf(tool.function))
      .map((tool) => ({ name: String(tool.name), schema: objectOf(tool.parameters) })),
    ...(results.length > 0 && { results: results.map((message) => stringOf(message.content) ?? '') }),
    ...(isObject(body.format) && { schema: body.format }),
    ...(body.format === 'json' && { schema: { type: 'object', properties: { answer: { type: 'string' } } } }),
    images: arrayOf(lastUser?.images).length,
    reasons: body.think !== undefined && body.think !== false,
    wantsUsage: true,
    ...(typeof max === 'number' && max > 0 && { maxTokens: max }),
  };
}

function head(reply: Reply): JsonObject {
  return { model: reply.model, created_at: new Date(reply.created * 1000).toISOString() };
}

function callsOf(reply: Reply): JsonObject[] {
  return reply.calls.map((call, index) => ({ function: { index, name: call.name, arguments: call.args } }));
}

function messageOf(reply: Reply): JsonObject {
  return {
    role: 'assistant',
    content: reply.text,
    ...(reply.thought !== undefined && { thinking: reply.thought }),
    ...(reply.calls.length > 0 && { tool_calls: callsOf(reply) }),
  };
}

function lastOf(reply: Reply, isCounted: boolean): JsonObject {
  const counts = {
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: reply.counts.input,
    prompt_eval_duration: 2_000_000,
    eval_count: reply.counts.output,
    eval_duration: 2_000_000,
  };
  return { done: true, done_reason: reply.isCutShort ? 'length' : 'stop', ...(isCounted && counts) };
}
