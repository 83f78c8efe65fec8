// What deciding and book-keeping add to a request: 1,000 requests a second through policy, budgets and the ledger on disk, without any
// network, each timed. Prints `{"p50Us", "p99Us", "requests"}`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@switchyard/kit/clock';
import { parseConfig } from '@switchyard/kit/config';
import { silentLogger } from '@switchyard/kit/logger';
import { Secrets } from '@switchyard/kit/secrets';
import type { AttemptRecord } from '../../packages/ai-inference/src/call/record.ts';
import { configSchema } from '../../packages/ai-inference/src/config.ts';
import { dialects, Router } from '../../packages/ai-inference/src/router.ts';
import { agentRequest, chatRequest } from './router-report.ts';

const perSecond = 1000;
const seconds = 8;

const folder = mkdtempSync(join(tmpdir(), 'decision-cost-'));
const config = parseConfig(
  configSchema,
  {
    discoverProviders: false,
    providers: {
      venice: { baseUrl: 'http://127.0.0.1:9/api/v1', apiKey: 'unused' },
      openrouter: { baseUrl: 'http://127.0.0.1:9/api/v1', apiKey: 'unused' },
    },
    routes: { auto: { cheap: 'venice/small', strong: 'openrouter/large' } },
    budgets: [{ period: 'day', limitUsd: 1e9 }],
    prices: {
      'venice/small': [{ inputUsd: 0.1, outputUsd: 0.4 }],
      'openrouter/large': [{ inputUsd: 3, outputUsd: 15 }],
    },
  },
  'benchmark',
);
const router = new Router({
  config,
  env: {},
  clock: systemClock,
  logger: silentLogger,
  secrets: new Secrets(),
  stateDirectory: folder,
});
const { accounting } = router;
// Most requests of people are small, those of agents are not.
const bodies = Array.from({ length: 20 }, (_, index) => (index === 0 ? agentRequest('auto') : chatRequest('auto', true)));
const requests = bodies.map((body) => dialects['openai-chat'].parseRequest(JSON.parse(body)));
const timesUs: number[] = [];

function once(index: number): void {
  const body = bodies[index % bodies.length] as string;
  const request = requests[index % bodies.length];
  if (!request) return;
  const startedAt = performance.now();
  // The request is read for the decision only when a route asks for one; reading it is the translation's cost, not this one's.
  const requestId = `bench-${index}`;
  const question = { model: 'auto', requestId, app: 'bench', bodyBytes: body.length, session: undefined, suits: () => true };
  const decision = accounting.routes.decide({ ...question, request: () => request });
  const model = decision?.models[0] ?? '';
  const provider = router.providers.find(({ name }) => model.startsWith(`${name}/`));
  if (!provider || !decision) throw new Error(`no decision: ${model}`);
  const name = model.slice(provider.name.length + 1);
  const reservation = accounting.reserve('bench', provider, name, body.length, () => 1000);
  if ('message' in reservation) throw new Error(reservation.message);
  const attempt: AttemptRecord = {
    provider: provider.name,
    model: name,
    outcome: 'ok',
    startedAtMs: Date.now(),
    durationMs: 10,
    usage: { inputTokens: 900, outputTokens: 140, cachedInputTokens: 64 },
  };
  void accounting.settle(provider, attempt, reservation);
  accounting.settled(
    {
      requestId,
      caller: 'bench',
      operation: 'chat',
      dialect: 'openai-chat',
      model: 'auto',
      stream: true,
      outcome: 'ok',
      startedAtMs: Date.now(),
      durationMs: 10,
      attempts: [attempt],
    },
    decision,
  );
  timesUs.push((performance.now() - startedAt) * 1000);
}

for (let index = 0; index < 3000; index += 1) once(index);
timesUs.length = 0;
let sent = 0;
const startedAt = performance.now();
while (sent < perSecond * seconds) {
  const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
  for (; sent < due; sent += 1) once(sent);
  await sleep(1);
}
timesUs.sort((a, b) => a - b);
const at = (share: number) => timesUs[Math.floor(timesUs.length * share)] ?? Number.NaN;
console.log(JSON.stringify({ p50Us: at(0.5), p99Us: at(0.99), requests: timesUs.length }));
await router.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
