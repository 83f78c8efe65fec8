// What no policy may override: who may read a prompt, and what a model can do at all; and the kinds of requests with models of their own.
import t from 'tap';
import { taskOf } from '../src/policy/tasks.ts';
import { privacyLevels } from '../src/routing/privacy.ts';
import { ask, post } from './fixtures/clients.ts';
import { csvRows } from './fixtures/csv.ts';
import { baseUrls, keys, startStage } from './fixtures/providers.ts';
import { startRouter } from './fixtures/router-process.ts';

const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
const chat = (model: string, content: unknown, more: object = {}) => ({ model, messages: [{ role: 'user', content }], ...more });
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
const schema = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object', properties: {} } } };

/** Providers whose address is not one of this machine, though it leads here. */
const farAway = (url: string) => {
  const { venice, openrouter, anthropic } = baseUrls(url.replace('127.0.0.1', '0.0.0.0'));
  return { venice: { baseUrl: venice }, openrouter: { baseUrl: openrouter }, anthropic: { baseUrl: anthropic } };
};

t.test('a prompt goes to nobody below the level it asks for, whatever fails', async (t) => {
  const { chaos } = await startStage(
    t,
    {},
    { options: { models: ['open', 'anonymized', 'plain/status-500'] }, providers: ['ollama'] },
  );
  const far = farAway(chaos.url);
  const key = (name: string) => ({ apiKey: `\${env:TEST_KEY_${name}}` });
  const providers = {
    anthropic: { ...far.anthropic, ...key('anthropic') },
    openrouter: { ...far.openrouter, ...key('openrouter') },
    venice: { ...far.venice, ...key('venice') },
    ollama: { baseUrl: chaos.url },
  };
  const allowed: Record<(typeof privacyLevels)[number], RegExp> = {
    any: /./,
    anonymized: /^(openrouter|venice|ollama)\//,
    private: /^(openrouter\/|venice\/(open|plain)|ollama\/)/,
    local: /^ollama\//,
  };
  const names = ['anthropic/x', 'openrouter/y', 'venice/anonymized', 'venice/open', 'venice/plain/status-500', 'ollama/z'];
  const router = await startRouter(
    t,
    {
      providers,
      retries: { attempts: 1 },
      breaker: { failures: 1_000_000 },
      aliases: { chain: names, reverse: [...names].reverse(), far: 'anthropic/x' },
      routes: { auto: { cheap: names.slice(0, 3), strong: names.slice(3), unit: 'requests', targetRatio: 50 } },
    },
    { env: keys },
  );
  for (const level of privacyLevels) {
    for (const model of ['chain', 'reverse', 'auto', 'auto:cheap', 'auto@30', 'far', ...names]) {
      for (const dialect of ['openai-chat', 'anthropic'] as const) {
        chaos.requests.length = 0;
        chaos.script({ fault: { status: 503 }, times: 2 });
        const heard = await ask(router.url, dialect, { model }, { headers: { 'x-switchyard-privacy': level } });
        chaos.clearScript();
        const sent = chaos.requests.filter(({ method }) => method === 'POST');
        const breaches = sent
          .map(
            ({ path, model: asked }) =>
              `${Object.keys(providers).find((name) => path.includes(name)) ?? (path.startsWith('/api/') ? 'ollama' : 'anthropic')}/${asked}`,
          )
          .filter((name) => !allowed[level].test(name));
        t.same(breaches, [], `${level}, ${model}, ${dialect}: ${sent.length} sent`);
        const leadsTo = names.includes(model) ? [model] : model === 'far' ? ['anthropic/x'] : names;
        if (leadsTo.some((name) => allowed[level].test(name))) t.not(heard.status, 403);
        else t.match(heard, { status: 403, text: new RegExp(`marked \\\\"${level}\\\\"`) });
        for (const { path, body } of sent)
          if (path.includes('openrouter') && level !== 'any')
            t.match(body, { provider: { zdr: true, data_collection: 'deny' } }, 'OpenRouter is held to it');
      }
    }
  }
  const wrong = await ask(router.url, 'openai-chat', { model: 'chain' }, { headers: { 'x-switchyard-privacy': 'secret' } });
  t.match(wrong, { status: 400, text: /x-switchyard-privacy.*any, anonymized, private, local/ });
  const embedded = await post(
    `${router.url}/v1/embeddings`,
    { model: 'openrouter/e', input: 'x' },
    { headers: { 'x-switchyard-privacy': 'local' } },
  );
  t.equal(embedded.status, 403);
});

t.test('the level of the configuration, of an app and of a route; a client can only ask for more', async (t) => {
  const { chaos } = await startStage(t, {}, { providers: ['ollama'] });
  const venice = { ...farAway(chaos.url).venice, apiKey: '${env:TEST_KEY_venice}' };
  const router = await startRouter(
    t,
    {
      providers: { venice, ollama: { baseUrl: chaos.url } },
      access: { keys: { roo: '${env:ROO}' } },
      privacy: { apps: { roo: 'local' } },
      routes: { quiet: { cheap: ['venice/a'], strong: ['ollama/b'], privacy: 'local' } },
    },
    { env: { ...keys, ROO: 'roo-key-0123456789' } },
  );
  const provider = async (model: string, headers: Record<string, string> = {}) => {
    const heard = await ask(router.url, 'openai-chat', { model }, { headers });
    return heard.headers.get('x-switchyard-provider') ?? heard.status;
  };
  t.equal(await provider('venice/a'), 'venice');
  t.equal(await provider('venice/a', { authorization: 'Bearer roo-key-0123456789' }), 403);
  t.equal(await provider('venice/a', { authorization: 'Bearer roo-key-0123456789', 'x-switchyard-privacy': 'any' }), 403);
  t.equal(await provider('quiet'), 'ollama');
  t.equal(await provider('quiet:cheap'), 'ollama', 'no name of a side goes past it');
});

t.test('a model that cannot do what is asked is passed over', async (t) => {
  const models = ['plain', 'no-tools', 'no-images', 'no-schema', 'small-8k'];
  const { router } = await startStage(
    t,
    {
      aliases: Object.fromEntries(models.map((name) => [`first-${name}`, [`venice/${name}`, 'openrouter/plain']])),
      routes: { auto: { cheap: 'venice/no-tools', strong: 'openrouter/plain', targetRatio: 50, unit: 'requests' } },
    },
    { options: { models } },
  );
  const served = async (model: string, content: unknown, more: object = {}) =>
    (await post(`${router.url}/v1/chat/completions`, chat(model, content, more) as never)).headers.get('x-switchyard-provider');
  const long = 'word '.repeat(20_000);
  for (const name of models) {
    const alias = `first-${name}`;
    t.equal(await served(alias, 'hi'), 'venice', `${name}: nothing special`);
    t.equal(await served(alias, 'hi', { tools }), name === 'no-tools' ? 'openrouter' : 'venice', `${name}: tools`);
    t.equal(await served(alias, [image]), name === 'no-images' ? 'openrouter' : 'venice', `${name}: a picture`);
    t.equal(
      await served(alias, 'hi', { response_format: schema }),
      name === 'no-schema' ? 'openrouter' : 'venice',
      `${name}: a schema`,
    );
    t.equal(await served(alias, long), name === 'small-8k' ? 'openrouter' : 'venice', `${name}: a long prompt`);
  }
  t.equal(await served('venice/no-tools', 'hi', { tools }), 'venice', 'where there is no choice the provider says it itself');
  for (let index = 0; index < 10; index += 1) {
    const heard = await post(`${router.url}/v1/chat/completions`, chat('auto', `hi ${index}`, { tools }) as never);
    t.match(heard.headers.get('x-switchyard-decision'), /^strong; reason=only/);
  }
  const explained = await post(`${router.url}/v1/route/explain`, chat('auto', 'hi', { tools }) as never);
  t.match(explained.json, { decision: 'strong', reason: 'only', owed: -5 }, 'the ratio has counted them');
  t.match(explained.json.candidates, [{ provider: 'openrouter' }, { provider: 'venice', problem: /no tools/ }]);
});

t.test('kinds of requests and their models', async (t) => {
  const { router } = await startStage(
    t,
    {
      longContextTokens: 5000,
      tasks: { fast: 'venice/tiny', reasoning: 'anthropic/sonnet', classify: 'anthropic/haiku', 'long-context': 'gemini/flash' },
      aliases: { fast: 'openrouter/my-own' },
      routes: {
        auto: { cheap: 'venice/a', strong: 'anthropic/sonnet', tasks: true, targetRatio: 90, unit: 'requests' },
        plain: { cheap: 'venice/a', strong: 'openrouter/b', targetRatio: 100 },
      },
    },
    { options: { models: ['chaos-1'] } },
  );
  const served = async (model: string, content: unknown, more: object = {}) => {
    const { headers } = await post(`${router.url}/v1/chat/completions`, chat(model, content, more) as never);
    return `${headers.get('x-switchyard-provider')}/${headers.get('x-switchyard-model')}`;
  };
  t.equal(await served('reasoning', 'hi'), 'anthropic/sonnet', 'asked for by its name');
  t.equal(await served('long-context', 'hi'), 'gemini/flash');
  t.equal(await served('fast', 'hi'), 'openrouter/my-own', 'an alias of that name goes before');
  const refactor = 'Refactor this function step by step: ```f()```';
  t.equal(await served('auto', refactor), 'anthropic/sonnet');
  t.equal(await served('auto', 'Classify this mail as spam or not: you won'), 'anthropic/haiku');
  t.equal(await served('auto', 'Generate a title for this chat'), 'venice/tiny');
  t.equal(await served('auto', 'Generate a title for this chat', { tools }), 'venice/a', 'an agent at work does no housekeeping');
  t.equal(await served('auto', 'word '.repeat(5000)), 'gemini/flash');
  t.equal(await served('auto', [image]), 'gemini/flash');
  t.equal(await served('plain', refactor), 'venice/a', 'other routes do not look for kinds');
  const rows = csvRows(await (await fetch(`${router.url}/v1/usage?format=csv`)).text());
  const tasks = rows.map(({ decision }) => (decision ? JSON.parse(decision).task : undefined)).filter(Boolean);
  t.same(tasks.sort(), ['classify', 'fast', 'long-context', 'long-context', 'reasoning']);
  const explained = await post(`${router.url}/v1/route/explain`, chat('auto', refactor) as never);
  t.match(explained.json, { reason: 'task', task: 'reasoning', decision: 'strong' });
  // One request of the strong side (the task) and one of the cheap side were counted, at nine to one: 1 − 0.1 and 0.1.
  t.ok(Math.abs(explained.json.owed - -0.8) < 1e-9, `owed ${explained.json.owed}`);
});

t.test('what is no kind of its own', (t) => {
  const sizes = { inputTokens: 100, longContextTokens: 100_000 };
  const request = (text: string, more: object = {}) =>
    ({
      model: 'm',
      stream: false,
      messages: [{ role: 'user', parts: [{ type: 'text', text }] }],
      tools: [],
      sampling: {},
      ...more,
    }) as never;
  for (const text of ['hello', 'What is the capital of France?', 'thanks!', 'List the files here', ''])
    t.equal(taskOf(request(text), text, sizes), undefined, text);
  t.equal(taskOf(request('Summarize this'), 'Summarize this', sizes), undefined, 'a short summary is anybody’s');
  t.equal(taskOf(request('Summarize this'), 'Summarize this', { ...sizes, inputTokens: 9000 }), 'long-context');
  t.end();
});

t.test('a retired model is served by its successor, and said so', async (t) => {
  const { router } = await startStage(
    t,
    { retiredModels: { 'my-old-*': 'claude-sonnet-5', gone: 'nowhere' } },
    {
      options: { models: ['claude-sonnet-5', 'claude-haiku-4-5', 'anthropic/claude-sonnet-5'] },
      providers: ['anthropic', 'openrouter'],
    },
  );
  const asked = async (model: string) => {
    const { headers } = await ask(router.url, 'openai-chat', { model });
    return { model: headers.get('x-switchyard-model'), warning: headers.get('x-switchyard-warning') };
  };
  t.same(await asked('claude-3-7-sonnet-20250219'), {
    model: 'claude-sonnet-5',
    warning: 'claude-3-7-sonnet-20250219 is retired; claude-sonnet-5 serves in its place',
  });
  t.match(await asked('anthropic/claude-3-5-haiku-20241022'), { model: 'claude-haiku-4-5' });
  t.match(
    await asked('openrouter/anthropic/claude-3.7-sonnet'),
    { model: 'anthropic/claude-sonnet-5' },
    "the maker's name is kept",
  );
  t.match(await asked('my-old-model'), { model: 'claude-sonnet-5' }, 'the owner’s own word');
  t.same(await asked('anthropic/gone'), { model: 'gone', warning: null }, 'a successor that nobody has is none');
  t.same(await asked('anthropic/claude-sonnet-5'), { model: 'claude-sonnet-5', warning: null });
  const told = router.log().filter(({ msg }) => /retired/.test(msg));
  await asked('claude-3-7-sonnet-20250219');
  t.equal(router.log().filter(({ msg }) => /retired/.test(msg)).length, told.length, 'once is enough');
});
