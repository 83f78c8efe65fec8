// What is tested: servers reached directly, and the same servers reached through the gateway.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, ready, startNode } from './children.ts';
import type { RequirementSet } from './suite.ts';

export interface Target {
  name: string;
  /** Starts what is needed, once, and gives the URL of the endpoint. `folder` is for files. */
  start(folder: string): Promise<string>;
  /** How many required scenarios have to pass; left out where any number will do. */
  wanted?: Record<RequirementSet, number>;
  /** Every scenario that passes there has to pass here. */
  atLeastAs?: Target;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const fixture = join(root, 'packages', 'mcp-gateway', 'test', 'fixtures', 'conformance-upstream', 'main.ts');
const everything = join(
  dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/package.json'))),
  'dist',
  'index.js',
);

/** The same promise for the same arguments: each server is started once. */
function once<Args extends unknown[], T>(make: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (...args) => {
    const key = JSON.stringify(args);
    const promise = made.get(key) ?? make(...args);
    made.set(key, promise);
    return promise;
  };
}

const fixtureOverHttp = once(async (era: string): Promise<string> => {
  const port = await freePort();
  const child = startNode([fixture, '--http', String(port), '--era', era]);
  await ready(child, `fixture --era ${era}`, async () => child.output().includes('"url"'));
  return `http://localhost:${port}/mcp`;
});

/** server-everything would listen on every interface; `loopback.ts`, loaded before it, keeps it on this machine. */
const everythingOverHttp = once(async (): Promise<string> => {
  const port = await freePort();
  const loopback = join(import.meta.dirname, 'loopback.ts');
  const child = startNode(['--import', loopback, everything, 'streamableHttp'], { PORT: String(port) });
  await ready(child, 'server-everything', async () => child.output().includes('listening on port'));
  return `http://localhost:${port}/mcp`;
});

const gateway = once(async (folder: string): Promise<string> => {
  const overStdio = (era: string) => ({ command: process.execPath, args: [fixture, '--stdio', '--era', era] });
  const mcpServers = {
    'dual-http': { url: await fixtureOverHttp('dual') },
    'dual-stdio': overStdio('dual'),
    '2025-http': { url: await fixtureOverHttp('2025') },
    '2025-stdio': overStdio('2025'),
    '2026-http': { url: await fixtureOverHttp('2026') },
    '2026-stdio': overStdio('2026'),
    'everything-http': { url: await everythingOverHttp() },
    'everything-stdio': { command: process.execPath, args: [everything, 'stdio'] },
  };
  const config = join(folder, 'gateway.json');
  writeFileSync(config, JSON.stringify({ mcpServers }, undefined, 2));
  const port = await freePort();
  const main = join(root, 'packages', 'switchyard', 'src', 'main.ts');
  const child = startNode([main, 'run', 'mcp-gateway', '--config', config, '--port', String(port)]);
  await ready(child, 'mcp-gateway', async () => (await fetch(`http://localhost:${port}/health/ready`)).status === 200);
  return `http://localhost:${port}/mcp`;
});

const all = { '2025-11-25': 30, '2026-07-28': 37 };

/** A client of the other era loses what cannot exist there: see the reference, §3.4. */
const legacyUpstream = { '2025-11-25': 30, '2026-07-28': 35 };
const modernUpstream = { '2025-11-25': 26, '2026-07-28': 37 };

const everythingDirect: Target = { name: 'direct everything-http', start: everythingOverHttp };

export const directTargets: Target[] = [
  { name: 'direct dual-http', start: () => fixtureOverHttp('dual'), wanted: all },
  everythingDirect,
];

const throughGateway = (server: string, rest: Pick<Target, 'wanted' | 'atLeastAs'>): Target => ({
  name: `gateway ${server}`,
  start: async (folder) => `${await gateway(folder)}/${server}`,
  ...rest,
});

export const gatewayTargets: Target[] = [
  throughGateway('dual-http', { wanted: all }),
  throughGateway('dual-stdio', { wanted: all }),
  throughGateway('2025-http', { wanted: legacyUpstream }),
  throughGateway('2025-stdio', { wanted: legacyUpstream }),
  throughGateway('2026-http', { wanted: modernUpstream }),
  throughGateway('2026-stdio', { wanted: modernUpstream }),
  throughGateway('everything-http', { atLeastAs: everythingDirect }),
  throughGateway('everything-stdio', { atLeastAs: everythingDirect }),
];
