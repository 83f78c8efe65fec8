// The hook for a cache of what means the same: asked before a provider, told afterwards, and never in the way.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@switchyard/dialects';
import t from 'tap';
import { post } from './fixtures/clients.ts';
import { keys, startStage } from './fixtures/providers.ts';

interface Entry extends JsonObject {
  app: string;
  text: string;
}

/** Two texts mean the same to it when they have the same words, in any order. */
async function startMeaning(t: { teardown(action: () => unknown): unknown }) {
  const entries: Entry[] = [];
  const seen: { path: string; key: string | undefined; body: Entry }[] = [];
  const state = { status: 0, silent: false };
  const wordsOf = (text: string) => [...new Set(text.toLowerCase().match(/\w+/g))].sort().join(' ');
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Entry;
    seen.push({ path: request.url ?? '', key: request.headers.authorization, body });
    if (state.silent) return;
    if (state.status) return void response.writeHead(state.status).end('{"error":"broken"}');
    if (request.url === '/cache/entries') {
      entries.push(body);
      return void response.writeHead(201).end();
    }
    const found = entries.find((one) => one.app === body.app && wordsOf(one.text) === wordsOf(body.text));
    if (!found) return void response.writeHead(204).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ similarity: 0.99, provider: found.provider, model: found.answeredBy, usd: found.usd, body: found.body }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cache`, entries, seen, state };
}

const chat = (content: unknown, more: object = {}) => ({
  model: 'auto',
  temperature: 0,
  messages: [{ role: 'user', content }],
  ...more,
});

t.test('what means the same is answered from it, each app from its own', async (t) => {
  const meaning = await startMeaning(t);
  const { chaos, router } = await startStage(t, {
    cache: { semantic: { url: meaning.url, token: '${env:TEST_KEY_ollama}', timeoutMs: 5000 } },
    routes: { auto: { cheap: 'venice/a', strong: 'venice/b', cache: true } },
    access: { keys: { other: '${env:TEST_KEY_openai}' } },
  });
  const ask = (body: object, headers: Record<string, string> = {}) =>
    post(`${router.url}/v1/chat/completions`, body as JsonObject, { headers });
  const told = async (count: number) => {
    while (meaning.entries.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const first = await ask(chat('capital of France?'));
  t.equal(first.headers.get('x-switchyard-cache'), null);
  await told(1);
  t.match(meaning.entries[0], {
    app: 'anonymous',
    model: 'auto',
    dialect: 'openai-chat',
    text: 'user: capital of France?',
    provider: 'venice',
    ttlMs: 3_600_000,
  });
  t.equal(meaning.seen[0]?.key, `Bearer ${keys.TEST_KEY_ollama}`);
  const again = await ask(chat('France, capital of?'));
  t.match(Object.fromEntries(again.headers), {
    'x-switchyard-cache': 'hit',
    'x-switchyard-similarity': '0.990',
    'x-switchyard-provider': 'venice',
  });
  t.equal(again.json.choices[0].message.content, first.json.choices[0].message.content);
  t.equal(chaos.requests.length, 1);
  const other = await ask(chat('of France capital'), { authorization: `Bearer ${keys.TEST_KEY_openai}` });
  t.equal(other.headers.get('x-switchyard-cache'), null, 'never across apps');
  await told(2);
  const asked = meaning.seen.length;
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
  await ask(chat('x', { tools }));
  await ask(chat('x', { temperature: 1 }));
  await ask(chat('x', { stream: true }));
  await ask(chat([{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }]));
  t.equal(meaning.seen.length, asked, 'what is more than words, or not deterministic, is not shown to it');
});

t.test('one that fails, hangs or is gone is passed over', async (t) => {
  const meaning = await startMeaning(t);
  const { router } = await startStage(t, {
    cache: { scope: 'all', semantic: { url: meaning.url, timeoutMs: 100 } },
    routes: { auto: { cheap: 'venice/a', strong: 'venice/b' } },
  });
  const status = async (text: string) => (await post(`${router.url}/v1/chat/completions`, chat(text) as JsonObject)).status;
  meaning.state.status = 500;
  t.equal(await status('one'), 200);
  meaning.state.status = 0;
  meaning.state.silent = true;
  t.equal(await status('two'), 200);
  await router.said(({ msg }) => msg === 'the semantic cache is passed over');
});
