// What the command line says of the router: its models, its ledger, and what it would do with a request.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask } from '../../ai-inference/test/fixtures/clients.ts';
import { csvRows } from '../../ai-inference/test/fixtures/csv.ts';
import { type Stage, startStage } from '../../ai-inference/test/fixtures/providers.ts';
import { newFolder } from '../../ai-inference/test/fixtures/router-process.ts';
import { sinceOf } from '../src/commands/usage.ts';

const main = join(import.meta.dirname, '../src/main.ts');
let stage: Stage;
t.before(async () => {
  stage = await startStage(t, {
    aliases: { fast: 'venice/chaos-1' },
    routes: { auto: { cheap: 'venice/chaos-1', strong: 'openrouter/chaos-1' } },
    budgets: [{ period: 'day', limitUsd: 5 }],
  });
});

/** Runs it as a user does. */
async function run(args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, SWITCHYARD_ROUTER_URL: stage.router.url },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

t.test('models', async (t) => {
  const { out, code } = await run(['models']);
  t.equal(code, 0);
  t.match(out, /^MODEL +PROVIDER +CONTEXT +USD IN +USD OUT/);
  for (const name of ['auto', 'fast', 'venice/chaos-1', 'anthropic/chaos-1']) t.match(out, new RegExp(`^${name} `, 'm'));
  t.match(JSON.parse((await run(['models', 'VENICE', '--json'])).out), [{ id: 'venice/chaos-1' }]);
  t.equal((await run(['models', 'nothing-like-it'])).code, 1);
});

t.test('usage', async (t) => {
  for (const model of ['venice/chaos-1', 'openrouter/chaos-1', 'venice/x/status-500'])
    await ask(stage.router.url, 'openai-chat', { model });
  const { out } = await run(['usage', '--by', 'provider,app', '--since', '1d']);
  t.match(out, /^PROVIDER +APP +ATTEMPTS +FAILED +INPUT/);
  t.match(out, /^venice +anonymous +3 +2 /m, 'a second try is an attempt');
  t.match(out, /^total +4 /m);
  t.match(out, /^budget "everything, per day": 0\.\d{4} of 5 USD$/m);
  t.match(JSON.parse((await run(['usage', '--json'])).out), { by: ['day'], total: { attempts: 4 } });
  t.equal(csvRows((await run(['usage', '--csv'])).out).length, 4);
  t.match(await run(['usage', '--by', 'provder']), { code: 1, err: /did you mean "provider"/ });
  t.match(await run(['usage', '--since', 'yesterday']), { code: 1, err: /no date/ });
  t.equal(sinceOf('12h', Date.UTC(2026, 10, 20)), '2026-11-19T12:00:00.000Z');
  t.equal(sinceOf('2026-11-01', 0), '2026-11-01');
});

t.test('route --explain', async (t) => {
  const prompt = await run(['route', '--explain', '-'], 'Prove that each of the 12 bounds holds.');
  t.equal(prompt.code, 0, prompt.err);
  t.match(prompt.out, /^auto → the (cheap|strong) side: /);
  t.match(prompt.out, /^score +\d/m);
  t.match(prompt.out, /^then +(venice|openrouter)\/chaos-1$/m);
  const file = join(newFolder(t), 'request.json');
  writeFileSync(file, JSON.stringify({ model: 'x', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }));
  const asked = stage.chaos.requests.length;
  t.match((await run(['route', '--explain', file, '--dialect', 'anthropic', '--model', 'auto@20'])).out, /^ratio +20\.0 %/m);
  t.match(JSON.parse((await run(['route', '--explain', file, '--json'])).out), { route: 'auto', estimates: { tokens: Number } });
  t.match((await run(['route', '--explain', file, '--model', 'fast'])).out, /"fast" is no route.*\nfirst +venice\/chaos-1/);
  t.equal(stage.chaos.requests.length, asked);
  t.match(await run(['route']), { code: 64 });
  t.match(await run(['route', '--explain', '/nowhere']), { code: 66 });
  t.match(await run(['route', '--explain', file, '--url', 'http://127.0.0.1:9']), { code: 69, err: /no router answers/ });
});
