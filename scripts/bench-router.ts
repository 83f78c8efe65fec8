// Measures the model router beside what people would use instead, in one run and interleaved: the provider called directly, nginx as
// a reverse proxy, a bare undici relay (the floor of a router on Node), this router, and Portkey's gateway, all in front of the
// same canned provider. Prints a table, holds it against the targets, and writes docs/benchmarks-router.md with `--write`.
// `--rounds N` (default 3), `--seconds S` per cell (default 1.5).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type HeldMemory, heldMemory } from './bench/held-streams.ts';
import type { Job, LoadResult } from './bench/load.ts';
import { canPin, cpuUs, end, endAll, keepTo, rssMb, until } from './bench/processes.ts';
import { agentRequest, chatRequest, messagesRequest, oneCore, type RouterCell, report } from './bench/router-report.ts';
import { floorRelay, nginx, portkey, type RouterTarget, router, undiciRelay, upstream } from './bench/router-targets.ts';
import type { StreamResult } from './bench/stream-load.ts';
import { hasWrk, wrkLoad } from './bench/wrk.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1.5' },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const cellMs = Number(values.seconds) * 1000;
const folder = mkdtempSync(join(tmpdir(), 'bench-router-'));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));

try {
  await main();
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const direct = await upstream();
  const missing = new Map<string, string>();
  const ours = await router(join(folder, 'router'), direct.port);
  const proxied = await nginx(join(folder, 'nginx'), direct.port);
  if (!proxied) missing.set('nginx', 'not installed (apt-get install nginx-light)');
  console.error('installing the npm peer (once) …');
  const peer = await portkey(direct.port);
  if (typeof peer === 'string') missing.set('Portkey', peer);
  const targets = [
    direct,
    ...(proxied ? [proxied] : []),
    await undiciRelay(direct.port),
    ours,
    ...(typeof peer === 'string' ? [] : [peer]),
  ];
  const floors = [await floorRelay('bytes', direct.port), await floorRelay('http', direct.port)];
  for (const target of [...targets, ...floors]) await serves(target);
  await sleep(1000);
  const idleMb = rssMb(ours.pid);
  const cells = scenarios(targets, floors, ours);
  if (!canPin || !hasWrk) missing.set(oneCore, 'needs taskset and wrk');
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`round ${round} of ${rounds} (${cells.length} cells of ${cellMs / 1000} s)`);
    for (const cell of cells) {
      const isPinned = cell.scenario === oneCore;
      const pids = [direct.pid, cell.pid];
      if (isPinned) keepTo('0', pids);
      await measure(cell, isPinned ? '0' : undefined);
      if (isPinned) keepTo(`0-${cpus().length - 1}`, pids);
    }
  }
  const loadedMb = rssMb(ours.pid);
  for (const target of [...targets.slice(1), ...floors]) await end(target.child);
  console.error('cold start …');
  const coldStartMs = await coldStarts(direct.port);
  console.error('open streams …');
  const held = await heldMemories(direct.port);
  console.error('decisions and books …');
  const decision = decisionCost();
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`;
  const { text, failed } = report({
    cells,
    coldStartMs,
    decision,
    idleMb,
    loadedMb,
    held,
    machine,
    rounds,
    seconds: cellMs / 1000,
    missing,
  });
  console.log(text);
  if (values.write) writeFileSync(join(import.meta.dirname, '..', 'docs', 'benchmarks-router.md'), text);
  process.exitCode = failed ? 1 : 0;
}

/** `floors`: for one request at a time alone. */
function scenarios(targets: readonly RouterTarget[], floors: readonly RouterTarget[], ours: RouterTarget): RouterCell[] {
  const cells: RouterCell[] = [];
  const add = (scenario: string, target: RouterTarget, connections: number, path: string, body: string, isStream = false) =>
    cells.push({
      scenario,
      target: target.name,
      pid: target.pid,
      isStream,
      job: {
        port: target.port,
        path,
        headers: { 'content-type': 'application/json', ...target.headers },
        body,
        connections,
        durationMs: cellMs,
      },
      results: [],
    });
  for (const connections of [1, 16, 64, 256])
    for (const target of connections === 1 ? [...targets, ...floors] : targets)
      add('chat', target, connections, target.path, chatRequest(target.model, false));
  if (canPin && hasWrk)
    for (const target of [...targets, ...floors]) add(oneCore, target, 1, target.path, chatRequest(target.model, false));
  for (const connections of [1, 16])
    for (const target of targets) add('agent request, 113 KB', target, connections, target.path, agentRequest(target.model));
  for (const connections of [1, 64])
    for (const target of targets) add('stream', target, connections, target.path, chatRequest(target.model, true), true);
  add('chat, translated from Anthropic', ours, 16, '/v1/messages', messagesRequest(ours.model, false));
  add('stream, translated to Anthropic', ours, 64, '/v1/messages', messagesRequest(ours.model, true), true);
  return cells;
}

async function serves({ name, port, path, headers, model }: RouterTarget): Promise<void> {
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: chatRequest(model, false),
    });
    const text = await answer.text();
    if (!answer.ok) console.error(`${name}: ${answer.status} ${text.slice(0, 300)}`);
    return answer.ok && text.includes('quick brown');
  };
  await until(ask, 20_000, name);
}

/** `core`: where the load runs as well. */
async function measure(cell: RouterCell, core: string | undefined): Promise<void> {
  const program = cell.isStream ? 'stream-load.ts' : 'load.ts';
  if (cell.results.length === 0) await runLoad(program, { ...cell.job, durationMs: 700 }, core);
  process.stderr.write(`  ${cell.scenario} · ${cell.target} · c=${cell.job.connections} … `);
  const before = cpuUs(cell.pid);
  const result = await runLoad(program, cell.job, core);
  const cpu = cpuUs(cell.pid) - before;
  if (result.errors > 0) console.error(`${result.errors} errors, first: ${result.firstError}`);
  if ('streams' in result) {
    cell.results.push({
      perSecond: result.streams / (cellMs / 1000),
      p50Ms: result.firstTokenP50Ms,
      p99Ms: result.firstTokenP99Ms,
      cpuUs: cpu / Math.max(1, result.chunks),
      chunksPerStream: result.chunks / Math.max(1, result.streams),
      errors: result.errors,
    });
    console.error(`first token ${result.firstTokenP50Ms.toFixed(2)} ms`);
  } else {
    const { requestsPerSecond, p50Ms, p99Ms, requests, errors } = result;
    cell.results.push({ perSecond: requestsPerSecond, p50Ms, p99Ms, cpuUs: cpu / Math.max(1, requests), errors });
    console.error(`${Math.round(requestsPerSecond)}/s, ${(cpu / Math.max(1, requests)).toFixed(0)} µs`);
  }
}

function runLoad(program: string, job: Job, core: string | undefined): Promise<LoadResult | StreamResult> {
  if (hasWrk && program === 'load.ts') return wrkLoad(job, folder, core);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'bench', program)], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`the load generator ended with ${code}`)),
    );
    child.stdin.end(JSON.stringify(job));
  });
}

/** Each target anew: what it has kept from before would count as well. */
async function heldMemories(upstreamPort: number): Promise<HeldMemory[]> {
  const targets = [
    () => undiciRelay(upstreamPort),
    () => router(join(folder, 'held'), upstreamPort),
    () => portkey(upstreamPort),
  ];
  const found: HeldMemory[] = [];
  for (const begin of targets) {
    const target = await begin();
    if (typeof target === 'string') continue;
    await serves(target);
    await sleep(1000);
    found.push(await heldMemory(target));
    await end(target.child);
  }
  return found;
}

/** What deciding and book-keeping add, in µs, without any network. */
function decisionCost(): { p50Us: number; p99Us: number } {
  const program = join(import.meta.dirname, 'bench', 'decision-cost.ts');
  const { stdout, stderr, status } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`decision-cost.ts: ${stderr}`);
  return JSON.parse(stdout) as { p50Us: number; p99Us: number };
}

/** From starting the process to the first successful call through it, in ms. */
async function coldStarts(upstreamPort: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 7; run += 1) {
    const startedAt = performance.now();
    const target = await router(join(folder, `cold-${run}`), upstreamPort);
    await until(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${target.port}${target.path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: chatRequest(target.model, false),
        });
        await answer.text();
        return answer.ok;
      },
      20_000,
      'the router',
    );
    // The first run fills the disk cache.
    if (run > 0) times.push(performance.now() - startedAt);
    await end(target.child);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
