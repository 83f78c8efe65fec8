// Time: what comes too late is an error in the client's dialect, what asks for patience gets it or tells the client, and a breaker stands
// between clients and a provider that fails.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ask, clientNames, clients, untruth } from './fixtures/clients.ts';
import { type ProviderName, startStage } from './fixtures/providers.ts';

const upstreams: ProviderName[] = ['openai', 'anthropic', 'gemini', 'ollama'];

t.test('timeouts', async (t) => {
  const stage = await startStage(t, {
    timeouts: { firstTokenMs: 250, gapMs: 400, totalMs: 1500 },
    breaker: { failures: 1_000_000 },
  });
  const { router, chaos } = stage;
  await Promise.all(
    upstreams.flatMap((provider) =>
      clientNames.map(async (client) => {
        const what = `${client} before ${provider}`;
        const hear = (fault: string, stream: boolean) =>
          ask(router.url, client, { model: `${provider}/x/${fault}`, stream, prompt: 'one two three' });
        const startedAt = performance.now();
        const late = await hear('slow-5000', true);
        t.equal(late.status, 504, `${what}: no first byte`);
        t.ok(clients[client].isError(late.json));
        t.ok(performance.now() - startedAt < 1200, `${what}: in time`);
        const whole = await hear('slow-5000', false);
        t.equal(whole.status, 504, `${what}: no whole answer`);
        t.ok(clients[client].isError(whole.json));
        const begun = await hear('stall-at-0', true);
        t.equal(begun.status, 504, `${what}: headers are no answer`);
        const stalled = await hear('stall-at-7', true);
        t.equal(stalled.status, 200, what);
        t.equal(untruth(client, stalled), undefined, `${what}: a gap`);
        const endless = await hear('gap-180', true);
        if (endless.text !== '') t.equal(untruth(client, endless), undefined, `${what}: too long in all`);
      }),
    ),
  );
  await sleep(50);
  const open = chaos.requests.filter(({ finishedAt, abortedAt }) => finishedAt === undefined && abortedAt === undefined);
  t.same(open, [], 'nothing is left running at a provider');
  const { recent } = await router.status();
  t.ok(
    recent.every(({ errorKind }) => errorKind === undefined || errorKind === 'timeout'),
    'and all are called what they are',
  );
});

t.test('Retry-After', async (t) => {
  const { router, chaos } = await startStage(t, {
    retries: { attempts: 2, baseDelayMs: 5, maxDelayMs: 2500 },
    breaker: { failures: 99 },
  });
  for (const [words, leastMs, mostMs] of [
    ['1', 950, 1600],
    ['date+2', 900, 2600],
  ] as const) {
    chaos.script({ status: 429, headers: { 'retry-after': words } });
    const startedAt = performance.now();
    const heard = await ask(router.url, 'openai-chat', { model: 'openai/m' });
    const tookMs = performance.now() - startedAt;
    t.equal(heard.status, 200, `${words}: waited for`);
    t.ok(tookMs >= leastMs && tookMs <= mostMs, `${Math.round(tookMs)} ms`);
  }
  for (const words of ['30', 'date+30']) {
    const asked = chaos.requests.length;
    chaos.script({ status: 503, headers: { 'retry-after': words } });
    const heard = await ask(router.url, 'anthropic', { model: 'openai/m' });
    t.equal(heard.status, 529);
    t.equal(chaos.requests.length, asked + 1, `${words}: too long to wait`);
    const told = heard.headers.get('retry-after') ?? '';
    const seconds = /^\d+$/.test(told) ? Number(told) : (Date.parse(told) - Date.now()) / 1000;
    t.ok(seconds > 27 && seconds <= 30, `told: ${told}`);
  }
  chaos.script({ status: 429 });
  const asked = chaos.requests.length;
  t.equal((await ask(router.url, 'openai-chat', { model: 'openai/m' })).status, 429);
  t.equal(chaos.requests.length, asked + 1, 'a limit without a time is not run into again');
  chaos.script({ status: 500 });
  t.equal((await ask(router.url, 'openai-chat', { model: 'openai/m', stream: true })).status, 200, 'a failure is tried again');
});

t.test('the breaker opens, lets one try, and closes', async (t) => {
  const { router, chaos } = await startStage(t, {
    retries: { attempts: 1 },
    breaker: { failures: 3, openMs: 500 },
    aliases: { route: ['openai/bad', 'gemini/good'] },
  });
  const isBad = ({ model }: { model: string }) => model === 'bad';
  const hear = (model = 'openai/bad') => ask(router.url, 'openai-chat', { model });
  const askedBad = () => chaos.requests.filter(isBad).length;
  chaos.script({ fault: { status: 500 }, match: isBad, times: 4 });
  for (let round = 0; round < 3; round += 1) t.equal((await hear()).status, 500);
  const open = await hear();
  t.match(open, { status: 503, json: { error: { message: /openai is left alone: it failed 3 times in a row/ } } });
  t.ok(Number(open.headers.get('retry-after')) >= 1);
  t.equal(askedBad(), 3, 'open: nobody was asked');
  t.equal((await hear('route')).headers.get('x-switchyard-provider'), 'gemini', 'open: the next of the route');
  t.equal((await hear('openai/other')).status, 200, 'another model is another matter');
  t.match(
    (await router.status()).providers.find(({ name }) => name === 'openai'),
    { state: 'degraded', problem: /failing with bad/ },
  );
  await sleep(550);
  const tries = await Promise.all(Array.from({ length: 5 }, () => hear()));
  t.equal(askedBad(), 4, 'half open: one try for all');
  t.same(tries.map(({ status }) => status).sort(), [500, 503, 503, 503, 503]);
  await sleep(550);
  t.equal((await hear()).status, 200, 'the try went well');
  t.same(
    (await Promise.all(Array.from({ length: 5 }, () => hear()))).map(({ status }) => status),
    [200, 200, 200, 200, 200],
    'closed',
  );
  t.equal((await router.status()).providers.find(({ name }) => name === 'openai')?.state, 'ready');
});

t.test('a key or an account that fails is left alone, and the route goes on', async (t) => {
  const { router, chaos } = await startStage(t, { aliases: { route: ['venice/m', 'openrouter/m'] } });
  for (const shape of ['venice-balance', 'venice-key']) {
    const fresh =
      shape === 'venice-balance'
        ? { router, chaos }
        : await startStage(t, { aliases: { route: ['venice/m', 'openrouter/m'] } }, { upstream: chaos });
    chaos.requests.length = 0;
    chaos.script({ fault: { shape }, match: ({ path }) => path.includes('venice'), times: 9 });
    for (let round = 0; round < 4; round += 1)
      t.equal((await ask(fresh.router.url, 'anthropic', { model: 'route' })).status, 200);
    t.equal(chaos.requests.filter(({ provider }) => provider === 'venice').length, 1, `${shape}: asked once`);
    chaos.clearScript();
  }
});
