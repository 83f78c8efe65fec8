// Budgets: what they hold, whom they hold, when they turn, and how a client hears of it. Whatever is paid is counted, by whichever way it came.
import { FakeClock } from '@switchyard/kit/clock';
import t from 'tap';
import { type BudgetSettings, Budgets } from '../src/ledger/budgets.ts';
import { ask, type ClientName, clientNames, clients, post } from './fixtures/clients.ts';
import { pastMidnight } from './fixtures/midnight.ts';
import { keys, startStage } from './fixtures/providers.ts';
import { newFolder, type RouterProcess } from './fixtures/router-process.ts';

/** A dollar a token: any request uses up a small budget. */
const dear = { 'openai/*': [{ inputUsd: 1e6, outputUsd: 1e6 }], 'anthropic/*': [{ inputUsd: 1e6, outputUsd: 1e6 }] };

function budgetsAt(clock: FakeClock, budgets: BudgetSettings[], spentUsd: (sinceMs: number) => number = () => 0) {
  const warned: string[] = [];
  const made = new Budgets({ budgets, now: () => clock.now(), spentUsd, onSoftLimit: (name) => warned.push(name) });
  const reserve = (usd: number, app = 'a', provider = 'p') => made.reserve(app, provider, usd);
  return { made, warned, reserve };
}

await pastMidnight();

t.test('it is never overrun by more than one reservation', async (t) => {
  const { made, reserve } = budgetsAt(new FakeClock(), [{ period: 'day', limitUsd: 1 }]);
  const open = Array.from({ length: 64 }, () => reserve(0.3));
  const admitted = open.flatMap((one) => ('settle' in one ? [one] : []));
  t.equal(admitted.length, 4, 'what is set aside counts as spent');
  t.match(
    open[10],
    { message: /"everything, per day" of 1 USD a day is used up/, retryAfterMs: 2000 },
    'but may soon be free again',
  );
  for (const one of admitted) one.settle(0.3);
  t.ok((made.states[0]?.spentUsd ?? 0) <= 1.3);
  t.match(reserve(0.1), { retryAfterMs: 86_400_000 }, 'what is spent comes back with the day');
});

t.test('what was set aside is given back, once', async (t) => {
  const { made, reserve } = budgetsAt(new FakeClock(), [{ period: 'day', limitUsd: 1 }]);
  const one = reserve(0.6);
  if (!('settle' in one)) throw new Error('refused');
  one.release();
  one.settle(5);
  t.match(made.states, [{ spentUsd: 0, reservedUsd: 0 }]);
  const other = reserve(0.4);
  if ('settle' in other) other.settle(undefined);
  t.match(made.states, [{ spentUsd: 0.4 }], 'what nobody knows counts as what was set aside');
});

t.test('it turns at 00:00 UTC, and takes up what the ledger knows', async (t) => {
  const clock = new FakeClock(Date.UTC(2026, 10, 30, 23, 59, 59));
  const asked: string[] = [];
  const { made, warned, reserve } = budgetsAt(
    clock,
    [
      { period: 'day', limitUsd: 1, softUsd: 0.5 },
      { period: 'month', limitUsd: 10 },
    ],
    (sinceMs) => {
      asked.push(new Date(sinceMs).toISOString());
      return sinceMs < Date.UTC(2026, 10, 30) ? 9 : 0.9;
    },
  );
  const last = reserve(0.2);
  t.same(asked, ['2026-11-30T00:00:00.000Z', '2026-11-01T00:00:00.000Z']);
  if ('settle' in last) last.settle(0.2);
  t.equal(warned.length, 1);
  t.match(reserve(0.1), { message: /per day/, retryAfterMs: 1000 });
  await clock.advance(1000);
  t.same(
    made.states.map(({ spentUsd }) => spentUsd),
    [0.9, 0.9],
    'the month is new as well',
  );
  t.same(asked.slice(2), ['2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  const next = reserve(0.05);
  if ('settle' in next) next.settle(0.05);
  t.equal(warned.length, 2, 'and so is the warning');
});

t.test('only whom it is meant for', async (t) => {
  const { reserve } = budgetsAt(new FakeClock(), [
    { app: 'a', period: 'day', limitUsd: 0 },
    { provider: 'q', period: 'month', limitUsd: 0 },
  ]);
  t.match(reserve(1), { message: /of app a/ });
  t.match(reserve(1, 'b'), { usd: 1 });
  t.match(reserve(1, 'b', 'q'), { message: /for provider q/ });
});

t.test('new limits, with what was spent and what is on its way', async (t) => {
  const { made, reserve } = budgetsAt(new FakeClock(), [{ period: 'day', limitUsd: 1 }]);
  const one = reserve(0.5);
  made.take([{ period: 'day', limitUsd: 0.7 }]);
  t.match(made.states, [{ limitUsd: 0.7, reservedUsd: 0.5 }]);
  if ('settle' in one) one.settle(0.8);
  t.match(made.states, [{ spentUsd: 0.8, reservedUsd: 0 }]);
  t.match(reserve(0.1), { message: String });
});

async function budgetsOf(router: RouterProcess): Promise<{ spentUsd: number; reservedUsd: number }[]> {
  return ((await (await fetch(`${router.url}/v1/usage`)).json()) as { budgets: { spentUsd: number; reservedUsd: number }[] })
    .budgets;
}
const keyed = (app: string) => ({ headers: { authorization: `Bearer key-of-${app}` } });

t.test('an app that has used up its own is told so in its dialect, and nobody else suffers', async (t) => {
  const apps = ['first', 'other', ...clientNames.map((name) => `app-${name}`)];
  for (const app of apps) keys[`TEST_APP_${app}`] = `key-of-${app}`;
  const { router } = await startStage(t, {
    access: { keys: Object.fromEntries(apps.map((app) => [app, `\${env:TEST_APP_${app}}`])) },
    prices: dear,
    budgets: clientNames.map((name) => ({ app: `app-${name}`, period: 'day' as const, limitUsd: 0.01 })),
  });
  for (const client of clientNames) {
    const heard = [];
    for (const stream of [true, false])
      heard.push(await ask(router.url, client, { model: 'openai/m', stream }, keyed(`app-${client}`)));
    t.equal(heard[0]?.status, 200, `${client}: as long as there is something left`);
    // Gemini has no status for money.
    t.equal(heard[1]?.status, client.startsWith('gemini') ? 403 : 402, `${client}: ${heard[1]?.text}`);
    t.ok(clients[client].isError(heard[1]?.json));
    t.match(heard[1]?.text, /of app app-.* is used up/);
    t.ok(Number(heard[1]?.headers.get('retry-after')) > 0);
    const embedded = await post(`${router.url}/v1/embeddings`, { model: 'openai/e', input: 'x' }, keyed(`app-${client}`));
    t.equal(embedded.status, 402, 'vectors as well');
  }
  t.equal((await ask(router.url, 'openai-chat', { model: 'openai/m' }, keyed('other'))).status, 200, 'the provider is well');
});

t.test('every endpoint is counted', async (t) => {
  const { router } = await startStage(t, { prices: dear, budgets: [{ period: 'month', limitUsd: 1e9 }] });
  let before = 0;
  const grows = async (what: string) => {
    const [{ spentUsd = 0, reservedUsd = 0 } = {}] = await budgetsOf(router);
    t.ok(spentUsd > before + 1, `${what}: ${before} → ${spentUsd}`);
    t.equal(reservedUsd, 0);
    before = spentUsd;
  };
  for (const provider of ['openai', 'anthropic'])
    for (const client of clientNames)
      for (const stream of [true, false]) {
        await ask(router.url, client as ClientName, { model: `${provider}/m`, stream });
        await grows(`${client} ${stream ? 'stream' : 'whole'} before ${provider}`);
      }
  await post(`${router.url}/v1/embeddings`, { model: 'openai/e', input: 'some text to be embedded' });
  await grows('embeddings');
  const before402 = before;
  await ask(router.url, 'openai-chat', { model: 'openai/x/status-500' });
  await ask(router.url, 'openai-chat', { model: 'openai/x/status-429' });
  t.equal((await budgetsOf(router))[0]?.spentUsd, before402, 'a refusal costs nothing');
});

t.test('a provider that may not be used any more is passed over', async (t) => {
  const { chaos, router } = await startStage(t, {
    aliases: { both: ['venice/m', 'openrouter/m'] },
    budgets: [{ provider: 'venice', period: 'day', limitUsd: 0.0004 }],
  });
  const served = [];
  for (let index = 0; index < 3; index += 1)
    served.push((await ask(router.url, 'openai-chat', { model: 'both' })).headers.get('x-switchyard-provider'));
  t.same(served, ['venice', 'openrouter', 'openrouter']);
  t.equal(chaos.requests.length, 3);
  t.equal((await ask(router.url, 'openai-chat', { model: 'venice/m' })).status, 402);
});

t.test('what was aborted or cut counts, also after a restart', async (t) => {
  const stateDirectory = newFolder(t);
  const config = { stateDirectory, prices: dear, budgets: [{ period: 'day' as const, limitUsd: 1e9, softUsd: 1 }] };
  const { router } = await startStage(t, config);
  const left = new AbortController();
  const response = await fetch(`${router.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'openai/x/stall-at-2', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
    signal: left.signal,
  });
  await response.body?.getReader().read();
  t.ok(((await budgetsOf(router))[0]?.reservedUsd ?? 0) > 100, 'while it is on its way it is set aside');
  left.abort();
  let state: { spentUsd: number; reservedUsd: number } | undefined;
  for (let round = 0; round < 100 && !(state && state.reservedUsd === 0); round += 1) [state] = await budgetsOf(router);
  t.match(state, { spentUsd: Number, reservedUsd: 0 });
  t.ok((state?.spentUsd ?? 0) > 100);
  await ask(router.url, 'openai-chat', { model: 'openai/x/kill-at-2', stream: true });
  const [{ spentUsd = 0 } = {}] = await budgetsOf(router);
  t.ok(spentUsd > (state?.spentUsd ?? 0));
  t.ok(await router.said(({ msg }) => msg === 'a budget is beyond its soft limit'));
  await router.stop();
  const { router: again } = await startStage(t, config);
  t.equal((await budgetsOf(again))[0]?.spentUsd, spentUsd);
});
