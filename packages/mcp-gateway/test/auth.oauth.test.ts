// The gateway as an OAuth resource server: an authorization server's keys, its good tokens, and every way to be a bad one.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import t from 'tap';
import { metadataUrlsOf } from '../src/auth/issuer-keys.ts';
import { bearer, classed, type Outcome, openSessionAs, waysIn } from './fixtures/callers.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, send } from './fixtures/wire.ts';

const publicUrl = 'https://gateway.example.org/tools';
const keys = await generateKeyPair('RS256');
const curve = await generateKeyPair('ES256');
const foreign = await generateKeyPair('RS256');
const secret = new TextEncoder().encode('a secret that both sides would have to know');
let issuer = '';
let asked: string[] = [];
let broken = false;

/** The authorization server, as far as a resource server sees it. */
const authority: Server = createServer(async (request, response) => {
  asked.push(request.url ?? '');
  response.setHeader('content-type', 'application/json');
  if (broken) return response.writeHead(500).end('{}');
  if (request.url === '/tenant/.well-known/openid-configuration')
    return response.end(JSON.stringify({ issuer, jwks_uri: `${new URL(issuer).origin}/keys` }));
  if (request.url !== '/keys') return response.writeHead(404).end('{}');
  const published = [
    { ...(await exportJWK(keys.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(curve.publicKey)), kid: 'curve', use: 'sig' },
  ];
  response.end(JSON.stringify({ keys: published }));
});

let gateway: GatewayProcess;
t.before(async () => {
  await new Promise<void>((resolve) => authority.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(authority.address() as AddressInfo).port}/tenant`;
  const auth = {
    anonymous: 'loopback' as const,
    oauth: { issuer, scopes: { 'mcp:write': 'tools.change' }, ratePerMinute: 10_000 },
  };
  gateway = await startGateway(t, {
    publicUrl: `${publicUrl}/`,
    auth,
    mcpServers: { alpha: classed('alpha'), beta: classed('beta') },
  });
});
t.teardown(() => {
  authority.closeAllConnections();
  authority.close();
});

interface Claims {
  [name: string]: unknown;
}
const seconds = () => Math.floor(Date.now() / 1000);
const good = (): Claims => ({ iss: issuer, aud: publicUrl, sub: 'ada', exp: seconds() + 300, scope: 'mcp:read' });

const sign = (
  claims: Claims,
  header: { alg: string; kid?: string } = { alg: 'RS256', kid: 'rsa' },
  key: CryptoKey | Uint8Array = keys.privateKey,
) => new SignJWT(claims).setProtectedHeader(header).sign(key);

/** Tries a tool with a token made of the good claims and these. */
const attempt = async (path: string, tool: string, claims: Claims = {}) => {
  const { tool: name, args } = { tool, args: { name: tool, arguments: {} } };
  return send(
    `${gateway.url}${path}`,
    modern('tools/call', { ...args, name }, { headers: bearer(await sign({ ...good(), ...claims })) }),
  );
};

t.test('metadata of every resource, for everybody', async (t) => {
  const get = (path: string) => send(`${gateway.url}${path}`, { method: 'GET', headers: { 'x-forwarded-for': '1.2.3.4' } });
  const cases: [path: string, resource: string | undefined][] = [
    ['', publicUrl],
    ['/mcp', `${publicUrl}/mcp`],
    ['/mcp/alpha', `${publicUrl}/mcp/alpha`],
    ['/mcp/nobody-knows', `${publicUrl}/mcp/nobody-knows`],
    ['/mcp/group/work', `${publicUrl}/mcp/group/work`],
    ['/tools', publicUrl],
    ['/tools/mcp/alpha', `${publicUrl}/mcp/alpha`],
    ['/mcp/a/b', undefined],
    ['/mcp/..x', undefined],
    ['/api', undefined],
  ];
  for (const [path, resource] of cases) {
    const { status, text } = await get(`/.well-known/oauth-protected-resource${path}`);
    t.equal(status, resource === undefined ? 404 : 200, path);
    if (resource !== undefined)
      t.same(JSON.parse(text), {
        resource,
        authorization_servers: [issuer],
        scopes_supported: ['mcp:read', 'tools.change', 'mcp:destructive', 'mcp:admin'],
        bearer_methods_supported: ['header'],
        resource_name: 'Switchyard MCP gateway',
      });
  }
});

t.test('the challenge leads to the metadata of its endpoint', async (t) => {
  const base = 'https://gateway.example.org/.well-known/oauth-protected-resource/tools';
  for (const [path, suffix] of [
    ['/mcp', '/mcp'],
    ['/mcp/alpha', '/mcp/alpha'],
    ['/mcp/group/x', '/mcp/group/x'],
    ['/api/servers', ''],
  ] as const) {
    const { status, headers } = await send(
      `${gateway.url}${path}`,
      modern('tools/list', {}, { headers: { 'x-forwarded-for': '1' } }),
    );
    t.equal(status, 401);
    t.equal(headers['www-authenticate'], `Bearer scope="mcp:read", resource_metadata="${base}${suffix}"`, path);
    const wrong = await send(`${gateway.url}${path}`, modern('tools/list', {}, { headers: bearer('a.b.c') }));
    t.match(
      wrong.headers['www-authenticate'],
      `Bearer error="invalid_token", error_description="its signature could not be verified", resource_metadata="${base}${suffix}"`,
    );
  }
});

t.test('the keys are found through the issuer, once', async (t) => {
  t.same(metadataUrlsOf('https://as.example.org'), [
    'https://as.example.org/.well-known/oauth-authorization-server',
    'https://as.example.org/.well-known/openid-configuration',
  ]);
  t.same(metadataUrlsOf('https://as.example.org/tenant/'), [
    'https://as.example.org/.well-known/oauth-authorization-server/tenant',
    'https://as.example.org/.well-known/openid-configuration/tenant',
    'https://as.example.org/tenant/.well-known/openid-configuration',
  ]);
  asked = [];
  for (let i = 0; i < 5; i++) t.equal((await attempt('/mcp/alpha', 'read_it', { jti: String(i) })).status, 200);
  t.ok(asked.filter((url) => url === '/keys').length <= 1);
});

t.test('tokens that are no good', async (t) => {
  const token = await sign(good());
  const [header = '', payload = '', signature = ''] = token.split('.');
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const rsaAsMac = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)));
  const cases: [what: string, token: string, why: RegExp][] = [
    ['another audience', await sign({ ...good(), aud: 'https://other.example.org' }), /its "aud" is not/],
    ['no audience', await sign({ ...good(), aud: undefined }), /its "aud" is/],
    ['the audience of another endpoint', await sign({ ...good(), aud: `${publicUrl}/mcp/beta` }), /its "aud" is not/],
    ['an audience that only begins right', await sign({ ...good(), aud: `${publicUrl}/mcp/alphabet` }), /its "aud" is not/],
    ['another issuer', await sign({ ...good(), iss: 'https://evil.example.org' }), /its "iss" is not/],
    ['an issuer with a slash', await sign({ ...good(), iss: `${issuer}/` }), /its "iss" is not/],
    ['no issuer', await sign({ ...good(), iss: undefined }), /its "iss" is/],
    ['expired', await sign({ ...good(), exp: seconds() - 120 }), /has expired/],
    ['without an end', await sign({ ...good(), exp: undefined }), /its "exp" is missing/],
    ['not valid yet', await sign({ ...good(), nbf: seconds() + 300 }), /not valid yet/],
    ['without a subject', await sign({ ...good(), sub: undefined }), /names no subject/],
    ['bound to a key', await sign({ ...good(), cnf: { jkt: 'x' } }), /bound to a key/],
    ['alg none', new UnsecuredJWT(good()).encode(), /of a kind not accepted/],
    ['alg none with a signature', `${encode({ alg: 'none' })}.${payload}.${signature}`, /of a kind not accepted/],
    ['a MAC', await sign(good(), { alg: 'HS256' }, secret), /of a kind not accepted/],
    ['a MAC with the public key', await sign(good(), { alg: 'HS256', kid: 'rsa' }, rsaAsMac), /of a kind not accepted/],
    [
      "somebody else's key",
      await sign(good(), { alg: 'RS256', kid: 'rsa' }, foreign.privateKey),
      /signature could not be verified/,
    ],
    ['an unknown key', await sign(good(), { alg: 'RS256', kid: 'new' }, foreign.privateKey), /signature could not be verified/],
    ['altered', `${header}.${encode({ ...good(), scope: 'mcp:destructive' })}.${signature}`, /signature could not be verified/],
    ['cut short', token.slice(0, -10), /signature could not be verified/],
    ['no JSON', 'a.b.c', /signature could not be verified/],
    [
      'a key of its own',
      await new SignJWT(good())
        .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(foreign.publicKey) })
        .sign(foreign.privateKey),
      /signature could not be verified/,
    ],
  ];
  for (const [what, wrong, why] of cases) {
    for (const [way, { call }] of Object.entries(waysIn))
      t.equal(await call(gateway.url, bearer(wrong), 'alpha', 'read_it'), 'refused' satisfies Outcome, `${what}: ${way}`);
    const answer = await send(`${gateway.url}/mcp/alpha`, modern('tools/list', {}, { headers: bearer(wrong) }));
    t.match(JSON.parse(answer.text).detail, why, what);
    t.match(answer.headers['www-authenticate'], /^Bearer error="invalid_token", .*resource_metadata="/, what);
    t.notMatch(answer.text, signature);
  }
});

t.test('tokens that are good', async (t) => {
  const status = async (path: string, token: string) =>
    (await send(`${gateway.url}${path}`, modern('tools/call', { name: 'read_it', arguments: {} }, { headers: bearer(token) })))
      .status;
  t.equal(await status('/mcp/alpha', await sign(good())), 200, 'for the whole gateway');
  t.equal(await status('/mcp/alpha', await sign({ ...good(), aud: `${publicUrl}/` })), 200, 'with a slash');
  t.equal(
    await status('/mcp/alpha', await sign({ ...good(), aud: ['https://x.example.org', `${publicUrl}/mcp/alpha`] })),
    200,
    'for this endpoint',
  );
  t.equal(await status('/mcp/beta', await sign({ ...good(), aud: `${publicUrl}/mcp/alpha` })), 401, 'and no other');
  t.equal(await status('/mcp/alpha', await sign({ ...good(), exp: seconds() - 30 })), 200, 'within a minute of its end');
  t.equal(await status('/mcp/alpha', await sign({ ...good(), nbf: seconds() + 30 })), 200, 'and of its beginning');
  t.equal(
    await status('/mcp/alpha', await sign(good(), { alg: 'ES256', kid: 'curve' }, curve.privateKey)),
    200,
    'another kind of key',
  );
  t.equal(await status('/mcp/alpha', await sign({ ...good(), scope: undefined, scp: ['mcp:read'] })), 200, 'scopes as a list');
  t.equal(await status('/mcp/alpha', await sign({ ...good(), sub: undefined, client_id: 'robot' })), 200, 'a client of its own');
});

t.test('what scopes allow', async (t) => {
  const reading = ['read_it', 'settled', 'noise', 'env'];
  const writing = [...reading, 'write_it'];
  const all = [...writing, 'wipe_it', 'plain'];
  const of = (server: string, tools: readonly string[]) => tools.map((tool) => `${server}/${tool}`);
  const cases: [scope: string, may: string[]][] = [
    ['mcp:read', [...of('alpha', reading), ...of('beta', reading)]],
    ['tools.change', [...of('alpha', writing), ...of('beta', writing)]],
    ['openid mcp:destructive profile', [...of('alpha', all), ...of('beta', all)]],
    ['mcp:read mcp:server:alpha', of('alpha', reading)],
    ['tools.change mcp:server:beta mcp:server:alpha', [...of('alpha', writing), ...of('beta', writing)]],
    ['mcp:read mcp:server:*', []],
    ['mcp:read mcp:write', [...of('alpha', reading), ...of('beta', reading)]],
  ];
  for (const [scope, may] of cases) {
    const headers = bearer(await sign({ ...good(), scope }));
    for (const [way, { list, call }] of Object.entries(waysIn)) {
      t.same((await list(gateway.url, headers, ['alpha', 'beta'])).sort(), [...may].sort(), `${scope}: ${way}`);
      for (const tool of ['alpha/plain', 'beta/write_it']) {
        const [server = '', name = ''] = tool.split('/');
        const outcome = await call(gateway.url, headers, server, name);
        t.equal(outcome === 'done', may.includes(tool), `${scope}: ${way}: ${tool} ${outcome}`);
      }
    }
  }
});

t.test('what is missing is said', async (t) => {
  const metadata = (suffix: string) =>
    `resource_metadata="https://gateway.example.org/.well-known/oauth-protected-resource/tools${suffix}"`;
  const cases: [claims: Claims, path: string, tool: string, scope: string][] = [
    [{ scope: 'mcp:read' }, '/mcp/alpha', 'write_it', 'tools.change'],
    [{ scope: 'mcp:read' }, '/mcp/alpha', 'plain', 'mcp:destructive'],
    [{ scope: 'mcp:read mcp:server:alpha' }, '/mcp/alpha', 'wipe_it', 'mcp:destructive mcp:server:alpha'],
    [{ scope: 'mcp:read mcp:server:alpha' }, '/mcp/beta', 'read_it', 'mcp:read mcp:server:beta'],
    [{ scope: 'openid' }, '/mcp/alpha', 'read_it', 'mcp:read'],
    [{ scope: undefined }, '/mcp/alpha', 'read_it', 'mcp:read'],
  ];
  for (const [claims, path, tool, scope] of cases) {
    const answer = await attempt(path, tool, claims);
    t.equal(answer.status, 403, `${claims.scope} ${path} ${tool}`);
    t.equal(answer.headers['www-authenticate'], `Bearer error="insufficient_scope", scope="${scope}", ${metadata(path)}`);
  }
  const headers = bearer(await sign(good()));
  const session = await openSessionAs(`${gateway.url}/mcp`, headers);
  const old = await send(`${gateway.url}/mcp`, legacy('tools/call', { name: 'alpha__write_it', arguments: {} }, session));
  t.equal(old.status, 403, 'in a session');
  t.match(old.headers['www-authenticate'], 'scope="tools.change"');
  t.match(old.last.error, { message: '"oauth:ada" may not call the write tool "write_it" of server "alpha"' });
  const json = { 'content-type': 'application/json', ...headers };
  const rest = await send(`${gateway.url}/api/tools/alpha/write_it`, { headers: json, body: '{}' });
  t.equal(rest.status, 403, 'over REST');
  t.match(rest.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="tools.change"');
  const admin = await send(`${gateway.url}/api/servers/alpha/restart`, { headers });
  t.equal(admin.status, 403);
  t.match(admin.headers['www-authenticate'], 'scope="mcp:read mcp:admin"');
  t.equal(
    (
      await send(`${gateway.url}/api/servers/alpha/restart`, {
        headers: bearer(await sign({ ...good(), scope: 'mcp:read mcp:admin' })),
      })
    ).status,
    200,
  );
});

t.test('an authorization server that does not answer', async (t) => {
  const other = await startGateway(t, { publicUrl, auth: { oauth: { issuer } }, mcpServers: {} }, { wait: false });
  broken = true;
  const token = await sign(good());
  const ask = () => send(`${other.url}/mcp`, modern('tools/list', {}, { headers: bearer(token) }));
  const down = await ask();
  t.equal(down.status, 503, 'says nothing about the token');
  t.match(down.headers['retry-after'], '5');
  t.match(JSON.parse(down.text).detail, /tokens cannot be checked just now: the keys of .* were not found/);
  broken = false;
  t.equal((await ask()).status, 200, 'and it is tried again');
});
