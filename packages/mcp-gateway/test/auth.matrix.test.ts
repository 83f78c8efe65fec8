// The deny matrix: every token tries every tool of every server over every way in, and is shown exactly what it may call.
import t from 'tap';
import type { TokenRequest } from '../src/auth/tokens.ts';
import { bearer, classed, newToken, waysIn } from './fixtures/callers.ts';
import { type GatewayProcess, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

const servers = ['alpha', 'beta'];
const tools = ['read_it', 'write_it', 'wipe_it', 'plain', 'settled', 'noise', 'env'];
const reading = ['read_it', 'settled', 'noise', 'env'];
const everything = servers.flatMap((server) => tools.map((tool) => `${server}/${tool}`));
const of = (server: string, names: readonly string[]) => names.map((name) => `${server}/${name}`);

/** Each token, and all that it may call. */
const cases: Record<string, { request: Omit<TokenRequest, 'name'>; may: string[] }> = {
  'everything there is': { request: { class: 'destructive' }, may: everything },
  'no word about rights': { request: {}, may: servers.flatMap((server) => of(server, [...reading, 'write_it'])) },
  'class read': { request: { class: 'read' }, may: servers.flatMap((server) => of(server, reading)) },
  'class write': { request: { class: 'write' }, may: servers.flatMap((server) => of(server, [...reading, 'write_it'])) },
  'one server, destructive': { request: { servers: ['alpha'], class: 'destructive' }, may: of('alpha', tools) },
  'one server, read': { request: { servers: ['beta'], class: 'read' }, may: of('beta', reading) },
  'servers by pattern': { request: { servers: ['al*'], class: 'destructive' }, may: of('alpha', tools) },
  'a pattern that matches no server': { request: { servers: ['gamma', 'alph', 'lpha'], class: 'destructive' }, may: [] },
  'one tool': { request: { tools: ['alpha/read_it'], class: 'destructive' }, may: ['alpha/read_it'] },
  'one tool of any server': {
    request: { tools: ['*/wipe_it'], class: 'destructive' },
    may: ['alpha/wipe_it', 'beta/wipe_it'],
  },
  'tools by pattern': {
    request: { tools: ['alpha/*_it'], class: 'destructive' },
    may: of('alpha', ['read_it', 'write_it', 'wipe_it']),
  },
  'tools by pattern, below their class': { request: { tools: ['alpha/*_it'], class: 'read' }, may: ['alpha/read_it'] },
  'a tool beyond its class': { request: { tools: ['alpha/wipe_it'], class: 'write' }, may: [] },
  'tools of a server that is not allowed': {
    request: { servers: ['beta'], tools: ['alpha/*', 'beta/plain'], class: 'destructive' },
    may: ['beta/plain'],
  },
  'a tool that does not say what it does': { request: { tools: ['alpha/plain'], class: 'write' }, may: [] },
  'a tool whose class was declared': { request: { tools: ['alpha/settled'], class: 'read' }, may: ['alpha/settled'] },
  'no limit of its rate': { request: { class: 'read', ratePerMinute: null, servers: ['alpha'] }, may: of('alpha', reading) },
};

const folder = newFolder(t);
let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(
    t,
    { mcpServers: { alpha: classed('alpha'), beta: classed('beta') }, groups: { both: servers, second: ['beta'] } },
    { folder },
  );
});

for (const [title, { request, may }] of Object.entries(cases)) {
  t.test(title, async (t) => {
    const rate = 'ratePerMinute' in request ? {} : { ratePerMinute: 10_000 };
    const headers = bearer(newToken(folder, { name: title.replace(/\W+/g, '-'), ...rate, ...request }));
    for (const [way, { call, list }] of Object.entries(waysIn)) {
      t.same((await list(gateway.url, headers, servers)).sort(), [...may].sort(), `${way} shows what may be called`);
      const done: string[] = [];
      for (const each of everything) {
        const [server = '', tool = ''] = each.split('/');
        const outcome = await call(gateway.url, headers, server, tool);
        if (outcome === 'done') done.push(each);
        // A server that is forbidden is not there on endpoints of several.
        else if (outcome !== 'denied' && !(outcome === 'unknown' && way.endsWith(' /mcp'))) t.fail(`${way} ${each}: ${outcome}`);
      }
      t.same(done.sort(), [...may].sort(), `${way} lets it call that`);
    }
  });
}

t.test('tokens that are no good', async (t) => {
  const expired = newToken(folder, { name: 'short', class: 'destructive', expiresAt: Date.now() + 1500 });
  t.equal(await waysIn['stateless /mcp']?.call(gateway.url, bearer(expired), 'alpha', 'read_it'), 'done', 'good at first');
  await new Promise((resolve) => setTimeout(resolve, 1600));
  const wrong: [what: string, authorization: string, error: RegExp][] = [
    ['expired', `Bearer ${expired}`, /it has expired/],
    ['never issued', `Bearer sy_${'A'.repeat(43)}`, /not known/],
    ['cut short', `Bearer ${expired.slice(0, -1)}`, /not known/],
    ['a JWT without OAuth', 'Bearer eyJhbGciOiJub25lIn0.e30.', /not known/],
    ['empty', 'Bearer ', /must be "Bearer" and a token/],
    ['no token', 'Bearer', /must be "Bearer" and a token/],
    ['two tokens', `Bearer ${expired}, Bearer ${expired}`, /must be "Bearer" and a token/],
    ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`, /must be "Bearer" and a token/],
  ];
  for (const [what, authorization, error] of wrong) {
    for (const [way, { call, list }] of Object.entries(waysIn)) {
      t.equal(await call(gateway.url, { authorization }, 'alpha', 'read_it'), 'refused', `${what}: ${way}`);
      t.same(await list(gateway.url, { authorization }, servers), [], `${what}: ${way} lists nothing`);
    }
    for (const path of ['/metrics', '/api/servers', '/openapi.json', '/nowhere', '/mcp/nowhere']) {
      const answer = await send(`${gateway.url}${path}`, { method: 'GET', headers: { authorization } });
      t.equal(answer.status, 401, `${what}: ${path}`);
      t.match(answer.headers['www-authenticate'], /^Bearer error="invalid_token", error_description="/, what);
      t.match(JSON.parse(answer.text).detail, error, what);
    }
    t.equal(
      (await send(`${gateway.url}/health/live`, { method: 'GET', headers: { authorization } })).status,
      200,
      'health is open',
    );
  }
});

t.test('the scheme may be written in any case', async (t) => {
  const token = newToken(folder, { name: 'case', class: 'read' });
  for (const scheme of ['bearer', 'BEARER', 'BeArEr']) {
    const { status } = await send(
      `${gateway.url}/mcp`,
      modern('tools/list', {}, { headers: { authorization: `${scheme} ${token}` } }),
    );
    t.equal(status, 200, scheme);
  }
});

t.test('calls per minute', async (t) => {
  for (const [way, { call }] of Object.entries(waysIn)) {
    const headers = bearer(newToken(folder, { name: `rate-${way.replace(/\W+/g, '-')}`, class: 'read', ratePerMinute: 3 }));
    const outcomes = [];
    for (let i = 0; i < 5; i++) outcomes.push(await call(gateway.url, headers, 'alpha', 'read_it'));
    t.same(outcomes, ['done', 'done', 'done', 'limited', 'limited'], way);
  }
  const headers = bearer(newToken(folder, { name: 'rate-header', class: 'read', ratePerMinute: 1 }));
  const call = () =>
    send(`${gateway.url}/api/tools/alpha/read_it`, { headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
  await call();
  const limited = await call();
  t.equal(limited.status, 429);
  t.match(limited.headers['retry-after'], /^(59|60)$/);
  t.match(JSON.parse(limited.text).detail, /"token:rate-header" may make 1 calls a minute; try again in (59|60) s/);
  const inBand = await send(`${gateway.url}/mcp/alpha`, modern('tools/call', { name: 'read_it', arguments: {} }, { headers }));
  t.equal(inBand.status, 200, 'on MCP endpoints it is the error of the call');
  t.ok(inBand.last.error?.data.retryAfterMs > 0);
  const outcomes = await Promise.all(
    Array.from({ length: 150 }, () => waysIn['stateless /mcp']?.call(gateway.url, {}, 'alpha', 'read_it')),
  );
  t.same([...new Set(outcomes)], ['done'], 'the anonymous caller on loopback has no limit');
  const usual = bearer(newToken(folder, { name: 'usual', class: 'read' }));
  const many = [];
  for (let i = 0; i < 101; i++) many.push(await waysIn['stateless /mcp']?.call(gateway.url, usual, 'alpha', 'read_it'));
  t.same(many.slice(0, 100), Array(100).fill('done'), '100 by default');
  t.equal(many[100], 'limited');
});

t.test('changing servers is for admins', async (t) => {
  const cases: [name: string, request: Omit<TokenRequest, 'name'>, alpha: number, beta: number, stderr: boolean][] = [
    ['no-admin', { class: 'destructive' }, 403, 403, false],
    ['admin', { admin: true }, 200, 200, true],
    ['admin-of-one', { admin: true, servers: ['beta'], class: 'read' }, 403, 200, true],
  ];
  for (const [name, request, alpha, beta] of cases) {
    const headers = { 'content-type': 'application/json', ...bearer(newToken(folder, { name, ...request })) };
    for (const [server, status] of [
      ['alpha', alpha],
      ['beta', beta],
    ] as const) {
      const url = `${gateway.url}/api/servers/${server}`;
      const patched = await send(url, { method: 'PATCH', headers, body: '{"enabled":true}' });
      t.equal(patched.status, status, `${name} PATCH ${server}`);
      t.equal((await send(`${url}/restart`, { headers })).status, status, `${name} restart ${server}`);
      if (status === 403) t.match(JSON.parse(patched.text).detail, /^"token:[\w-]+" may not (use|change) server "/);
    }
    const unknown = await send(`${gateway.url}/api/servers/none/restart`, { headers });
    t.equal(unknown.status, name === 'admin' ? 404 : 403, `${name}: a server there is not`);
  }
});

t.test('everything else about a server that is forbidden', async (t) => {
  const headers = bearer(newToken(folder, { name: 'only-alpha', servers: ['alpha'], class: 'destructive' }));
  const get = (path: string) => send(`${gateway.url}${path}`, { method: 'GET', headers });
  const { servers: shown } = JSON.parse((await get('/api/servers')).text);
  t.same(
    shown.map(({ name }: { name: string }) => name),
    ['alpha'],
  );
  for (const path of ['/api/servers/beta', '/api/tools?server=beta', '/api/tools/beta/read_it', '/api/openapi/beta.json']) {
    const answer = await get(path);
    t.equal(answer.status, 403, path);
    t.match(JSON.parse(answer.text).detail, '"token:only-alpha" may not use server "beta"', path);
  }
  const none = JSON.parse((await get('/api/tools/gamma/read_it')).text).detail;
  t.match(none, 'may not use server "gamma"', 'what is not there is answered like what is forbidden');
  t.notMatch(JSON.parse((await get('/api/tools/alpha/wipe')).text).detail, 'beta');

  const ask = async (path: string, method: string, params: Record<string, unknown> = {}) =>
    (await send(`${gateway.url}${path}`, modern(method, params, { headers }))).last;
  const forbidden = await send(`${gateway.url}/mcp/beta`, modern('tools/list', {}, { headers }));
  t.equal(forbidden.status, 403);
  t.match(forbidden.last.error, { message: '"token:only-alpha" may not use server "beta"', data: { denied: true } });
  t.match((await ask('/mcp', 'prompts/list')).result.prompts, [{ name: 'alpha__hello' }]);
  t.equal((await ask('/mcp', 'prompts/list')).result.prompts.length, 1);
  t.same(
    (await ask('/mcp', 'resources/list')).result.resources.map(({ uri }: { uri: string }) => uri),
    ['thing://one-alpha'],
  );
  t.match((await ask('/mcp', 'prompts/get', { name: 'beta__hello' })).error, { message: /^unknown prompt "beta__hello"/ });
  for (const uri of ['thing://one-beta', 'mcp+beta:thing://one-beta']) {
    t.notMatch(JSON.stringify(await ask('/mcp', 'resources/read', { uri })), 'read from beta', uri);
  }
  t.notMatch(JSON.stringify(await ask('/mcp', 'server/discover')), 'instructions of beta');
  t.match((await ask('/mcp', 'server/discover')).result.instructions, 'instructions of alpha');
  t.same(
    (await ask('/mcp/group/second', 'tools/list')).result.tools.map(({ name }: { name: string }) => name),
    ['result_read'],
  );
  const both = (await ask('/mcp/group/both', 'tools/list')).result.tools as { name: string }[];
  t.ok(both.every(({ name }) => name.startsWith('alpha__') || name === 'result_read'));
  const { problems } = JSON.parse((await get('/health/ready')).text);
  t.same(problems, []);
});

t.test('activity: their own calls, and for admins those on servers they may use', async (t) => {
  const name = (title: string) => `watch-${title}`;
  const token = (title: string, request: Omit<TokenRequest, 'name'>) =>
    bearer(newToken(folder, { name: name(title), ...request }));
  const [own, admin, half] = [
    token('own', { class: 'read' }),
    token('admin', { class: 'read', admin: true }),
    token('half', { class: 'read', admin: true, servers: ['beta'] }),
  ];
  for (const server of servers) {
    await waysIn['stateless /mcp/{server}']?.call(gateway.url, own, server, 'read_it');
    await waysIn['stateless /mcp/{server}']?.call(gateway.url, own, server, 'wipe_it');
  }
  const rows = async (headers: Record<string, string>) => {
    const { text } = await send(`${gateway.url}/api/activity?limit=1000`, { method: 'GET', headers });
    return JSON.parse(text).activity as { caller: string; server: string; outcome: string }[];
  };
  t.match(
    (await rows(own)).map(({ caller, server, outcome }) => `${caller} ${server} ${outcome}`).sort(),
    ['alpha denied', 'alpha ok', 'beta denied', 'beta ok'].map((row) => `token:watch-own ${row}`),
  );
  t.same(new Set((await rows(half)).map(({ server }) => server)), new Set(['beta']));
  t.ok(new Set((await rows(admin)).map(({ caller }) => caller)).size > 5);
});
