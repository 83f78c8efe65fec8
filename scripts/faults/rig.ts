// What the fault tests share: a gateway in front of the server that misbehaves, and callers of both eras.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, start, until } from '../bench/processes.ts';
import { type Era, openSession, toolCall } from '../bench/wire.ts';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'packages', 'switchyard', 'dist', 'switchyard.mjs');
const serverFile = join(import.meta.dirname, 'server.ts');

export interface Gateway {
  url: string;
  port: number;
  pid: number;
  child: ChildProcess;
}

export function faultyServer(
  options: { era?: Era; journal?: string; mode?: string } = {},
  settings: Record<string, unknown> = {},
) {
  return {
    command: process.execPath,
    args: [serverFile, options.era ?? 'legacy', options.journal ?? '', options.mode ?? ''],
    ...settings,
  };
}

/** Starts the bundled gateway, with the flags that `switchyard up` gives it, and waits for `ready` servers to be ready. */
export async function startGateway(
  folder: string,
  mcpServers: Record<string, object>,
  ready = Object.keys(mcpServers),
): Promise<Gateway> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'gateway.json');
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port },
      stateDirectory: join(folder, 'state'),
      cacheDirectory: join(folder, 'cache'),
      logLevel: 'error',
      mcpServers,
    }),
  );
  const child = start(process.execPath, ['--max-semi-space-size=8', program, 'run', 'mcp-gateway', '--config', file]);
  const gateway = { url: `http://127.0.0.1:${port}`, port, pid: child.pid as number, child };
  await until(
    async () =>
      (await states(gateway)).filter(({ name, state }) => ready.includes(name) && state === 'ready').length === ready.length,
    30_000,
    'the gateway',
  );
  return gateway;
}

export interface ServerState {
  name: string;
  state: string;
  pid?: number;
}

export async function states({ url }: Pick<Gateway, 'url'>): Promise<ServerState[]> {
  return ((await (await fetch(`${url}/api/servers`)).json()) as { servers: ServerState[] }).servers;
}

export interface Answer {
  status: number;
  ms: number;
  body: { content?: { text?: string }[]; detail?: string };
}

/** A call over REST. */
export async function callRest({ url }: Pick<Gateway, 'url'>, server: string, tool: string, args: object): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/tools/${server}/${tool}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  const body = (await response.json()) as Answer['body'];
  return { status: response.status, ms: performance.now() - startedAt, body };
}

/** A call over MCP; gives the raw response, so that a test can leave it. */
export async function callMcp(
  { url, port }: Gateway,
  era: Era,
  server: string,
  tool: string,
  args: object,
  options: { signal?: AbortSignal; progress?: boolean } = {},
): Promise<Response> {
  const path = `/mcp/${server}`;
  const session = era === 'legacy' ? await openSession(port, path) : {};
  const wire = toolCall(era, path, tool, session);
  const message = JSON.parse(wire.body) as { params: { arguments: object; _meta?: object } };
  message.params.arguments = args;
  if (options.progress) message.params._meta = { ...message.params._meta, progressToken: 'p' };
  return fetch(url + path, {
    method: 'POST',
    headers: wire.headers,
    body: JSON.stringify(message),
    ...(options.signal && { signal: options.signal }),
  });
}

/** Processes whose parent is `pid`, and theirs. */
export function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ');
        return stat[0] === 'Z' ? [] : [{ pid: Number(name), parent: Number(stat[1]) }];
      } catch {
        return [];
      }
    });
  const below = (one: number): number[] =>
    parents.filter(({ parent }) => parent === one).flatMap((child) => [child.pid, ...below(child.pid)]);
  return below(pid);
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Runs one of our tap files and gives its count. Throws when it fails. */
export function runTap(file: string): { passed: number } {
  const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  const output = execFileSync(process.execPath, [tap, 'run', join(root, file)], {
    encoding: 'utf8',
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
    timeout: 240_000,
  });
  return { passed: Number(/pass: (\d+)/.exec(output)?.[1] ?? 0) };
}
