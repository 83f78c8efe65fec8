// What the router benchmark measures: each target in front of the same canned provider.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announcedPort, freePort, start, until } from './processes.ts';

const here = import.meta.dirname;
const program = join(here, '..', '..', 'packages', 'switchyard', 'dist', 'switchyard.mjs');

export interface RouterTarget {
  name: string;
  port: number;
  /** The process that is measured. */
  pid: number;
  child: ChildProcess;
  path: string;
  headers: Record<string, string>;
  /** Name of the model as this target wants it. */
  model: string;
}

export async function upstream(): Promise<RouterTarget> {
  const child = start(process.execPath, [join(here, 'model-upstream.ts')]);
  const port = await announcedPort(child);
  return { name: 'direct', port, pid: child.pid as number, child, path: '/v1/chat/completions', headers: {}, model: 'bench-1' };
}

export function undiciRelay(upstreamPort: number): Promise<RouterTarget> {
  return relay('undici relay', [join(here, 'undici-relay.mjs'), `http://127.0.0.1:${upstreamPort}`]);
}

/** What a proxy on Node costs that does nothing: `bytes` knows no HTTP, `http` has ours. */
export function floorRelay(kind: 'bytes' | 'http', upstreamPort: number): Promise<RouterTarget> {
  const name = kind === 'bytes' ? 'bytes on Node' : 'our HTTP alone';
  return relay(name, ['--max-semi-space-size=8', join(here, 'floor-relay.ts'), kind, String(upstreamPort)]);
}

/** A program on Node that names its port and passes on what it gets. */
async function relay(name: string, args: readonly string[]): Promise<RouterTarget> {
  const child = start(process.execPath, args);
  const port = await announcedPort(child);
  return { name, port, pid: child.pid as number, child, path: '/v1/chat/completions', headers: {}, model: 'bench-1' };
}

/** nginx as a reverse proxy with one worker; undefined where it is not installed. */
export async function nginx(folder: string, upstreamPort: number): Promise<RouterTarget | undefined> {
  const binary = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
  if (!binary) return undefined;
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n');
  writeFileSync(
    file,
    `user root; daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http { access_log off; client_max_body_size 64m; client_body_buffer_size 1m; keepalive_requests 1000000; ${temp}
  upstream model { server 127.0.0.1:${upstreamPort}; keepalive 512; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port};
    location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } } }
`,
  );
  const child = start(binary, ['-c', file, '-p', folder]);
  await until(async () => (await fetch(`http://127.0.0.1:${port}/`)).ok, 5000, 'nginx');
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim();
  return {
    name: 'nginx',
    port,
    pid: Number(children.split(' ')[0]),
    child,
    path: '/v1/chat/completions',
    headers: {},
    model: 'bench-1',
  };
}

/** The router as `switchyard up` starts it. */
export async function router(folder: string, upstreamPort: number): Promise<RouterTarget> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, 'router.json');
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port },
      logLevel: 'warn',
      stateDirectory: join(folder, 'state'),
      discoverProviders: false,
      providers: { bench: { baseUrl: `http://127.0.0.1:${upstreamPort}/v1`, apiKey: `\${file:${keyFile(folder)}}` } },
    }),
  );
  const child = start(process.execPath, ['--max-semi-space-size=8', program, 'run', 'ai-inference', '--config', file]);
  return {
    name: 'switchyard',
    port,
    pid: child.pid as number,
    child,
    path: '/v1/chat/completions',
    headers: {},
    model: 'bench/bench-1',
  };
}

function keyFile(folder: string): string {
  const file = join(folder, 'key');
  writeFileSync(file, 'sk-bench-0123456789');
  return file;
}

/**
 * With the versions of its vendor's own lock: a plain `npm install` of 1.15.2 takes newer ones of hono, with which it answers every
 * stream with 500 (TypeError: immutable).
 */
const portkeyPackages = ['@portkey-ai/gateway@1.15.2', 'hono@4.9.7', '@hono/node-server@1.13.5'];

/** Portkey's gateway, in a folder of its own; a text says why it cannot be had. */
export async function portkey(upstreamPort: number): Promise<RouterTarget | string> {
  const folder = join(tmpdir(), 'switchyard-bench-portkey');
  const build = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (!existsSync(build)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, overrides: { hono: '4.9.7', '@hono/node-server': '1.13.5' } }),
    );
    const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...portkeyPackages], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 240_000,
    });
    if (status !== 0) return stderr.trim().split('\n').at(-1) ?? 'npm install failed';
    if (!existsSync(build)) return `no build in it: ${readdirSync(join(folder, 'node_modules')).length} packages`;
  }
  const port = await freePort();
  const child = start(process.execPath, [build, `--port=${port}`, '--headless'], { cwd: folder });
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/`)).ok, 15_000, 'Portkey');
  } catch (error) {
    return (error as Error).message;
  }
  const headers = {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    authorization: 'Bearer sk-bench-0123456789',
  };
  return {
    name: 'Portkey 1.15.2',
    port,
    pid: child.pid as number,
    child,
    path: '/v1/chat/completions',
    headers,
    model: 'bench-1',
  };
}
