// Replays the shapes of usage and cost that routers are known to count wrongly, through a real router process and in front of a
// provider that says what it is told to. Each row of the ledger must say to the last digit what was worked out here by hand, and all
// of them together what the provider would have billed. Also holds a budget of a dollar against 64 streams at once. Prints a table;
// exit code 1 when a line is wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import { costOf } from '../packages/ai-inference/src/ledger/cost.ts';
import { loadPriceTable } from '../packages/ai-inference/src/ledger/price-table.ts';
import { csvRows } from '../packages/ai-inference/test/fixtures/csv.ts';
import { type RouterProcess, startRouter } from '../packages/ai-inference/test/fixtures/router-process.ts';
import { budgetRows } from './ledger/budget.ts';
import { type Case, cases } from './ledger/cases.ts';
import { startScriptedProvider } from './ledger/provider.ts';

const teardowns: (() => unknown)[] = [];
const owner = { teardown: (action: () => unknown) => teardowns.unshift(action) };
interface Line {
  what: string;
  expected: string;
  found: string;
  good: boolean;
}
const lines: Line[] = [];

try {
  const provider = await startScriptedProvider();
  teardowns.push(() => provider.close());
  const at = (path: string) => ({ baseUrl: `${provider.url}${path}`, apiKey: 'unused' });
  const router = await startRouter(owner, {
    retries: { attempts: 1 },
    providers: {
      venice: at('/venice/api/v1'),
      openrouter: at('/openrouter/api/v1'),
      openai: at('/openai/v1'),
      anthropic: at(''),
      gemini: at(''),
      lab: { ...at('/lab/v1'), type: 'openai-compatible' },
    },
    prices: {
      'gemini/*searching': [{ inputUsd: 1, outputUsd: 2, webSearchUsd: 14 }],
      'lab/priced*': [
        { inputUsd: 2, cachedInputUsd: 0.5, cacheWriteUsd: 2.5, cacheWrite1hUsd: 4, outputUsd: 8, webSearchUsd: 5 },
      ],
    },
  });
  let bill = 0;
  for (const [index, one] of cases.entries()) {
    provider.scenes.set(one.model.slice(one.model.indexOf('/') + 1), [...one.scenes]);
    await ask(router, one, `case-${index}`);
  }
  const rows = await rowsOfAll(router);
  for (const [index, one] of cases.entries()) {
    const found = rows.filter(({ requestId }) => requestId === `case-${index}`);
    bill += one.usd ?? 0;
    lines.push(judged(one, found));
  }
  const sum = rows.reduce((all, { costUsd }) => all + Number(costUsd), 0);
  const told = (await (await fetch(`${router.url}/v1/usage?by=`)).json()) as { total: { costUsd: number } };
  lines.push(same('sum of the ledger = bill of the providers', bill, sum));
  lines.push(same('sum told by /v1/usage', bill, told.total.costUsd));
  lines.push(...(await datedLines()));
  lines.push(...(await budgetRows(owner, provider)));
} finally {
  for (const teardown of teardowns) await teardown();
}

const widths = [0, 1, 2].map((column) => Math.min(90, Math.max(...lines.map((line) => cellsOf(line)[column]?.length ?? 0))));
for (const line of lines)
  console.log(
    cellsOf(line)
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  '),
  );
const wrong = lines.filter(({ good }) => !good).length;
console.log(
  wrong === 0 ? `\nAll ${lines.length} lines are right: error 0.00 %.` : `\n${wrong} of ${lines.length} lines are WRONG.`,
);
process.exitCode = wrong === 0 ? 0 : 1;

function cellsOf({ what, expected, found, good }: Line): string[] {
  return [what, expected, found, good ? 'ok' : 'WRONG'];
}

async function ask({ url }: RouterProcess, one: Case, requestId: string): Promise<void> {
  const left = new AbortController();
  const response = await fetch(url + one.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: JSON.stringify({ ...(one.namesModel !== false && { model: one.model }), ...one.body }),
    signal: left.signal,
  });
  if (!one.leaves) return void (await response.text().catch(() => ''));
  // The client leaves once it has heard something.
  await response.body?.getReader().read();
  left.abort();
  await sleep(100);
}

/** The ledger, once every case has its row: a client has heard everything a moment before its call is settled. */
async function rowsOfAll({ url }: RouterProcess): Promise<Record<string, string>[]> {
  for (let round = 0; ; round += 1) {
    const rows = csvRows(await (await fetch(`${url}/v1/usage?format=csv`)).text());
    if (new Set(rows.map(({ requestId }) => requestId)).size >= cases.length || round === 100) return rows;
    await sleep(50);
  }
}

/** Every try is a row: the last one is what is judged, the ones before cost nothing. */
function judged({ what, usd, source }: Case, found: Record<string, string>[]): Line {
  const last = found.at(-1);
  const expected = `${usd === null ? 'unknown' : usd} (${source})`;
  if (!last) return { what, expected, found: 'no row', good: false };
  const cost = last.costUsd === '' ? null : Number(last.costUsd);
  const isFree = found.slice(0, -1).every(({ costUsd, costSource }) => costUsd === '0' && costSource === 'refused');
  const good = isFree && last.costSource === source && (usd === null ? cost === null : cost !== null && isSame(usd, cost));
  return { what, expected, found: `${cost ?? 'unknown'} (${last.costSource})`, good };
}

function same(what: string, expected: number, found: number): Line {
  return { what, expected: String(expected), found: String(found), good: isSame(expected, found) };
}

/** Equal but for the rounding of binary fractions. */
function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b));
}

/** The price of gemini-3.8-flash doubles at 2027-01-01 00:00 UTC: by the time of the request, not of the settlement. */
async function datedLines(): Promise<Line[]> {
  const table = await loadPriceTable();
  const usage = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000 };
  const at = (time: string) =>
    costOf({
      providerType: 'gemini',
      model: 'gemini-3.8-flash',
      usage,
      atMs: Date.parse(time),
      overrides: [],
      listPrice: undefined,
      table,
    }).usd ?? Number.NaN;
  return [
    same('gemini-3.8-flash on 2026-12-31 23:59:59 UTC', 0.6 * 0.75 + 0.4 * 0.075 + 0.1 * 3.75, at('2026-12-31T23:59:59Z')),
    same('gemini-3.8-flash on 2027-01-01 00:00:00 UTC', 0.6 * 1.5 + 0.4 * 0.15 + 0.1 * 7.5, at('2027-01-01T00:00:00Z')),
  ];
}
