// A budget of one dollar against 64 streams at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { startRouter } from '../../packages/ai-inference/test/fixtures/router-process.ts';
import type { ScriptedProvider } from './provider.ts';
import { messageEvents } from './shapes.ts';

interface Owner {
  teardown(action: () => unknown): unknown;
}

/** Each answer costs $0.05 and a little: 5,000 tokens at $10 a million. */
const answerTokens = 5000;
const answerUsd = (100 * 2 + answerTokens * 10) / 1e6;

export async function budgetRows(owner: Owner, provider: ScriptedProvider) {
  provider.scenes.set('claude-sonnet-5', [
    { events: messageEvents('claude-sonnet-5', { input_tokens: 100, output_tokens: 1 }, { output_tokens: answerTokens }) },
  ]);
  const limitUsd = 1;
  const router = await startRouter(owner, {
    providers: { anthropic: { baseUrl: provider.url, apiKey: 'unused' } },
    budgets: [{ period: 'month', limitUsd }],
  });
  let refused = 0;
  const round = async () => {
    const asked = Array.from({ length: 64 }, async () => {
      const response = await fetch(`${router.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'anthropic/claude-sonnet-5',
          max_tokens: answerTokens,
          stream: true,
          messages: [{ role: 'user', content: 'hi' }],
        }),
      });
      const text = await response.text();
      if (response.status !== 402) return;
      refused += 1;
      if (!/billing_error/.test(text) || response.headers.get('retry-after') === null) throw new Error(`not told well: ${text}`);
    });
    await Promise.all(asked);
  };
  for (let index = 0; index < 3; index += 1) await round();
  const usage = async () => {
    const { total, budgets } = (await (await fetch(`${router.url}/v1/usage?by=`)).json()) as {
      total: { costUsd: number; attempts: number };
      budgets: { spentUsd: number; reservedUsd: number }[];
    };
    return { total, budget: budgets[0] };
  };
  let { total, budget } = await usage();
  // A client has heard everything a moment before its call is settled.
  for (let round = 0; round < 100 && budget?.reservedUsd !== 0; round += 1) {
    await sleep(50);
    ({ total, budget } = await usage());
  }
  // It is used as far as it goes, and overrun by less than one answer.
  const good =
    total.costUsd < limitUsd + answerUsd &&
    total.costUsd > limitUsd - answerUsd &&
    total.attempts + refused === 3 * 64 &&
    Math.abs((budget?.spentUsd ?? 0) - total.costUsd) < 1e-9 &&
    budget?.reservedUsd === 0;
  return [
    {
      what: '$1 a day under 3 × 64 parallel streams',
      expected: `${limitUsd} to ${(limitUsd + answerUsd).toFixed(4)}`,
      found: `${total.costUsd.toFixed(4)} (${total.attempts} answered, ${refused} refused with 402)`,
      good,
    },
  ];
}
