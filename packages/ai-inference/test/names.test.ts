// From the name a client asks for to the provider and model that answer; and the lists of what can be asked for.
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t from 'tap';
import { ask, clientNames, clients } from './fixtures/clients.ts';
import { type Stage, startStage } from './fixtures/providers.ts';

let stage: Stage;
t.before(async () => {
  const upstream = await startChaosUpstream({ models: ['chaos-1', 'vendor/chaos-2:free'] });
  t.teardown(() => upstream.close());
  stage = await startStage(
    t,
    {
      aliases: {
        fast: 'venice/qwen3-5-9b',
        'claude-*': 'anthropic/claude-sonnet-5',
        'claude-haiku-*': 'gemini/gemini-3.8-flash',
        chain: ['venice/x/status-503', 'openrouter/vendor/second', 'anthropic/third'],
        deep: 'fast',
        loop: 'loop2',
        loop2: 'loop',
        'chaos-1': 'chaos-1',
      },
      defaultModel: 'openai/the-default',
      retries: { attempts: 1 },
    },
    { upstream },
  );
});

/** Path and model of what was asked last. */
async function led(model: string, client: (typeof clientNames)[number] = 'openai-chat'): Promise<string> {
  const { chaos, router } = stage;
  const heard = await ask(router.url, client, { model });
  const last = chaos.requests.at(-1);
  return heard.status === 200 ? `${last?.path} ${last?.model}` : `${heard.status} ${heard.json?.error?.message}`;
}

t.test('names lead to providers', async (t) => {
  for (const [asked, expected] of [
    ['openrouter/anthropic/claude-opus-5:nitro', '/openrouter/api/v1/chat/completions anthropic/claude-opus-5:nitro'],
    ['openai/ft:gpt/a/b', '/openai/v1/chat/completions ft:gpt/a/b'],
    ['venice/qwen:enable_web_search=auto&x=1', '/venice/api/v1/chat/completions qwen:enable_web_search=auto&x=1'],
    ['ollama/library/llama3.3:8b', '/api/chat library/llama3.3:8b'],
    ['fast', '/venice/api/v1/chat/completions qwen3-5-9b'],
    ['deep', '/venice/api/v1/chat/completions qwen3-5-9b'],
    ['claude-opus-9', '/v1/messages claude-sonnet-5'],
    ['claude-haiku-9-20271001', '/v1beta/models/gemini-3.8-flash:generateContent gemini-3.8-flash'],
    ['vendor/chaos-2:free', '/venice/api/v1/chat/completions vendor/chaos-2:free'],
    ['chaos-1', '/venice/api/v1/chat/completions chaos-1'],
    ['chain', '/openrouter/api/v1/chat/completions vendor/second'],
    ['nobody-knows-this', '/openai/v1/chat/completions the-default'],
    ['loop', '/openai/v1/chat/completions the-default'],
    ['gemini/models/gemini-3.8-pro', '/v1beta/models/gemini-3.8-pro:generateContent gemini-3.8-pro'],
  ] as const) {
    t.equal(await led(asked), expected, asked);
  }
  for (const client of clientNames) t.match(await led('fast', client), / qwen3-5-9b$/, client);
});

t.test('who answered is told', async (t) => {
  const heard = await ask(stage.router.url, 'anthropic', { model: 'chain' });
  t.equal(heard.headers.get('x-switchyard-provider'), 'openrouter');
  t.equal(heard.headers.get('x-switchyard-model'), 'vendor/second');
  t.ok(heard.headers.get('x-request-id'));
});

t.test('without a default an unknown name is refused, with a suggestion', async (t) => {
  const { router } = await startStage(t, {}, { upstream: stage.chaos, providers: ['openai', 'anthropic'] });
  for (const client of clientNames) {
    const heard = await ask(router.url, client, { model: 'chaos-11' });
    t.equal(heard.status, 404);
    t.ok(clients[client].isError(heard.json));
    t.match(heard.text, /did you mean.*chaos-1.*provider\/model/);
  }
});

t.test('legacy completions are made from chat where there are none', async (t) => {
  for (const provider of ['venice', 'anthropic', 'gemini', 'ollama']) {
    const whole = await ask(stage.router.url, 'openai-completions', { model: `${provider}/m`, prompt: 'once' });
    t.match(whole.json, { object: 'text_completion', choices: [{ text: /You said: once$/, finish_reason: 'stop' }] }, provider);
    t.match(whole.json.usage, { prompt_tokens: Number, completion_tokens: Number });
    t.match(stage.chaos.requests.at(-1)?.body, provider === 'gemini' ? { contents: [{}] } : { messages: [{ role: 'user' }] });
    const streamed = await ask(stage.router.url, 'openai-completions', { model: `${provider}/m`, prompt: 'once', stream: true });
    t.equal(clients['openai-completions'].words(streamed.text), 'Hello from the chaos model. You said: once');
  }
});

t.test('one list of models in three protocols', async (t) => {
  // biome-ignore lint/suspicious/noExplicitAny: three shapes, read as their clients do.
  const get = async (path: string, headers: Record<string, string> = {}): Promise<any> =>
    (await fetch(stage.router.url + path, { headers })).json();
  const openai = await get('/v1/models');
  const ids = openai.data.map(({ id }: { id: string }) => id);
  for (const id of ['fast', 'venice/chaos-1', 'openrouter/vendor/chaos-2:free', 'ollama/chaos-1']) t.ok(ids.includes(id), id);
  t.notOk(
    ids.some((id: string) => id.includes('*')),
    'a pattern is no model',
  );
  const item = (id: string) => openai.data.find((model: { id: string }) => model.id === id);
  t.match(item('venice/chaos-1'), {
    object: 'model',
    provider: 'venice',
    context_length: 131_072,
    pricing: { input_usd_per_million: 1, output_usd_per_million: 2, cached_input_usd_per_million: 0.1 },
    capabilities: { tools: true, images: true },
  });
  t.match(
    item('openrouter/chaos-1').pricing,
    { input_usd_per_million: 1, output_usd_per_million: 2 },
    'per million, without a float error',
  );
  t.match(await get('/v1/models', { 'anthropic-version': '2023-06-01' }), {
    has_more: false,
    data: [{ type: 'model', id: 'fast', display_name: 'fast', created_at: /^\d{4}-/ }],
  });
  const gemini = await get('/v1beta/models', { 'x-goog-api-key': 'k' });
  t.ok(gemini.models.some(({ name }: { name: string }) => name === 'models/openrouter/vendor/chaos-2:free'));
  t.match(await get('/v1/models/venice/chaos-1'), { id: 'venice/chaos-1', object: 'model' });
  t.match(await get('/v1/models/openrouter%2Fvendor%2Fchaos-2:free'), { id: 'openrouter/vendor/chaos-2:free' });
  t.match(await get('/v1beta/models/gemini/chaos-1'), {
    name: 'models/gemini/chaos-1',
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  });
  t.match(await get('/v1/models/none'), { error: { code: 'model_not_found' } });
});

t.test('a provider that does not tell its models is used all the same', async (t) => {
  const chaos = await startChaosUpstream();
  t.teardown(() => chaos.close());
  chaos.script({ fault: { status: 500 }, match: ({ path }) => path.endsWith('/models'), times: 99 });
  const { router } = await startStage(t, {}, { upstream: chaos, providers: ['openai', 'gemini'] });
  t.equal((await ask(router.url, 'openai-chat', { model: 'gemini/m' })).status, 200);
  const { providers } = await router.status();
  t.match(providers, [{ problem: /its list of models answers 500/ }, {}]);
});
