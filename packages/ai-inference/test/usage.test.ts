// What a call used is counted, however a provider tells it; and clients hear of it only if they asked. The figures are fit for Prometheus.
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { ask, clientNames } from './fixtures/clients.ts';
import { providerNames, type Stage, startStage } from './fixtures/providers.ts';

let stage: Stage;
t.before(async () => {
  stage = await startStage(t);
});

/** The value of a series, or 0. */
async function figure(series: string): Promise<number> {
  const line = (await stage.router.metrics()).split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
const usageChunks = (text: string) =>
  text.split('\n\n').filter((event) => event.includes('"choices":[]') && /"usage":\{/.test(event)).length;

t.test('usage is asked for, and taken out for those who did not', async (t) => {
  const { chaos, router } = stage;
  for (const provider of ['openai', 'venice']) {
    for (const client of ['openai-chat', 'openai-completions'] as const) {
      const what = `${client} before ${provider}`;
      const plain = await ask(router.url, client, { model: `${provider}/m`, stream: true });
      t.match(chaos.requests.at(-1)?.body, { stream_options: { include_usage: true } }, `${what}: it is asked for`);
      t.equal(usageChunks(plain.text), 0, `${what}: and taken out`);
      const refused = await ask(router.url, client, {
        model: `${provider}/m`,
        stream: true,
        more: { stream_options: { include_usage: false } },
      });
      t.equal(usageChunks(refused.text), 0);
      const wanted = await ask(router.url, client, {
        model: `${provider}/m`,
        stream: true,
        more: { stream_options: { include_usage: true } },
      });
      t.equal(usageChunks(wanted.text), 1, `${what}: and passed on`);
      const whole = await ask(router.url, client, { model: `${provider}/m` });
      t.equal(chaos.requests.at(-1)?.body?.stream_options, undefined);
      t.match(whole.json.usage, { prompt_tokens: Number, completion_tokens: Number });
    }
  }
});

t.test('every way to tell usage is counted once', async (t) => {
  for (const provider of providerNames) {
    for (const client of clientNames) {
      for (const stream of [false, true]) {
        for (const fault of ['m', 'usage-odd', 'pieces-5', 'gzip']) {
          await ask(stage.router.url, client, { model: `${provider}/x/${fault}`, stream });
          const { recent } = await stage.router.status();
          const used = recent[0]?.attempts[0]?.usage;
          const isGood = recent[0]?.outcome === 'ok' && (used?.inputTokens ?? 0) > 2 && (used?.outputTokens ?? 0) > 2;
          t.ok(isGood, `${client} ${stream ? 'stream' : 'whole'} before ${provider}/${fault}: ${JSON.stringify(used)}`);
        }
      }
    }
  }
  const before = await figure('venice_total_tokens');
  const heard = await ask(stage.router.url, 'openai-chat', { model: 'venice/counted' });
  const { prompt_tokens, completion_tokens } = heard.json.usage;
  t.equal((await figure('venice_total_tokens')) - before, prompt_tokens + completion_tokens);
  t.equal(await figure('venice_tokens_total'), await figure('venice_total_tokens'));
  t.equal(await figure('model_usage_total{provider="venice",model="counted"}'), 1);
  t.equal(await figure('inference_tokens_total{provider="venice",model="counted",kind="input"}'), prompt_tokens);
  t.ok((await figure('openrouter_total_tokens')) > 0);
});

t.test('money is what the provider says, and unknown is not zero', async (t) => {
  for (const provider of ['venice', 'openrouter']) {
    for (const stream of [false, true]) {
      await ask(stage.router.url, 'openai-chat', { model: `${provider}/priced`, stream });
      const { recent } = await stage.router.status();
      t.ok((recent[0]?.attempts[0]?.usage?.costUsd ?? 0) > 0, `${provider}: ${JSON.stringify(recent[0]?.attempts[0]?.usage)}`);
    }
    t.ok((await figure(`inference_cost_usd_total{provider="${provider}",model="priced"}`)) > 0);
  }
  const usage = { input_tokens: 5, output_tokens: 6, cost: 0.25 };
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: 'end_turn', usage };
  stage.chaos.script({ body: message });
  await ask(stage.router.url, 'anthropic', { model: 'openrouter/skinned' });
  t.equal(await figure('inference_cost_usd_total{provider="openrouter",model="skinned"}'), 0.25);
  await ask(stage.router.url, 'anthropic', { model: 'anthropic/priced' });
  t.notMatch(await stage.router.metrics(), /inference_cost_usd_total\{provider="anthropic"/);
});

t.test('a name that no provider knew makes no series', async (t) => {
  for (let index = 0; index < 20; index += 1)
    await ask(stage.router.url, 'openai-chat', { model: `openai/invented${index}/status-404` });
  t.notMatch(await stage.router.metrics(), /invented/);
  t.equal(await figure('inference_failures_total{provider="openai",kind="not-found"}'), 20);
});

t.test('what an aborted or cut stream told is counted', async (t) => {
  await ask(stage.router.url, 'openai-chat', { model: 'anthropic/x/kill-at-6', stream: true });
  const { recent } = await stage.router.status();
  t.match(recent[0], { outcome: 'error', errorKind: 'cut', attempts: [{ usage: { inputTokens: Number } }] });
});

t.test('headers of the account are read', async (t) => {
  await ask(stage.router.url, 'openai-chat', { model: 'venice/x/headers-venice', stream: true });
  await ask(stage.router.url, 'openai-chat', { model: 'venice/x/headers-venice-deprecated' });
  const { providers, recent } = await stage.router.status();
  t.match(providers.find(({ name }) => name === 'venice')?.account, {
    balanceDiem: 90.5,
    balanceUsd: 25,
    requestsRemaining: 49,
    tokensRemaining: 740_000,
  });
  t.match(recent[0]?.attempts[0], { servedModel: 'zai-org-glm-5-2' }, 'a model that was exchanged is seen');
  t.ok(await stage.router.said(({ msg }) => msg === 'a model is going to end'));
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
t.test(
  'promtool accepts the figures',
  { skip: promtool ? false : 'promtool is not installed (Debian package prometheus)' },
  async (t) => {
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await stage.router.metrics(),
      encoding: 'utf8',
    });
    // Names that others gave: Node's own, the design's without `_total`, and its two totals that are counters all the same.
    const ours = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => /^(inference|model|gen_ai|venice|openrouter|error)/.test(line))
      .filter((line) => !/^(venice|openrouter)_total_tokens /.test(line));
    t.same(ours, []);
  },
);
