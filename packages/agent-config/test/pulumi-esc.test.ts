// Pulumi ESC against a server that speaks its REST API: values, sessions, errors, and what must not be said.
import t, { type Test } from 'tap';
import { parseEscAddress } from '../src/secrets/pulumi-esc/address.ts';
import { readEvaluated } from '../src/secrets/pulumi-esc/evaluated.ts';
import { escSource } from '../src/secrets/pulumi-esc/source.ts';
import { type SourceContext, SourceError } from '../src/secrets.ts';
import { contextFor, sendJson, serveJson } from './fixtures/answering.ts';
import { type FakeEsc, serveEsc } from './fixtures/esc-server.ts';

const text = (value: unknown, more: object = {}) => ({ value, trace: {}, ...more });
const secret = (value: unknown) => text(value, { secret: true });
const planted = 'gong-secret-value-1';

const properties = {
  environmentVariables: text({
    GONG_ACCESS_KEY: secret(planted),
    QDRANT_URL: text('https://q.example.org:6333'),
    PORT: text(6333),
    ENABLED: text(true),
    NOTHING: text(null),
    NESTED: text({ a: text('b') }),
    LIST: text([text('a')]),
    LATER: { unknown: true, trace: {} },
    value: text('a key with this very name'),
  }),
  files: text({ KUBECONFIG: secret('apiVersion: v1\nkind: Config\n') }),
  pulumiConfig: text({ x: text('y') }),
  free: text({ deep: secret('x') }),
};

async function setUp(t: Test, env: NodeJS.ProcessEnv = {}): Promise<{ esc: FakeEsc; context: SourceContext }> {
  const esc = await serveEsc(t);
  esc.environments.set('acme/mcp/prod', properties);
  const context = contextFor(t, { PULUMI_ACCESS_TOKEN: esc.token, PULUMI_BACKEND_URL: esc.url, ...env });
  return { esc, context };
}

/** What `action` throws, which must be a SourceError; its text is checked for what was planted. */
async function thrown(t: Test, action: () => Promise<unknown>): Promise<SourceError> {
  const error = await action().then(
    () => t.fail('it should have thrown'),
    (error: unknown) => error,
  );
  t.type(error, SourceError);
  t.notMatch(`${(error as Error).stack}`, /pul-0123|gong-secret/, 'nothing secret is said');
  return error as SourceError;
}

t.test('values, their marks, and what is not one', async (t) => {
  const { esc, context } = await setUp(t);
  const source = escSource('acme/mcp/prod', context);
  t.same(await source.list(), [
    ...['GONG_ACCESS_KEY', 'QDRANT_URL', 'PORT', 'ENABLED', 'NOTHING', 'NESTED', 'LIST', 'LATER', 'value', 'files.KUBECONFIG'],
  ]);
  const origin = (name: string) => `Pulumi ESC acme/mcp/prod, environmentVariables.${name}`;
  t.same(await source.read('GONG_ACCESS_KEY'), { value: planted, secret: true, origin: origin('GONG_ACCESS_KEY') });
  t.same(await source.read('QDRANT_URL'), { value: 'https://q.example.org:6333', secret: false, origin: origin('QDRANT_URL') });
  t.match(await source.read('PORT'), { value: '6333', secret: false });
  t.match(await source.read('ENABLED'), { value: 'true' });
  t.match(await source.read('value'), { value: 'a key with this very name' });
  t.match(await source.read('files.KUBECONFIG'), { value: 'apiVersion: v1\nkind: Config\n', secret: true }, 'a file stays whole');
  t.match(context.secrets.mask(`x ${planted} y`), 'x ••• y', 'known to the mask');
  t.match(context.secrets.mask('https://q.example.org:6333'), 'https://q.example.org:6333', 'and this needs none');
  for (const [name, problem] of [
    ['LATER', /not be computed/],
    ['NESTED', /is an object/],
    ['LIST', /is a list/],
    ['NOTHING', /is null/],
    ['MISSING', /no such property/],
  ] as const) {
    t.match(await thrown(t, () => source.read(name)), { problem, origin: origin(name), remedy: /esc env/ });
  }
  t.equal(source.referenceTo('QDRANT_URL'), '${env:QDRANT_URL}');
  t.equal(source.referenceTo('files.KUBECONFIG'), undefined);

  t.same(
    esc.seen.map(({ method, path }) => `${method} ${path.replace(/session-.*/, 'S')}`),
    ['POST /api/esc/environments/acme/mcp/prod/open?duration=15m0s', 'GET /api/esc/environments/acme/mcp/prod/open/S'],
    'opened and read once',
  );
  t.match(esc.seen[0]?.headers, {
    authorization: `token ${esc.token}`,
    accept: 'application/vnd.pulumi+8',
    'user-agent': 'switchyard',
  });
});

t.test('a secret object makes its members secret, and what is unknown is not empty', async (t) => {
  const marked = readEvaluated({
    properties: { environmentVariables: { value: { A: text('a'), B: text('b', { secret: false }) }, secret: true } },
  });
  t.same(typeof marked !== 'string' && [...marked.variables.values()].map((one) => one.secret), [true, true]);
  t.same(readEvaluated({ properties: {} }), { variables: new Map(), files: new Map() });
  t.match(
    readEvaluated({ properties: { environmentVariables: { unknown: true } } }),
    /"environmentVariables" could not be computed/,
  );
  t.match(readEvaluated({ properties: { files: text('x') } }), /"files" is not an object/);
  t.match(readEvaluated({ properties: { environmentVariables: 3 } }), /does not know/);
  t.match(readEvaluated({ properties: 'x' }), /"properties"/);
});

t.test('addresses', async (t) => {
  const cases: [string, object][] = [
    ['acme/mcp/prod', { organization: 'acme', project: 'mcp', environment: 'prod', version: undefined }],
    ['acme/mcp/prod@12', { environment: 'prod', version: '12' }],
    ['acme/mcp/prod@stable', { version: 'stable' }],
    ['acme/prod', { project: 'default', environment: 'prod' }],
  ];
  for (const [address, expected] of cases) t.match(parseEscAddress(address), expected, address);
  for (const wrong of ['', 'acme', 'acme/', 'a/b/c/d', 'a/b/c@', 'a/b/c@1@2', 'a/../c', 'a/b c/d', 'https://x/y/z']) {
    t.throws(() => parseEscAddress(wrong), { name: 'SourceInputError', remedy: /org\/project\/environment/ }, wrong);
  }
});

t.test('a version is opened by its own path', async (t) => {
  const { esc, context } = await setUp(t);
  esc.environments.set('acme/mcp/prod@stable', { environmentVariables: text({ A: text('old') }) });
  t.match(await escSource('acme/mcp/prod@stable', context).read('A'), { value: 'old' });
  t.match(esc.seen[0]?.path, /\/prod\/versions\/stable\/open\?/);
});

t.test('a session that has ended is opened once more, and only once', async (t) => {
  const { esc, context } = await setUp(t);
  const source = escSource('acme/mcp/prod', context);
  await source.list();
  t.equal(await source.refresh(), true, 'nothing to compare with yet');
  t.equal(await source.refresh(), false);
  esc.sessions.clear();
  esc.etags.set('acme/mcp/prod', '"2"');
  esc.environments.set('acme/mcp/prod', { environmentVariables: text({ NEW: text('n') }) });
  t.equal(await source.refresh(), true);
  t.same(await source.list(), ['NEW']);
  t.equal(esc.seen.filter(({ method }) => method === 'POST').length, 2);

  esc.sessions.clear();
  esc.etags.set('acme/mcp/prod', '"3"');
  await source.refresh();
  const opened = esc.seen.filter(({ method }) => method === 'POST').length;
  esc.next.push({ when: '/open/session', status: 404, body: {} }, { when: '/open/session', status: 404, body: {} });
  t.match(await thrown(t, () => source.list()), { name: 'SecretMissingError' }, 'a second ending is an error');
  t.equal(esc.seen.filter(({ method }) => method === 'POST').length, opened + 1);

  esc.environments.delete('acme/mcp/prod');
  t.match(await thrown(t, () => source.refresh()), { name: 'SecretMissingError' });
});

t.test('every refusal says what and what to do', async (t) => {
  const diagnostics = [
    {
      range: { environment: 'mcp/base', begin: { line: 4, column: 7, byte: 90 }, end: { line: 4, column: 9, byte: 92 } },
      summary: 'unknown property "aws"',
      detail: 'known: gcp',
      severity: 'error',
    },
  ];
  const cases: [status: number, body: unknown, error: object][] = [
    [
      400,
      { code: 400, message: 'Bad Request', diagnostics },
      { name: 'SourceInputError', problem: /mcp\/base:4:7: error: unknown property "aws": known: gcp/ },
    ],
    [401, { code: 401, message: 'Unauthorized: bad' }, { name: 'SourceRefusedError', remedy: /PULUMI_ACCESS_TOKEN/ }],
    [403, { code: 403, message: 'Forbidden' }, { name: 'SourceRefusedError', remedy: /owner of the token/ }],
    [404, { code: '404', message: 'Not Found: environment' }, { name: 'SecretMissingError', problem: /Not Found: environment/ }],
    [409, { code: 409, message: 'Conflict' }, { name: 'SourceConflictError', remedy: /read it again/ }],
    [429, { code: 429, message: 'Too many' }, { name: 'SourceRateLimitError' }],
    [500, { code: 500, message: 'boom' }, { name: 'SourceUnreachableError', problem: /X-Pulumi-Request-ID r-1/ }],
    [418, {}, { name: 'SourceAnswerError', problem: 'answered 418, X-Pulumi-Request-ID r-1' }],
  ];
  for (const [status, body, error] of cases) {
    const { esc, context } = await setUp(t);
    esc.next.push({ when: '/open', status, body, headers: { 'x-pulumi-request-id': 'r-1' } });
    t.match(await thrown(t, () => escSource('acme/mcp/prod', context).list()), error, String(status));
    t.equal(esc.seen.filter(({ method }) => method === 'POST').length, 1, `${status}: opening is not repeated`);
  }
});

t.test('a wrong token is not repeated by the message', async (t) => {
  const { context } = await setUp(t, { PULUMI_ACCESS_TOKEN: 'pul-0123-wrong-and-echoed' });
  t.match(await thrown(t, () => escSource('acme/mcp/prod', context).list()), { problem: /token •••/ });
});

t.test('a name that is nearly right is suggested, from any page of the list', async (t) => {
  const { esc, context } = await setUp(t);
  esc.pageSize = 1;
  esc.environments.set('acme/mcp/staging', {});
  t.match(await thrown(t, () => escSource('acme/mcp/stagin', context).list()), { problem: /did you mean "mcp\/staging"/ });
  t.equal(esc.seen.filter(({ path }) => path.includes('continuationToken=1')).length, 1);
});

t.test('reading is repeated when the server stumbles', async (t) => {
  const { esc, context } = await setUp(t);
  for (const status of [502, 503]) esc.next.push({ when: '/open/session', status, body: {} });
  t.equal((await escSource('acme/mcp/prod', context).list())?.length, 10);
  t.equal(esc.seen.length, 4);
});

t.test('nobody there, and somebody who never answers', async (t) => {
  const silent = await serveJson(t, () => {});
  const cases: [NodeJS.ProcessEnv, RegExp][] = [
    [{ PULUMI_BACKEND_URL: 'http://127.0.0.1:1' }, /127\.0\.0\.1:1.*nothing listens there/],
    [{ PULUMI_BACKEND_URL: silent.url }, /no answer within 0\.2 s/],
  ];
  for (const [env, problem] of cases) {
    const context = contextFor(t, { PULUMI_ACCESS_TOKEN: 'pul-0123456789abcdef', ...env }, 200);
    t.match(await thrown(t, () => escSource('acme/mcp/prod', context).list()), { name: 'SourceUnreachableError', problem });
  }
  t.equal(silent.seen.length, 1, 'opening is not repeated');
});

t.test('strange answers', async (t) => {
  for (const body of ['[]', '"x"', '<html>', '{}', '{"id":""}']) {
    const { url } = await serveJson(t, (_, response) => void response.end(body));
    const context = contextFor(t, { PULUMI_ACCESS_TOKEN: 'pul-0123456789abcdef', PULUMI_BACKEND_URL: url });
    t.match(await thrown(t, () => escSource('acme/mcp/prod', context).list()), { name: 'SourceAnswerError' }, body);
  }
  for (const url of ['nonsense', 'ftp://x', 'https://user:pass@api.example.org']) {
    t.throws(() => escSource('acme/mcp/prod', contextFor(t, { PULUMI_BACKEND_URL: url })), { message: /^PULUMI_BACKEND_URL: / });
  }
});

t.test('without a token, and with the identity of a workflow', async (t) => {
  const { esc, context } = await setUp(t, { PULUMI_ACCESS_TOKEN: '' });
  t.match(await thrown(t, () => escSource('acme/mcp/prod', context).list()), { remedy: /PULUMI_ACCESS_TOKEN.*id-token: write/ });

  const github = await serveJson(t, ({ headers }, response) =>
    sendJson(response, headers.authorization === 'Bearer request-token' ? 200 : 401, { value: 'workflow-identity-token' }),
  );
  const env = {
    PULUMI_BACKEND_URL: esc.url,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  };
  t.match(await escSource('acme/mcp/prod', contextFor(t, env)).read('PORT'), { value: '6333' });
  t.match(github.seen[0]?.path, '/token?api-version=2&audience=urn%3Apulumi%3Aorg%3Aacme');
  const form = new URLSearchParams(esc.seen.find(({ path }) => path.includes('oauth'))?.body);
  t.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:token-exchange');
  t.equal(form.get('requested_token_type'), 'urn:pulumi:token-type:access_token:organization');

  const refused = { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'other' };
  t.match(await thrown(t, () => escSource('acme/mcp/prod', contextFor(t, refused)).list()), { remedy: /id-token: write/ });
});
