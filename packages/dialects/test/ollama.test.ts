// Ollama's own API: what its clients say comes back as it came, what others say is cut to what it can carry.
import t from 'tap';
import { AnswerError } from '../src/dialect.ts';
import type { ModelEvent } from '../src/model/answer.ts';
import type { ErrorKind } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { NdjsonSplitter, NdjsonTooLargeError } from '../src/ndjson.ts';
import { ollama } from '../src/ollama/index.ts';
import { countingIds, eventsOfText, joined, requestOf, splitsThatDiffer, textOfEvents } from './fixtures/streams.ts';

const full: JsonObject = {
  model: 'qwen3.5:9b',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Look', images: ['iVBORw0KGgo=', '/9j/4AAQ'] },
    {
      role: 'assistant',
      content: '',
      thinking: 'Hm.',
      tool_calls: [
        { function: { index: 0, name: 'f', arguments: { a: 1 } } },
        { id: 'call_x', type: 'function', function: { name: 'f', arguments: {} } },
      ],
    },
    { role: 'tool', content: 'one', tool_name: 'f' },
    { role: 'tool', content: 'two', tool_name: 'f', tool_call_id: 'call_x', extra: 1 },
    { role: 'assistant', tool_calls: [{ function: { name: 'g', arguments: '{"text":true}' } }] },
  ],
  tools: [
    { type: 'function', function: { name: 'f', description: 'F', parameters: { type: 'object' }, strict: true } },
    { function: { name: 'g' } },
  ],
  format: { type: 'object', properties: { a: { type: 'string' } } },
  options: {
    num_predict: 100,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    stop: ['X'],
    seed: 1,
    num_ctx: 8192,
    presence_penalty: 1,
    frequency_penalty: 0,
    min_p: 0.1,
  },
  think: 'high',
  keep_alive: '5m',
  stream: true,
  logprobs: true,
};
const minimal: JsonObject = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const own: [what: string, body: JsonObject][] = [
  ['everything', full],
  ['the least there is', minimal],
  ['no stream', { ...minimal, stream: false, think: false, format: 'json', options: { num_predict: -1 } }],
  ['empty fields', { ...minimal, tools: [], options: {}, format: '', think: true, messages: [{ role: 'user', content: '' }] }],
  ['no messages', { model: 'm', messages: [], keep_alive: 0 }],
];
for (const [what, body] of own) {
  t.test(`a request with ${what} is given back as it came`, async (t) => {
    const before = structuredClone(body);
    const { body: rendered, losses } = ollama.renderRequest(ollama.parseRequest(body));
    t.same(rendered, before);
    t.same(losses, []);
  });
}

t.test('what a request says is understood', async (t) => {
  const request = ollama.parseRequest(full);
  t.match(request, {
    stream: true,
    reasoning: { effort: 'high' },
    output: { type: 'json-schema' },
    sampling: { maxOutputTokens: 100, topK: 40, seed: 1, stop: ['X'] },
  });
  t.match(request.messages[1]?.parts, [
    { text: 'Look' },
    { source: { mediaType: 'image/png' } },
    { source: { mediaType: 'image/jpeg' } },
  ]);
  t.match(request.messages[2]?.parts, [
    { type: 'reasoning', text: 'Hm.' },
    { type: 'tool-call', id: 'ollcall_0', arguments: '{"a":1}' },
    { id: 'call_x' },
  ]);
  t.match(request.messages[3], { role: 'user', parts: [{ type: 'tool-result', callId: 'ollcall_0', name: 'f' }] });
  t.equal(ollama.parseRequest(minimal).stream, true, 'it streams unless told otherwise');
  t.throws(() => ollama.parseRequest({ messages: [] }), { name: 'DialectError', param: 'model' });
  t.throws(() => ollama.parseRequest({ model: 'm' }), { name: 'DialectError', param: 'messages' });
  t.throws(() => ollama.parseRequest({ model: 'm', messages: [], tools: [{}] }), {
    name: 'DialectError',
    param: 'tools[0].function',
  });
});

const foreign = (messages: Message[], more: Partial<ModelRequest> = {}) => ollama.renderRequest(requestOf({ messages, ...more }));
const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

t.test('a conversation of another dialect', async (t) => {
  const { body, losses } = foreign([
    { role: 'developer', parts: [{ type: 'text', text: 'A' }] },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
        { type: 'image', source: { kind: 'url', url: 'https://e.org' } },
        { type: 'file', source: { kind: 'file-id', fileId: 'x' } },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm', opaque: [{ origin: 'anthropic', kind: 'signature', value: 's' }] },
        { type: 'tool-call', id: 'c1', namespace: 'n', name: 'f', arguments: 'broken' },
        { type: 'tool-call', id: 'ollcall_5', name: 'g', arguments: '' },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: 'r' }], isError: true },
        {
          type: 'tool-result',
          callId: 'ollcall_5',
          content: [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'a' } }],
        },
        { type: 'text', text: 'go on' },
      ],
    },
  ]);
  t.same(body.messages, [
    { role: 'system', content: 'A' },
    { role: 'user', content: 'a\nb' },
    {
      role: 'assistant',
      content: '',
      thinking: 'hm',
      tool_calls: [
        { function: { name: 'n__f', arguments: { _raw: 'broken' } }, id: 'c1' },
        { function: { name: 'g', arguments: {} } },
      ],
    },
    { role: 'tool', content: 'r', tool_name: 'n__f', tool_call_id: 'c1' },
    { role: 'tool', content: '', tool_name: 'g', images: ['a'] },
    { role: 'user', content: 'go on' },
  ]);
  t.equal(body.stream, true);
  t.same(
    losses.map((loss) => loss.field),
    [
      'messages[1].parts[2]',
      'messages[1].parts[3]',
      'messages[2].parts[0].opaque',
      'messages[2].parts[1].arguments',
      'messages[3].parts[0].isError',
    ],
  );
});

const sayings: [what: string, request: Partial<ModelRequest>, body: JsonObject, losses?: string[]][] = [
  ['a level for gpt-oss', { model: 'gpt-oss:20b', reasoning: { effort: 'xhigh' } }, { think: 'high' }, ['reasoning']],
  ['a level for others', { reasoning: { effort: 'low' } }, { think: true }, ['reasoning']],
  ['no thought', { reasoning: { effort: 'none' } }, { think: false }],
  ['thought as the model likes', { reasoning: { budgetTokens: -1 } }, { think: true }],
  [
    'a forced call',
    { tools: [{ name: 'f' }], toolChoice: { type: 'required' } },
    { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] },
    ['toolChoice'],
  ],
  [
    'one tool',
    { tools: [{ name: 'f' }, { name: 'g', parameters: { type: 'object' } }], toolChoice: { type: 'tool', name: 'g' } },
    { tools: [{ type: 'function', function: { name: 'g', parameters: { type: 'object' } } }] },
    ['toolChoice'],
  ],
  ['no tool', { tools: [{ name: 'f' }], toolChoice: { type: 'none' } }, { tools: undefined }],
  [
    'what it has no word for',
    { userId: 'u', cacheKey: 'k', parallelToolCalls: false, sampling: { candidates: 2, maxOutputTokens: 5 } },
    { options: { num_predict: 5 } },
    ['parallelToolCalls', 'userId', 'cacheKey', 'sampling.candidates'],
  ],
  [
    'a schema',
    { output: { type: 'json-schema', name: 'x', schema: { type: 'object' } }, stream: false },
    { format: { type: 'object' }, stream: false },
  ],
];
for (const [what, request, expected, fields = []] of sayings) {
  t.test(`${what} in Ollama's words`, async (t) => {
    const { body, losses } = foreign([user('hi')], request);
    for (const key in expected) t.same(body[key], expected[key], key);
    t.same(
      losses.map((loss) => loss.field),
      fields,
    );
  });
}

const answer: JsonObject = {
  model: 'qwen3.5:9b',
  created_at: '2026-11-20T12:00:00.000Z',
  message: {
    role: 'assistant',
    content: 'Hello',
    thinking: 'Hm.',
    tool_calls: [{ id: 'c', function: { index: 0, name: 'f', arguments: { a: 1 } } }],
  },
  done: true,
  done_reason: 'stop',
  total_duration: 4_935_886_791,
  load_duration: 534_986_708,
  prompt_eval_count: 26,
  prompt_eval_duration: 107_345_000,
  eval_count: 237,
  eval_duration: 4_289_432_000,
  remote_host: 'ollama.com',
};

t.test('an answer is read, and given back as it came', async (t) => {
  const parsed = ollama.parseAnswer(answer);
  t.match(parsed, {
    createdAtMs: Date.UTC(2026, 10, 20, 12),
    stop: { reason: 'tool-calls' },
    usage: { inputTokens: 26, outputTokens: 237 },
  });
  t.same(ollama.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }), answer);
  t.notOk(
    'thinking' in
      (ollama.renderAnswer(parsed, { request: requestOf({ reasoning: { budgetTokens: 0 } }), nowMs: 0 }).message as JsonObject),
  );
  t.match(
    ollama.parseAnswer(
      { message: { content: '', tool_calls: [{ function: { name: 'f' } }] }, done_reason: 'length' },
      { newId: countingIds() },
    ),
    { parts: [{ id: 'ollcall_new1', arguments: '{}' }], stop: { reason: 'length' } },
  );
  t.throws(() => ollama.parseAnswer({ error: 'model "x" not found' }), AnswerError);
  t.throws(() => ollama.parseAnswer({}), { name: 'DialectError', param: 'message' });
});

const head = { model: 'm', created_at: '2026-11-20T12:00:00.000Z' };
const lines = (...list: JsonObject[]) => list.map((line) => `${JSON.stringify({ ...head, ...line })}\n`).join('');
const message = (fields: JsonObject): JsonObject => ({ message: { role: 'assistant', content: '', ...fields }, done: false });
const done: JsonObject = {
  message: { role: 'assistant', content: '' },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 5,
  eval_count: 7,
  eval_duration: 9,
};
const text = lines(
  message({ thinking: 'Hm' }),
  message({ content: 'Grüß ' }),
  message({ content: '👩‍🚀' }),
  message({ tool_calls: [{ function: { name: 'f', arguments: { a: 'ü' } } }] }),
  done,
);
const events = [
  { type: 'start', id: '', model: 'm', createdAtMs: Date.UTC(2026, 10, 20, 12) },
  { type: 'reasoning', text: 'Hm' },
  { type: 'text', text: 'Grüß 👩‍🚀' },
  { type: 'tool-start', index: 0, id: 'ollcall_new1', name: 'f' },
  { type: 'tool-arguments', index: 0, text: '{"a":"ü"}' },
  { type: 'tool-end', index: 0 },
  { type: 'usage', usage: { inputTokens: 5, outputTokens: 7, bag: { dialect: 'ollama', fields: { eval_duration: 9 } } } },
  { type: 'stop', stop: { reason: 'tool-calls', raw: 'stop' } },
  { type: 'end' },
];

t.test('a stream', async (t) => {
  t.same(joined(eventsOfText(ollama, text)), events);
  t.same(splitsThatDiffer(ollama, text), [], 'the same in every split');
  t.same(joined(eventsOfText(ollama, text.trimEnd())), events, 'the last line needs no end');
  for (let at = 0; at < text.length - 2; at += 1) {
    const last = eventsOfText(ollama, text.slice(0, at)).at(-1);
    if (last?.type !== 'error' || last.error.kind !== 'cut') t.fail(`cut at ${at}`, { last });
  }
  const again = textOfEvents(ollama, eventsOfText(ollama, text), { nowMs: Date.UTC(2026, 10, 20, 12) });
  t.same(joined(eventsOfText(ollama, again)), events, 'written and read again');
});

const broken: [what: string, text: string, error: object][] = [
  [
    'an error line',
    lines(message({ content: 'a' })) +
      '{"error":"an error was encountered while running the model: out of memory"}\n' +
      lines(done),
    { kind: 'overloaded' },
  ],
  ['no JSON', 'hello\n', { kind: 'malformed' }],
  ['nothing', '', { kind: 'cut' }],
];
for (const [what, text, error] of broken)
  t.test(`a stream that holds ${what}`, async (t) => t.match(eventsOfText(ollama, text).at(-1), { type: 'error', error }));

t.test('an error is the last line', async (t) => {
  const list: ModelEvent[] = [
    { type: 'start', id: 'x', model: '' },
    { type: 'text', text: 'a' },
    { type: 'error', error: { kind: 'cut', message: 'gone' } },
    { type: 'end' },
  ];
  const written = textOfEvents(ollama, list)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(written, [{ model: 'm', message: { content: 'a' }, done: false }, { error: 'gone' }]);
});

const errors: [status: number, body: unknown, kind: ErrorKind][] = [
  [404, { error: "model 'x' not found" }, 'not-found'],
  [400, { error: '"m" does not support tools' }, 'unsupported'],
  [400, { error: 'the input length exceeds the context length' }, 'context-length'],
  [503, { error: 'server busy, please try again.  maximum pending requests exceeded' }, 'overloaded'],
  [500, { error: 'model requires more system memory (5.6 GiB) than is available (2.4 GiB)' }, 'overloaded'],
  [500, { error: 'llama runner process has terminated' }, 'server'],
  [429, { error: 'you have reached your hourly usage limit' }, 'balance'],
  [401, { error: 'unauthorized' }, 'authentication'],
  [502, 'Bad Gateway', 'transport'],
];
for (const [status, body, kind] of errors) {
  t.test(`status ${status} ${JSON.stringify(body)} is ${kind}`, async (t) => {
    const parsed = ollama.parseError(status, body);
    t.match(parsed, { kind, status });
    t.same(ollama.renderError(parsed), { status, body: { error: parsed.message } });
  });
}

t.test('lines have a largest length', async (t) => {
  const found: string[] = [];
  const splitter = new NdjsonSplitter({ onLine: (line) => found.push(line), limitChars: 5 });
  splitter.feed('ab\r\n\n  \n123');
  splitter.feed('45\n');
  t.same(found, ['ab', '12345']);
  splitter.feed('123');
  t.throws(() => splitter.feed('456'), NdjsonTooLargeError);
});
