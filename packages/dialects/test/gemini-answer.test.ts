// Gemini’s answers and errors, read and written.
import t from 'tap';
import { AnswerError } from '../src/dialect.ts';
import { gemini } from '../src/gemini/index.ts';
import type { ErrorKind } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import { countingIds, requestOf } from './fixtures/streams.ts';

const answer: JsonObject = {
  candidates: [
    {
      content: {
        parts: [
          { text: 'Thinking', thought: true },
          { text: 'Hello' },
          { functionCall: { id: 'fc1', name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG' },
          { functionCall: { name: 'g', args: {} } },
          { inlineData: { mimeType: 'image/png', data: 'aa' }, thoughtSignature: 'IMG' },
        ],
        role: 'model',
      },
      finishReason: 'STOP',
      index: 0,
      safetyRatings: [],
      avgLogprobs: -0.1,
    },
  ],
  usageMetadata: {
    promptTokenCount: 100,
    cachedContentTokenCount: 60,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 30,
    totalTokenCount: 150,
    toolUsePromptTokenCount: 3,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }],
  },
  modelVersion: 'gemini-3.8-flash',
  responseId: 'abc',
};

t.test('an answer is read, and given back as it came', async (t) => {
  const parsed = gemini.parseAnswer(answer, { newId: countingIds() });
  t.match(parsed, {
    id: 'abc',
    model: 'gemini-3.8-flash',
    stop: { reason: 'tool-calls', raw: 'STOP' },
    usage: {
      inputTokens: 103,
      cachedInputTokens: 60,
      outputTokens: 50,
      reasoningTokens: 30,
      totalTokens: 150,
      bag: { fields: { toolUsePromptTokenCount: 3 } },
    },
  });
  t.match(parsed.parts[3], { id: 'gemcall_new1' });
  t.same(gemini.renderAnswer(parsed, { request: requestOf({ reasoning: { summary: 'auto' } }), nowMs: 0 }), answer);
});

t.test('a blocked prompt is an answer', async (t) => {
  const blocked = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 5, totalTokenCount: 5 },
    modelVersion: 'm',
    responseId: 'r',
  };
  const parsed = gemini.parseAnswer(blocked);
  t.match(parsed, { parts: [], stop: { reason: 'content-filter', raw: 'PROHIBITED_CONTENT' } });
  t.same(gemini.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }), blocked);
});

t.test('an answer that is none', async (t) => {
  t.throws(() => gemini.parseAnswer({}), { name: 'DialectError', param: 'candidates' });
  t.throws(() => gemini.parseAnswer({ error: { code: 503, message: 'x', status: 'UNAVAILABLE' } }), AnswerError);
});

const stops: [raw: string, reason: string][] = [
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'other'],
  ['LANGUAGE', 'other'],
];
for (const [raw, reason] of stops) {
  t.test(`${raw} is ${reason}, both ways`, async (t) => {
    const parsed = gemini.parseAnswer({ candidates: [{ finishReason: raw }] });
    t.equal(parsed.stop.reason, reason);
    t.match(gemini.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }).candidates, [{ finishReason: raw }]);
  });
}

t.test('what another provider made is signed for the way back', async (t) => {
  const opaque = { origin: 'anthropic' as const, kind: 'signature' as const, value: 's' };
  const parts = [
    { type: 'reasoning' as const, text: 'why', opaque: [opaque] },
    { type: 'tool-call' as const, id: 'toolu_1', name: 'f', arguments: '{}' },
    { type: 'tool-call' as const, id: 'toolu_2', name: 'f', arguments: 'x' },
  ];
  const render = (summary: string | false) =>
    gemini.renderAnswer(
      { id: '', model: '', parts, stop: { reason: 'tool-calls' } },
      { request: requestOf({ model: 'm', reasoning: { summary } }), nowMs: 0, newId: countingIds() },
    );
  const calls = [
    { functionCall: { name: 'f', id: 'toolu_1', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
    { functionCall: { name: 'f', id: 'toolu_2', args: { _raw: 'x' } } },
  ];
  t.same(render('auto'), {
    candidates: [
      {
        content: { parts: [{ text: 'why', thought: true, thoughtSignature: wrapOpaque(opaque) }, ...calls], role: 'model' },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    modelVersion: 'm',
    responseId: 'new1',
  });
  t.same(
    (render(false).candidates as { content: { parts: object[] } }[])[0]?.content.parts,
    calls,
    'a signature without its words would be refused',
  );
});

const status = (code: number, name: string, message: string, ...details: object[]) => ({
  error: { code, message, status: name, ...(details.length > 0 && { details }) },
});
const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '37.5s' };
const quota = (quotaId: string) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] });
const errors: [status: number, body: unknown, kind: ErrorKind, more?: object][] = [
  [400, status(400, 'INVALID_ARGUMENT', 'Unknown name "x"'), 'invalid-request', { code: 'INVALID_ARGUMENT' }],
  [
    400,
    status(400, 'INVALID_ARGUMENT', 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).'),
    'context-length',
  ],
  [
    400,
    status(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
    }),
    'authentication',
    { code: 'API_KEY_INVALID' },
  ],
  [400, status(400, 'FAILED_PRECONDITION', 'Please enable billing on your project'), 'balance'],
  [401, status(401, 'UNAUTHENTICATED', 'x'), 'authentication'],
  [403, status(403, 'PERMISSION_DENIED', 'x'), 'permission'],
  [404, status(404, 'NOT_FOUND', 'models/gemini-2.0-flash is not found'), 'not-found'],
  [
    429,
    status(429, 'RESOURCE_EXHAUSTED', 'x', quota('GenerateRequestsPerMinutePerProjectPerModel'), retry),
    'rate-limit',
    { retryAfterMs: 37_500 },
  ],
  [429, status(429, 'RESOURCE_EXHAUSTED', 'x', quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry), 'balance'],
  [429, [status(429, 'RESOURCE_EXHAUSTED', 'x')], 'rate-limit'],
  [500, status(500, 'INTERNAL', 'x'), 'server'],
  [503, status(503, 'UNAVAILABLE', 'The model is overloaded.'), 'overloaded'],
  [504, status(504, 'DEADLINE_EXCEEDED', 'x'), 'timeout'],
  [502, '<!DOCTYPE html><title>Error 502</title>', 'transport'],
];
for (const [code, body, kind, more] of errors) {
  t.test(`status ${code} ${JSON.stringify(body).slice(0, 70)} is ${kind}`, async (t) => {
    const parsed = gemini.parseError(code, body);
    t.match(parsed, { kind, status: code, ...more });
    const rendered = gemini.renderError(parsed);
    t.match(rendered.body, { error: { code: rendered.status, message: parsed.message } });
    t.equal(gemini.parseError(rendered.status, rendered.body).retryAfterMs, parsed.retryAfterMs);
  });
}
