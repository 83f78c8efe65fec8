// A rolling restart as the router sees it: real processes on one socket and one ledger, streams that outlive the change of hands.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type HeldProvider, startHeldProvider } from './fixtures/held-provider.ts';
import { pastMidnight } from './fixtures/midnight.ts';
import { rolledRouters } from './fixtures/rolled-routers.ts';
import type { RouterInput } from './fixtures/router-process.ts';

/** A 64th of a dollar a token: eight are allowed, so an eighth is set aside. Sums of these are exact. */
const prices = { 'held/*': [{ inputUsd: 0, outputUsd: 15_625 }] };

const configOf = (provider: HeldProvider, budgets: RouterInput['budgets'] = [{ period: 'day', limitUsd: 1 }]): RouterInput => ({
  providers: { held: { type: 'openai-compatible', baseUrl: provider.url } },
  prices,
  budgets,
});

await pastMidnight();

interface Asked {
  status: number;
  /** All of the answer; what broke it, where something did. */
  text: Promise<string>;
}

/** Over a connection of its own: a kept one would lead to the process that accepted it. */
async function send(url: string, body?: object): Promise<Asked> {
  const message = request(url, { agent: false, method: body ? 'POST' : 'GET' }).end(body && JSON.stringify(body));
  const [response] = (await once(message, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, text: text(response).catch(String) };
}

const askStream = (url: string) =>
  send(`${url}/v1/chat/completions`, {
    model: 'held/m',
    stream: true,
    max_tokens: 8,
    messages: [{ role: 'user', content: 'hi' }],
  });

async function askStreams(url: string, count: number): Promise<Asked[]> {
  const asked = await Promise.all(Array.from({ length: count }, () => askStream(url)));
  return asked.filter(({ status }) => status === 200);
}

interface Money {
  spentUsd: number;
  reservedUsd: number;
  ledgerUsd: number;
  attempts: number;
}

async function moneyOf(url: string): Promise<Money> {
  const usage = JSON.parse(await (await send(`${url}/v1/usage`)).text) as {
    budgets: [{ spentUsd: number; reservedUsd: number }];
    total: { costUsd: number; attempts: number };
  };
  const [{ spentUsd, reservedUsd }] = usage.budgets;
  return { spentUsd, reservedUsd, ledgerUsd: usage.total.costUsd, attempts: usage.total.attempts };
}

async function until<T>(look: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (fits(value)) return value;
    await sleep(50);
  }
}

const locksIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.lock'));

t.test('64 streams and a dollar, over a change of hands', async (t) => {
  const provider = await startHeldProvider(t);
  const { url, stateDirectory, next } = await rolledRouters(t, [configOf(provider), configOf(provider)]);
  const old = await next();
  const first = await askStreams(url, 32);
  t.equal(first.length, 8, 'a dollar is eight streams');
  old.signal('SIGTERM');
  await old.said(({ msg }) => msg === 'stopping');
  const young = await next();
  t.match(await moneyOf(url), { spentUsd: 0, reservedUsd: 1, attempts: 0 }, 'the new one knows what the old one set aside');
  t.equal((await askStreams(url, 32)).length, 0, 'and lets nobody in');
  t.equal(provider.held, 8, 'the old streams go on');

  provider.release(5, 4);
  const between = await until(
    () => moneyOf(url),
    ({ spentUsd }) => spentUsd > 0,
  );
  t.match(between, { spentUsd: 0.3125, reservedUsd: 0.375, ledgerUsd: 0.3125 });
  const second = await askStreams(url, 32);
  t.equal(second.length, 3, 'what the old one did not spend is there for the new one: 0.3125 + 0.375 + 0.375');
  t.equal(provider.held, 6);

  provider.release();
  for (const { text } of [...first, ...second]) t.match(await text, / end.*\[DONE\]\n\n$/s, 'every stream has its own end');
  t.equal(await old.ended, 0);
  const money = await until(
    () => moneyOf(url),
    ({ reservedUsd }) => reservedUsd === 0,
  );
  t.same(money, { spentUsd: 1.0625, reservedUsd: 0, ledgerUsd: 1.0625, attempts: 11 });
  await until(
    async () => locksIn(stateDirectory),
    (locks) => locks.length === 0,
  );
  t.equal(await young.stop(), 0);
});

t.test('one that is killed while it finishes is counted once', async (t) => {
  const provider = await startHeldProvider(t);
  const config = configOf(provider, [{ period: 'day', limitUsd: 5 }]);
  const { url, stateDirectory, next } = await rolledRouters(t, [config, config, config]);
  const old = await next();
  const streams = await askStreams(url, 10);
  t.equal(streams.length, 10);
  old.signal('SIGTERM');
  await old.said(({ msg }) => msg === 'stopping');
  const young = await next();
  provider.release(2, 4);
  await until(
    () => moneyOf(url),
    ({ attempts }) => attempts === 2,
  );
  old.signal('SIGKILL');
  const money = await until(
    () => moneyOf(url),
    ({ reservedUsd }) => reservedUsd === 0,
  );
  t.same(money, { spentUsd: 1.125, reservedUsd: 0, ledgerUsd: 0.125, attempts: 10 }, 'what it had set aside counts as spent');
  t.match(await young.said(({ msg }) => /ended before its requests/.test(msg)), { requests: 8 });
  await sleep(2000);
  t.equal((await moneyOf(url)).spentUsd, 1.125, 'once');
  const texts = await Promise.all(streams.map(({ text }) => text));
  t.equal(texts.filter((text) => text.includes('[DONE]')).length, 2, 'nobody is told of an end that was none');
  young.signal('SIGTERM');
  await young.said(({ msg }) => msg === 'stopping');
  await next();
  t.match(await moneyOf(url), { spentUsd: 1.125, reservedUsd: 0, attempts: 10 }, 'also for the next one');
  await until(
    async () => locksIn(stateDirectory),
    (locks) => locks.length === 0,
  );
});

t.test('budgets that the old one did not have', async (t) => {
  const provider = await startHeldProvider(t);
  const { url, next } = await rolledRouters(t, [
    configOf(provider, [{ provider: 'other', period: 'day', limitUsd: 1 }]),
    configOf(provider, [{ provider: 'held', period: 'month', limitUsd: 0.375 }]),
  ]);
  const old = await next();
  const streams = await askStreams(url, 2);
  old.signal('SIGTERM');
  await old.said(({ msg }) => msg === 'stopping');
  await next();
  t.match(await moneyOf(url), { spentUsd: 0, reservedUsd: 0.25 });
  t.equal((await askStreams(url, 4)).length, 1);
  provider.release();
  for (const { text } of streams) await text;
  await until(
    () => moneyOf(url),
    ({ reservedUsd }) => reservedUsd === 0,
  );
  t.match(await moneyOf(url), { spentUsd: 0.375, ledgerUsd: 0.375 });
});
