// Anthropic’s answers and errors, read and written.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import { AnswerError } from '../src/dialect.ts';
import type { ErrorKind } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import type { ModelRequest } from '../src/model/request.ts';
import { countingIds, requestOf } from './fixtures/streams.ts';

const answer: JsonObject = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
    { type: 'redacted_thinking', data: 'data' },
    { type: 'text', text: 'Hello', citations: null },
    { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  stop_details: null,
  container: null,
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 200,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 50,
    output_tokens_details: { thinking_tokens: 12 },
    service_tier: 'standard',
    server_tool_use: { web_search_requests: 1 },
  },
};

t.test('an answer is read, and given back as it came', async (t) => {
  const parsed = anthropic.parseAnswer(answer);
  t.match(parsed, {
    id: 'msg_01',
    stop: { reason: 'tool-calls', raw: 'tool_use' },
    usage: {
      inputTokens: 240,
      cachedInputTokens: 200,
      cacheWriteTokens: 30,
      cacheWrite5mTokens: 10,
      cacheWrite1hTokens: 20,
      outputTokens: 50,
      reasoningTokens: 12,
    },
  });
  const options = { request: requestOf({ reasoning: { budgetTokens: 2000 } }), nowMs: 0 };
  t.same(anthropic.renderAnswer(parsed, options), answer);
});

t.test('an answer that is none', async (t) => {
  t.throws(() => anthropic.parseAnswer({}), { name: 'DialectError', param: 'content' });
  t.throws(
    () => anthropic.parseAnswer({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    AnswerError,
  );
});

t.test('what a client did not ask for it is not shown, what must return it is given', async (t) => {
  const parts = [
    { type: 'reasoning' as const, text: 'plain' },
    {
      type: 'reasoning' as const,
      text: 'signed',
      opaque: [{ origin: 'gemini' as const, kind: 'signature' as const, value: 's' }],
    },
    { type: 'image' as const, source: { kind: 'base64' as const, mediaType: 'image/png', data: '' } },
  ];
  const render = (reasoning: ModelRequest['reasoning']) =>
    anthropic.renderAnswer(
      { id: '', model: 'm', parts, stop: { reason: 'stop' } },
      { request: requestOf(reasoning && { reasoning }), nowMs: 0, newId: countingIds() },
    );
  const signature = wrapOpaque({ origin: 'gemini', kind: 'signature', value: 's' });
  const note = { type: 'text', text: '[The model made an image (image/png), which this API cannot carry.]' };
  t.same(render({ effort: 'high' }).content, [
    { type: 'thinking', thinking: 'plain', signature: '' },
    { type: 'thinking', thinking: 'signed', signature },
    note,
  ]);
  t.same(render({ budgetTokens: 2000, summary: false }).content, [{ type: 'thinking', thinking: '', signature }, note]);
  t.same(render(undefined).content, [{ type: 'thinking', thinking: 'signed', signature }, note]);
  t.equal(render(undefined).id, 'msg_new1');
});

t.test('a server that says stop beside tool calls', async (t) => {
  const parts = [{ type: 'tool-call' as const, id: 'a', name: 'f', arguments: 'no json' }];
  const rendered = anthropic.renderAnswer(
    { id: 'x', model: 'm', parts, stop: { reason: 'stop' } },
    { request: requestOf(), nowMs: 0 },
  );
  t.match(rendered, { stop_reason: 'tool_use', content: [{ type: 'tool_use', input: { _raw: 'no json' } }] });
});

const stops: [raw: string, reason: string][] = [
  ['end_turn', 'stop'],
  ['max_tokens', 'length'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
  ['model_context_window_exceeded', 'context'],
];
for (const [raw, reason] of stops) {
  t.test(`${raw} is ${reason}, both ways`, async (t) => {
    const parsed = anthropic.parseAnswer({ content: [], stop_reason: raw });
    t.equal(parsed.stop.reason, reason);
    t.equal(anthropic.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }).stop_reason, raw);
  });
}

const error = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const errors: [status: number, body: unknown, kind: ErrorKind, code?: string][] = [
  [400, error('invalid_request_error', 'messages: roles must alternate'), 'invalid-request', 'invalid_request_error'],
  [400, error('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'), 'context-length'],
  [400, error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), 'balance'],
  [400, error('invalid_request_error', 'Output blocked by content filtering policy'), 'content-policy'],
  [401, error('authentication_error', 'invalid x-api-key'), 'authentication'],
  [402, error('billing_error', 'pay'), 'balance'],
  [403, error('permission_error', 'no'), 'permission'],
  [404, error('not_found_error', 'model: claude-3-7-sonnet-20250219'), 'not-found'],
  [413, error('request_too_large', 'Request exceeds the maximum size'), 'too-large'],
  [429, error('rate_limit_error', 'This request would exceed your rate limit'), 'rate-limit'],
  [500, error('api_error', 'Internal server error'), 'server'],
  [504, error('timeout_error', 'slow'), 'timeout'],
  [529, error('overloaded_error', 'Overloaded'), 'overloaded', 'overloaded_error'],
  [502, '<html><body>502 Bad Gateway</body></html>', 'transport'],
  [503, '', 'overloaded'],
  [418, { detail: 'teapot' }, 'invalid-request'],
  [500, { error: 'text' }, 'server'],
];
for (const [status, body, kind, code] of errors) {
  t.test(`status ${status} ${JSON.stringify(body).slice(0, 60)} is ${kind}`, async (t) => {
    const parsed = anthropic.parseError(status, body);
    t.match(parsed, { kind, status, ...(code && { code }) });
    t.notMatch(parsed.message, '<html>');
    const rendered = anthropic.renderError(parsed);
    t.equal(
      anthropic.parseError(rendered.status, rendered.body).kind,
      kind === 'transport' ? 'server' : kind,
      'and is understood by clients',
    );
  });
}
