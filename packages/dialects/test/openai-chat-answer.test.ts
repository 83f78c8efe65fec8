// Whole chat completions and errors, read and written.
import t from 'tap';
import type { ModelAnswer } from '../src/model/answer.ts';
import { type JsonObject, objectOf } from '../src/model/json.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { chatUsage as usage } from './fixtures/openai-bodies.ts';
import { requestOf } from './fixtures/streams.ts';

const answer: JsonObject = {
  id: 'gen-1',
  object: 'chat.completion',
  created: 1700000000,
  model: 'm',
  provider: 'X',
  system_fingerprint: null,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'Hi',
        refusal: null,
        reasoning: 'think',
        reasoning_details: [{ type: 'reasoning.text', text: 'think', signature: 's', format: 'anthropic-claude-v1', index: 0 }],
        annotations: [],
        tool_calls: [
          {
            id: 'c1',
            type: 'function',
            index: 0,
            function: { name: 'f', arguments: '{}' },
            extra_content: { google: { thought_signature: 'g' } },
          },
        ],
        images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
      },
      logprobs: null,
      native_finish_reason: 'tool_use',
      finish_reason: 'tool_calls',
    },
  ],
  usage: { ...usage, cost: 0.01, is_byok: false, cost_details: { upstream_inference_cost: null } },
};

t.test('a whole answer comes back as it was', async (t) => {
  const read = openaiChat.parseAnswer(answer);
  t.match(read, {
    id: 'gen-1',
    createdAtMs: 1_700_000_000_000,
    stop: { reason: 'tool-calls' },
    usage: { costUsd: 0.01, cachedInputTokens: 60 },
    parts: [
      { type: 'reasoning', text: 'think' },
      { type: 'text' },
      { type: 'image' },
      { type: 'tool-call', opaque: { value: 'g' } },
    ],
  });
  t.strictSame(openaiChat.renderAnswer(read, { request: requestOf(), nowMs: 0 }), answer);
});

t.test('answers of other dialects', async (t) => {
  const foreign: ModelAnswer = {
    id: 'msg_1',
    model: 'claude',
    parts: [
      { type: 'reasoning', text: 'think', opaque: [{ origin: 'anthropic', kind: 'signature', value: 's' }] },
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'tool-call', id: 't1', name: 'apply_patch', arguments: '{"input":"*** Begin"}' },
      { type: 'tool-call', id: 't2', name: 'f', arguments: '' },
    ],
    stop: { reason: 'pause', raw: 'pause_turn' },
  };
  const custom = { name: 'apply_patch', isCustom: true };
  const written = openaiChat.renderAnswer(foreign, { request: requestOf({ tools: [custom] }), nowMs: 5000 });
  t.match(written, {
    created: 5,
    choices: [
      {
        finish_reason: 'stop',
        native_finish_reason: 'pause_turn',
        message: {
          content: 'ab',
          reasoning_content: 'think',
          reasoning_details: [
            { type: 'reasoning.text', text: 'think', index: 0 },
            { type: 'reasoning.encrypted', data: /^swyd1_/, index: 0 },
          ],
          tool_calls: [
            { type: 'custom', custom: { name: 'apply_patch', input: '*** Begin' } },
            { function: { arguments: '{}' } },
          ],
        },
      },
    ],
  });
  const only = { ...foreign, parts: foreign.parts.slice(4), stop: { reason: 'tool-calls' } as const };
  const message = objectOf(openaiChat.renderAnswer(only, { request: requestOf(), nowMs: 0 }).choices as never);
  t.match(message, {});
  t.match(openaiChat.renderAnswer(only, { request: requestOf(), nowMs: 0 }), { choices: [{ message: { content: null } }] });
});

t.test('errors in a 200 body', async (t) => {
  const body = { error: { code: 'server_error', message: 'x' } };
  t.throws(() => openaiChat.parseAnswer(body), { name: 'AnswerError', error: { kind: 'server' } });
  t.throws(() => openaiChat.parseAnswer({ choices: [{ ...body, message: { content: 'half' } }] }), { name: 'AnswerError' });
  t.throws(() => openaiChat.parseAnswer({}), { name: 'DialectError', param: 'choices[0].message' });
});

const errors: [status: number, body: unknown, kind: string, more?: object][] = [
  [
    400,
    { error: { message: 'x', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } },
    'context-length',
    { param: 'messages' },
  ],
  [400, { error: { message: "This model's maximum context length is 8192 tokens", code: null } }, 'context-length'],
  [400, { error: { message: 'bad field', type: 'invalid_request_error', code: null } }, 'invalid-request'],
  [401, { error: { message: 'x', code: 'invalid_api_key' } }, 'authentication', { code: 'invalid_api_key' }],
  [
    429,
    { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } },
    'balance',
  ],
  [
    429,
    { error: { message: 'Rate limit reached. Please try again in 1.5s.', code: 'rate_limit_exceeded' } },
    'rate-limit',
    { retryAfterMs: 1500 },
  ],
  [402, { error: 'Insufficient USD or Diem balance to complete request' }, 'balance', { message: /Diem/ }],
  [402, { error: 'API_KEY_DIEM_SPEND_LIMIT_EXCEEDED' }, 'balance', { code: 'API_KEY_DIEM_SPEND_LIMIT_EXCEEDED' }],
  [
    400,
    { error: 'Invalid request', details: {}, issues: [{ message: 'temperature must be a number' }] },
    'invalid-request',
    { message: /temperature/ },
  ],
  [400, { error: 'TOO_MANY_TOKENS: the prompt is big' }, 'context-length'],
  [404, { error: 'MODEL_NOT_FOUND' }, 'not-found'],
  [400, { error: 'INVALID_MODEL' }, 'not-found'],
  [422, { error: 'CONTENT_POLICY_VIOLATION', suggested_prompt: 'x' }, 'content-policy'],
  [429, { error: 'MODEL_OVERLOADED' }, 'overloaded'],
  [429, { error: 'Rate limit exceeded' }, 'rate-limit'],
  [503, { error: 'MODEL_AT_CAPACITY' }, 'overloaded'],
  [401, { error: 'PRO_ONLY_MODEL' }, 'permission'],
  [500, { error: 'INFERENCE_FAILED' }, 'server'],
  [504, { error: 'REQUEST_TIMEOUT' }, 'timeout'],
  [400, { error: { code: 400, message: 'x', metadata: { error_type: 'context_length_exceeded' } } }, 'context-length'],
  [402, { error: { code: 402, message: 'Insufficient credits', metadata: { error_type: 'payment_required' } } }, 'balance'],
  [
    402,
    {
      error: {
        code: 402,
        message: 'x',
        metadata: { limit_source: 'openrouter_in_flight_budget', error_type: 'payment_required' },
      },
    },
    'rate-limit',
  ],
  [403, { error: { code: 403, message: 'Key limit', metadata: { limit_source: 'openrouter_key_limit' } } }, 'balance'],
  [403, { error: { code: 403, message: 'Your input was flagged', metadata: { reasons: ['x'] } } }, 'content-policy'],
  [502, { error: { code: 502, message: 'x', metadata: { error_type: 'unheard_of' } } }, 'transport'],
  [
    413,
    '<html><head><title>413 Request Entity Too Large</title></head></html>',
    'too-large',
    { message: '413 Request Entity Too Large' },
  ],
  [502, 'upstream   connect error', 'transport', { message: 'upstream connect error' }],
  [500, '', 'server', { message: /500/ }],
  [529, null, 'overloaded'],
  [400, { detail: 'model x does not exist' }, 'not-found'],
  [418, [], 'invalid-request'],
];

t.test('errors', async (t) => {
  for (const [status, body, kind, more] of errors) {
    const error = openaiChat.parseError(status, body);
    t.match(error, { kind, status, ...more }, JSON.stringify(body));
    const rendered = openaiChat.renderError(error);
    t.match(rendered.body, {
      error: { message: error.message, type: String, code: kind === 'invalid-request' ? null : String },
    });
    t.equal(openaiChat.parseError(rendered.status, rendered.body).kind, kind, 'and back');
  }
});
