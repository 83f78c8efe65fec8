// The catalog as data, what is declared from it, and a user's own file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { builtInCatalog, chooseOffer, declareOffer, gatherServers, loadCatalog, normalizeNames } from '../src/catalog.ts';
import { parseDeclaration } from '../src/declaration.ts';
import { targetOf } from '../src/server-entry.ts';

const catalog = builtInCatalog();
const twelve = [
  'lambda-labs',
  'qdrant',
  'openrouter',
  'portkey',
  'mem0',
  'n8n',
  'hubspot',
  'gong',
  'slack',
  'linear',
  'github',
  'estuary-flow',
];

t.test('every service of the design is there, and what is said of it holds together', async (t) => {
  for (const name of twelve) t.ok(catalog.has(name), name);
  for (const [name, { offers, none }] of catalog) {
    t.ok(new Set(offers.map((offer) => offer.name)).size === offers.length, `${name}: offers have names of their own`);
    t.equal(
      none !== undefined,
      !offers.some(({ by, name }) => by !== 'generic' && name !== 'docs'),
      `${name}: says when there is none`,
    );
    for (const { url, command, args = [], headers = {}, env = {}, variables, pinned } of offers) {
      t.not(url === undefined, command === undefined, `${name}: a URL or a program`);
      const used = [url ?? '', ...Object.values(headers), ...Object.values(env)].join(' ').matchAll(/\{([A-Z0-9_]+)\}/g);
      for (const [, variable] of used)
        t.ok(
          variables.some((one) => one.name === variable),
          `${name}: {${variable}} is described`,
        );
      if (command === 'npx' || command === 'uvx') t.equal(/(@|==)\d/.test(args.join(' ')), pinned, `${name}: an exact version`);
      for (const one of variables) t.notOk(one.secret && one.default !== undefined, `${name}: no secret has a default`);
    }
  }
});

t.test('every offer makes a server that the declaration takes', async (t) => {
  for (const [name, entry] of catalog) {
    for (const offer of entry.offers) {
      const { server, missing } = declareOffer(entry, offer, new Map());
      t.doesNotThrow(() => parseDeclaration({ mcpServers: { [name]: server } }, 'test'), `${name} ${offer.name}`);
      t.doesNotThrow(() => targetOf(server), `${name} ${offer.name}`);
      t.equal(
        missing.length > 0,
        offer.variables.some(({ required, oneOf, default: given }) => (required && !given) || oneOf),
        `${name} ${offer.name}`,
      );
    }
  }
});

t.test('values go where the server reads them', async (t) => {
  const declared = (name: string, given: Record<string, string>, offerName?: string) => {
    const entry = catalog.get(name);
    const values = new Map(Object.entries(given));
    const offer = entry && chooseOffer(entry, values, offerName);
    if (!entry || !offer) throw new Error(`no ${name} ${offerName}`);
    return declareOffer(entry, offer, values);
  };
  t.match(declared('github', { GITHUB_PERSONAL_ACCESS_TOKEN: '${env:GH}' }), {
    server: { type: 'http', url: 'https://api.githubcopilot.com/mcp/', headers: { Authorization: 'Bearer ${env:GH}' } },
    missing: [],
  });
  const qdrant = { QDRANT_URL: 'https://q.example.org:6333', QDRANT_API_KEY: '${file:/run/secrets/q}', COLLECTION_NAME: 'notes' };
  t.strictSame(declared('qdrant', qdrant).server, {
    command: 'uvx',
    args: ['mcp-server-qdrant==0.8.1'],
    env: { QDRANT_URL: 'https://q.example.org:6333', COLLECTION_NAME: 'notes' },
    credentials: { QDRANT_API_KEY: '${file:/run/secrets/q}' },
  });
  t.strictSame(declared('lambda-labs', { LAMBDA_API_KEY: '${env:L}', LAMBDA_OPENAPI_SPEC: '/spec.json' }).server.env, {
    API_BASE_URL: 'https://cloud.lambda.ai/api/v1',
    OPENAPI_SPEC_PATH: '/spec.json',
    API_HEADERS: 'Authorization:Bearer ${env:L}',
  });
  t.match(declared('lambda-labs', {}), {
    notes: [/no MCP server/],
    missing: [{ name: 'LAMBDA_OPENAPI_SPEC' }, { name: 'LAMBDA_API_KEY' }],
  });
  t.same(declared('slack', { SLACK_MCP_XOXB_TOKEN: '${env:B}' }).missing, [], 'one of the two tokens is enough');
  t.equal(declared('slack', {}).missing.length, 2);
  t.match(declared('n8n', { N8N_API_KEY: '${env:K}' }).offer.name, 'local', 'the first way for which everything is there');
  t.match(declared('n8n', {}).offer.name, 'remote');
  t.match(declared('n8n', {}).server.url, '${env:N8N_API_URL}/mcp-server/http', 'what is missing says so by itself');
  t.match(declared('mem0', {}, 'local').notes, [/no exact version/]);
  t.match(declared('openrouter', {}).notes, [/OAuth/]);
  t.throws(() => declared('github', {}, 'carrier-pigeon'));
});

t.test('servers from the names of a source', async (t) => {
  const report = normalizeNames(['linear_token', 'github/token', 'QDRANT_URL', 'HOME'], catalog);
  const gathered = gatherServers(report, catalog, (name) => (name.includes('/') ? undefined : `\${env:${name}}`));
  t.match(
    gathered.map(({ name, server, missing, handOver }) => ({ name, server, missing: missing.map((one) => one.name), handOver })),
    [
      {
        name: 'github',
        server: { headers: { Authorization: 'Bearer ${env:GITHUB_PERSONAL_ACCESS_TOKEN}' } },
        missing: [],
        handOver: [{ variable: 'GITHUB_PERSONAL_ACCESS_TOKEN', from: 'github/token' }],
      },
      { name: 'linear', server: { headers: { Authorization: 'Bearer ${env:linear_token}' } }, missing: [], handOver: [] },
      { name: 'qdrant', missing: ['COLLECTION_NAME'] },
    ],
  );
});

t.test("a user's file adds, changes and takes away", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'catalog-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'catalog.json');
  const env = { XDG_CONFIG_HOME: folder };
  t.equal((await loadCatalog(env)).size, catalog.size, 'none is needed');
  const weather = {
    title: 'Weather',
    offers: [{ name: 'remote', by: 'vendor', auth: 'none', url: 'https://weather.example.org/mcp' }],
    docs: 'https://weather.example.org',
    verified: '2026-11-01',
  };
  writeFileSync(file, JSON.stringify({ weather, gong: null, github: { ...weather, title: 'Ours' } }));
  const changed = await loadCatalog({ XDG_CONFIG_HOME: '/nowhere' }, file);
  t.match(changed.get('weather'), { offers: [{ pinned: true }] });
  t.equal(changed.get('github')?.title, 'Ours');
  t.notOk(changed.has('gong'));
  writeFileSync(file, JSON.stringify({ weather: { ...weather, offfers: [] } }));
  await t.rejects(loadCatalog({}, file), { name: 'ConfigError', message: /offfers.*did you mean "offers"/s });
  await t.rejects(loadCatalog({}, join(folder, 'none.json')), { name: 'ConfigError' });
});
