/** The Messages API as Anthropic speaks it, signatures on thoughts verified on the next turn. */
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { type Ask, pieces, Refusal, type Reply, type Wire } from '../ask.ts';
import { isSignatureOf, sign } from '../signature.ts';
import { halves, textOfContent } from './chat.ts';

export const anthropicWire: Wire = {
  contentType: 'text/event-stream',
  read,
  whole: (reply, ask) => ({
    ...messageOf(reply),
    content: blocksOf(reply, ask),
    stop_reason: stopOf(reply),
    stop_sequence: null,
    usage: usageOf(reply, reply.counts.output),
  }),
  stream: (reply, ask, usage) => streamOf(reply, ask, usage !== 'missing'),
  errorEvent: (message) => event({ type: 'error', error: { type: 'overloaded_error', message }, request_id: 'req_x' }),
  errorInside: (message) => ({ type: 'error', error: { type: 'api_error', message }, request_id: 'req_x' }),
  errorBody: (status, message) => ({
    type: 'error',
    error: { type: typeOf[status] ?? 'api_error', message },
    request_id: 'req_x',
  }),
};

const typeOf: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const event = (value: JsonObject): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

function read(body: JsonObject): Ask {
  if (typeof body.max_tokens !== 'number') throw new Refusal(400, 'max_tokens: Field required');
  const messages = arrayOf(body.messages).filter(isObject);
  if (messages.length === 0) throw new Refusal(400, 'messages: at least one message is required');
  if (messages[0]?.role !== 'user') throw new Refusal(400, 'messages: first message must use the "user" role');
  messages.forEach(verify);
  verifyLoop(messages, body);
  const lastAnswer = messages.findLastIndex((message) => message.role === 'assistant');
  const after = messages.slice(lastAnswer + 1).flatMap((message) => blocksIn(message));
  const results = after.filter((block) => block.type === 'tool_result');
  const lastUser = messages.findLast((message) => message.role === 'user');
  const choice = objectOf(body.tool_choice);
  const thinking = objectOf(body.thinking);
  const format = objectOf(objectOf(body.output_config).format ?? body.output_format);
  return {
    model: stringOf(body.model) ?? '',
    stream: body.stream === true,
    prompt: textOfContent(lastUser?.content),
    tools:
      choice.type === 'none'
        ? []
        : arrayOf(body.tools)
            .filter(isObject)
            .filter((tool) => tool.input_schema !== undefined && tool.defer_loading !== true)
            .map((tool) => ({ name: String(tool.name), schema: objectOf(tool.input_schema) })),
    ...(typeof choice.name === 'string' && { forcedTool: choice.name }),
    ...(results.length > 0 && { results: results.map((block) => textOfContent(block.content)) }),
    ...(format.type === 'json_schema' && { schema: objectOf(format.schema) }),
    images: arrayOf(lastUser?.content).filter((block) => objectOf(block).type === 'image').length,
    reasons: thinking.type === 'enabled' || thinking.type === 'adaptive',
    hidesThought: thinking.display === 'omitted',
    marksCache: JSON.stringify([body.system, body.messages, body.tools]).includes('"cache_control"'),
    wantsUsage: true,
    maxTokens: body.max_tokens,
  };
}

function blocksIn(message: JsonObject): JsonObject[] {
  return typeof message.content === 'string'
    ? [{ type: 'text', text: message.content }]
    : arrayOf(message.content).filter(isObject);
}

/** Thoughts come back as they were; calls are answered first in the next turn; text has words. */
function verify(message: JsonObject, index: number, messages: readonly JsonObject[]): void {
  const blocks = blocksIn(message);
  blocks.forEach((block, at) => {
    const where = `messages.${index}.content.${at}`;
    if (block.type === 'thinking' && !isSignatureOf(block.signature, `anthropic:${block.thinking}`)) {
      throw new Refusal(400, `${where}: Invalid \`signature\` in \`thinking\` block`);
    }
    if (block.type === 'text' && String(block.text).trim() === '')
      throw new Refusal(400, `${where}: text content blocks must be non-empty`);
    if (block.type === 'tool_use' && !/^[a-zA-Z0-9_-]+$/.test(String(block.id))) {
      throw new Refusal(400, `${where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    }
  });
  if (message.role !== 'assistant') return;
  const asked = blocks.filter((block) => block.type === 'tool_use').map((block) => block.id);
  if (asked.length === 0) return;
  const next = messages[index + 1];
  const answered = (next === undefined ? [] : blocksIn(next))
    .filter((block) => block.type === 'tool_result')
    .map((block) => block.tool_use_id);
  const missing = asked.filter((id) => !answered.includes(id));
  if (missing.length > 0) {
    throw new Refusal(
      400,
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}`,
    );
  }
}

/** With a budget, the turn whose results are being sent has to begin with its thought. */
function verifyLoop(messages: readonly JsonObject[], body: JsonObject): void {
  const last = messages.at(-1);
  if (objectOf(body.thinking).type !== 'enabled' || !last || !blocksIn(last).some((block) => block.type === 'tool_result'))
    return;
  const turn = messages.findLastIndex((message) => message.role === 'assistant');
  const first = turn === -1 ? undefined : blocksIn(messages[turn] as JsonObject)[0];
  if (first !== undefined && first.type !== 'thinking' && first.type !== 'redacted_thinking') {
    throw new Refusal(
      400,
      `messages.${turn}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first.type}\`.`,
    );
  }
}

function messageOf(reply: Reply): JsonObject {
  return { id: `msg_${reply.id}`, type: 'message', role: 'assistant', model: reply.model };
}

function blocksOf(reply: Reply, ask: Ask): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (reply.thought !== undefined) {
    const thinking = ask.hidesThought ? '' : reply.thought;
    blocks.push({ type: 'thinking', thinking, signature: sign(`anthropic:${thinking}`) });
  }
  if (reply.text !== '') blocks.push({ type: 'text', text: reply.text, citations: null });
  for (const call of reply.calls) blocks.push({ type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: call.args });
  return blocks;
}

function stopOf(reply: Reply): string {
  if (reply.calls.length > 0) return 'tool_use';
  return reply.isCutShort ? 'max_tokens' : 'end_turn';
}

/** `input_tokens` leaves out what the cache read and wrote. */
function usageOf(reply: Reply, output: number): JsonObject {
  const { input, cached, written, reasoning } = reply.counts;
  return {
    input_tokens: input - cached - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { thinking_tokens: reasoning },
    service_tier: 'standard',
  };
}

function streamOf(reply: Reply, ask: Ask, isCounted: boolean): string[] {
  const none = { input_tokens: 0, output_tokens: 0 };
  const message = {
    ...messageOf(reply),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: isCounted ? usageOf(reply, 1) : none,
  };
  const events = [event({ type: 'message_start', message })];
  blocksOf(reply, ask).forEach((block, index) => {
    const deltas: JsonObject[] = [];
    const start = { ...block };
    if (block.type === 'thinking') {
      Object.assign(start, { thinking: '', signature: '' });
      for (const thinking of pieces(String(block.thinking))) deltas.push({ type: 'thinking_delta', thinking });
      deltas.push({ type: 'signature_delta', signature: block.signature });
    } else if (block.type === 'text') {
      start.text = '';
      for (const text of pieces(String(block.text))) deltas.push({ type: 'text_delta', text });
    } else {
      start.input = {};
      deltas.push({ type: 'input_json_delta', partial_json: '' });
      for (const partial_json of halves(JSON.stringify(block.input))) deltas.push({ type: 'input_json_delta', partial_json });
    }
    events.push(event({ type: 'content_block_start', index, content_block: start }));
    if (index === 0) events.push(event({ type: 'ping' }));
    for (const delta of deltas) events.push(event({ type: 'content_block_delta', index, delta }));
    events.push(event({ type: 'content_block_stop', index }));
  });
  const usage = isCounted ? { output_tokens: reply.counts.output } : undefined;
  events.push(
    event({ type: 'message_delta', delta: { stop_reason: stopOf(reply), stop_sequence: null }, ...(usage && { usage }) }),
  );
  events.push(event({ type: 'message_stop' }));
  return events;
}
