// The chaos upstream answers in every dialect so that the dialect's own parser reads it, and its faults do what they say.
import { setTimeout as sleep } from 'node:timers/promises';
import { anthropic, type Dialect, gemini, type JsonObject, type ModelEvent, ollama } from '@switchyard/dialects';
import { openaiChat } from '@switchyard/dialects/openai-chat/index';
import { openaiCompletions } from '@switchyard/dialects/openai-completions/index';
import { openaiResponses } from '@switchyard/dialects/openai-responses/index';
import t from 'tap';
import { errorShapes, instanceOf, startChaosUpstream } from '../src/index.ts';

const chaos = await startChaosUpstream({ models: ['chaos-1', 'chaos-2'] });
t.teardown(() => chaos.close());

/** The same question in every dialect: with tools, a forced schema, reasoning. */
interface Spoken {
  dialect: Dialect;
  path: (stream: boolean) => string;
  body: (more: {
    stream: boolean;
    model?: string;
    tools?: boolean;
    reasons?: boolean;
    prompt?: string;
    schema?: boolean;
  }) => JsonObject;
}
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, n: { type: 'integer', minimum: 3 } },
  required: ['city'],
};
const spoken: Record<string, Spoken> = {
  chat: {
    dialect: openaiChat,
    path: () => '/openrouter/api/v1/chat/completions',
    body: ({ stream, model = 'chaos-1', tools, reasons, prompt = 'hi', schema: wants }) => ({
      model,
      stream,
      messages: [{ role: 'user', content: prompt }],
      ...(tools && { tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }] }),
      ...(reasons && { reasoning: { effort: 'high' } }),
      ...(wants && { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }),
    }),
  },
  responses: {
    dialect: openaiResponses,
    path: () => '/v1/responses',
    body: ({ stream, model = 'chaos-1', tools, reasons, prompt = 'hi', schema: wants }) => ({
      model,
      stream,
      input: prompt,
      ...(tools && { tools: [{ type: 'function', name: 'weather', parameters: schema }] }),
      ...(reasons && { reasoning: { effort: 'high' }, include: ['reasoning.encrypted_content'] }),
      ...(wants && { text: { format: { type: 'json_schema', name: 'x', schema } } }),
    }),
  },
  anthropic: {
    dialect: anthropic,
    path: () => '/v1/messages?beta=true',
    body: ({ stream, model = 'chaos-1', tools, reasons, prompt = 'hi', schema: wants }) => ({
      model,
      stream,
      max_tokens: 4000,
      messages: [{ role: 'user', content: [{ type: 'text', text: prompt, cache_control: { type: 'ephemeral' } }] }],
      ...(tools && { tools: [{ name: 'weather', input_schema: schema }] }),
      ...(reasons && { thinking: { type: 'enabled', budget_tokens: 2000 } }),
      ...(wants && { output_config: { format: { type: 'json_schema', schema } } }),
    }),
  },
  gemini: {
    dialect: gemini,
    path: (stream) => `/v1beta/models/chaos-1:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: ({ tools, reasons, prompt = 'hi', schema: wants }) => ({
      contents: [{ role: 'user', parts: [{ text: prompt }] }],
      ...(tools && { tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: schema }] }] }),
      generationConfig: {
        ...(reasons && { thinkingConfig: { thinkingLevel: 'high', includeThoughts: true } }),
        ...(wants && { responseMimeType: 'application/json', responseJsonSchema: schema }),
      },
    }),
  },
  ollama: {
    dialect: ollama,
    path: () => '/api/chat',
    body: ({ stream, model = 'chaos-1', tools, reasons, prompt = 'hi', schema: wants }) => ({
      model,
      stream,
      messages: [{ role: 'user', content: prompt }],
      ...(tools && { tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }] }),
      ...(reasons && { think: true }),
      ...(wants && { format: schema }),
    }),
  },
};

const post = (path: string, body: JsonObject, init: RequestInit = {}) =>
  fetch(chaos.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });

/** The events of a streamed answer; a connection that dies is an end that nobody said. */
async function events(dialect: Dialect, response: Response): Promise<ModelEvent[]> {
  const found: ModelEvent[] = [];
  const parser = dialect.streamParser((event) => found.push(event));
  const decoder = new TextDecoder();
  try {
    for await (const piece of response.body ?? []) parser.feed(decoder.decode(piece as Uint8Array, { stream: true }));
  } catch {
    // Killed.
  }
  parser.end();
  return found;
}
const wordsOf = (list: ModelEvent[]) => list.map((event) => (event.type === 'text' ? event.text : '')).join('');

for (const [name, { dialect, path, body }] of Object.entries(spoken)) {
  const ask = async (stream: boolean, more: object = {}) => post(path(stream), body({ stream, ...more }));

  t.test(`${name}: a whole answer and a stream`, async (t) => {
    const answer = dialect.parseAnswer((await (await ask(false)).json()) as JsonObject);
    t.match(answer, { parts: [{ type: 'text', text: /^Hello from the chaos model. You said: hi$/ }], stop: { reason: 'stop' } });
    t.ok((answer.usage?.inputTokens ?? 0) > 0 && (answer.usage?.outputTokens ?? 0) > 0, 'it is counted');
    const found = await events(dialect, await ask(true));
    t.equal(wordsOf(found), 'Hello from the chaos model. You said: hi');
    t.equal(found.at(-1)?.type, 'end');
    t.ok(found.some((event) => event.type === 'usage'));
  });

  t.test(`${name}: calls, thoughts, a schema`, async (t) => {
    const called = dialect.parseAnswer((await (await ask(false, { tools: true })).json()) as JsonObject);
    t.match(called, {
      parts: [{ type: 'tool-call', name: 'weather', arguments: '{"city":"hello from chaos","n":3}' }],
      stop: { reason: 'tool-calls' },
    });
    const both = await events(dialect, await ask(true, { tools: true, prompt: 'both please', reasons: true }));
    t.equal(both.filter((event) => event.type === 'tool-start').length, 2);
    t.ok(both.some((event) => event.type === 'reasoning'));
    const filled = dialect.parseAnswer((await (await ask(false, { schema: true })).json()) as JsonObject);
    t.match(filled.parts, [{ type: 'text', text: '{"city":"hello from chaos","n":3}' }]);
  });

  t.test(`${name}: faults of a stream`, async (t) => {
    const faulty = async (fault: object) => {
      chaos.script(fault);
      return await events(dialect, await ask(true));
    };
    t.match((await faulty({ killAtEvent: 3 })).at(-1), { type: 'error', error: { kind: 'cut' } }, 'killed');
    t.match((await faulty({ endAtEvent: 3 })).at(-1), { type: 'error', error: { kind: 'cut' } }, 'ended too soon');
    t.match((await faulty({ killAtByte: 40 })).at(-1), { type: 'error', error: { kind: 'cut' } }, 'killed within an event');
    t.match((await faulty({ malformed: 3 })).at(-1), { type: 'error' }, 'malformed');
    const failed = await faulty({ errorAtEvent: 3 });
    t.match(failed.at(-1), { type: 'error' }, 'failed');
    t.not((failed.at(-1) as { error: { kind: string } }).error.kind, 'cut');
    for (const fault of [
      { pieceBytes: 1 },
      { comments: true },
      { gzip: true },
      { gapMs: 1 },
      { usage: 'odd' },
      { firstByteDelayMs: 20 },
    ]) {
      const found = await faulty(fault);
      t.equal(wordsOf(found), 'Hello from the chaos model. You said: hi', JSON.stringify(fault));
      t.equal(found.at(-1)?.type, 'end');
    }
    // message_start has the zeros that Anthropic's form demands.
    t.notOk((await faulty({ usage: 'missing' })).some((event) => event.type === 'usage' && (event.usage.outputTokens ?? 0) > 0));
  });

  t.test(`${name}: faults of a whole answer`, async (t) => {
    const faulty = async (fault: object) => {
      chaos.script(fault);
      return await ask(false);
    };
    await t.rejects(async () => (await faulty({ malformed: true })).json());
    t.equal(await (await faulty({ isEmpty: true })).text(), '');
    t.match(await (await faulty({ gzip: true })).json(), {}, 'gzip');
    await t.rejects(async () => (await faulty({ killAtByte: 10 })).text());
    const inside = (await (await faulty({ errorInside: true })).json()) as JsonObject;
    t.throws(() => dialect.parseAnswer(inside), { name: 'AnswerError' });
    const refused = await faulty({ status: 429, headers: { 'Retry-After': '7' } });
    t.equal(refused.headers.get('retry-after'), '7');
    t.equal(dialect.parseError(429, await refused.json()).kind, 'rate-limit');
  });
}

t.test('legacy completions', async (t) => {
  const body = { model: 'm', prompt: 'once', stream: true, stream_options: { include_usage: true } };
  const found = await events(openaiCompletions, await post('/v1/completions', body));
  t.equal(wordsOf(found), 'Hello from the chaos model. You said: once');
  t.equal(found.at(-1)?.type, 'end');
  t.equal((await post('/venice/api/v1/completions', body)).status, 404, 'Venice has none');
});

t.test('faults in the name of a model', async (t) => {
  const { dialect, body } = spoken.chat as Spoken;
  const ask = async (model: string) => post('/v1/chat/completions', body({ stream: true, model }));
  t.match((await events(dialect, await ask('chaos/kill-at-2'))).at(-1), { type: 'error', error: { kind: 'cut' } });
  t.match(wordsOf(await events(dialect, await ask('chaos/slow-10+pieces-3'))), /^Hello/);
  const refused = await ask('chaos/status-503+after-5');
  t.equal(refused.status, 503);
  t.equal(refused.headers.get('retry-after'), '5');
  t.equal((await ask('chaos/shape-venice-balance')).status, 402);
  t.equal((await ask('chaos/headers-venice')).headers.get('x-venice-balance-diem'), '90.5');
  const dated = await ask('chaos/shape-openrouter-overloaded');
  t.ok(Date.parse(String(dated.headers.get('retry-after'))) > Date.now() + 20_000);
});

const dialectOf = { openai: openaiChat, venice: openaiChat, openrouter: openaiChat, anthropic, gemini, ollama };
for (const shape of errorShapes) {
  t.test(`${shape.name} is ${shape.expectedKind}`, async (t) => {
    const response = await post('/v1/chat/completions', { model: `chaos/shape-${shape.name}`, messages: [] });
    const text = await response.text();
    t.equal(response.status, shape.status);
    const body = typeof shape.body === 'string' ? text : JSON.parse(text);
    t.same(body, shape.body);
    const { kind } = dialectOf[shape.provider].parseError(response.status, body);
    t.equal(kind, shape.expectedKind);
  });
}

t.test('Gemini wants its signature back, Anthropic its thought unchanged', async (t) => {
  const turn = (signature: object): JsonObject => ({
    contents: [
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'hello from chaos', n: 3 } }, ...signature }] },
      { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: 'sun' } } }] },
    ],
  });
  const path = '/v1/models/gemini-3.8-flash:generateContent';
  const { body } = spoken.gemini as Spoken;
  const first = (await (await post(path, body({ stream: false, tools: true }))).json()) as {
    candidates: { content: { parts: JsonObject[] } }[];
  };
  const thoughtSignature = first.candidates[0]?.content.parts[0]?.thoughtSignature;
  t.match(await (await post(path, turn({ thoughtSignature }))).json(), {
    candidates: [{ content: { parts: [{ text: 'The tool says: sun' }] } }],
  });
  t.equal((await post(path, turn({ thoughtSignature: 'skip_thought_signature_validator' }))).status, 200);
  t.match(await (await post(path, turn({}))).json(), { error: { code: 400, message: /missing a thought_signature/ } });
  t.equal((await post(path, turn({ thoughtSignature: 'other' }))).status, 400);
  t.equal((await post(path.replace('3.8', '2.5'), turn({}))).status, 200);

  const spokenAnthropic = spoken.anthropic as Spoken;
  const request = spokenAnthropic.body({ stream: false, tools: true, reasons: true });
  const answer = (await (await post('/v1/messages', request)).json()) as { content: JsonObject[] };
  const next = (content: JsonObject[]) => ({
    ...request,
    messages: [
      ...(request.messages as JsonObject[]),
      { role: 'assistant', content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: answer.content[1]?.id ?? null, content: 'sun' }] },
    ],
  });
  t.match(await (await post('/v1/messages', next(answer.content))).json(), {
    content: [{ type: 'thinking' }, { text: 'The tool says: sun' }],
  });
  const changed = answer.content.map((block) => (block.type === 'thinking' ? { ...block, thinking: 'other' } : block));
  t.match(await (await post('/v1/messages', next(changed))).json(), { error: { message: /Invalid `signature`/ } });
  t.match(await (await post('/v1/messages', next(answer.content.slice(1)))).json(), {
    error: { message: /Expected `thinking`/ },
  });
});

t.test('embeddings, counts and lists', async (t) => {
  const get = async (path: string, headers: Record<string, string> = {}) => (await fetch(chaos.url + path, { headers })).json();
  const vectors = (await (
    await post('/v1/embeddings', { model: 'e', input: ['a', 'b'], dimensions: 4, encoding_format: 'base64' })
  ).json()) as { data: { embedding: string }[] };
  t.equal(Buffer.from(String(vectors.data[1]?.embedding), 'base64').length, 16);
  t.equal((await post('/venice/api/v1/embeddings', { model: 'e', input: [1, 2] })).status, 400);
  t.match(await (await post('/v1beta/models/e:embedContent', { content: { parts: [{ text: 'a' }] } })).json(), {
    embedding: { values: [Number] },
  });
  t.match(await (await post('/v1beta/models/e:batchEmbedContents', { requests: [{}, {}] })).json(), { embeddings: [{}, {}] });
  t.match(await (await post('/api/embed', { model: 'e', input: 'a' })).json(), { embeddings: [[Number]] });
  t.match(await (await post('/v1/messages/count_tokens', { messages: [{ role: 'user', content: 'hi' }] })).json(), {
    input_tokens: Number,
  });
  t.match(await (await post('/v1beta/models/e:countTokens', { contents: [] })).json(), { totalTokens: Number });
  t.match(await get('/v1/models'), { object: 'list', data: [{ id: 'chaos-1' }, { id: 'chaos-2' }] });
  t.match(await get('/api/v1/models'), { data: [{ pricing: { prompt: String } }] });
  t.match(await get('/venice/api/v1/models'), { data: [{ model_spec: { capabilities: {} } }] });
  t.match(await get('/v1/models', { 'anthropic-version': '2023-06-01' }), { data: [{ type: 'model', lifecycle: 'active' }] });
  t.match(await get('/v1/models', { 'x-goog-api-key': 'k' }), { models: [{ name: 'models/chaos-1' }] });
  t.match(await get('/v1beta/models'), { models: [{ name: 'models/chaos-1' }] });
  t.match(await get('/api/tags'), { models: [{ name: 'chaos-1' }] });
  t.match(await get('/api/version'), { version: String });
  t.match(await (await post('/api/show', { model: 'chaos-1' })).json(), { capabilities: ['completion', 'tools'] });
  t.equal(((await get('/nowhere')) as JsonObject).error !== undefined, true);
});

t.test('a client that leaves is noted, at once', async (t) => {
  const abort = new AbortController();
  const count = chaos.requests.length;
  chaos.script({ stallAtEvent: 2 });
  const response = await post('/v1/chat/completions', (spoken.chat as Spoken).body({ stream: true }), { signal: abort.signal });
  await response.body?.getReader().read();
  const leftAt = performance.now();
  abort.abort();
  for (let round = 0; round < 100 && chaos.requests[count]?.abortedAt === undefined; round += 1) await sleep(5);
  const record = chaos.requests[count];
  t.equal(record?.events, 2);
  t.match(record, { status: 200, model: 'chaos-1', provider: 'openai', body: { stream: true } });
  t.ok((record?.abortedAt ?? 0) - leftAt < 500);
  chaos.script({ killAtEvent: 1 });
  await events(openaiChat, await post('/v1/chat/completions', (spoken.chat as Spoken).body({ stream: true })));
  t.equal(chaos.requests.at(-1)?.abortedAt, undefined, 'a kill of our own is no abort');
});

t.test("Venice's guard blocks after too many failures", async (t) => {
  const guarded = await startChaosUpstream({ veniceGuard: { most: 3, windowMs: 200 }, flavour: 'venice' });
  t.teardown(() => guarded.close());
  const ask = async (model: string) =>
    (
      await fetch(`${guarded.url}/api/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }] }),
      })
    ).status;
  for (let count = 0; count < 4; count += 1) t.equal(await ask('x/status-500'), 500);
  t.equal(await ask('good'), 429, 'the key is blocked');
  t.match(guarded.guard, { blocks: 1, refused: 1 });
  await sleep(220);
  t.equal(await ask('good'), 200);
});

t.test('a key, and a schema of every kind', async (t) => {
  const locked = await startChaosUpstream({ key: 'secret' });
  t.teardown(() => locked.close());
  const ask = async (headers: Record<string, string>) => (await fetch(`${locked.url}/v1/models`, { headers })).status;
  t.equal(await ask({}), 401);
  t.equal(await ask({ authorization: 'Bearer secret' }), 200);
  t.equal(await ask({ 'x-api-key': 'secret' }), 200);
  const filled = instanceOf({
    $defs: { day: { enum: ['mon', 'tue'] } },
    type: 'object',
    properties: {
      day: { $ref: '#/$defs/day' },
      list: { type: 'array', items: { type: 'number' }, minItems: 2 },
      either: { anyOf: [{ type: 'null' }] },
      at: { type: 'string', format: 'date' },
      fixed: { const: 5 },
    },
  });
  t.same(filled, { day: 'mon', list: [1, 1], either: null, at: '2026-11-20', fixed: 5 });
});
