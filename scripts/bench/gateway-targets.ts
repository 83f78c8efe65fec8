// What the gateway benchmark measures: each target started as its users start it, in front of the same stdio upstream.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announcedPort, freePort, start, until } from './processes.ts';
import { openSession } from './wire.ts';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const servers = join(here, 'servers.ts');
const program = join(root, 'packages', 'switchyard', 'dist', 'switchyard.mjs');

export interface Target {
  name: string;
  port: number;
  /** The process that is measured. */
  pid: number;
  child: ChildProcess;
  /** MCP endpoint and the name of the echo tool there. */
  path: string;
  tool: string;
  /** Headers of every request (authorization). */
  headers: Record<string, string>;
  /** Speaks 2026-07-28 as well. */
  isModern: boolean;
}

export const peers = [
  { name: 'mcp-proxy', version: '6.7.19' },
  { name: 'supergateway', version: '4.0.0' },
] as const;

/** Installs the npm peers into a folder of their own, once. Says why when one cannot be had. */
export function installPeers(): { folder: string; missing: Map<string, string> } {
  const folder = join(tmpdir(), 'switchyard-bench-peers');
  mkdirSync(folder, { recursive: true });
  const missing = new Map<string, string>();
  for (const { name, version } of peers) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) continue;
    const { status, stderr } = spawnSync(
      'npm',
      ['install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${version}`],
      { encoding: 'utf8', timeout: 180_000 },
    );
    if (status !== 0) missing.set(name, stderr.trim().split('\n').at(-1) ?? 'npm install failed');
  }
  return { folder, missing };
}

export async function rawHttp(): Promise<Target> {
  const child = start(process.execPath, [servers, 'http']);
  return {
    name: 'node:http',
    port: await announcedPort(child),
    pid: child.pid as number,
    child,
    path: '/',
    tool: 'echo',
    headers: {},
    isModern: true,
  };
}

export async function sdkServer(): Promise<Target> {
  const child = start(process.execPath, [servers, 'sdk']);
  return {
    name: 'SDK server, direct',
    port: await announcedPort(child),
    pid: child.pid as number,
    child,
    path: '/mcp',
    tool: 'echo',
    headers: {},
    isModern: true,
  };
}

/** The gateway as `switchyard up` starts it, with everything on: a token with rights and a rate limit, limits, metrics, activity. `servers` as in its configuration. */
export async function switchyard(
  folder: string,
  mcpServers: Record<string, unknown>,
  extra: { token?: boolean } = {},
): Promise<Target> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'gateway.json');
  const stateDirectory = join(folder, 'state');
  const port = await freePort();
  writeFileSync(
    file,
    JSON.stringify({ listen: { port }, stateDirectory, cacheDirectory: join(folder, 'cache'), logLevel: 'warn', mcpServers }),
  );
  const headers: Record<string, string> = {};
  if (extra.token !== false) {
    const flags = [
      'token',
      'create',
      '--name',
      'bench',
      '--class',
      'destructive',
      '--rate',
      '999999',
      '--state-directory',
      stateDirectory,
      '--json',
    ];
    const made = spawnSync(process.execPath, [program, ...flags], { encoding: 'utf8' });
    const token = /sy_[A-Za-z0-9_-]+/.exec(made.stdout)?.[0];
    if (token === undefined) throw new Error(`no token could be made: ${made.stderr}`);
    headers.authorization = `Bearer ${token}`;
  }
  const child = start(process.execPath, ['--max-semi-space-size=8', program, 'run', 'mcp-gateway', '--config', file]);
  return { name: 'switchyard', port, pid: child.pid as number, child, path: '/mcp/echo', tool: 'echo', headers, isModern: true };
}

export const echoServer = { command: process.execPath, args: [servers, 'stdio'] };
export const manyToolsServer = { command: process.execPath, args: [servers, 'tools', '500'] };

export async function mcpProxy(folder: string): Promise<Target> {
  const port = await freePort();
  const bin = join(folder, 'node_modules', 'mcp-proxy', 'dist', 'bin', 'mcp-proxy.mjs');
  const child = start(process.execPath, [
    bin,
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--server',
    'stream',
    '--',
    process.execPath,
    servers,
    'stdio',
  ]);
  return {
    name: `mcp-proxy ${peers[0].version}`,
    port,
    pid: child.pid as number,
    child,
    path: '/mcp',
    tool: 'echo',
    headers: {},
    isModern: true,
  };
}

export async function supergateway(folder: string): Promise<Target> {
  const port = await freePort();
  const bin = join(folder, 'node_modules', 'supergateway', 'dist', 'index.js');
  const stdio = `${process.execPath} ${servers} stdio`;
  const child = start(process.execPath, [
    bin,
    '--stdio',
    stdio,
    '--outputTransport',
    'streamableHttp',
    '--stateful',
    '--port',
    String(port),
    '--logLevel',
    'none',
  ]);
  return {
    name: `supergateway ${peers[1].version}`,
    port,
    pid: child.pid as number,
    child,
    path: '/mcp',
    tool: 'echo',
    headers: {},
    isModern: false,
  };
}

/** Resolves when a first tool call succeeds. */
export async function untilServing({ name, port, path, headers, tool }: Target, limitMs = 20_000): Promise<void> {
  await until(
    async () => {
      const session = await openSession(port, path, headers);
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 2,
          method: 'tools/call',
          params: { name: tool, arguments: { message: 'up' } },
        }),
      });
      return (await response.text()).includes('"result"');
    },
    limitMs,
    name,
  );
}
