/** A Messages upstream: signed and redacted thinking, counters that leave the cached out. */
import type { JsonObject } from '../../src/model/json.ts';
import { list, obj, str } from './json.ts';
import { callsOf, counts, pieces, type Scenario, texts, thought, type Upstream } from './scenario.ts';

const signature = 'EqQBCgIYAhIM+anthropic/signature==';
const redacted = 'EmwKAhgBEgy3va3+redacted==';

const startUsage: JsonObject = {
  input_tokens: counts.input - counts.cached - counts.cacheWrite,
  cache_creation_input_tokens: counts.cacheWrite,
  cache_read_input_tokens: counts.cached,
  cache_creation: { ephemeral_5m_input_tokens: counts.cacheWrite, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1,
  service_tier: 'standard',
};

function blocks(scenario: Scenario): JsonObject[] {
  const found: JsonObject[] = [];
  if (scenario === 'reasoning') {
    found.push({ type: 'thinking', thinking: thought, signature }, { type: 'redacted_thinking', data: redacted });
  }
  if (texts[scenario] !== '') found.push({ type: 'text', text: texts[scenario] });
  for (const call of callsOf(scenario)) found.push({ type: 'tool_use', id: call.id, name: call.name, input: call.args });
  return found;
}

const stopOf = (scenario: Scenario): string => (callsOf(scenario).length > 0 ? 'tool_use' : 'end_turn');

export const anthropicUpstream: Upstream = {
  model: 'claude-sonnet-5',
  counters: ['input', 'cached', 'cacheWrite', 'output'],
  hasIds: true,
  whole: (scenario) => ({
    id: 'msg_up',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5',
    content: blocks(scenario),
    stop_reason: stopOf(scenario),
    stop_sequence: null,
    usage: { ...startUsage, output_tokens: counts.output },
  }),
  stream(scenario) {
    let text = '';
    const event = (type: string, fields: JsonObject) => {
      text += `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
    };
    const message = { id: 'msg_up', type: 'message', role: 'assistant', model: 'claude-sonnet-5', content: [] };
    event('message_start', { message: { ...message, stop_reason: null, stop_sequence: null, usage: startUsage } });
    event('ping', {});
    blocks(scenario).forEach((block, index) => {
      const delta = (fields: JsonObject) => event('content_block_delta', { index, delta: fields });
      if (block.type === 'thinking') {
        event('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } });
        for (const piece of pieces(thought)) delta({ type: 'thinking_delta', thinking: piece });
        delta({ type: 'signature_delta', signature });
      } else if (block.type === 'text') {
        event('content_block_start', { index, content_block: { type: 'text', text: '' } });
        for (const piece of pieces(str(block.text))) delta({ type: 'text_delta', text: piece });
      } else if (block.type === 'tool_use') {
        event('content_block_start', { index, content_block: { ...block, input: {} } });
        delta({ type: 'input_json_delta', partial_json: '' });
        for (const piece of pieces(JSON.stringify(block.input))) delta({ type: 'input_json_delta', partial_json: piece });
      } else event('content_block_start', { index, content_block: block });
      event('content_block_stop', { index });
    });
    event('message_delta', {
      delta: { stop_reason: stopOf(scenario), stop_sequence: null },
      usage: { output_tokens: counts.output },
    });
    event('message_stop', {});
    return text;
  },
  readTurn(body) {
    const content = list(obj(list(body.messages).findLast((one) => one.role === 'assistant')).content);
    const texts = content.filter((block) => block.type === 'text').map((block) => str(block.text));
    const calls = content.filter((block) => block.type === 'tool_use');
    return {
      thoughts: thoughtsOf(content),
      text: texts.join(''),
      calls: calls.map((block) => ({ id: str(block.id), name: str(block.name), args: obj(block.input) })),
    };
  },
  readResults(body) {
    const content = list(obj(list(body.messages).findLast((one) => one.role === 'user')).content);
    return content
      .filter((block) => block.type === 'tool_result')
      .map((block) => ({
        callId: str(block.tool_use_id),
        text:
          typeof block.content === 'string'
            ? block.content
            : list(block.content)
                .map((part) => str(part.text))
                .join(''),
      }));
  },
  said: (scenario) => ({ thoughts: thoughtsOf(blocks(scenario)), text: texts[scenario], calls: callsOf(scenario) }),
};

function thoughtsOf(content: readonly JsonObject[]): string[] {
  return content.flatMap((block) => {
    if (block.type === 'thinking') return [`${str(block.thinking)} ${str(block.signature)}`];
    return block.type === 'redacted_thinking' ? [`redacted ${str(block.data)}`] : [];
  });
}
