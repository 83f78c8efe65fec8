/** An Ollama upstream: lines of JSON, thoughts nobody signs, whole calls without ids. */
import type { JsonObject } from '../../src/model/json.ts';
import { list, obj, str } from './json.ts';
import { callsOf, counts, pieces, type Scenario, type Turn, texts, thought, type Upstream } from './scenario.ts';

const line = (message: JsonObject, more: JsonObject = { done: false }): JsonObject => ({
  model: 'gpt-oss:20b',
  created_at: '2026-11-20T12:00:00.123456Z',
  message: { role: 'assistant', content: '', ...message },
  ...more,
});
const last: JsonObject = {
  done: true,
  done_reason: 'stop',
  total_duration: 5_000_000_000,
  prompt_eval_count: counts.input,
  eval_count: counts.output,
};
const callsWritten = (scenario: Scenario): JsonObject[] =>
  callsOf(scenario).map(({ name, args }) => ({ function: { name, arguments: args } }));

export const ollamaUpstream: Upstream = {
  model: 'gpt-oss:20b',
  counters: ['input', 'output'],
  hasIds: false,
  whole(scenario) {
    const calls = callsWritten(scenario);
    return line(
      {
        content: texts[scenario],
        ...(scenario === 'reasoning' && { thinking: thought }),
        ...(calls.length > 0 && { tool_calls: calls }),
      },
      last,
    );
  },
  stream(scenario) {
    const lines: JsonObject[] = [];
    if (scenario === 'reasoning') for (const piece of pieces(thought)) lines.push(line({ thinking: piece }));
    for (const content of pieces(texts[scenario])) lines.push(line({ content }));
    for (const call of callsWritten(scenario)) lines.push(line({ tool_calls: [call] }));
    lines.push(line({}, last));
    return lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  },
  readTurn(body) {
    const message = obj(list(body.messages).findLast((one) => one.role === 'assistant'));
    return {
      thoughts: message.thinking === undefined ? [] : [str(message.thinking)],
      text: str(message.content),
      calls: list(message.tool_calls).map((call) => ({
        name: str(obj(call.function).name),
        args: obj(obj(call.function).arguments),
      })),
    };
  },
  readResults(body) {
    return list(body.messages)
      .filter((message) => message.role === 'tool')
      .map((message) => ({ text: str(message.content) }));
  },
  said: (scenario): Turn => ({
    thoughts: scenario === 'reasoning' ? [thought] : [],
    text: texts[scenario],
    calls: callsOf(scenario).map(({ name, args }) => ({ name, args })),
  }),
};
