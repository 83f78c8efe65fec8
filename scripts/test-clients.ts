// The clients that people use, against everything that a model can come from: openai-proxy → ai-inference → chaos upstream in the
// dialect of each kind of provider. SDKs do what they can do; agents (Codex, Gemini CLI, Claude Code) do one headless turn with a tool of
// an MCP server. `npm run test:clients [-- --only SUBSTRING] [--kind KIND]`. Clients are downloaded once; the run itself
// happens without any network but loopback where the system allows that (`unshare`).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll } from './bench/processes.ts';
import { agents, agentTurn } from './clients/agents.ts';
import type { SdkClient } from './clients/checks.ts';
import { type Installed, installClients } from './clients/packages.ts';
import { allKinds, type Column, clientKey, type Kind, startRig } from './clients/rig.ts';
import { anthropicClients } from './clients/sdk-anthropic.ts';
import { geminiClients } from './clients/sdk-gemini.ts';
import { openaiClients } from './clients/sdk-openai.ts';
import { vercelClients } from './clients/sdk-vercel.ts';
import { type Cell, countsOf, tableOf } from './clients/table.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, kind: { type: 'string', multiple: true }, isolated: { type: 'boolean' } },
});
/** Longest time of one check of an SDK. */
const checkMs = 20_000;
/** Agents are processes of several hundred megabytes; two at a time keep both cores of a small machine busy. */
const agentsAtOnce = 2;

const installed = installClients();
if (!values.isolated && canIsolate()) {
  const inside = 'ip link set lo up && exec "$0" "$@"';
  const args = [process.execPath, import.meta.filename, ...process.argv.slice(2), '--isolated'];
  process.exitCode =
    spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', inside, ...args], { stdio: 'inherit' }).status ?? 1;
} else await main();

function canIsolate(): boolean {
  return spawnSync('unshare', ['--map-root-user', '--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0;
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'test-clients-'));
  try {
    const kinds = allKinds.filter((kind) => values.kind?.includes(kind) ?? true);
    const columns = await startRig(folder, kinds);
    const cells = [...(await runSdks(columns)), ...(await runAgents(columns, folder))];
    for (const column of columns) await column.chaos.close();
    console.log(tableOf([...cells, ...columns.map(keptKeys)], kinds));
    const { passed, failed, skipped } = countsOf(cells);
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped (${Math.round((performance.now() - started) / 1000)} s)`);
    process.exitCode = failed > 0 || columns.some((column) => keptKeys(column).failures.length > 0) ? 1 : 0;
  } finally {
    await endAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  // Agents' SDKs keep connections; nothing is left to be waited for.
  process.exit();
}

function isAsked(name: string): boolean {
  return name.toLowerCase().includes(values.only.toLowerCase());
}

async function runSdks(columns: readonly Column[]): Promise<Cell[]> {
  const { sdks } = installed;
  if ('missing' in sdks)
    return columns.map(({ kind }) => ({ client: 'SDKs', kind, checks: 0, skipped: sdks.missing, failures: [] }));
  const { folder } = sdks;
  const made = await Promise.all([openaiClients, anthropicClients, geminiClients, vercelClients].map((make) => make(folder)));
  const cells: Cell[] = [];
  for (const client of made.flat().filter(({ name }) => isAsked(name)))
    cells.push(...(await Promise.all(columns.map((column) => runSdk(client, column)))));
  return cells;
}

async function runSdk({ name, checks }: SdkClient, column: Column): Promise<Cell> {
  const failures: string[] = [];
  for (const [what, run] of checks) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${checkMs / 1000} s`)), checkMs);
    });
    await Promise.race([run(column), late]).catch((error: unknown) => failures.push(`${what}: ${reasonOf(error)}`));
    clearTimeout(timer);
  }
  return { client: name, kind: column.kind, checks: checks.length, failures };
}

async function runAgents(columns: readonly Column[], folder: string): Promise<Cell[]> {
  const cells: Cell[] = [];
  const waiting: (() => Promise<void>)[] = [];
  for (const agent of agents.filter(({ name }) => isAsked(name))) {
    const { set } = agent;
    const place: Installed[typeof set] = installed[set];
    for (const column of columns) {
      const cell: Cell = { client: agent.name, kind: column.kind, checks: 1, failures: [] };
      cells.push(cell);
      const why = agent.skip?.(column.kind);
      if ('missing' in place) cell.skipped = place.missing;
      else if (why !== undefined) cell.skipped = why;
      else
        waiting.push(() =>
          agentTurn(agent, place.folder, column, folder).catch((error: unknown) => {
            cell.failures.push(reasonOf(error));
          }),
        );
    }
  }
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: agentsAtOnce }, work));
  return cells;
}

/** A line of its own: no provider may ever have seen the key of a client. */
function keptKeys({ kind, chaos }: Column): Cell {
  const leaks = chaos.requests.filter((request) =>
    JSON.stringify([request.url, request.headers, request.text]).includes(clientKey),
  );
  const failures = leaks.map(({ method, path }) => `${method} ${path} shows the client's key`);
  return { client: 'keys of clients stay here', kind: kind satisfies Kind, checks: chaos.requests.length, failures };
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error);
  return text.replace(/\s+/g, ' ').slice(0, 600);
}
