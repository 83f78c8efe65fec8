// Keys and marks of apps end at the proxy, keys of providers at the router.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Client, clients } from './fixtures/clients.ts';
import { providerKey, startDaemon, startLine, startSniffer } from './fixtures/daemons.ts';

const secret = 'sk-local-0123456789abcdef';
const marks = {
  authorization: `Bearer ${secret}`,
  'x-api-key': secret,
  'x-goog-api-key': secret,
  cookie: `session=${secret}`,
  'proxy-authorization': `Basic ${secret}`,
  'sentry-trace': `${secret}-1`,
  baggage: `key=${secret}`,
  'openai-organization': secret,
  'x-stainless-lang': secret,
  'user-agent': secret,
  referer: `http://127.0.0.1/${secret}`,
};

const withKey = (path: string) => `${path}${path.includes('?') ? '&' : '?'}key=${secret}`;

t.test('nothing that tells who the app is reaches the router', async (t) => {
  const router = await startSniffer(t);
  const proxy = await startDaemon(t, 'openai-proxy', { upstream: { url: router.url } });
  const told = {
    'anthropic-beta': 'beta-1',
    'anthropic-version': '2023-06-01',
    'x-session-id': 'session-1',
    'x-switchyard-privacy': 'local',
  };
  const headers = { ...marks, ...told };
  for (const [name, client] of Object.entries(clients)) {
    const body = JSON.stringify(client.body('m', true));
    const response = await fetch(proxy.url + withKey(client.path('m', true)), { method: 'POST', headers, body });
    t.equal(response.status, 200, name);
    const seen = router.requests.at(-1);
    t.equal(seen?.url, client.path('m', true), `${name}: the query lost its key alone`);
    t.equal(seen?.body, body, `${name}: the body is as it was`);
    t.match(seen?.headers, told);
  }
  for (const path of ['/v1/models', '/v1beta/models?pageSize=5', '/v1/models/x%2Fy']) {
    await fetch(proxy.url + withKey(path), { headers: marks });
    t.equal(router.requests.at(-1)?.url, path);
  }
  t.notMatch(JSON.stringify(router.requests), secret);
});

t.test('a list asked for with a key of Gemini stays a list of Gemini', async (t) => {
  const router = await startSniffer(t);
  const proxy = await startDaemon(t, 'openai-proxy', { upstream: { url: router.url } });
  await fetch(`${proxy.url}/v1/models`, { headers: { 'x-goog-api-key': secret } });
  t.ok(router.requests[0]?.headers['x-goog-api-client']);
  await fetch(`${proxy.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
  t.notOk(router.requests[1]?.headers['x-goog-api-client']);
});

t.test('the key of the router is the only one it is shown', async (t) => {
  const router = await startSniffer(t);
  const file = join(t.testdir(), 'key');
  writeFileSync(file, 'router-key-0123456789');
  const proxy = await startDaemon(t, 'openai-proxy', { upstream: { url: router.url, key: `\${file:${file}}` } });
  await fetch(`${proxy.url}/v1/models`, { headers: marks });
  t.equal(router.requests[0]?.headers.authorization, 'Bearer router-key-0123456789');
});

t.test('local keys open the door, in every way clients send them', async (t) => {
  const router = await startSniffer(t);
  const file = join(t.testdir(), 'key');
  writeFileSync(file, secret);
  const access = { anonymous: 'never', keys: { roo: `\${file:${file}}` } };
  const proxy = await startDaemon(t, 'openai-proxy', { access, upstream: { url: router.url } });
  for (const [name, client] of Object.entries(clients)) {
    const ask = (headers: Record<string, string>, path = client.path('m', false)) =>
      fetch(proxy.url + path, { method: 'POST', headers, body: JSON.stringify(client.body('m', false)) });
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': 'wrong' }]) {
      const refused = await ask(headers as Record<string, string>);
      t.equal(refused.status, 401, name);
      t.ok(client.isError(await refused.json()), `${name}: an error of its own`);
    }
    for (const header of ['x-api-key', 'x-goog-api-key']) t.equal((await ask({ [header]: secret })).status, 200, header);
    t.equal((await ask({ authorization: `Bearer ${secret}` })).status, 200);
    t.equal((await ask({}, withKey(client.path('m', false)))).status, 200, '?key=');
  }
  t.notMatch(JSON.stringify(router.requests), secret);
});

t.test('keys of providers never come down', async (t) => {
  const { proxy, router, chaos } = await startLine(t);
  let heard = '';
  const hear = async (client: Client, model: string, stream: boolean) => {
    const body = JSON.stringify(client.body(model, stream));
    const response = await fetch(proxy.url + client.path(model, stream), { method: 'POST', body });
    heard += JSON.stringify([...response.headers]) + (await response.text());
    return response.status;
  };
  for (const client of Object.values(clients))
    for (const stream of [false, true]) t.equal(await hear(client, 'x/m', stream), 200);
  // A provider is left alone after such an answer, so each is asked once.
  for (const [model, client] of [
    ['x/m', clients.chat],
    ['y/m', clients.anthropic],
  ] as const) {
    chaos.script({ status: 401, body: { error: { message: `Incorrect API key provided: ${providerKey}.` } } });
    t.not(await hear(client as Client, model, false), 200);
  }
  for (const path of ['/v1/models', '/health/ready', '/metrics']) heard += await (await fetch(proxy.url + path)).text();
  heard += await (await fetch(`${router.url}/status`)).text();
  t.equal(
    chaos.requests.filter(({ headers }) => headers.authorization === `Bearer ${providerKey}`).length,
    chaos.requests.length,
  );
  t.notMatch(heard, providerKey);
  t.notMatch(proxy.output() + router.output(), providerKey, 'nor into logs');
});
