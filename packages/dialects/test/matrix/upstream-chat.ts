/** A chat completions upstream: OpenRouter's details of thought, Google's signatures on calls, usage beside an empty delta. */
import type { JsonObject } from '../../src/model/json.ts';
import { canonical, json, list, obj, str } from './json.ts';
import { callsOf, counts, pieces, type Scenario, type Turn, texts, thought, type Upstream } from './scenario.ts';

const signature = 'EuYBCkQYAiJA+chat/signature==';
const details: JsonObject[] = [
  { type: 'reasoning.text', text: thought, format: 'anthropic-claude-v1', index: 0, signature },
  { type: 'reasoning.encrypted', data: 'gAAAA+details==', format: 'google-gemini-v1', id: 'call_oslo1', index: 1 },
];
const googleSignature = 'CtgBAVSoXO+google/signature==';

const usage: JsonObject = {
  prompt_tokens: counts.input,
  completion_tokens: counts.output,
  total_tokens: counts.input + counts.output,
  prompt_tokens_details: { cached_tokens: counts.cached, cache_write_tokens: counts.cacheWrite },
  completion_tokens_details: { reasoning_tokens: counts.reasoning },
  cost: 0.0042,
};

const extraOf = (scenario: Scenario, index: number): JsonObject =>
  index === 0 && scenario !== 'reasoning' ? { extra_content: { google: { thought_signature: googleSignature } } } : {};

function callsWritten(scenario: Scenario): JsonObject[] {
  return callsOf(scenario).map((call, index) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.args) },
    ...extraOf(scenario, index),
  }));
}

const finishOf = (scenario: Scenario): string => (callsOf(scenario).length > 0 ? 'tool_calls' : 'stop');

export const chatUpstream: Upstream = {
  model: 'gpt-6',
  counters: ['input', 'cached', 'cacheWrite', 'output', 'reasoning'],
  hasIds: true,
  whole(scenario) {
    const calls = callsWritten(scenario);
    const message: JsonObject = {
      role: 'assistant',
      content: texts[scenario] || null,
      refusal: null,
      ...(scenario === 'reasoning' && { reasoning: thought, reasoning_details: details }),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    return {
      id: 'gen-1',
      object: 'chat.completion',
      created: 1_760_000_000,
      model: 'gpt-6',
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(scenario) }],
      usage,
    };
  },
  stream(scenario) {
    const chunks: string[] = [': OPENROUTER PROCESSING'];
    const chunk = (delta: JsonObject, finish: string | null = null, more: JsonObject = {}) => {
      const choices = [{ index: 0, delta, finish_reason: finish }];
      const head = { id: 'gen-1', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'gpt-6', provider: 'X' };
      chunks.push(`data: ${JSON.stringify({ ...head, choices, ...more })}`);
    };
    chunk({ role: 'assistant', content: '' });
    if (scenario === 'reasoning') {
      for (const text of pieces(thought)) {
        const detail = { type: 'reasoning.text', text, format: 'anthropic-claude-v1', index: 0 };
        chunk({ content: '', reasoning: text, reasoning_details: [detail] });
      }
      chunk({ content: '', reasoning_details: [{ type: 'reasoning.text', signature, format: 'anthropic-claude-v1', index: 0 }] });
      chunk({ content: '', reasoning: null, reasoning_details: details.slice(1) });
    }
    for (const text of pieces(texts[scenario])) chunk({ content: text });
    const calls = callsOf(scenario).map((call, index) => {
      const head = { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } };
      chunk({ tool_calls: [{ ...head, ...extraOf(scenario, index) }] });
      return pieces(JSON.stringify(call.args));
    });
    // Parallel calls interleave.
    for (let at = 0; calls.some((call) => call.length > at); at += 1) {
      calls.forEach((call, index) => {
        if (call[at] !== undefined) chunk({ tool_calls: [{ index, function: { arguments: call[at] } }] });
      });
    }
    chunk({}, finishOf(scenario));
    chunk({}, null, { usage });
    chunks.push('data: [DONE]');
    return chunks.map((line) => `${line}\n\n`).join('');
  },
  readTurn(body) {
    const message = obj(list(body.messages).findLast((one) => one.role === 'assistant'));
    return {
      thoughts: list(message.reasoning_details).map(canonical),
      text: str(message.content),
      calls: list(message.tool_calls).map((call) => ({
        id: str(call.id),
        name: str(obj(call.function).name),
        args: json(str(obj(call.function).arguments)),
        ...tokenOf(call),
      })),
    };
  },
  readResults(body) {
    const messages = list(body.messages);
    const start = messages.findLastIndex((one) => one.role === 'assistant') + 1;
    return messages
      .slice(start)
      .filter((one) => one.role === 'tool')
      .map((one) => ({ callId: str(one.tool_call_id), text: str(one.content) }));
  },
  said(scenario): Turn {
    return {
      thoughts: scenario === 'reasoning' ? details.map(canonical) : [],
      text: texts[scenario],
      calls: callsWritten(scenario).map(
        (call, index) => ({ ...obj(callsOf(scenario)[index]), ...tokenOf(call) }) as Turn['calls'][number],
      ),
    };
  },
};

function tokenOf(call: JsonObject): { token?: string } {
  const token = obj(obj(call.extra_content).google).thought_signature;
  // Google's stand-in for calls that Gemini did not make vouches for nothing (a client of Gemini has it in its history).
  return typeof token === 'string' && token !== 'skip_thought_signature_validator' ? { token } : {};
}
