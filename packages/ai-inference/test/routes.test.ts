// Named routes through a real router: the shares they hold, what they say of it, what happens when a side fails, conversations, feedback
// and the cache of answers.
import t from 'tap';
import { featureNames } from '../src/policy/features.ts';
import { ask, type Heard, post } from './fixtures/clients.ts';
import { csvRows } from './fixtures/csv.ts';
import { startStage } from './fixtures/providers.ts';
import type { RouterProcess } from './fixtures/router-process.ts';

const sides = { cheap: 'venice/small', strong: 'openrouter/large' };

/** Three kinds of traffic. */
const traffics: Record<string, (index: number) => string> = {
  'all alike': () => 'hello',
  'questions of many lengths': (index) =>
    `Explain why ${'the second train is not faster, '.repeat((index * 7) % 23)}and prove it in ${index % 5} steps.`,
  'mostly small talk, some hard': (index) =>
    index % 10 === 0
      ? `Derive each of the ${index} bounds, and say which of them never holds without Lemma ${index % 7}.`
      : `hi ${'there '.repeat(index % 4)}`,
};

const chat = (model: string, prompt: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: prompt }],
  ...more,
});

async function send(
  router: RouterProcess,
  model: string,
  count: number,
  prompt: (index: number) => string,
): Promise<Record<string, number>> {
  const served: Record<string, number> = {};
  // Eight at a time, as a handful of agents do.
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const heard = await post(`${router.url}/v1/chat/completions`, chat(model, prompt(index)));
      const provider = heard.headers.get('x-switchyard-provider') ?? String(heard.status);
      served[provider] = (served[provider] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return served;
}

async function rowsOf(router: RouterProcess): Promise<Record<string, string>[]> {
  return csvRows(await (await fetch(`${router.url}/v1/usage?format=csv`)).text());
}
const sideOf = (heard: Heard) =>
  /^(cheap|strong); reason=(\w+)/.exec(heard.headers.get('x-switchyard-decision') ?? '')?.slice(1, 3);

t.test('a ratio of requests is exact', async (t) => {
  const { router } = await startStage(t, { routes: { auto: { ...sides, targetRatio: 97, unit: 'requests' } } });
  t.same(await send(router, 'auto', 300, traffics['questions of many lengths'] as (index: number) => string), {
    venice: 291,
    openrouter: 9,
  });
  const rows = await rowsOf(router);
  t.equal(rows.length, 300);
  for (const { route, decision, provider, app } of rows) {
    t.match({ route, app }, { route: 'auto', app: 'anonymous' });
    const told = JSON.parse(decision as string);
    t.match(told, { route: 'auto', score: Number, quantile: Number, propensity: told.side === 'cheap' ? 0.97 : /^0\.03/ });
    t.match(told.reason, /^(ratio|simple)$/);
    t.equal(provider, told.side === 'cheap' ? 'venice' : 'openrouter');
  }
});

for (const unit of ['usd', 'tokens'] as const) {
  t.test(`a ratio of ${unit} is held`, async (t) => {
    const prices = { 'venice/*': [{ inputUsd: 1, outputUsd: 2 }], 'openrouter/*': [{ inputUsd: 3, outputUsd: 15 }] };
    const { router } = await startStage(t, { prices, routes: { auto: { ...sides, targetRatio: 80, unit } } });
    await send(router, 'auto', 300, traffics['questions of many lengths'] as (index: number) => string);
    const size = (row: Record<string, string>) =>
      unit === 'usd' ? Number(row.costUsd) : Number(row.inputTokens) + Number(row.outputTokens);
    const rows = await rowsOf(router);
    const whole = rows.reduce((sum, row) => sum + size(row), 0);
    const strong = rows.filter(({ provider }) => provider === 'openrouter').reduce((sum, row) => sum + size(row), 0);
    t.ok(Math.abs(strong / whole - 0.2) < 0.01, `${((strong / whole) * 100).toFixed(2)} %`);
  });
}

t.test('auto@20 is a fifth of any traffic', async (t) => {
  for (const [name, traffic] of Object.entries(traffics)) {
    const { router } = await startStage(t, { routes: { auto: sides } });
    const { openrouter = 0 } = await send(router, 'auto@20', 500, traffic);
    t.ok(Math.abs(openrouter / 500 - 0.2) <= 0.01, `${name}: ${(openrouter / 5).toFixed(1)} %`);
  }
});

t.test('a side that is named, and names that are none', async (t) => {
  const { router } = await startStage(t, { routes: { auto: sides } });
  t.same(await send(router, 'auto:cheap', 20, () => 'x'), { venice: 20 });
  t.same(await send(router, 'auto:strong', 20, () => 'x'), { openrouter: 20 });
  t.same(sideOf(await ask(router.url, 'anthropic', { model: 'auto:strong' })), ['strong', 'asked']);
  t.equal((await ask(router.url, 'openai-chat', { model: 'auto@101' })).status, 404);
  t.equal((await ask(router.url, 'openai-chat', { model: 'auto:dear' })).status, 404);
});

t.test('a side that fails is stood in for, and the share is counted where it was served', async (t) => {
  const { router } = await startStage(t, {
    retries: { attempts: 1 },
    routes: { auto: { cheap: ['venice/x/status-500'], strong: sides.strong, targetRatio: 50, unit: 'requests' } },
  });
  t.same(await send(router, 'auto', 20, (index) => `question ${index}`), { openrouter: 20 });
  const explained = await post(`${router.url}/v1/route/explain`, chat('auto', 'x'));
  t.equal(explained.json.owed, -10, 'it has had ten too many');
  t.equal(explained.json.decision, 'cheap', 'and is owed none');
  const rows = await rowsOf(router);
  t.equal(rows.filter(({ costSource, costUsd }) => costSource === 'refused' && costUsd === '0').length > 0, true);
});

t.test('a route that is explained is not taken', async (t) => {
  const { chaos, router } = await startStage(t, {
    aliases: { plain: 'venice/small' },
    routes: { auto: { ...sides, targetRatio: 50, unit: 'requests' } },
  });
  const explain = (body: object, query = '') => post(`${router.url}/v1/route/explain${query}`, body as never);
  const before = await explain(chat('auto', 'Prove that 17 is prime.'));
  t.match(before.json, {
    model: 'auto',
    route: 'auto',
    decision: String,
    reason: String,
    score: Number,
    quantile: 0.5,
    threshold: 0.25,
    owed: 0,
    strongShare: 0.5,
    unit: 'requests',
    estimates: { tokens: Number, cheapUsd: Number, strongUsd: Number },
    candidates: [
      { provider: 'venice', model: 'small' },
      { provider: 'openrouter', model: 'large' },
    ],
  });
  t.same(Object.keys(before.json.features), [...featureNames]);
  t.same((await explain(chat('auto', 'Prove that 17 is prime.'))).json, before.json, 'nothing is counted');
  t.equal(chaos.requests.length, 0);
  for (let index = 0; index < 10; index += 1) {
    const { json } = await explain(chat('auto', `question ${index}`));
    const taken = await post(`${router.url}/v1/chat/completions`, chat('auto', `question ${index}`));
    t.same(sideOf(taken), [json.decision, json.reason], 'what is explained is what is done');
  }
  t.match((await explain(chat('auto@20', 'x'))).json, { strongShare: 0.2, reason: 'gate' });
  t.match((await explain(chat('plain', 'x'))).json, { candidates: [{ provider: 'venice', model: 'small' }] });
  const messages = [{ role: 'user', content: 'hi' }];
  t.equal((await explain({ model: 'x', messages, max_tokens: 5 }, '?dialect=anthropic&model=auto')).json.route, 'auto');
  t.match(await explain({ contents: [{ parts: [{ text: 'hi' }] }] }, '?dialect=gemini&model=auto'), { status: 200 });
  t.match(await explain(chat('auto', 'x'), '?dialect=opena-chat'), { status: 400, json: { detail: /did you mean/i } });
  t.match(await explain(chat('nobody', 'x')), { status: 400, json: { detail: /nobody/ } });
  t.match(await explain({ model: 'auto', messages: 5 }), { status: 400 });
  t.equal((await fetch(`${router.url}/v1/route/explain`)).status, 405);
});

t.test('a conversation stays where it is', async (t) => {
  const { router } = await startStage(t, { routes: { auto: { ...sides, targetRatio: 50, unit: 'requests' } } });
  const say = (session: string, index: number) =>
    post(`${router.url}/v1/chat/completions`, chat('auto', `turn ${index}`), { headers: { 'x-session-id': session } });
  const first: Record<string, string | undefined> = {};
  for (let index = 0; index < 40; index += 1) {
    const session = `session-${index % 8}`;
    const [side, reason] = sideOf(await say(session, index)) ?? [];
    first[session] ??= side;
    t.equal(side, first[session], session);
    if (index >= 8) t.equal(reason, 'session');
  }
  t.same(new Set(Object.values(first)), new Set(['cheap', 'strong']), 'while the ratio divides the conversations');
  const keyed = await post(`${router.url}/v1/chat/completions`, chat('auto', 'x', { prompt_cache_key: 'session-0' }));
  t.same(sideOf(keyed), [first['session-0'], 'session'], 'by whichever name it goes');
  const metadata = { user_id: 'session-1' };
  t.same(sideOf(await ask(router.url, 'anthropic', { model: 'auto', more: { metadata } })), [first['session-1'], 'session']);
  t.not(sideOf(await post(`${router.url}/v1/chat/completions`, chat('auto', 'x')))?.[1], 'session');
});

t.test('feedback teaches a route', async (t) => {
  const { router } = await startStage(t, { routes: { auto: { ...sides, targetRatio: 50, unit: 'requests' } } });
  const give = (body: object) => post(`${router.url}/v1/feedback`, body as never);
  const asked = async (model: string, prompt: string) =>
    (await post(`${router.url}/v1/chat/completions`, chat(model, prompt))).headers.get('x-request-id') ?? '';
  let last: Heard | undefined;
  for (let index = 0; index < 60; index += 1) {
    const hard = index % 2 === 0;
    const id = await asked(
      'auto:cheap',
      hard ? `Prove why ${index} is not the least of each ${'of them '.repeat(index % 9)}` : 'hello',
    );
    last = await give({ requestId: id, rating: hard ? -1 : 1 });
    t.equal(last.status, 200);
    t.equal(last.json.labels, index + 1);
    if (index < 29) t.equal(last.json.agreement, undefined);
  }
  t.match(last?.json, { used: true, inUse: true, agreementLow: Number });
  const explained = await post(`${router.url}/v1/route/explain`, chat('auto', 'x'));
  t.match(explained.json.calibration, { labels: 50 }, 'fitted with thirty, and with twenty more');
  const strong = await asked('auto:strong', 'x');
  t.match((await give({ requestId: strong, rating: 1 })).json, { used: false, why: /cheap side/ });
  t.match((await give({ requestId: strong, gain: 0.5 })).json, { used: true });
  t.match(await give({ requestId: 'nobody', gain: 1 }), { status: 404, json: { detail: /nobody/ } });
  for (const wrong of [{ requestId: strong }, { requestId: strong, gain: 5 }, { requestId: strong, gain: 0, rating: 0 }])
    t.equal((await give(wrong)).status, 400);
});

t.test('equal deterministic requests are answered from the cache', async (t) => {
  const { chaos, router } = await startStage(t, {
    cache: { ttlMs: 60_000 },
    routes: { auto: { ...sides, cache: true }, other: sides },
  });
  const say = (body: object) => post(`${router.url}/v1/chat/completions`, body as never);
  const first = await say(chat('auto', 'x', { temperature: 0 }));
  t.equal(first.headers.get('x-switchyard-cache'), null);
  const second = await say(chat('auto', 'x', { temperature: 0 }));
  t.equal(second.headers.get('x-switchyard-cache'), 'hit');
  t.equal(second.text, first.text);
  t.equal(chaos.requests.length, 1);
  const rows = await rowsOf(router);
  t.match(rows[1], { costSource: 'cache', costUsd: '0', savedUsd: rows[0]?.costUsd, provider: 'venice', inputTokens: '' });
  t.match(await router.metrics(), /inference_cache_hits_total\{provider="venice",model="small"\} 1/);
  for (const other of [
    chat('auto', 'x'),
    chat('auto', 'x', { temperature: 0.1 }),
    chat('auto', 'x', { temperature: 0, stream: true }),
    chat('auto', 'y', { temperature: 0 }),
    chat('other', 'x', { temperature: 0 }),
  ]) {
    await say(other);
    t.equal((await say(other)).headers.get('x-switchyard-cache'), other.messages[0]?.content === 'y' ? 'hit' : null);
  }
  const asked = chaos.requests.length;
  chaos.script({ status: 400 });
  await say(chat('auto', 'fails', { temperature: 0 }));
  t.equal((await say(chat('auto', 'fails', { temperature: 0 }))).headers.get('x-switchyard-cache'), null, 'errors are not kept');
  t.equal(chaos.requests.length, asked + 2);
});
