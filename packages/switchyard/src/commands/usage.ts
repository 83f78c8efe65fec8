/** `switchyard usage`: what was used and what it cost, by the router's ledger. */
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { requestRouter, routerFlags, routerUrl } from '../router-client.ts';
import { renderTable } from '../table.ts';

interface Sums {
  attempts: number;
  failures: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  costUsd: number;
  costUnknown: number;
  savedUsd: number;
}

export interface UsageView {
  by: string[];
  groups: (Sums & Record<string, string | number>)[];
  total: Sums;
  budgets: { name: string; limitUsd: number; spentUsd: number; reservedUsd: number }[];
}

const flags = {
  ...routerFlags,
  by: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  app: { type: 'string' },
  provider: { type: 'string' },
  csv: { type: 'boolean' },
  bills: { type: 'boolean' },
} as const;

export const command: Command = {
  usage: `usage [--by day,app,…] [--since DATE|30d] [--until DATE] [--app NAME] [--provider NAME] [--csv | --bills] [--url URL] [--json]

--by     day, month, app, provider, model, route; several with commas. Default: day.
--since  a date (UTC), or so many days (30d) or hours (12h) ago.
--csv    every attempt as a row.
--bills  the ledger beside the providers' bills, day by day; exit code 1 when a day differs.

UNKNOWN counts attempts whose cost nobody can say: they are not in COST.`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    if (positionals.length > 0) throw new CommandError(`unexpected argument "${positionals[0]}"`, 64);
    if (values.csv && values.json) throw new CommandError('--csv and --json are two formats', 64);
    if (values.bills) return bills(values.url, values.json === true);
    const query = new URLSearchParams();
    for (const name of ['by', 'until', 'app', 'provider'] as const) if (values[name] !== undefined) query.set(name, values[name]);
    if (values.since !== undefined) query.set('since', sinceOf(values.since, Date.now()));
    if (values.csv) query.set('format', 'csv');
    const text = await requestRouter(routerUrl(values.url), `/v1/usage?${query}`);
    if (values.csv) process.stdout.write(text);
    else console.log(values.json ? JSON.stringify(JSON.parse(text), null, 2) : usageTable(JSON.parse(text) as UsageView));
    return 0;
  },
};

interface BillsView {
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

/** Shows the days that were compared; 1 when one of them differs. */
async function bills(url: string | undefined, asJson: boolean): Promise<number> {
  const told = JSON.parse(await requestRouter(routerUrl(url), '/v1/usage/reconciliation')) as BillsView;
  if (asJson) console.log(JSON.stringify(told, null, 2));
  else console.log(billsTable(told));
  return told.days.some(({ differs }) => differs) ? 1 : 0;
}

export function billsTable({ days, missing }: BillsView): string {
  const rows = days.map(({ day, provider, ledgerUsd, billUsd, unknown, error, differs }) => [
    day,
    provider,
    ledgerUsd.toFixed(4),
    billUsd === null ? '' : billUsd.toFixed(4),
    unknown > 0 ? String(unknown) : '',
    error ?? (differs ? 'differs' : 'agrees'),
  ]);
  const lines =
    rows.length > 0
      ? [renderTable(['DAY', 'PROVIDER', 'LEDGER USD', 'BILL USD', 'UNKNOWN', ''], rows)]
      : ['No day was compared yet.'];
  return [...lines, ...missing.map(({ provider, remedy }) => `${provider}: not compared; ${remedy}`)].join('\n');
}

/** A date as it stands, or the time so long ago. */
export function sinceOf(text: string, nowMs: number): string {
  const ago = /^(\d+)([hd])$/.exec(text);
  return ago ? new Date(nowMs - Number(ago[1]) * (ago[2] === 'd' ? 86_400_000 : 3_600_000)).toISOString() : text;
}

export function usageTable({ by, groups, total, budgets }: UsageView): string {
  const cells = (sums: Sums) => [
    String(sums.attempts),
    String(sums.failures),
    String(sums.inputTokens),
    String(sums.cachedInputTokens),
    String(sums.outputTokens),
    sums.costUsd.toFixed(4),
    sums.costUnknown > 0 ? String(sums.costUnknown) : '',
  ];
  const rows = groups.map((group) => [...by.map((name) => String(group[name])), ...cells(group)]);
  if (by.length > 0) rows.push([...by.map((_, index) => (index === 0 ? 'total' : '')), ...cells(total)]);
  const head = [
    ...by.map((name) => name.toUpperCase()),
    'ATTEMPTS',
    'FAILED',
    'INPUT',
    'CACHED',
    'OUTPUT',
    'COST USD',
    'UNKNOWN',
  ];
  const lines = [renderTable(head, rows)];
  if (total.savedUsd > 0) lines.push('', `The cache of answers saved ${total.savedUsd.toFixed(4)} USD.`);
  if (budgets.length > 0) lines.push('', ...budgets.map(budgetLine));
  return lines.join('\n');
}

function budgetLine({ name, limitUsd, spentUsd, reservedUsd }: UsageView['budgets'][number]): string {
  const reserved = reservedUsd > 0 ? `, ${reservedUsd.toFixed(4)} set aside` : '';
  return `budget ${name}: ${spentUsd.toFixed(4)} of ${limitUsd} USD${reserved}`;
}
