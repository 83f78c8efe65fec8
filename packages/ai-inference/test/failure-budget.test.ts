// Venice blocks a key for 30 s after more than 20 failed requests in 30 s: no storm of clients may bring the router there.
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t from 'tap';
import { type Asked, ask, clients, type Heard } from './fixtures/clients.ts';
import { type Stage, startStage } from './fixtures/providers.ts';

/** A guarded Venice, and a router whose breaker stays out of it. */
async function guarded(t: { teardown(action: () => unknown): unknown }): Promise<Stage> {
  const upstream = await startChaosUpstream({ veniceGuard: true, models: ['good', 'x/status-500'] });
  t.teardown(() => upstream.close());
  return startStage(t, { breaker: { failures: 1_000_000 } }, { upstream, providers: ['venice'] });
}

const failedIn = ({ chaos }: Stage) => chaos.requests.filter(({ status = 0 }) => status >= 400).length;

/** `clients` of them ask one after the other, `each` times. */
async function hammer({ router }: Stage, count: number, each: number, asked: (round: number) => Asked): Promise<Heard[]> {
  const heard: Heard[] = [];
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let round = 0; round < each; round += 1) heard.push(await ask(router.url, 'openai-chat', asked(round)));
    }),
  );
  return heard;
}

t.test('one client that asks again and again', async (t) => {
  const stage = await guarded(t);
  const heard = await hammer(stage, 1, 60, () => ({ model: 'venice/x/status-500' }));
  const failed = failedIn(stage);
  t.comment(`${failed} of ${heard.length} requests reached Venice`);
  t.ok(failed <= 20 && failed >= 10);
  t.match(stage.chaos.guard, { blocks: 0, refused: 0 });
  const last = heard.at(-1) as Heard;
  t.equal(last.status, 503);
  t.ok(clients['openai-chat'].isError(last.json));
  t.match(last.json.error.message, /would make it block the key/);
  const wait = Number(last.headers.get('retry-after'));
  t.ok(wait > 20 && wait <= 30, `the client is told to wait ${wait} s`);
});

t.test('32 clients at once, cold', async (t) => {
  const stage = await guarded(t);
  const models = [
    'venice/x/status-500',
    'venice/y/status-503',
    'venice/z/shape-venice-validation',
    'venice/x/slow-50+status-500',
  ];
  const heard = await hammer(stage, 32, 10, (round) => ({
    model: models[round % models.length] as string,
    stream: round % 2 === 0,
  }));
  const failed = failedIn(stage);
  t.comment(`${failed} of ${heard.length} requests reached Venice`);
  t.ok(failed <= 20);
  t.match(stage.chaos.guard, { blocks: 0, refused: 0 });
  t.ok(heard.every(({ status }) => status >= 400));
});

t.test('32 clients at once, while a good Venice turns bad', async (t) => {
  const stage = await guarded(t);
  const good = await hammer(stage, 32, 4, () => ({ model: 'venice/x/slow-20' }));
  t.ok(
    good.every(({ status }) => status === 200),
    'nothing good was refused',
  );
  await hammer(stage, 32, 8, () => ({ model: 'venice/x/slow-20+status-500' }));
  const failed = failedIn(stage);
  t.comment(`${failed} failed requests reached Venice after ${good.length} good ones`);
  t.ok(failed <= 20);
  t.match(stage.chaos.guard, { blocks: 0, refused: 0 });
});

t.test('64 good streams at once, cold', async (t) => {
  const stage = await guarded(t);
  const heard = await hammer(stage, 64, 1, () => ({ model: 'venice/x/slow-30+gap-20', stream: true }));
  t.equal(heard.filter(({ status, text }) => status === 200 && clients['openai-chat'].ending(text) === 'done').length, 64);
});

t.test('40 slow whole answers do not wait for each other', async (t) => {
  const stage = await guarded(t);
  await ask(stage.router.url, 'openai-chat', { model: 'venice/good' });
  const before = stage.chaos.requests.length;
  let sentByThen: number | undefined;
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const { status } = await ask(stage.router.url, 'openai-chat', { model: 'venice/x/slow-4000' });
      t.equal(status, 200);
      sentByThen ??= stage.chaos.requests.length - before;
    }),
  );
  t.equal(sentByThen, 40, 'all were on their way before the first came back');
});

t.test('who leaves while it waits makes room', async (t) => {
  const stage = await guarded(t);
  const left = new AbortController();
  const waiting = Array.from({ length: 40 }, () =>
    ask(stage.router.url, 'openai-chat', { model: 'venice/x/slow-20000' }, { signal: left.signal }).catch(() => {}),
  );
  await stage.chaos.received(15);
  left.abort();
  await Promise.all(waiting);
  const heard = await hammer(stage, 20, 1, () => ({ model: 'venice/good' }));
  t.ok(heard.every(({ status }) => status === 200));
});
