// What of a request reaches a provider, and what does not: broken JSON, large bodies, unknown fields, parallel streams, credentials.
import type { JsonObject } from '@switchyard/dialects';
import t from 'tap';
import { ask, clientNames, clients, post } from './fixtures/clients.ts';
import { keyOf, type ProviderName, providerNames, type Stage, startStage } from './fixtures/providers.ts';

let stage: Stage;
t.before(async () => {
  stage = await startStage(t);
});
const last = () => stage.chaos.requests.at(-1) as Stage['chaos']['requests'][number];

t.test('a body that is no request is a 400 in the client dialect', async (t) => {
  const before = stage.chaos.requests.length;
  for (const client of clientNames) {
    const path = clients[client].path({ model: 'openai/m', stream: true });
    for (const body of [
      '',
      '{',
      '{"model":"openai/m",}',
      '[]',
      '"text"',
      'null',
      `{"model":"openai/m","messages":[{"role":"user","content":"${'x'.repeat(9000)}}`,
    ]) {
      const heard = await post(stage.router.url + path, body);
      t.equal(heard.status, 400, `${client}: ${body.slice(0, 30)}`);
      t.ok(heard.json && clients[client].isError(heard.json), heard.text);
    }
    const bytes = await fetch(stage.router.url + path, { method: 'POST', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) });
    t.equal(bytes.status, 400);
    t.ok(clients[client].isError((await bytes.json()) as JsonObject));
  }
  for (const body of [{}, { model: 5 }, { model: '' }, { model: null }]) {
    const heard = await post(`${stage.router.url}/v1/chat/completions`, body as JsonObject);
    t.match(heard, { status: 400, json: { error: { param: 'model' } } });
  }
  t.equal(stage.chaos.requests.length, before, 'no provider was asked');
});

t.test('what only the provider can judge is judged by the provider, what must be translated by us', async (t) => {
  const native = await post(`${stage.router.url}/v1/chat/completions`, { model: 'openai/m', messages: 'none' });
  t.ok(native.status >= 400 || native.status === 200);
  t.equal(last().text.includes('"messages":"none"'), true);
  const translated = await post(`${stage.router.url}/v1/chat/completions`, { model: 'anthropic/m', messages: 'none' });
  t.match(translated, { status: 400, json: { error: { message: /messages/ } } });
});

t.test('8 MB pass, byte for byte but for the model', async (t) => {
  const content = `${'ü€🦊 text "quoted" \\ '.repeat(350_000)}`.slice(0, 8 * 1024 * 1024);
  for (const [client, provider] of [
    ['openai-chat', 'openai'],
    ['openai-responses', 'openai'],
    ['anthropic', 'anthropic'],
    ['gemini', 'gemini'],
  ] as const) {
    const body = {
      ...clients[client].body({ model: `${provider}/m`, prompt: content }),
      unknown: { deep: [1.5, '1e400', null] },
    };
    const heard = await post(stage.router.url + clients[client].path({ model: `${provider}/m` }), body);
    t.equal(heard.status, 200);
    t.ok(last().text.length > 8_000_000);
    t.ok(last().text === JSON.stringify(client === 'gemini' ? body : { ...body, model: 'm' }), `${client}: unchanged`);
  }
  const translated = await ask(stage.router.url, 'openai-chat', { model: 'anthropic/m', prompt: content });
  t.equal(translated.status, 200);
  t.ok(last().text.includes(JSON.stringify(content)));
});

t.test('a body that is too large is a 413 in the client dialect', async (t) => {
  const small = await startStage(t, { bodyLimitBytes: 2048 }, { upstream: stage.chaos });
  for (const client of clientNames) {
    const heard = await ask(small.router.url, client, { model: 'openai/m', prompt: 'x'.repeat(5000) });
    t.equal(heard.status, 413);
    t.ok(clients[client].isError(heard.json));
    t.match(heard.text, /bodyLimitBytes/);
  }
});

t.test('unknown fields reach a provider of the same dialect as they were written', async (t) => {
  const more = { zeta: 1, alpha: { nested: [true, null, 'x'] }, seed: 1e21, new_field_of_2027: 'yes' };
  for (const [client, provider] of [
    ['openai-chat', 'openai'],
    ['openai-chat', 'openrouter'],
    ['openai-completions', 'openai'],
    ['openai-responses', 'openai'],
    ['anthropic', 'anthropic'],
    ['gemini', 'gemini'],
  ] as const) {
    await ask(stage.router.url, client, { model: `${provider}/vendor/m:free`, more });
    t.match(last().body, more, `${client} before ${provider}`);
    t.equal(last().model, 'vendor/m:free', 'slashes and colons of the name are left alone');
  }
  await ask(stage.router.url, 'openai-chat', { model: 'venice/m', more: { venice_parameters: { character_slug: 'x' } } });
  t.match(last().body, { venice_parameters: { character_slug: 'x', include_venice_system_prompt: false } });
  await ask(stage.router.url, 'openai-chat', {
    model: 'venice/m',
    more: { venice_parameters: { include_venice_system_prompt: true } },
  });
  t.match(last().body, { venice_parameters: { include_venice_system_prompt: true } });
});

t.test('40 parallel streams never mix', async (t) => {
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const client = clientNames[index % clientNames.length] as (typeof clientNames)[number];
      const provider = providerNames[index % providerNames.length] as ProviderName;
      const prompt = Array.from({ length: 30 }, (_, word) => `w${index}x${word}`).join(' ');
      const heard = await ask(stage.router.url, client, { model: `${provider}/x/gap-3+pieces-11`, stream: true, prompt });
      t.equal(
        clients[client].words(heard.text),
        `Hello from the chaos model. You said: ${prompt}`,
        `${client} before ${provider}`,
      );
    }),
  );
});

t.test("a client's credentials stay here; the provider gets the router's own", async (t) => {
  const theirs = 'sk-client-secret-9876543210';
  const headers = {
    authorization: `Bearer ${theirs}`,
    'x-api-key': theirs,
    'x-goog-api-key': theirs,
    cookie: `session=${theirs}`,
    'proxy-authorization': `Basic ${theirs}`,
    'openai-organization': theirs,
    'x-forwarded-for': '192.0.2.7',
    referer: `http://${theirs}/`,
    'user-agent': `agent ${theirs}`,
  };
  // A request that came through a proxy is nobody's without a key.
  const { 'x-forwarded-for': _, ...direct } = headers;
  for (const provider of providerNames) {
    for (const client of clientNames) {
      const asked = { model: `${provider}/m` };
      const path = clients[client].path(asked);
      const heard = await post(`${stage.router.url}${path}?key=${theirs}`, clients[client].body(asked), { headers: direct });
      t.equal(heard.status, 200);
      const { url, headers: sent } = last();
      t.notMatch(JSON.stringify([url, sent]), theirs, `${client} before ${provider}`);
      const own =
        { anthropic: sent['x-api-key'], gemini: sent['x-goog-api-key'] }[provider as string] ?? sent.authorization?.slice(7);
      t.equal(own, keyOf(provider));
    }
  }
});
