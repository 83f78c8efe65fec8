// A client that leaves, before the first byte or in the middle, is felt by the provider within 50 ms.
import { setTimeout as sleep } from 'node:timers/promises';
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t from 'tap';
import { ask, clientNames, clients, post } from './fixtures/clients.ts';
import { keys, providersAt, type Stage, startStage } from './fixtures/providers.ts';
import { startRouter } from './fixtures/router-process.ts';

const upstreams = ['openai', 'venice', 'anthropic', 'gemini', 'ollama'] as const;
const limitMs = 50;

let stage: Stage;
t.before(async () => {
  stage = await startStage(t);
});

let worstMs = 0;

/** Milliseconds from the client's leaving until the provider noticed. */
async function felt(leftAt: number, at: number): Promise<number> {
  const { chaos } = stage;
  for (let round = 0; round < 200 && chaos.requests[at]?.abortedAt === undefined; round += 1) await sleep(2);
  const ms = (chaos.requests[at]?.abortedAt ?? Number.POSITIVE_INFINITY) - leftAt;
  worstMs = Math.max(worstMs, ms);
  return ms;
}

for (const provider of upstreams) {
  t.test(`before ${provider}`, async (t) => {
    const { chaos, router } = stage;
    for (const client of clientNames) {
      for (const stream of [true, false]) {
        const at = chaos.requests.length;
        const left = new AbortController();
        const asked = { model: `${provider}/x/slow-5000`, stream };
        const answer = ask(router.url, client, asked, { signal: left.signal }).catch(() => {});
        await chaos.received(at + 1);
        await sleep(10);
        const leftAt = performance.now();
        left.abort();
        t.ok((await felt(leftAt, at)) < limitMs, `${client} ${stream ? 'stream' : 'whole'}, waiting`);
        await answer;
      }
      const at = chaos.requests.length;
      const left = new AbortController();
      const asked = { model: `${provider}/x/stall-at-7`, stream: true, prompt: 'one two three' };
      const response = await fetch(router.url + clients[client].path(asked), {
        method: 'POST',
        body: JSON.stringify(clients[client].body(asked)),
        signal: left.signal,
      });
      await response.body?.getReader().read();
      const leftAt = performance.now();
      left.abort();
      t.ok((await felt(leftAt, at)) < limitMs, `${client}, in the middle`);
    }
  });
}

t.test('nobody waits for a second try', async (t) => {
  const { chaos, router } = stage;
  const at = chaos.requests.length;
  const left = new AbortController();
  const answer = ask(router.url, 'openai-chat', { model: 'openai/x/status-503+after-1' }, { signal: left.signal }).catch(
    () => {},
  );
  await chaos.received(at + 1);
  await sleep(30);
  left.abort();
  await answer;
  await sleep(1200);
  t.equal(chaos.requests.length, at + 1);
});

t.test('who left while the route was looked for costs nothing', async (t) => {
  const chaos = await startChaosUpstream();
  t.teardown(() => chaos.close());
  const isList = ({ path }: { path: string }) => path.endsWith('/models');
  chaos.script({ fault: { firstByteDelayMs: 500 }, match: isList, times: 2 });
  const router = await startRouter(t, { providers: providersAt(chaos.url, ['openai', 'venice']) }, { env: keys });
  const calls = [ask(router.url, 'openai-chat', { model: 'chaos-1' }, { signal: AbortSignal.timeout(100) })];
  const input = { model: 'chaos-1', input: 'text' };
  calls.push(post(`${router.url}/v1/embeddings`, input, { signal: AbortSignal.timeout(100) }));
  await Promise.allSettled(calls);
  await sleep(700);
  t.same(
    chaos.requests.filter((request) => !isList(request)),
    [],
  );
});

t.test('the figures tell them apart from failures', async (t) => {
  const text = await stage.router.metrics();
  t.match(text, /^inference_requests_total\{dialect="openai-chat",outcome="aborted"\} [1-9]/m);
  t.notMatch(text, /^inference_requests_total\{[^}]*outcome="error"/m);
  t.comment(`the slowest abort reached its provider after ${worstMs.toFixed(1)} ms`);
  const status = await stage.router.status();
  t.ok(
    status.providers.every(({ state }) => state === 'ready'),
    'nobody is blamed',
  );
});
