// What stands between a client and the model: openai-proxy → ai-inference → chaos upstream, each as its users run it. A column of the
// table is one kind of provider; it has a proxy of its own, whose aliases lead every name that a client may ask for to that provider.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChaosUpstream, startChaosUpstream } from '@switchyard/chaos-upstream';
import { freePort, start, until } from '../bench/processes.ts';
import { startPicker } from './picker.ts';

const root = join(import.meta.dirname, '..', '..');

/** The kinds of provider, and below which path of the chaos upstream each is served. */
const kinds = {
  'openai-compatible': '/openai/v1',
  openai: '/openai/v1',
  venice: '/venice/api/v1',
  openrouter: '/openrouter/api/v1',
  anthropic: '',
  gemini: '',
  ollama: '',
} as const;

export type Kind = keyof typeof kinds;
export const allKinds = Object.keys(kinds) as Kind[];

/** Names that clients know are led on; `chat` and `embed` are for clients that can be told a name. */
const asked = ['chat', 'embed', 'claude-*', 'gemini-*', 'gpt-*'];

/** A column of the table. */
export interface Column {
  kind: Kind;
  /** Of the proxy, without `/v1`. */
  url: string;
  chaos: ChaosUpstream;
}

/** The key that clients show to the proxy. Nothing behind it may ever see it. */
export const clientKey = 'sk-client-0123456789abcdef';
const providerKey = 'sk-provider-fedcba9876543210';

/** Starts everything; `endAll` of bench/processes.ts ends the children. */
export async function startRig(folder: string, only: readonly Kind[]): Promise<Column[]> {
  const upstreams = await Promise.all(only.map(async (kind) => ({ kind, ...(await startUpstream()) })));
  const providers = upstreams.map(({ kind, url }) => [
    kind,
    { type: kind, baseUrl: url + kinds[kind], apiKey: `\${file:${keyFile(folder)}}` },
  ]);
  const router = await daemon(folder, 'ai-inference', {
    discoverProviders: false,
    providers: Object.fromEntries(providers),
  });
  return Promise.all(
    upstreams.map(async ({ kind, chaos }) => {
      const aliases = Object.fromEntries(asked.map((name) => [name, `${kind}/chaos-1`]));
      return { kind, chaos, url: await daemon(folder, 'openai-proxy', { upstream: { url: router }, aliases }, kind) };
    }),
  );
}

async function startUpstream(): Promise<{ chaos: ChaosUpstream; url: string }> {
  const chaos = await startChaosUpstream({ key: providerKey });
  return { chaos, url: await startPicker(chaos.url) };
}

/** Starts one of our daemons and resolves with its address once it serves. */
async function daemon(folder: string, name: string, config: object, instance = name): Promise<string> {
  const port = await freePort();
  const file = join(folder, `${name}-${instance}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      listen: { port },
      logLevel: 'error',
      ...(name === 'ai-inference' && { stateDirectory: join(folder, `state-${instance}`) }),
      ...config,
    }),
  );
  const child = start(process.execPath, [join(root, 'packages', name, 'src', 'main.ts'), '--config', file]);
  child.stderr?.on('data', (text) => process.stderr.write(`${name} (${instance}): ${text}`));
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/health/ready`)).ok, 15_000, `${name} (${instance})`);
  return url;
}

function keyFile(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'provider-key');
  writeFileSync(file, providerKey, { mode: 0o600 });
  return file;
}
