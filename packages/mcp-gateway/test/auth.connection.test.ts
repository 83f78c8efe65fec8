// Callers without a credential: loopback, Unix sockets, proxies, strangers; and where the gateway listens at all.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@switchyard/kit/clock';
import type { ListenSpec } from '@switchyard/kit/listen';
import { silentLogger } from '@switchyard/kit/logger';
import { Secrets } from '@switchyard/kit/secrets';
import t from 'tap';
import { Origins } from '../src/auth/connection.ts';
import { Door } from '../src/auth/door.ts';
import { exposureOf } from '../src/auth/exposure.ts';
import { type AuthSettings, authSchema } from '../src/auth/settings.ts';
import { TokenStore } from '../src/auth/token-store.ts';
import type { Caller } from '../src/call/call.ts';
import { Store } from '../src/state/store.ts';
import { bearer, classed, newToken } from './fixtures/callers.ts';
import { type GatewayInput, type GatewayProcess, gatewayMain, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

/** A request as it arrives, without a network. */
const arriving = ({
  peer,
  own = peer,
  headers = {},
  http = '1.1',
}: {
  peer?: string;
  own?: string;
  headers?: object;
  http?: string;
} = {}): IncomingMessage =>
  ({
    headers: { host: 'localhost', ...headers },
    httpVersionMajor: 1,
    httpVersionMinor: Number(http.slice(2)),
    socket: { remoteAddress: peer, localAddress: own },
  }) as unknown as IncomingMessage;

const doorWith = (settings: Partial<AuthSettings>) => {
  const store = new Store(undefined);
  return new Door({
    settings: { ...authSchema.parse({}), ...settings },
    publicUrl: undefined,
    tokens: new TokenStore(store.database),
    socketCallers: new Map(),
    clock: systemClock,
    logger: silentLogger,
    secrets: new Secrets(),
    httpClient: () => Promise.reject(new Error('nothing is fetched here')),
  });
};

t.test('who is let in without a credential', async (t) => {
  const loopback = { peer: '127.0.0.1' };
  const cases: [what: string, request: IncomingMessage, expected: Record<AuthSettings['anonymous'], boolean>][] = [
    ['loopback', arriving(loopback), { loopback: true, never: false, always: true }],
    ['loopback, IPv6', arriving({ peer: '::1' }), { loopback: true, never: false, always: true }],
    ['loopback, mapped', arriving({ peer: '::ffff:127.0.0.1' }), { loopback: true, never: false, always: true }],
    ['loopback, high', arriving({ peer: '127.9.9.9' }), { loopback: true, never: false, always: true }],
    ['a neighbour', arriving({ peer: '192.168.1.7' }), { loopback: false, never: false, always: false }],
    ['a neighbour, mapped', arriving({ peer: '::ffff:192.168.1.7' }), { loopback: false, never: false, always: false }],
    ['the tailnet', arriving({ peer: '100.64.0.9' }), { loopback: false, never: false, always: false }],
    ['our own address', arriving({ peer: '192.168.1.2' }), { loopback: false, never: false, always: false }],
    [
      'from loopback to our own address',
      arriving({ peer: '127.0.0.1', own: '192.168.1.2' }),
      { loopback: false, never: false, always: false },
    ],
    ['a broken connection', arriving(), { loopback: false, never: false, always: false }],
    ...['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host', 'x-forwarded-proto'].map(
      (name): (typeof cases)[number] => [
        name,
        arriving({ ...loopback, headers: { [name]: '127.0.0.1' } }),
        { loopback: false, never: false, always: true },
      ],
    ),
    [
      'an empty X-Forwarded-For',
      arriving({ ...loopback, headers: { 'x-forwarded-for': '' } }),
      { loopback: false, never: false, always: true },
    ],
    ['HTTP/1.0', arriving({ ...loopback, http: '1.0' }), { loopback: false, never: false, always: true }],
  ];
  for (const [what, request, expected] of cases) {
    for (const [anonymous, welcome] of Object.entries(expected)) {
      const door = doorWith({ anonymous: anonymous as AuthSettings['anonymous'] });
      if (welcome) t.match(door.admit(request, '/mcp'), { id: 'anonymous', rights: { key: 'all' } }, `${anonymous}: ${what}`);
      else t.throws(() => door.admit(request, '/mcp'), { message: /send "Authorization: Bearer/ }, `${anonymous}: ${what}`);
      t.equal(door.refusals.get('anonymous') ?? 0, welcome ? 0 : 1);
    }
  }
});

t.test('allowed addresses', async (t) => {
  const allowedAddresses = ['100.64.0.0/10', '192.168.1.7', 'fd7a:115c:a1e0::/48'];
  const cases: [peer: string | undefined, own: string | undefined, welcome: boolean][] = [
    ['127.0.0.1', '127.0.0.1', true],
    ['::1', '::1', true],
    ['100.64.0.1', '100.64.0.2', true],
    ['100.127.255.255', '100.64.0.2', true],
    ['100.128.0.1', '100.64.0.2', false],
    ['::ffff:100.64.0.1', '::ffff:100.64.0.2', true],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
    ['192.168.1.7', '192.168.1.2', true],
    ['192.168.1.8', '192.168.1.2', false],
    ['fd7a:115c:a1e0:1::5', '::', true],
    ['fd7a:115c:a1e1::5', '::', false],
    ['fe80::1%eth0', 'fe80::2%eth0', false],
    [undefined, undefined, false],
  ];
  for (const [peer, own, welcome] of cases) {
    const origins = new Origins({ allowedAddresses, callers: new Map<ListenSpec, Caller>() });
    const { refusal } = origins.of(arriving({ ...(peer && { peer }), ...(own && { own }) }));
    t.equal(refusal === undefined, welcome, `${peer} → ${refusal ?? 'welcome'}`);
  }
  for (const wrong of ['10.0.0.0/33', '10.0.0', 'localhost', '::/129', '10.0.0.0/8/8', '10.0.0.0/'])
    t.notOk(authSchema.safeParse({ allowedAddresses: [wrong] }).success, wrong);
});

t.test('where may be listened', async (t) => {
  const oauth = { issuer: 'https://as.example.org', scopes: {}, ratePerMinute: 1 };
  const open: ListenSpec[] = [
    { host: '0.0.0.0', port: 1 },
    { host: '::', port: 1 },
    { host: '192.168.1.2', port: 1 },
    { host: 'box', port: 1 },
  ];
  const closed: ListenSpec[] = [
    { port: 1 },
    { host: 'localhost', port: 1 },
    { host: '::1', port: 1 },
    { socket: '/run/x' },
    { fd: 'http' },
  ];
  for (const anonymous of ['loopback', 'never', 'always'] as const) {
    for (const spec of closed) t.equal(exposureOf([spec], { anonymous, tokens: {} }, false), undefined, JSON.stringify(spec));
    for (const spec of open) {
      const strangers = anonymous === 'always';
      const problem = (hasTokens: boolean, withOAuth: boolean) =>
        exposureOf([{ port: 1 }, spec], { anonymous, tokens: {}, ...(withOAuth && { oauth }) }, hasTokens)?.setting;
      t.equal(problem(false, false), strangers ? 'auth.anonymous' : 'listen.host', `${anonymous} ${spec.host}`);
      const { tokens } = authSchema.parse({ tokens: { a: { token: '${credential:a}' } } });
      const declared = exposureOf([spec], { anonymous, tokens }, false)?.setting;
      t.equal(declared, strangers ? 'auth.anonymous' : undefined, 'with a declared token');
      t.equal(problem(true, false), strangers ? 'auth.anonymous' : undefined, 'with a token');
      t.equal(problem(false, true), strangers ? 'auth.anonymous' : undefined, 'with OAuth');
    }
  }
});

/** Starts a gateway that is expected to refuse: its exit code and what it said. */
async function refusal(folder: string, config: GatewayInput, ...flags: string[]): Promise<{ code: number; said: string }> {
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify({ stateDirectory: join(folder, 'state'), ...config }));
  const child = spawn(process.execPath, [gatewayMain, '--config', file, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('"ready"')) child.kill();
  });
  const [code] = await once(child, 'close');
  return { code, said };
}

t.test('a gateway that strangers could reach does not start before they can be told apart', async (t) => {
  const folder = newFolder(t);
  const exposed = { listen: { host: '0.0.0.0', port: 0 } };
  const remedy =
    /listen\.host: 0\.0\.0\.0 can be reached from other machines.*switchyard token create.*"auth\.oauth".*127\.0\.0\.1/;
  const bare = await refusal(folder, exposed);
  t.equal(bare.code, 78);
  t.match(bare.said, remedy);
  t.match(await refusal(folder, {}, '--host', '0.0.0.0', '--port', '0'), { code: 78, said: remedy }, 'by flag');
  const dead = newToken(folder, { name: 'dead', expiresAt: Date.now() + 1 });
  t.ok(dead);
  t.match(await refusal(folder, exposed), { code: 78 }, 'a token that has expired is none');
  newToken(folder, { name: 'alive' });
  t.match(await refusal(folder, { ...exposed, auth: { anonymous: 'always' } }), {
    code: 78,
    said: /auth\.anonymous: "always" would let everyone/,
  });
  // Loopback by a name that is not known to be: it listens, without being reachable.
  const config = { listen: { host: '127.1', port: 0 }, stateDirectory: join(folder, 'state'), allowedHosts: ['127.1'] };
  const gateway = await startGateway(t, config, { folder, wait: false });
  t.match(gateway.url, /^http:\/\/127\.0\.0\.1:/, 'with a token it starts');
});

t.test('each socket says who comes through it', async (t) => {
  const folder = newFolder(t);
  mkdirSync(join(folder, 'run'));
  const path = (name: string) => join(folder, 'run', name);
  const gateway = await startGateway(
    t,
    {
      mcpServers: { alpha: classed('alpha'), beta: classed('beta') },
      auth: { anonymous: 'loopback' },
      sockets: [
        { path: path('claude'), caller: 'claude', tools: ['alpha/*'], class: 'read' },
        { path: path('codex'), caller: 'codex', mode: '0600', admin: true, class: 'destructive', ratePerMinute: 2 },
      ],
    },
    { folder },
  );
  const over = (
    socketPath: string,
    { method = 'POST', headers = {}, body }: ReturnType<typeof modern> | { method?: string; headers?: object; body?: string },
    to = '/mcp',
  ) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asking = httpRequest(
        { socketPath, path: to, method: method ?? 'POST', headers: { host: 'anything', ...headers }, agent: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (more: string) => {
            text += more;
          });
          response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        },
      );
      asking.once('error', reject);
      asking.end(body);
    });
  t.equal(statSync(path('claude')).mode & 0o777, 0o660);
  t.equal(statSync(path('codex')).mode & 0o777, 0o600);
  const list = async (name: string, headers = {}) => {
    const { text } = await over(path(name), modern('tools/list', {}, { headers }));
    return JSON.parse(text).result?.tools.map((tool: { name: string }) => tool.name);
  };
  t.same(await list('claude'), ['alpha__read_it', 'alpha__settled', 'alpha__noise', 'alpha__env', 'result_read']);
  t.same(
    await list('claude', { 'x-forwarded-for': '1.2.3.4' }),
    await list('claude'),
    'whoever may open the socket is its caller',
  );
  t.equal((await list('codex')).length, 15);
  const denied = await over(path('claude'), modern('tools/call', { name: 'alpha__wipe_it', arguments: {} }));
  t.match(JSON.parse(denied.text).error, { message: /^"socket:claude" may not call the destructive tool/ });
  t.equal((await over(path('claude'), { method: 'POST' }, '/api/servers/alpha/restart')).status, 403);
  t.equal((await over(path('codex'), { method: 'POST' }, '/api/servers/beta/restart')).status, 200);
  const calls = [];
  for (let i = 0; i < 3; i++)
    calls.push(
      (await over(path('codex'), modern('tools/call', { name: 'alpha__plain', arguments: {} }))).text.includes('"error"'),
    );
  t.same(calls, [false, false, true], 'its own rate');
  const token = newToken(folder, { name: 'more', servers: ['beta'], class: 'destructive' });
  t.same(
    (await list('claude', bearer(token))).filter((name: string) => name.startsWith('alpha')),
    [],
    'a token decides alone',
  );
  t.equal(
    (await over(path('claude'), modern('tools/list', {}, { headers: bearer(`${token.slice(0, -1)}_`) }))).status,
    401,
    'also when it is wrong',
  );
  t.equal((await send(`${gateway.url}/mcp`, modern('tools/list'))).last.result.tools.length, 15, 'the port is as it was');
});

t.test('a gateway on a Unix socket alone', async (t) => {
  const folder = newFolder(t);
  const ask = async (anonymous: 'loopback' | 'never' | 'always', headers: object = {}) => {
    const socketPath = join(folder, anonymous);
    const file = join(folder, `${anonymous}.json`);
    writeFileSync(
      file,
      JSON.stringify({ stateDirectory: join(folder, 'state'), listen: { socket: socketPath }, auth: { anonymous } }),
    );
    const child = spawn(process.execPath, [gatewayMain, '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close');
    await once(child.stderr, 'data');
    const status = await new Promise((resolve, reject) => {
      const get = httpRequest(
        { socketPath, path: '/api/servers', headers: { host: 'x', ...headers }, agent: false },
        (response) => resolve(response.resume().statusCode),
      );
      get.once('error', reject).end();
    });
    child.kill();
    await ended;
    return status;
  };
  t.equal(await ask('loopback'), 200);
  t.equal(await ask('loopback', { 'x-forwarded-for': '1.2.3.4' }), 401, 'also there a proxy may bring strangers');
  t.equal(await ask('never'), 401);
  t.equal(await ask('always', { 'x-forwarded-for': '1.2.3.4' }), 200);
});

t.test('over a real port', async (t) => {
  const gateway: GatewayProcess = await startGateway(t, { mcpServers: { alpha: classed('alpha') } });
  const list = (headers: Record<string, string> = {}) => send(`${gateway.url}/mcp`, modern('tools/list', {}, { headers }));
  t.equal((await list()).status, 200);
  for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) {
    const answer = await list({ [name]: 'for=127.0.0.1' });
    t.equal(answer.status, 401, name);
    t.equal(answer.headers['www-authenticate'], 'Bearer');
    t.match(JSON.parse(answer.text).detail, `came through a proxy (the header ${name.toLowerCase()})`);
  }
  const { port } = new URL(gateway.url);
  const old = connect(Number(port), '127.0.0.1');
  old.end('GET /api/servers HTTP/1.0\r\nHost: localhost\r\n\r\n');
  t.match(String((await once(old, 'data'))[0]), /^HTTP\/1\.1 401 /, 'HTTP/1.0, as nginx speaks it');
  const page = await list({ origin: 'http://localhost:3000', 'x-forwarded-for': '1' });
  t.equal(page.headers['access-control-allow-origin'], 'http://localhost:3000', 'pages may read why they were refused');
  const preflight = await send(`${gateway.url}/mcp`, {
    method: 'OPTIONS',
    headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST', 'x-forwarded-for': '1' },
  });
  t.equal(preflight.status, 204, 'a pre-flight carries no credential and needs none');
  const large = await send(`${gateway.url}/mcp`, {
    headers: { 'x-forwarded-for': '1', 'content-type': 'application/json' },
    body: Buffer.alloc(5_000_000, 32),
  });
  t.equal(large.status, 401, 'however large what came with it');
  t.equal((await list()).status, 200);
  const ready = await send(`${gateway.url}/health/ready`, { method: 'GET', headers: { 'x-forwarded-for': '1' } });
  t.equal(ready.status, 200, 'health is open');
  const { text } = await send(`${gateway.url}/metrics`, { method: 'GET' });
  t.match(text, 'mcp_auth_refusals_total{reason="anonymous"} 7');
});
