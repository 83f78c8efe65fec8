// Where credentials end: at the gateway. Not in its logs, answers, files or children, and not on the way to any server.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { bearer, classed, newToken } from './fixtures/callers.ts';
import { newFolder, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, send } from './fixtures/wire.ts';

/** A server of one era over HTTP that writes down every header it gets, and calls of its tools come back with an error. */
async function recordingServer(t: { teardown(fn: () => void): unknown }, era: 'legacy' | 'modern') {
  const seen: IncomingHttpHeaders[] = [];
  const bodies: string[] = [];
  const tools = [{ name: 'echo', inputSchema: { type: 'object' } }];
  const answers: Record<string, object> = {
    ...(era === 'legacy'
      ? { initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'r', version: '1' } } }
      : { 'server/discover': { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } } }),
    'tools/list': { tools, ...(era === 'modern' && { resultType: 'complete' }) },
    'tools/call': { content: [], ...(era === 'modern' && { resultType: 'complete' }) },
  };
  const server = createServer((request, response) => {
    seen.push(request.headers);
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.once('end', () => {
      bodies.push(text);
      if (request.method !== 'POST') return response.writeHead(405).end();
      const { id, method } = JSON.parse(text);
      if (id === undefined) return response.writeHead(202).end();
      const result = answers[method];
      const error = { code: -32601, message: 'no such method' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error }) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, seen, bodies };
}

const upstreamKey = 'upstream-key-0123456789';
const childKey = 'child-key-9876543210';
/** What a client may send along that is nobody else's business. */
const private_ = {
  cookie: 'session=cookie-of-the-client',
  'proxy-authorization': 'Basic cHJveHktb2YtdGhlLWNsaWVudA==',
  'x-api-key': 'api-key-of-the-client',
  'x-custom': 'custom-header-of-the-client',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const values = ['cookie-of-the-client', 'cHJveHktb2Yt', 'api-key-of-the-client', 'custom-header-of-the-client'];

t.test('credentials', async (t) => {
  const folder = newFolder(t);
  const [old, fresh] = [await recordingServer(t, 'legacy'), await recordingServer(t, 'modern')];
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'key'), upstreamKey);
  writeFileSync(join(folder, 'child-key'), childKey);
  const headers = { Authorization: `Bearer \${file:${join(folder, 'key')}}` };
  const mcpServers = {
    old: { url: old.url, headers },
    fresh: { url: fresh.url, headers },
    alpha: { ...classed('alpha'), env: { CHILD_KEY: `\${file:${join(folder, 'child-key')}}` } },
    beta: classed('beta'),
  };
  const token = newToken(folder, { name: 'me', class: 'destructive', admin: true, ratePerMinute: 10_000 });
  const limited = newToken(folder, { name: 'limited', class: 'read', ratePerMinute: 1 });
  const config = {
    mcpServers,
    logLevel: 'debug' as const,
    cacheDirectory: join(folder, 'cache'),
    auth: { anonymous: 'never' as const },
  };
  const env = { SWITCHYARD_TOKEN: token, HOME_MADE_SECRET: 'secret-of-the-gateway' };
  const gateway = await startGateway(t, config, { folder, wait: false, env });
  const given = { ...private_, ...bearer(token) };
  const answers: string[] = [];
  const ask = async (path: string, sent: Parameters<typeof send>[1] = {}) => {
    const answer = await send(`${gateway.url}${path}`, { ...sent, headers: { ...given, ...sent.headers } });
    answers.push(`${path} ${answer.text} ${JSON.stringify(answer.headers)}`);
    return answer;
  };
  for (let i = 0; i < 200; i++) {
    const { servers } = JSON.parse((await ask('/api/servers', { method: 'GET' })).text);
    if (servers.every(({ state }: { state: string }) => state === 'ready')) break;
    await sleep(50);
  }

  const json = { 'content-type': 'application/json' };
  for (const server of ['old', 'fresh']) {
    const call = { name: 'echo', arguments: { text: 'hello' } };
    t.equal((await ask(`/mcp/${server}`, modern('tools/call', call))).status, 200);
    t.equal((await ask(`/mcp/${server}`, legacy('tools/call', call))).status, 200);
    t.equal((await ask(`/api/tools/${server}/echo`, { headers: json, body: '{}' })).status, 200);
    t.equal((await ask('/mcp', modern('tools/call', { ...call, name: `${server}__echo` }))).status, 200);
  }
  // And everything that goes wrong.
  const wrong = `${token.slice(0, -4)}AAAA`;
  for (const bad of [wrong, token.slice(0, 20), `${token}x`, limited]) {
    for (let i = 0; i < 2; i++) {
      await ask('/mcp', modern('tools/call', { name: 'alpha__wipe_it', arguments: {} }, { headers: bearer(bad) }));
      await ask('/api/tools/alpha/read_it', { headers: { ...json, ...bearer(bad) }, body: '{}' });
      await ask(`/mcp/${bad}`, modern('tools/list', {}, { headers: bearer(bad) }));
    }
  }
  await ask('/mcp', { headers: json, body: '{' });
  await ask('/api/tools/alpha/nothing', { headers: json, body: '{}' });
  const environment = JSON.parse(
    JSON.parse((await ask('/api/tools/beta/env', { headers: json, body: '{}' })).text).content[0].text,
  );
  for (const path of [
    '/metrics',
    '/api/tools',
    '/api/openapi.json',
    '/openapi.json',
    '/health/ready',
    '/api/servers/alpha',
    '/api/activity',
  ])
    await ask(path, { method: 'GET' });

  t.test('do not travel to servers', async (t) => {
    for (const { seen, bodies } of [old, fresh]) {
      t.ok(seen.length > 4);
      const everything = JSON.stringify(seen) + bodies.join();
      for (const value of [token, limited, ...values]) t.notOk(everything.includes(value), value);
      t.ok(
        seen.every(({ authorization }) => authorization === `Bearer ${upstreamKey}`),
        "the server's own credential does",
      );
      t.ok(seen.every((one) => one.cookie === undefined && one['x-custom'] === undefined));
    }
  });

  t.test('are in no environment or command line but where they were declared', async (t) => {
    const { servers } = JSON.parse((await ask('/api/servers', { method: 'GET' })).text);
    const pids = servers.flatMap(({ name, pid }: { name: string; pid?: number }) => (pid === undefined ? [] : [{ name, pid }]));
    t.same(pids.map(({ name }: { name: string }) => name).sort(), ['alpha', 'beta']);
    for (const { name, pid } of pids) {
      const found = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('\0');
      for (const value of [token, limited, upstreamKey, 'secret-of-the-gateway'])
        t.notOk(found.includes(value), `${name}: ${value}`);
      t.equal(found.includes(childKey), name === 'alpha');
    }
    t.equal(environment.SWITCHYARD_TOKEN, undefined);
    t.equal(environment.CHILD_KEY, undefined);
    t.notOk(readFileSync(`/proc/${gateway.pid}/cmdline`, 'utf8').includes(token));
  });

  t.test('are in no answer, log or file', async (t) => {
    await gateway.stop();
    const log = JSON.stringify(gateway.log());
    t.ok(log.length > 500);
    for (const value of [token, limited, wrong, upstreamKey, childKey, ...values]) {
      t.notOk(log.includes(value), `log: ${value}`);
      for (const answer of answers.filter((one) => !one.startsWith(`/mcp/${value}`))) {
        t.notOk(answer.includes(value), `${answer.slice(0, 60)}: ${value}`);
      }
    }
    for (const folderOfIt of ['state', 'cache']) {
      const names = readdirSync(join(folder, folderOfIt), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      for (const { parentPath, name } of names) {
        const bytes = readFileSync(join(parentPath, name));
        for (const value of [token, limited, upstreamKey, childKey]) t.notOk(bytes.includes(value), `${name}: ${value}`);
        const random = Buffer.from(token.slice(3), 'base64url');
        t.notOk(bytes.includes(random), `${name}: the bits of a token`);
      }
    }
    t.end();
  });
});
