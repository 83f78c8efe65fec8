/** Chat completions as OpenAI, Venice and OpenRouter speak them: `flavour` says which. */
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { type Ask, type AskedTool, pieces, Refusal, type Reply, type UsageForm, type Wire } from '../ask.ts';
import { isSignatureOf, sign } from '../signature.ts';

export type ChatFlavour = 'openai' | 'venice' | 'openrouter';

export function chatWire(flavour: ChatFlavour): Wire {
  return {
    contentType: 'text/event-stream',
    read: (body) => readChat(body, flavour),
    whole: (reply, ask) => ({
      ...head(reply, 'chat.completion'),
      choices: [{ index: 0, message: messageOf(reply, ask, flavour), finish_reason: finishOf(reply), logprobs: null }],
      usage: usageOf(reply, flavour),
      ...(flavour === 'venice' && { cost: { usd: 0.00042, diem: 0 } }),
    }),
    stream: (reply, ask, usage) => streamOf(reply, ask, usage, flavour),
    errorEvent: (message) =>
      data({
        id: 'gen-x',
        object: 'chat.completion.chunk',
        error: { code: 502, message, metadata: { error_type: 'provider_unavailable' } },
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      }),
    errorInside: (message) => ({ error: { code: 502, message, metadata: { error_type: 'provider_unavailable' } } }),
    errorBody: (status, message) => errorOf(status, message, flavour),
  };
}

export const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;

export function errorOf(status: number, message: string, flavour: ChatFlavour, code?: string): JsonObject {
  if (flavour === 'venice') return { error: message };
  if (flavour === 'openrouter') return { error: { code: status, message } };
  return {
    error: { message, type: status === 429 ? 'rate_limit_error' : 'invalid_request_error', param: null, code: code ?? null },
  };
}

function readChat(body: JsonObject, flavour: ChatFlavour): Ask {
  if (!Array.isArray(body.messages)) throw new Refusal(400, "Missing required parameter: 'messages'.");
  const messages = body.messages.filter(isObject);
  for (const message of messages) verifyDetails(message);
  const lastAnswer = messages.findLastIndex((message) => message.role === 'assistant');
  const results = messages.slice(lastAnswer + 1).filter((message) => message.role === 'tool');
  const lastUser = messages.findLast((message) => message.role === 'user');
  const format = objectOf(body.response_format);
  const reasoning = objectOf(body.reasoning);
  const max = body.max_completion_tokens ?? body.max_tokens;
  const effort = stringOf(body.reasoning_effort) ?? stringOf(reasoning.effort);
  const choice = body.tool_choice;
  const forced = stringOf(objectOf(objectOf(choice).function).name) ?? stringOf(objectOf(objectOf(choice).custom).name);
  return {
    model: stringOf(body.model) ?? '',
    stream: body.stream === true,
    prompt: textOfContent(lastUser?.content),
    tools: choice === 'none' ? [] : arrayOf(body.tools).filter(isObject).flatMap(toolOf),
    ...(forced !== undefined && { forcedTool: forced }),
    ...(results.length > 0 && { results: results.map((message) => textOfContent(message.content)) }),
    ...(format.type === 'json_schema' && { schema: objectOf(objectOf(format.json_schema).schema) }),
    ...(format.type === 'json_object' && { schema: { type: 'object', properties: { answer: { type: 'string' } } } }),
    images: arrayOf(lastUser?.content).filter((part) => objectOf(part).type === 'image_url').length,
    reasons:
      (effort !== undefined && effort !== 'none') || reasoning.enabled === true || typeof reasoning.max_tokens === 'number',
    marksCache: JSON.stringify(body.messages).includes('"cache_control"'),
    wantsUsage: flavour !== 'openai' || objectOf(body.stream_options).include_usage === true,
    ...(typeof max === 'number' && { maxTokens: max }),
  };
}

function toolOf(tool: JsonObject): AskedTool[] {
  const custom = objectOf(tool.custom);
  if (tool.type === 'custom') return [{ name: String(custom.name), schema: {}, isCustom: true }];
  const inner = objectOf(tool.function);
  return typeof inner.name === 'string' ? [{ name: inner.name, schema: objectOf(inner.parameters) }] : [];
}

/** OpenRouter's `reasoning_details` come back with the message, each exactly as it was. */
function verifyDetails(message: JsonObject): void {
  for (const detail of arrayOf(message.reasoning_details).filter(isObject)) {
    if (detail.signature !== undefined && !isSignatureOf(detail.signature, String(detail.text ?? ''))) {
      throw new Refusal(400, 'Invalid `signature` in `reasoning_details`');
    }
  }
}

export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content;
  return arrayOf(content)
    .map((part) => stringOf(objectOf(part).text) ?? '')
    .filter(Boolean)
    .join('\n');
}

function head(reply: Reply, object: string): JsonObject {
  return { id: `chatcmpl-${reply.id}`, object, created: reply.created, model: reply.model, system_fingerprint: 'fp_chaos' };
}

export function finishOf(reply: Reply): string {
  if (reply.calls.length > 0) return 'tool_calls';
  return reply.isCutShort ? 'length' : 'stop';
}

/** OpenAI keeps thoughts to itself; Venice says them in `reasoning_content`, OpenRouter in `reasoning` with signed details. */
function thoughtFields(thought: string, flavour: ChatFlavour): JsonObject {
  if (flavour === 'venice') return { reasoning_content: thought };
  if (flavour === 'openai') return {};
  return { reasoning: thought, reasoning_details: [detailOf(thought)] };
}

function detailOf(thought: string): JsonObject {
  return { type: 'reasoning.text', text: thought, signature: sign(thought), format: 'anthropic-claude-v1', index: 0 };
}

function messageOf(reply: Reply, _ask: Ask, flavour: ChatFlavour): JsonObject {
  return {
    role: 'assistant',
    content: reply.calls.length > 0 ? null : reply.text,
    refusal: null,
    ...(reply.thought !== undefined && thoughtFields(reply.thought, flavour)),
    ...(reply.calls.length > 0 && { tool_calls: reply.calls.map((call) => callOf(call)) }),
  };
}

function callOf(call: Reply['calls'][number]): JsonObject {
  if (call.isCustom)
    return { id: `call_${call.id}`, type: 'custom', custom: { name: call.name, input: String(call.args.input) } };
  return { id: `call_${call.id}`, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.args) } };
}

export function usageOf(reply: Reply, flavour: ChatFlavour): JsonObject {
  const { input, cached, written, output, reasoning } = reply.counts;
  const writes: JsonObject =
    flavour === 'venice'
      ? { cache_creation_input_tokens: written }
      : flavour === 'openrouter'
        ? { cache_write_tokens: written }
        : { audio_tokens: 0 };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, ...writes },
    completion_tokens_details: { reasoning_tokens: reasoning },
    ...(flavour === 'openrouter' && { cost: 0.00042, is_byok: false, cost_details: { upstream_inference_cost: null } }),
  };
}

function streamOf(reply: Reply, ask: Ask, usage: UsageForm, flavour: ChatFlavour): string[] {
  const chunk = (delta: JsonObject, finish: string | null = null) =>
    data({ ...head(reply, 'chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] });
  const events = [chunk({ role: 'assistant', content: '' })];
  if (reply.thought !== undefined && flavour !== 'openai') {
    for (const piece of pieces(reply.thought)) {
      const detail = { type: 'reasoning.text', text: piece, format: 'anthropic-claude-v1', index: 0 };
      events.push(chunk(flavour === 'venice' ? { reasoning_content: piece } : { reasoning: piece, reasoning_details: [detail] }));
    }
    if (flavour === 'openrouter') {
      const { text: _, ...signed } = detailOf(reply.thought);
      events.push(chunk({ reasoning_details: [signed] }));
    }
  }
  for (const piece of pieces(reply.text)) events.push(chunk({ content: piece }));
  reply.calls.forEach((call, index) => {
    const whole = callOf(call);
    const inner = objectOf(whole.function ?? whole.custom);
    const key = call.isCustom ? 'custom' : 'function';
    const field = call.isCustom ? 'input' : 'arguments';
    events.push(chunk({ tool_calls: [{ index, id: whole.id, type: whole.type, [key]: { name: call.name, [field]: '' } }] }));
    for (const piece of halves(String(inner[field]))) events.push(chunk({ tool_calls: [{ index, [key]: { [field]: piece } }] }));
  });
  events.push(chunk({}, finishOf(reply)));
  if (usage !== 'missing' && ask.wantsUsage) {
    const choices = usage === 'odd' ? [{ index: 0, delta: {} }] : [];
    const cost = flavour === 'venice' ? { cost: { usd: 0.00042, diem: 0 } } : undefined;
    events.push(data({ ...head(reply, 'chat.completion.chunk'), choices, usage: usageOf(reply, flavour), ...cost }));
  }
  events.push('data: [DONE]\n\n');
  return events;
}

/** A text in two pieces, as arguments are streamed. */
export function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((piece) => piece !== '');
}
