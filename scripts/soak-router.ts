// Wears the router out on purpose (`npm run soak:router`): tens of thousands of requests of every dialect before every provider, whole
// and streamed, with tools, errors, cut streams, and a tenth of clients that leave at random moments. Then its memory, its sockets and
// its log are looked at. Bounded to four minutes; ends what it starts. `--warm N` and `--requests N` change the counts.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import { type ClientName, clientNames, clients } from '../packages/ai-inference/test/fixtures/clients.ts';
import { baseUrls, providerNames } from '../packages/ai-inference/test/fixtures/providers.ts';
import { endAll, freePort, rssMb, start, until } from './bench/processes.ts';

const { values } = parseArgs({
  options: { warm: { type: 'string', default: '24000' }, requests: { type: 'string', default: '24000' } },
});
/** Some of those who mean to leave hear the whole answer before: this makes for a tenth that left. */
const abortShare = 0.18;
const workers = 48;
const limitMs = 230_000;

/** Deterministic, so that a failure can be had again. */
let seed = 20_261_120;
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

const good = ['m', 'm', 'm', 'm', 'x/pieces-40', 'x/gzip', 'x/comments', 'x/usage-odd', 'x/slow-5', 'x/gap-1'];
const bad = [
  'x/status-500',
  'x/status-429+after-9',
  'x/status-400',
  'x/kill-at-4',
  'x/no-end',
  'x/kill-at-byte-90',
  'x/error-at-5',
  'x/malformed',
  'x/error-inside',
  'x/empty',
];

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const chaos = await startChaosUpstream();
const agent = new Agent({ keepAlive: true, maxSockets: workers });
const port = await freePort();
let log = '';

/** Makes V8 collect when told: it lets some 20 MB of garbage lie as long as nobody needs the room, and that is no growth. */
const collector = `data:text/javascript,process.on('SIGUSR2',()=>{gc();gc()})`;

async function startRouter(): Promise<number> {
  const file = join(folder, 'router.json');
  const urls = baseUrls(chaos.url);
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port },
      stateDirectory: join(folder, 'state'),
      discoverProviders: false,
      breaker: { failures: 1_000_000 },
      retries: { baseDelayMs: 5 },
      // As long as nobody waits for it, a warning for each failed call would only fill this program's memory.
      logLevel: 'error',
      aliases: { route: ['openai/x/status-503', 'anthropic/m'] },
      providers: Object.fromEntries(providerNames.map((name) => [name, { baseUrl: urls[name], apiKey: `$\{env:SOAK_KEY}` }])),
    }),
  );
  const bundle = join(import.meta.dirname, '../packages/switchyard/dist/switchyard.mjs');
  const child = start(
    process.execPath,
    ['--max-semi-space-size=8', '--expose-gc', '--import', collector, bundle, 'run', 'ai-inference', '--config', file],
    {
      env: { SOAK_KEY: 'sk-soak-0123456789' },
    },
  );
  child.stderr?.on('data', (text: Buffer) => {
    if (log.length < 1_000_000) log += text;
  });
  child.stdout?.resume();
  await until(async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok, 10_000, 'the router');
  return child.pid as number;
}

interface Tally {
  done: number;
  aborted: number;
  status: Map<number, number>;
  /** A good model that was not answered well, or a stream that ended without a word. */
  wrong: string[];
}

/** One request; resolves when it is over, whichever way. */
function once(tally: Tally): Promise<void> {
  const client: ClientName = pick(clientNames);
  const isBad = random() < 0.15;
  const model = random() < 0.03 ? 'route' : `${pick(providerNames)}/${pick(isBad ? bad : good)}`;
  const asked = {
    model,
    stream: random() < 0.6,
    tools: random() < 0.3 && client !== 'openai-completions',
    prompt: 'word '.repeat(1 + Math.floor(random() * 60)),
  };
  const leavesAfterMs = random() < abortShare ? random() * 20 : undefined;
  const body = JSON.stringify(clients[client].body(asked));
  return new Promise((resolve) => {
    let leaving: NodeJS.Timeout | undefined;
    let isOver = false;
    const over = (status: number | undefined, text = '') => {
      if (isOver) return;
      isOver = true;
      clearTimeout(leaving);
      tally.done += 1;
      if (status === undefined) tally.aborted += 1;
      else {
        tally.status.set(status, (tally.status.get(status) ?? 0) + 1);
        // Venice is left alone for a while after its failures, as it should be.
        const isRight =
          isBad || model.startsWith('venice/')
            ? true
            : status === 200 && (!asked.stream || clients[client].ending(text) === 'done');
        if (!isRight && tally.wrong.length < 10)
          tally.wrong.push(`${client} ${JSON.stringify(asked).slice(0, 120)}: ${status} ${text.slice(-200)}`);
      }
      resolve();
    };
    const outgoing = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: clients[client].path(asked),
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.once('end', () => over(response.statusCode ?? 0, text));
        response.once('error', () => over(undefined));
      },
    );
    outgoing.once('error', () => over(undefined));
    outgoing.end(body);
    if (leavesAfterMs !== undefined) leaving = setTimeout(() => outgoing.destroy(new Error('left')), leavesAfterMs);
  });
}

async function load(count: number): Promise<Tally> {
  const tally: Tally = { done: 0, aborted: 0, status: new Map(), wrong: [] };
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      begun += 1;
      await once(tally);
      // The upstream remembers every request; nobody looks at them here.
      if (chaos.requests.length > 2000) chaos.requests.length = 0;
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return tally;
}

const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** Memory after a few seconds of rest, as it is and after a collection. */
async function atRest(pid: number): Promise<{ untidy: number; tidy: number }> {
  await sleep(3000);
  const untidy = rssMb(pid);
  process.kill(pid, 'SIGUSR2');
  await sleep(1000);
  return { untidy, tidy: rssMb(pid) };
}

const rows: [what: string, figures: string, holds: boolean][] = [];
const tooLate = setTimeout(() => {
  console.error(`not done within ${limitMs / 1000} s`);
  void endAll().then(() => process.exit(1));
}, limitMs);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));
try {
  const pid = await startRouter();
  // The connections on which the lists of models came are closed by then.
  await sleep(6000);
  const files = openFiles(pid);
  const startedAt = performance.now();
  await load(Number(values.warm));
  const before = await atRest(pid);
  const measuredAt = performance.now();
  const tally = await load(Number(values.requests));
  const perSecond = tally.done / ((performance.now() - measuredAt) / 1000);
  const after = await atRest(pid);
  agent.destroy();
  for (let round = 0; round < 30 && openFiles(pid) > files; round += 1) await sleep(500);
  const left = openFiles(pid);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const counted = [...metrics.matchAll(/^inference_requests_total\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );

  const growth = (after.tidy / before.tidy - 1) * 100;
  const statuses = [...tally.status].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  rows.push([
    'requests',
    `${tally.done}, ${tally.aborted} aborted, ${perSecond.toFixed(0)}/s; ${statuses.join(', ')}`,
    tally.done === Number(values.requests),
  ]);
  rows.push(['aborted by the client', `${((tally.aborted / tally.done) * 100).toFixed(1)} %`, tally.aborted / tally.done > 0.08]);
  rows.push(['good models answered well', tally.wrong.length === 0 ? 'all' : tally.wrong.join(' | '), tally.wrong.length === 0]);
  rows.push([
    'memory after as many to warm up',
    `${before.tidy.toFixed(1)} → ${after.tidy.toFixed(1)} MB (${growth.toFixed(1)} %); uncollected ${before.untidy.toFixed(0)} → ${after.untidy.toFixed(0)} MB`,
    growth < 10,
  ]);
  rows.push(['open files', `${files} → ${left}`, left <= files]);
  const errors = log.split('\n').filter((line) => /unhandled|uncaught|"level":"(error|fatal)"|MaxListeners/i.test(line));
  rows.push([
    'unhandled rejections and errors in the log',
    errors.length === 0 ? 'none' : errors.slice(0, 3).join(' | '),
    errors.length === 0,
  ]);
  rows.push([
    'still alive, and every call counted',
    `${counted} calls counted, ${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`,
    counted >= tally.done * 0.95,
  ]);
} finally {
  clearTimeout(tooLate);
  await endAll();
  await chaos.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log('| check | | figures |\n|---|---|---|');
for (const [what, figures, holds] of rows) console.log(`| ${what} | ${holds ? 'holds' : 'BROKEN'} | ${figures} |`);
process.exitCode = rows.length > 0 && rows.every(([, , holds]) => holds) ? 0 : 1;
