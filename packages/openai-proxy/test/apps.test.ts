// Apps behind the proxy are told apart by the router: each has its own budget, usage and privacy.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChaosUpstream } from '@switchyard/chaos-upstream';
import t, { type Test } from 'tap';
import { type Client, clients } from './fixtures/clients.ts';
import { startDaemon, startSniffer } from './fixtures/daemons.ts';

const { chat, anthropic, gemini } = clients as Record<'chat' | 'anthropic' | 'gemini', Client>;
const keys = { roo: 'sk-roo-0123456789', aider: 'sk-aider-0123456789', line: 'sk-line-0123456789', provider: 'sk-provider-0123' };

function keyFiles(folder: string): Record<keyof typeof keys, string> {
  for (const [name, key] of Object.entries(keys)) writeFileSync(join(folder, name), key, { mode: 0o600 });
  return Object.fromEntries(Object.keys(keys).map((name) => [name, `\${file:${join(folder, name)}}`])) as never;
}

t.test('the proxy says for which app it asks, and an app cannot say another', async (t) => {
  const { roo, aider, line } = keyFiles(t.testdir());
  const router = await startSniffer(t);
  const access = { keys: { roo, aider } };
  const proxy = await startDaemon(t, 'openai-proxy', { access, upstream: { url: router.url, key: line } });
  const named = async (headers: Record<string, string>) => {
    const body = JSON.stringify(chat.body('m', false));
    await fetch(proxy.url + chat.path('m', false), { method: 'POST', headers, body });
    return router.requests.at(-1)?.headers['x-switchyard-app'];
  };
  t.equal(await named({ authorization: `Bearer ${keys.roo}` }), 'roo');
  t.equal(await named({ authorization: `Bearer ${keys.aider}`, 'x-switchyard-app': 'roo' }), 'aider');
  t.equal(await named({ 'x-switchyard-app': 'roo' }), undefined, 'whoever has no key has no name');
});

/** A router that believes whoever has the key `line`, before a provider that is not of this machine. */
async function startRouter(t: Test, more: object) {
  const refs = keyFiles(t.testdir());
  const chaos = await startChaosUpstream({ key: keys.provider });
  t.teardown(() => chaos.close());
  const router = await startDaemon(t, 'ai-inference', {
    discoverProviders: false,
    access: { keys: { line: refs.line }, delegates: ['line'] },
    providers: { x: { type: 'openai', baseUrl: `${chaos.url}/openai/v1`, apiKey: refs.provider, privacy: 'any' } },
    ...more,
  });
  return { refs, chaos, router };
}

t.test('a whole line', async (t) => {
  const { refs, router } = await startRouter(t, {
    prices: { 'x/*': [{ inputUsd: 1, outputUsd: 1 }] },
    budgets: [{ app: 'roo', period: 'month', limitUsd: 0.000001 }],
    privacy: { apps: { aider: 'local' } },
  });
  const proxy = await startDaemon(t, 'openai-proxy', {
    access: { keys: { roo: refs.roo, aider: refs.aider } },
    upstream: { url: router.url, key: refs.line },
  });
  const ask = async (base: string, headers: Record<string, string>, client = chat) => {
    const body = JSON.stringify(client.body('x/m', false));
    const response = await fetch(base + client.path('x/m', false), { method: 'POST', headers, body });
    return { status: response.status, text: await response.text() };
  };
  const as = (name: keyof typeof keys) => ({ authorization: `Bearer ${keys[name]}` });
  const apps = async () => {
    const { groups } = (await (await fetch(`${router.url}/v1/usage?by=app`)).json()) as { groups: { app: string }[] };
    return groups.map(({ app }) => app).sort();
  };

  t.equal((await ask(proxy.url, as('roo'))).status, 200);
  const spent = await ask(proxy.url, as('roo'));
  t.equal(spent.status, 402, 'its own budget is used up');
  t.match(spent.text, 'of app roo');
  t.equal((await ask(proxy.url, {})).status, 200, 'nobody else’s is');
  t.strictSame(await apps(), ['line', 'roo'], 'whoever has no name counts as the proxy');

  for (const client of [chat, anthropic, gemini]) {
    const closed = await ask(proxy.url, as('aider'), client);
    t.equal(closed.status, 403, 'its prompts may not leave this machine');
    t.ok(client.isError(JSON.parse(closed.text)));
  }

  t.equal((await ask(router.url, { ...as('line'), 'x-switchyard-app': 'new' })).status, 200, 'apps need not be known before');
  for (const name of ['', 'a b', 'a'.repeat(65), '../x']) {
    const odd = await ask(router.url, { ...as('line'), 'x-switchyard-app': name });
    t.equal(odd.status, 400, JSON.stringify(name));
    t.match(odd.text, 'x-switchyard-app');
  }
  t.equal((await ask(router.url, { 'x-switchyard-app': 'roo' })).status, 200, 'a program without a key is not believed');
  t.strictSame(await apps(), ['anonymous', 'line', 'new', 'roo']);
});

t.test('what is asked of the proxy is asked of its apps', async (t) => {
  const { chaos, router } = await startRouter(t, {
    privacy: { apps: { line: 'local', roo: 'any' } },
  });
  const headers = { authorization: `Bearer ${keys.line}`, 'x-switchyard-app': 'roo' };
  for (const path of [chat.path('x/m', false), '/v1/embeddings']) {
    const body = path.includes('embed') ? { model: 'x/m', input: 'word' } : chat.body('x/m', false);
    const response = await fetch(router.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    t.equal(response.status, 403, path);
  }
  t.equal(chaos.requests.filter(({ method }) => method === 'POST').length, 0);
});

t.test('a delegate has to have a key', async (t) => {
  const file = join(t.testdir({ 'config.json': JSON.stringify({ access: { delegates: ['line'] } }) }), 'config.json');
  const main = fileURLToPath(new URL('../../ai-inference/src/main.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main, '--config', file, '--check-config'], { encoding: 'utf8' });
  t.equal(status, 78);
  t.match(stderr, /access\.delegates.*"line" is no name in "access\.keys"/);
});
