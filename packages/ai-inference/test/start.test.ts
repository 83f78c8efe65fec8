// How it starts: with nothing but the environment, with nothing at all, reloaded, and to its end.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t from 'tap';
import { ask, clientNames, clients, post } from './fixtures/clients.ts';
import { baseUrls, keyOf, keys, providerNames, providersAt, startStage } from './fixtures/providers.ts';
import { startRouter } from './fixtures/router-process.ts';

t.test('the environment is enough', async (t) => {
  const chaos = await startChaosUpstream({ models: ['chaos-1', 'vendor/chaos-2'] });
  t.teardown(() => chaos.close());
  const urls = baseUrls(chaos.url);
  const env = Object.fromEntries(
    providerNames.flatMap((name) => [
      [`${name.toUpperCase()}_BASE_URL`, urls[name]],
      ...(name === 'ollama' ? [] : [[`${name.toUpperCase()}_API_KEY`, keyOf(name)]]),
    ]),
  );
  const router = await startRouter(t, undefined, { env });
  t.equal((await fetch(`${router.url}/health/ready`)).status, 200);
  const { providers, missing } = await router.status();
  t.same(providers.map(({ name }) => name).sort(), [...providerNames].sort());
  t.ok(providers.every(({ origin }) => origin === 'environment'));
  t.same(missing, []);
  for (const name of providerNames) {
    const heard = await ask(router.url, 'openai-chat', { model: `${name}/vendor/chaos-2`, stream: true });
    t.equal(clients['openai-chat'].ending(heard.text), 'done', name);
    t.equal(chaos.requests.at(-1)?.model, 'vendor/chaos-2');
  }
});

t.test('without any provider it starts, and says what to do', async (t) => {
  // Nothing answers there, as on a machine without Ollama.
  const router = await startRouter(t, {});
  const ready = await fetch(`${router.url}/health/ready`);
  t.equal(ready.status, 503);
  t.match(await ready.json(), { ready: false, remedy: /VENICE_API_KEY|Ollama/ });
  t.equal((await fetch(`${router.url}/health/live`)).status, 200);
  for (const client of clientNames) {
    const heard = await ask(router.url, client, { model: 'gpt-6', stream: true });
    t.equal(heard.status, client === 'anthropic' ? 529 : 503, client);
    t.ok(clients[client].isError(heard.json));
    t.match(heard.text, /No provider of models is set up/);
  }
  const embedding = await post(`${router.url}/v1/embeddings`, { model: 'e', input: 'x' });
  t.match(embedding, { status: 503, json: { error: { message: /No provider/ } } });
  t.match(await (await fetch(`${router.url}/v1/models`)).json(), { object: 'list', data: [] });
  t.ok(await router.said(({ msg }) => msg === 'no provider is set up'));
});

t.test('a new provider by SIGHUP, without an interruption', async (t) => {
  const { chaos, router } = await startStage(t, {}, { providers: ['openai'] });
  const running = ask(router.url, 'openai-chat', { model: 'openai/x/gap-60', stream: true });
  await chaos.received(1);
  t.equal(
    (await ask(router.url, 'openai-chat', { model: 'anthropic/m', stream: true })).status,
    200,
    'the only provider takes any name',
  );
  t.equal(chaos.requests.at(-1)?.model, 'anthropic/m');
  router.configure({ providers: providersAt(chaos.url, ['openai', 'anthropic']), aliases: { quick: 'anthropic/small' } });
  router.signal('SIGHUP');
  await router.said(({ msg }) => msg === 'reloaded');
  t.equal((await ask(router.url, 'openai-chat', { model: 'quick' })).status, 200);
  t.match(
    chaos.requests.findLast(({ method }) => method === 'POST'),
    { path: '/v1/messages', model: 'small' },
  );
  const heard = await running;
  t.equal(clients['openai-chat'].ending(heard.text), 'done', 'what ran went on');
  router.configure({ providers: { openai: { baseUrl: 'ftp://x' } } });
  router.signal('SIGHUP');
  await router.said(({ msg }) => msg.startsWith('reload failed'));
  t.equal((await ask(router.url, 'openai-chat', { model: 'quick' })).status, 200, 'a broken configuration changes nothing');
});

t.test('SIGTERM lets a stream come to its end', async (t) => {
  const { chaos, router } = await startStage(t, {}, { providers: ['openai'] });
  const running = ['openai-chat', 'anthropic'] as const;
  const answers = running.map((client) =>
    ask(router.url, client, { model: 'openai/x/gap-80', stream: true, prompt: 'one two three four' }),
  );
  await chaos.received(2);
  await sleep(100);
  const stopped = router.stop('SIGTERM');
  await sleep(50);
  const socket = connect(Number(new URL(router.url).port), '127.0.0.1');
  const [error] = await once(socket, 'error');
  t.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED', 'nobody new is let in');
  for (const [index, answer] of answers.entries()) {
    const heard = await answer;
    t.equal(clients[running[index] as 'openai-chat'].ending(heard.text), 'done');
  }
  t.equal(await stopped, 0);
});

t.test('a wrong setting is named', async (t) => {
  for (const [config, words] of [
    [{ providers: { mine: {} } }, /providers\.mine\.baseUrl/],
    [{ providers: { venice: {} } }, /VENICE_API_KEY/],
  ] as const) {
    const router = await startRouter(t, config, { env: keys });
    t.match(JSON.stringify((await router.status()).missing), words);
  }
  await t.rejects(startRouter(t, { timeouts: { gapMs: -1 } }), /timeouts\.gapMs/);
});
