// 1Password Connect and Infisical against servers that speak their REST APIs as documented.
import t, { type Test } from 'tap';
import { openSource } from '../src/secrets.ts';
import { contextFor, type Seen, sendJson, serveJson } from './fixtures/answering.ts';

const planted = 'ghp_planted_value_1';

async function serveConnect(t: Test) {
  return serveJson(t, ({ path, headers }, response) => {
    if (headers.authorization !== 'Bearer connect-token-1') {
      return sendJson(response, 401, { status: 401, message: `Invalid bearer token: ${headers.authorization}` });
    }
    const { pathname, searchParams } = new URL(path, 'http://connect');
    switch (pathname) {
      case '/v1/vaults':
        return sendJson(
          response,
          200,
          searchParams.get('filter') === 'name eq "MCP servers"' ? [{ id: 'v1', name: 'MCP servers' }] : [],
        );
      case '/v1/vaults/v1/items':
        return sendJson(response, 200, [{ id: 'i1', title: 'github' }]);
      case '/v1/vaults/v1/items/i1':
        return sendJson(response, 200, {
          id: 'i1',
          title: 'github',
          fields: [
            { id: 'a', label: 'token', type: 'CONCEALED', value: planted },
            { id: 'b', label: 'host', type: 'URL', value: 'https://github.example.org' },
            { id: 'c', label: 'key', type: 'CONCEALED', value: 'k-2', section: { id: 's', label: 'ci' } },
            { id: 'd', type: 'STRING', label: 'empty' },
            { id: 'notesPlain', purpose: 'NOTES', value: 'x' },
          ],
        });
      default:
        return sendJson(response, 404, { status: 404, message: 'not found' });
    }
  });
}

t.test('Connect', async (t) => {
  const { url, seen } = await serveConnect(t);
  const context = contextFor(t, { OP_CONNECT_HOST: `${url}/`, OP_CONNECT_TOKEN: 'connect-token-1' });
  const source = openSource('op-connect:MCP servers', context);
  t.same(await source.list(), ['github/token', 'github/host', 'github/ci/key', 'github/empty']);
  t.match(await source.read('github/token'), {
    value: planted,
    secret: true,
    origin: '1Password Connect, vault MCP servers, github/token',
  });
  t.match(await source.read('github/host'), { value: 'https://github.example.org', secret: false });
  await t.rejects(source.read('github/empty'), { name: 'SecretUnusableError' });
  await t.rejects(source.read('github/none'), { name: 'SecretMissingError' });
  t.equal(seen.length, 3, 'everything is asked for once');
  t.equal(context.secrets.mask(planted), '•••');

  await t.rejects(openSource('op-connect:Other', context).list(), { name: 'SecretMissingError', message: /no such vault/ });
  const wrong = contextFor(t, { OP_CONNECT_HOST: url, OP_CONNECT_TOKEN: 'wrong-token-1' });
  await t.rejects(openSource('op-connect:x', wrong).list(), {
    name: 'SourceRefusedError',
    message: /Bearer •••/,
    remedy: /OP_CONNECT_TOKEN/,
  });
  const none = contextFor(t, { OP_CONNECT_HOST: url });
  await t.rejects(openSource('op-connect:x', none).list(), { message: /OP_CONNECT_TOKEN is not set/ });
  const away = contextFor(t, { OP_CONNECT_HOST: 'http://127.0.0.1:1', OP_CONNECT_TOKEN: 'x' });
  await t.rejects(openSource('op-connect:x', away).list(), { name: 'SourceUnreachableError' });
});

t.test('Connect: statuses', async (t) => {
  for (const [status, name] of [
    [403, 'SourceRefusedError'],
    [429, 'SourceRateLimitError'],
    [500, 'SourceAnswerError'],
  ] as const) {
    const { url } = await serveJson(t, (_, response) => sendJson(response, status, { status, message: 'because' }));
    const context = contextFor(t, { OP_CONNECT_HOST: url, OP_CONNECT_TOKEN: 'connect-token-1' });
    await t.rejects(openSource('op-connect:x', context).list(), { name, message: /because/ }, String(status));
  }
});

async function serveInfisical(t: Test, tokens: Set<string>) {
  let made = 0;
  return serveJson(t, ({ method, path, headers, body }: Seen, response) => {
    if (method === 'POST' && path === '/api/v1/auth/universal-auth/login') {
      const { clientId, clientSecret } = JSON.parse(body) as { clientId: string; clientSecret: string };
      if (clientId !== 'id-1' || clientSecret !== 'client-secret-1') {
        return sendJson(response, 401, {
          statusCode: 401,
          message: `Invalid credentials ${clientSecret}`,
          error: 'Unauthorized',
          reqId: 'req-9',
        });
      }
      const accessToken = `access-token-${++made}`;
      tokens.add(accessToken);
      return sendJson(response, 200, { accessToken, expiresIn: 7200, accessTokenMaxTTL: 7200, tokenType: 'Bearer' });
    }
    if (!tokens.has((headers.authorization ?? '').replace('Bearer ', ''))) {
      return sendJson(response, 401, { statusCode: 401, message: 'Token expired', reqId: 'req-8' });
    }
    const { pathname, searchParams } = new URL(path, 'http://infisical');
    const right =
      pathname === '/api/v3/secrets/raw' &&
      searchParams.get('workspaceId') === 'p1' &&
      searchParams.get('secretPath') === '/mcp/x';
    if (!right)
      return sendJson(response, 404, { statusCode: 404, message: 'Folder not found', error: 'NotFound', reqId: 'req-7' });
    sendJson(response, 200, {
      secrets: [{ secretKey: 'GITHUB_TOKEN', secretValue: planted, version: 1 }],
      imports: [
        {
          secrets: [
            { secretKey: 'GITHUB_TOKEN', secretValue: 'imported' },
            { secretKey: 'LINEAR', secretValue: 'lin_1' },
          ],
        },
      ],
    });
  });
}

t.test('Infisical', async (t) => {
  const tokens = new Set<string>();
  const { url, seen } = await serveInfisical(t, tokens);
  const env = {
    INFISICAL_API_URL: url,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: 'id-1',
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: 'client-secret-1',
  };
  const context = contextFor(t, env);
  const source = openSource('infisical:p1/prod/mcp/x', context);
  t.same(await source.list(), ['GITHUB_TOKEN', 'LINEAR']);
  t.match(await source.read('GITHUB_TOKEN'), { value: planted, secret: true }, 'its own wins over the imported one');
  t.equal(source.referenceTo('GITHUB_TOKEN'), '${env:GITHUB_TOKEN}');
  t.equal(seen.length, 2);
  t.match(seen[1]?.path, /environment=prod/);
  t.equal(context.secrets.mask(`${planted} client-secret-1 access-token-1`), '••• ••• •••');
  await t.rejects(source.read('NONE'), { name: 'SecretMissingError' });
  await t.rejects(openSource('infisical:p1/prod/other', context).list(), {
    name: 'SecretMissingError',
    message: /Folder not found, request req-7/,
  });

  const wrong = contextFor(t, { ...env, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: 'wrong-secret-1' });
  await t.rejects(openSource('infisical:p1/prod', wrong).list(), {
    name: 'SourceRefusedError',
    message: /Invalid credentials •••, request req-9/,
  });
  const none = contextFor(t, { INFISICAL_API_URL: url });
  await t.rejects(openSource('infisical:p1/prod', none).list(), { message: /INFISICAL_UNIVERSAL_AUTH_CLIENT_ID is not set/ });
  t.throws(() => openSource('infisical:p1', context), { message: /PROJECT_ID/ });
});

t.test('Infisical: a token that ended early is replaced once; a given one is not', async (t) => {
  const tokens = new Set<string>();
  const { url, seen } = await serveInfisical(t, tokens);
  const env = {
    INFISICAL_API_URL: url,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: 'id-1',
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: 'client-secret-1',
  };
  tokens.add = function add(token) {
    return token === 'access-token-1' ? this : Set.prototype.add.call(this, token);
  };
  t.same(await openSource('infisical:p1/prod/mcp/x', contextFor(t, env)).list(), ['GITHUB_TOKEN', 'LINEAR']);
  t.equal(seen.filter(({ method }) => method === 'POST').length, 2);
  const given = contextFor(t, { INFISICAL_API_URL: url, INFISICAL_TOKEN: 'given-token-1' });
  await t.rejects(openSource('infisical:p1/prod/mcp/x', given).list(), { name: 'SourceRefusedError', message: /Token expired/ });
  for (const [status, name] of [
    [400, 'SourceInputError'],
    [403, 'SourceRefusedError'],
    [429, 'SourceRateLimitError'],
    [500, 'SourceAnswerError'],
  ] as const) {
    const { url } = await serveJson(t, (_, response) => sendJson(response, status, { statusCode: status, message: 'because' }));
    const context = contextFor(t, { INFISICAL_API_URL: url, INFISICAL_TOKEN: 'given-token-1' });
    await t.rejects(openSource('infisical:p1/prod', context).list(), { name, message: /because/ }, String(status));
  }
});
