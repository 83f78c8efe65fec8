// The pure parts of money: which price holds, how conversations and allowances meet, what the cache of answers keeps, and when labels
// are learnt from.
import { JsonBody } from '@switchyard/kit/json-body';
import t from 'tap';
import { AnswerCache, type CacheSettings } from '../src/call/answer-cache.ts';
import { costByPrice, needsTable, priceAt } from '../src/ledger/cost.ts';
import { Estimates } from '../src/ledger/estimates.ts';
import { Calibrator } from '../src/policy/calibrator.ts';
import { featureNames, featuresOf } from '../src/policy/features.ts';
import { AllowancePacer, dayMs } from '../src/policy/pacing.ts';
import { type RequestFacts, RoutePolicy } from '../src/policy/route-policy.ts';
import { Sessions } from '../src/policy/sessions.ts';

t.test('the latest price whose date has come', async (t) => {
  const prices = [{ from: '2027-01-01', inputUsd: 2 }, { inputUsd: 1 }, { from: '2026-12-01T08:00:00Z', inputUsd: 1.5 }];
  const at = (time: string) => priceAt(prices, Date.parse(time))?.inputUsd;
  t.equal(at('2026-11-20'), 1);
  t.equal(at('2026-12-01T08:00:00Z'), 1.5);
  t.equal(at('2027-01-01'), 2);
  t.equal(priceAt([{ from: '2027-01-01' }], 0), undefined);
});

t.test('a price that is missing makes a cost unknown, not smaller', async (t) => {
  const price = { inputUsd: 1, outputUsd: 2 };
  t.equal(costByPrice(price, { inputTokens: 1e6, outputTokens: 1e6 }), 3);
  t.equal(costByPrice({ inputUsd: 1 }, { inputTokens: 1, outputTokens: 1 }), undefined);
  t.equal(costByPrice({ outputUsd: 1 }, { outputTokens: 1 }), undefined);
  t.equal(costByPrice(price, { inputTokens: 1, webSearches: 1 }), undefined);
  t.equal(costByPrice(price, { inputTokens: 1, otherToolCalls: 1 }), undefined);
  t.equal(costByPrice({ ...price, webSearchUsd: 10 }, { webSearches: 3 }), 0.03);
  const question = {
    providerType: 'anthropic',
    model: 'm',
    atMs: 0,
    overrides: [],
    listPrice: undefined,
    table: undefined,
  } as const;
  t.ok(needsTable({ ...question, usage: { inputTokens: 1 } }));
  t.notOk(needsTable({ ...question, usage: { inputTokens: 1, costUsd: 0 } }), 'told');
  t.notOk(needsTable({ ...question, usage: {} }), 'nothing to price');
  t.notOk(needsTable({ ...question, usage: { inputTokens: 1 }, overrides: [price] }));
  t.notOk(needsTable({ ...question, usage: { inputTokens: 1 }, providerType: 'ollama' }), 'not in it');
});

t.test('estimates learn from answers', async (t) => {
  const estimates = new Estimates();
  t.equal(estimates.mostOutputTokens('m', 300, undefined), 300, 'a client says how much it allows');
  t.equal(estimates.mostOutputTokens('m', undefined, 2000), 2000, 'else the model how much it can');
  t.equal(estimates.mostOutputTokens('m', undefined, undefined), 8192);
  for (let index = 0; index < 10; index += 1) estimates.learn('m', { inputTokens: 100, outputTokens: 900 }, 0.01, true);
  t.equal(estimates.mostOutputTokens('m', 64_000, undefined), 1350, 'agents allow more than they use');
  t.equal(estimates.mostOutputTokens('m', 200, undefined), 200);
  t.equal(estimates.mostUsd('m'), 0.01);
  t.ok(Math.abs((estimates.toldUsd('m', 500) ?? 0) - 0.005) < 1e-12);
  t.ok(Math.abs(estimates.usualOutputTokens('m') - 900) < 1e-9);
});

const features = featuresOf('x');
const facts = (session?: RequestFacts['session']): RequestFacts => ({
  features,
  tokens: 1000,
  cheapUsd: 0.01,
  strongUsd: 0.1,
  cheapHasAllowance: true,
  ...(session && { session }),
});
const settings = { cheap: ['c'], strong: ['s'], targetRatio: 100, unit: 'requests', complexityThreshold: 0 } as const;

/** A pacer that keeps its allowance for a demand that came on the day before. */
function savingPacer(): AllowancePacer {
  const pacer = new AllowancePacer();
  pacer.observeBalance(1000);
  for (let hour = 0; hour < 24; hour += 1) pacer.decide(10, hour * 3_600_000);
  pacer.observeBalance(1);
  return pacer;
}

t.test('a conversation is moved when that is worth more than its prompt cache', async (t) => {
  const decide = (switchUsd: number) =>
    new RoutePolicy('auto', settings, savingPacer()).decide(facts({ side: 'cheap', switchUsd }), { route: 'auto' }, dayMs + 1)
      .decision;
  t.match(decide(0.001), { side: 'strong', reason: 'allowance', switchUsd: 0.001 });
  t.match(decide(0.02), { side: 'cheap', reason: 'session' });
  const empty = new AllowancePacer();
  empty.observeBalance(0);
  const { decision } = new RoutePolicy('auto', settings, empty).decide(
    facts({ side: 'cheap', switchUsd: 5 }),
    { route: 'auto' },
    0,
  );
  t.match(decision, { side: 'strong', reason: 'allowance', switchUsd: 5 }, 'or when nothing is left');
});

t.test('what conversations had goes on being owed', async (t) => {
  const policy = new RoutePolicy('auto', { ...settings, targetRatio: 50 }, new AllowancePacer());
  for (let index = 0; index < 10; index += 1)
    policy.decide({ ...facts({ side: 'strong', switchUsd: 0 }), cheapHasAllowance: false }, { route: 'auto' }, 0);
  t.equal(policy.explain(facts(), { route: 'auto' }, 0).owed, -5);
});

t.test('a conversation is remembered for ten minutes', async (t) => {
  const sessions = new Sessions();
  sessions.set('a', { side: 'cheap', model: 'm', cachedTokens: 5 }, 0);
  t.match(sessions.of('a', 599_999), { side: 'cheap' });
  t.equal(sessions.of('a', 600_000), undefined);
  for (let index = 0; index < 10_001; index += 1) sessions.set(`s${index}`, { side: 'cheap', model: 'm', cachedTokens: 0 }, 0);
  t.equal(sessions.of('s0', 0), undefined, 'and the memory for them is bounded');
  t.ok(sessions.of('s10000', 0));
});

t.test('labels are learnt from when there are enough, and after every twenty more', async (t) => {
  const hard = featuresOf('Prove that each of the 12 bounds never holds, and explain why not.');
  const label = (index: number) => ({ features: index % 2 ? hard : featuresOf('hello'), gain: index % 2 });
  const calibrator = new Calibrator();
  const fittedAt: number[] = [];
  for (let index = 0, before = calibrator.calibration; index < 80; index += 1) {
    calibrator.add(String(index), label(index));
    if (calibrator.calibration !== before) fittedAt.push(index + 1);
    before = calibrator.calibration;
  }
  t.same(fittedAt, [30, 50, 70]);
  calibrator.add('5', label(5));
  t.equal(calibrator.size, 80, 'one label a request');
  const known = Array.from({ length: 40 }, (_, index) => ({ requestId: String(index), ...label(index) }));
  t.equal(new Calibrator(known).calibration?.labels, 40, 'those of before a restart count');
  t.equal(hard.length, featureNames.length);
});

t.test('the cache of answers', async (t) => {
  const made = (more: Partial<CacheSettings> = {}) =>
    new AnswerCache({ scope: 'all', ttlMs: 1000, maxBytes: 10_000, perApp: true, ...more });
  const bodyOf = (object: object) => new JsonBody(Buffer.from(JSON.stringify(object)));
  const zero = bodyOf({ temperature: 0 });
  const answer = (bytes: number) => ({ body: Buffer.alloc(bytes), provider: 'p', model: 'm', usd: 1 });
  const cache = made();
  const key = (app: string, parts = ['chat', 'auto']) => cache.keyOf(undefined, false, app, zero, () => parts) as string;
  t.not(key('a'), key('b'), 'apps are apart');
  t.not(key('a', ['ab', 'c']), key('a', ['a', 'bc']));
  t.equal(
    made({ perApp: false }).keyOf(undefined, false, 'a', zero, () => []),
    made({ perApp: false }).keyOf(undefined, false, 'b', zero, () => []),
  );
  t.equal(
    cache.keyOf(undefined, true, 'a', zero, () => []),
    undefined,
    'no streams',
  );
  t.equal(
    cache.keyOf(undefined, false, 'a', bodyOf({}), () => []),
    undefined,
  );
  t.ok(cache.keyOf(undefined, false, 'a', bodyOf({ generationConfig: { temperature: 0 } }), () => []));
  t.equal(
    made({ scope: 'routes' }).keyOf({ cache: false }, false, 'a', zero, () => []),
    undefined,
  );
  for (const name of ['1', '2', '3', '4']) cache.put(name, answer(2000), 0);
  t.ok(cache.get('1', 0));
  cache.put('5', answer(2000), 0);
  t.equal(cache.get('2', 0), undefined, 'the least recently used one goes');
  t.ok(cache.get('1', 999));
  t.equal(cache.get('1', 1000), undefined, 'nor is anything kept for ever');
  cache.put('large', answer(9000), 0);
  t.equal(cache.get('large', 0), undefined, 'one answer does not push out all others');
});
