/** `GET /v1/usage`: what was used and what it cost, grouped, as JSON or as the rows themselves in CSV. */
import type { Answer } from '@switchyard/kit/answer';
import { didYouMean } from '@switchyard/kit/nearest';
import { badRequest } from '@switchyard/kit/problem';
import { type Grouping, groupings, type UsageFilter } from '../ledger/ledger.ts';
import { differs } from '../ledger/reconciliation.ts';
import type { Router } from '../router.ts';

const parameters = ['by', 'since', 'until', 'app', 'provider', 'format'];

/** Throws Problem 400 naming the parameter. */
export function usage(router: Router, answer: Answer, url: string): void {
  const query = new URL(url, 'http://localhost').searchParams;
  for (const name of query.keys())
    if (!parameters.includes(name)) throw badRequest(`unknown parameter "${name}"${didYouMean(name, parameters)}`);
  const by = (query.get('by') ?? 'day').split(',').filter((name) => name !== '');
  for (const name of by)
    if (!(groupings as readonly string[]).includes(name))
      throw badRequest(`by: "${name}" is no grouping${didYouMean(name, [...groupings])}; take some of ${groupings.join(', ')}`);
  const sinceMs = timeOf(query, 'since');
  const untilMs = timeOf(query, 'until');
  const app = query.get('app');
  const provider = query.get('provider');
  const filter: UsageFilter = {
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(app !== null && { app }),
    ...(provider !== null && { provider }),
  };
  const { ledger, budgets } = router.accounting;
  const format = query.get('format') ?? 'json';
  if (format === 'csv') return answer.whole(200, ledger.csv(filter), 'text/csv; charset=utf-8');
  if (format !== 'json') throw badRequest(`format: "${format}" is neither json nor csv`);
  answer.whole(
    200,
    JSON.stringify({
      by,
      groups: ledger.usage(by as Grouping[], filter),
      total: ledger.usage([], filter)[0],
      budgets: budgets.states,
    }),
  );
}

/** `GET /v1/usage/reconciliation`: the days that were compared with the providers' bills, newest first. */
export function reconciliation({ accounting, providers, mask }: Router, answer: Answer): void {
  const days = accounting.ledger.reconciled().map((row) => ({ ...row, differs: differs(row) }));
  const unread = providers.filter(({ profile, adminHeaders }) => profile.bill && !adminHeaders);
  const missing = unread.map(({ name, profile }) => ({
    provider: name,
    remedy: `set "providers.${name}.adminKey" (${profile.bill?.keyKind})`,
  }));
  answer.whole(200, mask(JSON.stringify({ days, missing })));
}

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw badRequest(`${name}: "${text}" is no date; write 2026-11-20 or 2026-11-20T08:00:00Z`);
  return time;
}
