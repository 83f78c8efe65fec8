// Rows of the validation table, from declarations, sources of secrets and the catalog.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { builtInCatalog } from '../src/catalog.ts';
import { parseDeclaration } from '../src/declaration.ts';
import { openSource } from '../src/secrets.ts';
import { judge, lookUp, type ProbeResult, referencesOf, type ServerRow, withValues } from '../src/validation.ts';
import { contextFor } from './fixtures/answering.ts';
import { serveEsc } from './fixtures/esc-server.ts';

const catalog = builtInCatalog();
const declare = (mcpServers: object) => parseDeclaration({ mcpServers }, 'test');

/** The rows of servers, with variables of this process or those of sources. */
async function rowsOf(
  t: Test,
  mcpServers: object,
  env: NodeJS.ProcessEnv = {},
  sources: string[] = [],
  probes: [string, ProbeResult][] = [],
) {
  const context = contextFor(t, env);
  const declaration = declare(mcpServers);
  const opened = sources.map((text) => openSource(text, context));
  const { states } = await lookUp(declaration, opened, catalog, context);
  return judge(declaration, { references: states, probes: new Map(probes), env }, catalog);
}

const texts = (row: ServerRow | undefined) => row?.notes.map(({ level, text }) => `${level}: ${text}`) ?? [];

t.test('the table of the design', async (t) => {
  const env = { GITHUB_PAT: 'x', QDRANT_KEY: 'y' };
  const rows = await rowsOf(
    t,
    {
      github: { type: 'http', url: 'https://api.githubcopilot.com/mcp/', headers: { Authorization: 'Bearer ${env:GITHUB_PAT}' } },
      qdrant: {
        command: 'uvx',
        args: ['mcp-server-qdrant==0.8.1'],
        env: { QDRANT_URL: 'https://cloud.qdrant.io', COLLECTION_NAME: 'notes' },
        credentials: { QDRANT_API_KEY: '${env:QDRANT_KEY}' },
      },
      linear: { type: 'http', url: 'https://mcp.linear.app/mcp' },
      slack: { command: 'npx', args: ['-y', 'slack-mcp-server@1.3.0'] },
      nobody: { args: ['x'] },
      off: { command: 'x', disabled: true },
    },
    env,
  );
  t.match(rows, [
    { server: 'github', valid: true, auth: 'bearer', endpoint: 'https://api.githubcopilot.com/mcp/', notes: [] },
    { server: 'qdrant', valid: false, auth: 'QDRANT_API_KEY', endpoint: 'uvx mcp-server-qdrant==0.8.1' },
    { server: 'linear', valid: true, auth: 'oauth' },
    { server: 'slack', valid: false, auth: 'none' },
    { server: 'nobody', valid: false, endpoint: '–' },
    { server: 'off', valid: true },
  ]);
  t.match(texts(rows[1]), [/^error: QDRANT_URL: https:\/\/cloud\.qdrant\.io is the console/]);
  t.match(texts(rows[3]), [/^error: SLACK_MCP_XOXP_TOKEN is missing/]);
  t.equal(texts(rows[3]).length, 1, 'one of two is missing once');
  t.match(texts(rows[4]), [/"command", "url" or "socket" is needed/]);
  t.match(texts(rows[5]), ['note: disabled']);
});

t.test('references: there, missing, misspelt, elsewhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'validation-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'token'), 'file-planted-1');
  const cases: [reference: string, valid: boolean, text?: RegExp][] = [
    ['${env:GOOD}', true],
    ['${GOOD}', true],
    ['${OTHER:-x}', true],
    ['${env:GOD}', false, /headers\.X: environment variable GOD is not set \(did you mean "GOOD"/],
    [`\${file:${folder}/token}`, true],
    [`\${file:${folder}/none}`, false, /does not exist/],
    ['${credential:x}', true, /only inside the unit/],
    ['$${env:NONE}', true],
  ];
  for (const [reference, valid, text] of cases) {
    const [row] = await rowsOf(t, { a: { url: 'https://a.example.org', headers: { X: `v ${reference}` } } }, { GOOD: 'g' });
    t.equal(row?.valid, valid, reference);
    if (text) t.match(texts(row).join(), text, reference);
    t.notMatch(JSON.stringify(row), /planted/);
  }
  const [short] = await rowsOf(t, { a: { command: 'x', credentials: { A_TOKEN: join(folder, 'token'), B: '/nowhere' } } });
  t.match(texts(short), [/credentials\.B: file \/nowhere does not exist/], 'a path is short for the file');
});

t.test('secrets written out, open connections, floating versions, wrong names', async (t) => {
  const cases: [object, string[] | RegExp[]][] = [
    [
      { url: 'https://a.example.org', headers: { Authorization: 'Bearer abcdef123456' } },
      [/error: headers\.Authorization: holds a secret/],
    ],
    [
      { command: 'x', env: { MY_API_KEY: 'abcdef123456', MAX_TOKENS: '64000', TOKEN_LIMIT: '8' } },
      [/error: env\.MY_API_KEY: holds a secret/],
    ],
    [{ command: 'x', args: ['--key', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789'] }, [/error: args\[1\]: holds a secret/]],
    [{ url: 'http://a.example.org', headers: { X: 'y' } }, [/error: url: .*unencrypted/]],
    [{ url: 'http://127.0.0.1:80', headers: { X: 'y' } }, []],
    [{ command: 'npx', args: ['-y', '@acme/x'] }, [/note: @acme\/x: no exact version/]],
    [{ command: 'npx', args: ['-y', '@acme/x@latest'] }, [/note: @acme\/x@latest: no exact version/]],
    [{ command: 'npx', args: ['-y', '@acme/x@1.0.0', 'folder'] }, []],
    [{ command: 'x', args: ['--key', '${env:T}'] }, [/note: args\[1\]: goes on the command line/]],
    [{ command: 'node', args: ['x.js'] }, []],
    [
      { command: 'npx', args: ['-y', '@hubspot/mcp-server@0.4.0'], credentials: { HUBSPOT_ACCESS_TOKEN: '${env:T}' } },
      [
        /error: PRIVATE_APP_ACCESS_TOKEN is missing/,
        /error: credentials\.HUBSPOT_ACCESS_TOKEN: this server reads PRIVATE_APP_ACCESS_TOKEN/,
      ],
    ],
  ];
  for (const [server, expected] of cases) {
    const [row] = await rowsOf(t, { a: server }, { T: 'token-1' });
    t.match(texts(row), expected, JSON.stringify(server));
    t.equal(texts(row).length, expected.length, JSON.stringify(server));
    t.notMatch(JSON.stringify(row?.notes), /abcdef/, 'without the secret');
  }
});

t.test('what probing found', async (t) => {
  const servers = { a: { command: 'x' }, b: { command: 'y' } };
  const rows = await rowsOf(
    t,
    servers,
    {},
    [],
    [
      ['a', { ok: true, tools: 3, says: 'A 1.0' }],
      ['b', { ok: false, problem: 'no answer' }],
    ],
  );
  t.match(rows, [
    { valid: true, notes: [{ text: 'answers: A 1.0, 3 tools' }] },
    { valid: false, notes: [{ level: 'error', text: 'no answer' }] },
  ]);
});

t.test('a source says what is there, also under other names', async (t) => {
  const esc = await serveEsc(t);
  const value = (text: string, secret = true) => ({ value: text, secret });
  esc.environments.set('acme/mcp/prod', {
    environmentVariables: {
      value: {
        GITHUB_TOKEN: value('planted-github-1'),
        linear_api_key: value('planted-linear-1'),
        'github.x': value('x'),
        SLACK_TOKEN: value('planted-slack-1'),
        HUBSPOT: { unknown: true },
        PRIVATE_APP_ACCESS_TOKEN: { unknown: true, secret: true },
      },
    },
  });
  const env = { PULUMI_ACCESS_TOKEN: esc.token, PULUMI_BACKEND_URL: esc.url, LOCAL_ONLY: 'here' };
  const http = (url: string, reference: string) => ({ type: 'http', url, headers: { Authorization: `Bearer ${reference}` } });
  const servers = {
    github: http('https://api.githubcopilot.com/mcp/', '${env:GITHUB_PERSONAL_ACCESS_TOKEN}'),
    mine: http('https://mcp.linear.app/mcp', '${env:LINEAR_API_KEY}'),
    slack: {
      command: 'npx',
      args: ['slack-mcp-server@1.3.0'],
      credentials: { SLACK_MCP_XOXB_TOKEN: '${env:SLACK_MCP_XOXB_TOKEN}' },
    },
    hubspot: {
      command: 'npx',
      args: ['@hubspot/mcp-server@0.4.0'],
      credentials: { PRIVATE_APP_ACCESS_TOKEN: '${env:PRIVATE_APP_ACCESS_TOKEN}' },
    },
    local: http('https://x.example.org', '${env:LOCAL_ONLY}'),
    near: http('https://x.example.org', '${env:GITHUB_TOKN}'),
  };
  const rows = await rowsOf(t, servers, env, ['esc:acme/mcp/prod']);
  t.same(
    rows.map(({ server, valid }) => `${server} ${valid}`),
    [...['github true', 'mine true', 'slack false', 'hubspot false', 'local false', 'near false']],
  );
  t.match(texts(rows[0]), [/acme\/mcp\/prod has it as GITHUB_TOKEN \(rule \*_TOKEN\)/]);
  t.match(texts(rows[1]), [/has it as linear_api_key/], 'by its URL, whatever it is called');
  t.match(texts(rows[2]), [/SLACK_TOKEN may mean it: rename it/]);
  t.match(texts(rows[3]), [/could not be computed/]);
  t.match(texts(rows[4]), [/LOCAL_ONLY is not in acme\/mcp\/prod/]);
  t.match(texts(rows[5]), [/did you mean "GITHUB_TOKEN"/]);
  t.notMatch(JSON.stringify(rows), /planted/);
  await t.rejects(rowsOf(t, servers, { ...env, PULUMI_BACKEND_URL: 'http://127.0.0.1:1' }, ['esc:acme/mcp/prod']), {
    name: 'SourceUnreachableError',
  });
});

t.test('a server with its values', async (t) => {
  const { mcpServers } = declare({
    a: {
      command: 'x',
      args: ['--at', '${env:A}', 'plain'],
      env: { B: '${env:B}', C: '$${env:C}' },
      credentials: { D: '/run/d' },
    },
  });
  const server = mcpServers.a;
  if (!server) throw new Error('no server');
  t.same(
    referencesOf(server, {}).map(({ text, field }) => `${field} ${text}`),
    ['args[1] ${env:A}', 'env.B ${env:B}', 'credentials.D ${file:/run/d}'],
  );
  t.match(
    withValues(server, {}, (reference) => `<${reference}>`),
    {
      command: 'x',
      args: ['--at', '<${env:A}>', 'plain'],
      env: { B: '<${env:B}>', C: '${env:C}', D: '<${file:/run/d}>' },
      credentials: undefined,
    },
  );
});
