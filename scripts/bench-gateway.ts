// Measures the gateway beside what people would use instead, in one run and interleaved: raw node:http (the floor), an MCP SDK
// server called directly, this gateway, and two gateways from npm, all in front of the same stdio upstream. Prints a table,
// holds it against the targets, and writes docs/benchmarks.md with `--write`. `--rounds N` (default 3), `--seconds S` per cell.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  echoServer,
  installPeers,
  manyToolsServer,
  mcpProxy,
  rawHttp,
  sdkServer,
  supergateway,
  switchyard,
  type Target,
  untilServing,
} from './bench/gateway-targets.ts';
import type { Job, LoadResult } from './bench/load.ts';
import { cpuUs, end, endAll, rssMb, until } from './bench/processes.ts';
import { type Cell, median, report } from './bench/report.ts';
import { openSession, request, toolCall, type Wire } from './bench/wire.ts';
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
const folder = mkdtempSync(join(tmpdir(), 'bench-gateway-'));
const loadProgram = join(import.meta.dirname, 'bench', 'load.ts');

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));

try {
  await main();
} finally {
  await endAll();
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  console.error('installing the npm peers (once) …');
  const { folder: peerFolder, missing } = installPeers();
  const targets = [
    await rawHttp(),
    await sdkServer(),
    await switchyard(join(folder, 'main'), { echo: echoServer, many: manyToolsServer }),
    ...(missing.has('mcp-proxy') ? [] : [await mcpProxy(peerFolder)]),
    ...(missing.has('supergateway') ? [] : [await supergateway(peerFolder)]),
  ];
  for (const target of targets.slice(1)) await untilServing(target);
  const cells = await scenarios(targets);
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`round ${round} of ${rounds} (${cells.length} cells of ${cellMs / 1000} s)`);
    for (const cell of cells) await measure(cell);
  }
  for (const target of targets) await end(target.child);
  console.error('cold start and memory …');
  const coldStartMs = await coldStarts();
  const rss = { with3: await idleRss(3), with20: await idleRss(20) };
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`;
  const { text, failed } = report({ cells, coldStartMs, rss, machine, rounds, seconds: cellMs / 1000, missing });
  console.log(text);
  if (values.write) writeFileSync(join(import.meta.dirname, '..', 'docs', 'benchmarks.md'), text);
  process.exitCode = failed ? 1 : 0;
}

async function scenarios(targets: readonly Target[]): Promise<Cell[]> {
  const cells: Cell[] = [];
  const add = (scenario: string, target: Target, connections: number, wire: Wire) =>
    cells.push({ scenario, target: target.name, pid: target.pid, port: target.port, connections, wire, results: [] });
  for (const connections of [1, 16, 64]) {
    for (const target of targets) {
      const session = target.name === 'node:http' ? {} : await openSession(target.port, target.path, target.headers);
      add('tools/call, 2025 era', target, connections, toolCall('legacy', target.path, target.tool, session));
    }
    for (const target of targets.filter(({ isModern, name }) => isModern && name !== 'node:http')) {
      add('tools/call, 2026 era', target, connections, toolCall('modern', target.path, target.tool, target.headers));
    }
    const gateway = targets.find(({ name }) => name === 'switchyard') as Target;
    add('REST call', gateway, connections, {
      path: '/api/tools/echo/echo',
      headers: { 'content-type': 'application/json', ...gateway.headers },
      body: '{"message":"hello"}',
    });
    add('tools/list of 501, aggregated', gateway, connections, request('modern', '/mcp', 'tools/list', {}, gateway.headers));
  }
  return cells;
}

async function measure(cell: Cell): Promise<void> {
  const job: Job = { ...cell.wire, port: cell.port, connections: cell.connections, durationMs: cellMs };
  if (cell.results.length === 0) await runLoad({ ...job, durationMs: 1000 });
  process.stderr.write(`  ${cell.scenario} · ${cell.target} · c=${cell.connections} … `);
  const before = cpuUs(cell.pid);
  const result = await runLoad(job);
  cell.results.push({ ...result, cpuUsPerRequest: (cpuUs(cell.pid) - before) / Math.max(1, result.requests) });
  console.error(`${Math.round(result.requestsPerSecond)}/s`);
  if (result.errors > 0)
    console.error(
      `  ${cell.scenario} ${cell.target} c=${cell.connections}: ${result.errors} errors, first: ${result.firstError}`,
    );
}

function runLoad(job: Job): Promise<LoadResult> {
  if (hasWrk) return wrkLoad(job, folder);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [loadProgram], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(text) as LoadResult) : reject(new Error(`the load generator ended with ${code}`)),
    );
    child.stdin.end(JSON.stringify(job));
  });
}

/** From starting the process to the first successful call through it, in ms. */
async function coldStarts(): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 7; run += 1) {
    const startedAt = performance.now();
    const target = await switchyard(join(folder, 'cold'), { echo: echoServer }, { token: false });
    await until(
      async () =>
        (
          await fetch(`http://127.0.0.1:${target.port}/api/tools/echo/echo`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: '{}',
          })
        ).ok,
      20_000,
      'the gateway',
    );
    // The first run finds out the server's era and fills the disk cache; it is not counted.
    if (run > 0) times.push(performance.now() - startedAt);
    await end(target.child);
  }
  return median(times);
}

async function idleRss(count: number): Promise<number> {
  const servers = Object.fromEntries(Array.from({ length: count }, (_, index) => [`echo${index}`, echoServer]));
  const target = await switchyard(join(folder, `idle-${count}`), servers, { token: false });
  await until(async () => (await fetch(`http://127.0.0.1:${target.port}/health/ready`)).ok, 60_000, 'the gateway');
  await sleep(3000);
  const mb = rssMb(target.pid);
  await end(target.child);
  return mb;
}
