/** What the router is up to, for people and scripts. */
import { createHash } from 'node:crypto';
import type { CallRecord } from '../call/record.ts';
import type { AccountReading } from '../providers/provider.ts';
import type { Router } from '../router.ts';

export interface ProviderStatus {
  name: string;
  type: string;
  /** Where it comes from. */
  origin: string;
  baseUrl: string;
  /** `ready`, or what is wrong. */
  state: 'ready' | 'degraded';
  problem?: string;
  /** Number of models it lists; undefined while unknown. */
  models?: number;
  account?: AccountReading;
}

export interface RouterStatus {
  ready: boolean;
  providers: ProviderStatus[];
  missing: { name: string; remedy: string }[];
  aliases: Record<string, string | string[]>;
  recent: CallRecord[];
}

export function routerStatus(router: Router): RouterStatus {
  return {
    ready: router.providers.length > 0,
    providers: router.providers.map((provider) => {
      const problem = router.health.problemOf(provider) ?? router.catalog.errorOf(provider);
      const models = router.catalog.sizeOf(provider);
      const account = router.accountOf(provider);
      return {
        name: provider.name,
        type: provider.profile.type,
        origin: provider.origin,
        baseUrl: provider.baseUrl,
        state: problem === undefined ? 'ready' : 'degraded',
        ...(problem !== undefined && { problem }),
        ...(models !== undefined && { models }),
        ...(account && Object.keys(account).length > 0 && { account }),
      };
    }),
    missing: [...router.missing],
    aliases: router.config.aliases as Record<string, string | string[]>,
    recent: [...router.recent],
  };
}

/** One line for `systemctl status`. */
export function statusLine(router: Router): string {
  const names = router.providers.map(({ name }) => name);
  return names.length === 0 ? 'no provider is set up' : `providers: ${names.join(', ')}`;
}

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}code{font-family:ui-monospace,monospace}';

/** The style sheet is inside the page: its hash lets a strict policy allow it and nothing else. */
export const statusPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/** The same as a page. */
export function statusPage(status: RouterStatus): string {
  const providers = status.providers.map(({ name, baseUrl, state, problem, models, account = {} }) => [
    name,
    baseUrl,
    problem === undefined ? state : `${state}: ${problem}`,
    models === undefined ? '' : String(models),
    [
      account.balanceDiem !== undefined && `${account.balanceDiem} DIEM`,
      account.balanceUsd !== undefined && `${account.balanceUsd} USD`,
    ]
      .filter(Boolean)
      .join(', '),
  ]);
  const calls = status.recent.slice(0, 20).map((call) => {
    const last = call.attempts.at(-1);
    return [
      new Date(call.startedAtMs).toISOString().slice(11, 19),
      call.model,
      last ? `${last.provider}/${last.model}` : '',
      call.outcome === 'error' ? `error: ${call.errorKind}` : call.outcome,
      `${Math.round(call.durationMs)} ms`,
      last?.usage ? `${last.usage.inputTokens ?? '?'} + ${last.usage.outputTokens ?? '?'}` : '',
    ];
  });
  const missing = status.missing.map(({ name, remedy }) => `<li>${escaped(name)}: ${escaped(remedy)}</li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>ai-inference</title><style>${style}</style>
<h1>ai-inference</h1>${status.ready ? '' : '<p><strong>No provider of models is set up.</strong></p>'}
<h2>Providers</h2>${table(['Provider', 'Address', 'State', 'Models', 'Balance'], providers)}
${missing === '' ? '' : `<h2>Not set up</h2><ul>${missing}</ul>`}
<h2>Latest calls</h2>${table(['Time (UTC)', 'Asked for', 'Answered by', 'Outcome', 'Took', 'Tokens in + out'], calls)}
</html>`;
}

function table(heads: string[], rows: string[][]): string {
  if (rows.length === 0) return '<p>None.</p>';
  const row = (cells: string[], tag: string) => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${row(heads, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char] as string);
}
