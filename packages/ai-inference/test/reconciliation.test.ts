// The ledger beside the providers' bills: each kind of bill as its provider writes it, what agrees, what differs, what cannot be read.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@switchyard/kit/clock';
import { silentLogger } from '@switchyard/kit/logger';
import t from 'tap';
import { Ledger, type LedgerRow } from '../src/ledger/ledger.ts';
import { differs } from '../src/ledger/reconciliation.ts';
import { newFolder, type RouterProcess, startRouter } from './fixtures/router-process.ts';

const dayMs = 86_400_000;
const midnight = Math.floor((Date.now() - 3_600_000) / dayMs) * dayMs;
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const yesterday = dayOf(midnight - dayMs);

interface Asked {
  provider: string;
  path: string;
  query: URLSearchParams;
  key: string;
}

/** A provider of bills: `usdOf` says what each of the four bills for a day, in two pages where that kind has pages. */
async function startBiller(t: { teardown(action: () => unknown): unknown }, usdOf: (provider: string, day: string) => number) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const [, provider = '', ...rest] = url.pathname.split('/');
    const path = `/${rest.join('/')}`;
    const key = String(request.headers['x-api-key'] ?? request.headers.authorization ?? '');
    const send = (body: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path.endsWith('/models')) return send({ object: 'list', data: [] });
    asked.push({ provider, path, query: url.searchParams, key });
    if (!key.includes('admin')) return send({ error: 'no' }, 401);
    const half = (day: string) => usdOf(provider, day) / 2;
    const { searchParams: query } = url;
    if (path === '/billing/usage-history') {
      const cursor = query.get('cursor');
      if (cursor !== null && query.size > 1) return send({ error: 'a cursor comes alone' }, 400);
      const day = cursor ?? (query.get('startTimestamp') as string).slice(0, 10);
      const entry = {
        amount: -half(day),
        currency: cursor ? 'USD' : 'DIEM',
        sku: 's',
        timestamp: `${day}T12:00:00Z`,
        notes: '',
        units: 1,
      };
      return send({ data: [entry], nextCursor: cursor ? null : day });
    }
    if (path === '/activity') {
      const day = query.get('date') as string;
      return send({
        data: [
          { date: day, usage: half(day), byok_usage_inference: 0 },
          { date: day, usage: 0, byok_usage_inference: half(day) },
        ],
      });
    }
    const page = query.get('page');
    const more = { has_more: page === null, next_page: page === null ? 'page_2' : null };
    if (path === '/v1/organizations/cost_report') {
      const day = (query.get('starting_at') as string).slice(0, 10);
      return send({ data: [{ starting_at: day, results: [{ currency: 'USD', amount: String(half(day) * 100) }] }], ...more });
    }
    const day = dayOf(Number(query.get('start_time')) * 1000);
    return send({
      object: 'page',
      data: [{ object: 'bucket', results: [{ amount: { value: half(day), currency: 'usd' } }] }],
      ...more,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A folder with a ledger in which each provider has cost `usd` yesterday. */
function ledgerWith(t: { teardown(action: () => unknown): unknown }, usd: Record<string, number | null>): string {
  const directory = newFolder(t);
  const ledger = new Ledger({ directory, clock: systemClock, logger: silentLogger });
  const row: LedgerRow = {
    requestId: 'r',
    timeMs: midnight - dayMs + 1000,
    app: 'a',
    route: 'm',
    decision: null,
    provider: '',
    modelAsked: 'm',
    modelServed: null,
    inputTokens: 1,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    outputTokens: 1,
    reasoningTokens: null,
    costUsd: null,
    costSource: 'provider',
    assumedUsd: null,
    savedUsd: null,
    firstTokenMs: null,
    durationMs: 1,
    outcome: 'ok',
    errorKind: null,
  };
  for (const [provider, costUsd] of Object.entries(usd)) {
    ledger.add({ ...row, provider, costUsd });
    // Of other days, which are not of this bill.
    ledger.add({ ...row, provider, costUsd: 100, timeMs: midnight + 1000 });
  }
  ledger.close();
  return directory;
}

interface Told {
  days: {
    day: string;
    provider: string;
    ledgerUsd: number;
    billUsd: number | null;
    unknown: number;
    error: string | null;
    differs: boolean;
  }[];
  missing: { provider: string; remedy: string }[];
}

async function told(router: RouterProcess, count: number): Promise<Told> {
  for (;;) {
    const found = (await (await fetch(`${router.url}/v1/usage/reconciliation`)).json()) as Told;
    if (found.days.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const names = ['venice', 'openrouter', 'anthropic', 'openai'];

t.test('every kind of bill is read whole, with its own key, and compared', async (t) => {
  const { url, asked } = await startBiller(t, (_, day) => (day === yesterday ? 4.2 : 0));
  const stateDirectory = ledgerWith(t, { venice: 4.2, openrouter: 4.2, anthropic: 4.195, openai: 3.1 });
  const provider = (name: string) => ({
    baseUrl: `${url}/${name}`,
    apiKey: `k-${name}-0123456789`,
    adminKey: `\${env:ADMIN_${name}}`,
  });
  const router = await startRouter(
    t,
    { stateDirectory, providers: Object.fromEntries(names.map((name) => [name, provider(name)])) },
    { env: Object.fromEntries(names.map((name) => [`ADMIN_${name}`, `admin-${name}-0123456789`])) },
  );
  const { days, missing } = await told(router, names.length * 7);
  t.same(missing, []);
  for (const name of names) {
    const row = days.find((one) => one.provider === name && one.day === yesterday);
    t.ok(row && Math.abs((row.billUsd as number) - 4.2) < 1e-9, `${name}: ${row?.billUsd}`);
    t.equal(row?.differs, name === 'openai', `${name}: half a cent is no difference, a dollar is`);
    t.equal(days.filter((one) => one.provider === name).length, 7);
    t.ok(asked.filter((one) => one.provider === name).every(({ key }) => key.includes(`admin-${name}`)));
  }
  const said = await router.said(({ msg }) => msg === 'the bill of a provider differs from the ledger');
  t.match(said, { provider: 'openai', day: yesterday, ledgerUsd: 3.1 });
  t.notMatch(router.output(), /admin-\w+-0123456789/);
});

t.test('bills that cannot be read are said, do no harm and are asked for again', async (t) => {
  const { url } = await startBiller(t, () => 1);
  const stateDirectory = ledgerWith(t, { venice: 1, openrouter: null });
  const router = await startRouter(t, {
    stateDirectory,
    providers: {
      venice: { baseUrl: `${url}/venice`, apiKey: 'k-0123456789', adminKey: 'only-an-inference-key' },
      openrouter: { baseUrl: `${url}/openrouter`, apiKey: 'k-0123456789', adminKey: 'admin-0123456789' },
      anthropic: { baseUrl: 'http://127.0.0.1:1', apiKey: 'k-0123456789', adminKey: 'admin-0123456789' },
      openai: { baseUrl: `${url}/openai`, apiKey: 'k-0123456789' },
    },
  });
  const { days, missing } = await told(router, 21);
  t.match(missing, [{ provider: 'openai', remedy: 'set "providers.openai.adminKey" (an admin key)' }]);
  const of = (name: string) => days.find(({ provider, day }) => provider === name && day === yesterday);
  t.match(of('venice'), { billUsd: null, error: /401.*an ADMIN key/, ledgerUsd: 1, differs: false });
  t.match(
    of('openrouter'),
    { billUsd: 1, ledgerUsd: 0, unknown: 1, differs: true },
    'what nobody could say is not in the ledger',
  );
  t.match(of('anthropic'), { billUsd: null, error: String });
  t.equal(await router.stop(), 0);
});

t.test('what is a difference', (t) => {
  t.notOk(differs({ billUsd: null, ledgerUsd: 5 }));
  t.notOk(differs({ billUsd: 0.009, ledgerUsd: 0 }), 'less than a cent');
  t.notOk(differs({ billUsd: 1000, ledgerUsd: 1000.9 }), 'less than a thousandth');
  t.ok(differs({ billUsd: 1, ledgerUsd: 1.02 }));
  t.end();
});
