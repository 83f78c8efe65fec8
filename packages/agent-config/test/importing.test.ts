// Findings folded into a declaration: duplicates once, conflicts explained; files of unknown owners; and overlays of declarations.
import { copyFileSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import t from 'tap';
import type { Entry } from '../src/agents/entry.ts';
import type { AgentName } from '../src/agents.ts';
import { parseDeclaration, withEnvironment } from '../src/declaration.ts';
import type { Machine } from '../src/environments/machine.ts';
import { type FormatName, parseText } from '../src/files/format.ts';
import { type FoundServer, findServers, findServersIn, foldServers } from '../src/importing.ts';

const place = (file: string) => `\${file:/s/${file}}`;
const found = (agent: AgentName | undefined, name: string, entry: Entry): FoundServer => ({
  agent,
  path: '/f',
  root: ['mcpServers'],
  name,
  entry,
  fields: {},
});
const stdio = (command: string, env: Record<string, string> = {}, args: string[] = []): Entry => ({
  kind: 'stdio',
  command,
  args,
  env,
});
const http = (url: string, headers: Record<string, string> = {}): Entry => ({ kind: 'http', url, headers });

t.test('the same server under several names and agents', async (t) => {
  const { mcpServers, notes } = foldServers(
    [
      found('cursor', 'gh', stdio('gh-mcp', { LEVEL: 'info' })),
      found('codex', 'github', stdio('gh-mcp', { REGION: 'eu' })),
      found('zed', 'github', stdio('gh-mcp', { LEVEL: 'debug' })),
      found('cursor', 'docs', http('https://d.example.org/mcp/')),
      found('codex', 'docs', { kind: 'sse', url: 'https://d.example.org/mcp', headers: {} }),
    ],
    {},
    place,
  );
  t.same(mcpServers, {
    github: { command: 'gh-mcp', env: { REGION: 'eu', LEVEL: 'info' } },
    docs: { type: 'http', url: 'https://d.example.org/mcp/' },
  });
  t.same(notes, [
    '"github" is there 3 times and taken once: cursor (as "gh"), codex, zed',
    '"github": LEVEL differs between agents; the one of cursor is kept',
    '"docs" is there 2 times and taken once: cursor, codex',
  ]);
});

t.test('one name for different things, and what is declared already', async (t) => {
  const { mcpServers, notes } = foldServers(
    [
      found('cursor', 'db', stdio('a')),
      found('codex', 'db', stdio('b')),
      found('codex', 'db', stdio('c')),
      found('zed', 'x', stdio('known')),
    ],
    { mine: { command: 'known' }, 'db-codex': { command: 'z' } },
    place,
  );
  t.same(Object.keys(mcpServers), ['db', 'db-codex-2', 'db-codex-3']);
  t.match(notes.join('\n'), /"db" of codex reaches something else than the "db" before it: it is called "db-codex-2"/);
  t.match(notes.join('\n'), /"x" of zed is declared already, as "mine"/);
});

t.test('keys become references, each with a place of its own', async (t) => {
  const key = 'sk-0123456789abcdefghij';
  const entry = stdio('x', { API_KEY: key, PLAIN: '1' }, [
    '--token',
    key,
    `--password=${key}`,
    'KEY=short1',
    '--verbose',
    key.slice(3),
  ]);
  const { mcpServers, secrets } = foldServers(
    [found('cline', 'a', { ...entry, own: { autoApprove: ['t'], oauth: { client_secret: key } } }), found('codex', 'a', entry)],
    {},
    place,
  );
  t.same(mcpServers.a, {
    command: 'x',
    args: [
      '--token',
      '${file:/s/a-args-1}',
      '--password=${file:/s/a-args-2}',
      'KEY=${file:/s/a-args-3}',
      '--verbose',
      key.slice(3),
    ],
    env: { PLAIN: '1' },
    credentials: { API_KEY: '${file:/s/a-api-key}' },
    agentFields: { cline: { autoApprove: ['t'], oauth: { client_secret: '${file:/s/a-oauth-client-secret}' } } },
  });
  t.equal(new Set(secrets.map(({ file }) => file)).size, 5);
  t.ok(secrets.every(({ field }) => field.startsWith('mcpServers.a.')));
  t.doesNotThrow(() => parseDeclaration({ mcpServers }, 'test'));
});

t.test('a file under any name is read as its owner’s', async (t) => {
  const shapes = join(import.meta.dirname, 'fixtures', 'shapes');
  const home = t.testdir();
  const machine: Machine = { environment: 'linux', home: join(home, 'home'), projectRoot: home, env: {} };
  for (const shape of globSync('*/0*', { cwd: shapes })) {
    const copy = join(home, `copy${extname(shape)}`);
    copyFileSync(join(shapes, shape), copy);
    const agent = dirname(shape) as AgentName;
    const known = findServersIn(copy, agent).servers.map(({ name }) => name);
    const guessed = findServersIn(copy);
    t.same(
      guessed.servers.map(({ name }) => name),
      known,
      shape,
    );
  }
  t.match(findServersIn(join(home, 'none.json')).problems[0], /none\.json: does not exist/);
  t.same(findServers(machine).servers, []);
});

t.test('texts that no parser should be given', async (t) => {
  const home = t.testdir();
  const file = (name: string, text: string) => {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, name), text);
    return findServersIn(join(home, name)).problems.join();
  };
  t.match(file('deep.json', `{"mcpServers":${'['.repeat(200_000)}`), /deep\.json:1:\d+: /);
  const bomb = [
    'a: &a [x]',
    ...'bcdefghij'
      .split('')
      .map((key, index) => `${key}: &${key} [${'*a, '.replace('a', 'abcdefghi'[index] as string).repeat(9)}]`),
  ];
  t.match(file('bomb.yaml', `${bomb.join('\n')}\nmcpServers: []\n`), /bomb\.yaml:1:1: this YAML cannot be read/);
});

t.test('what is wrong with a text is said without what stands there', async (t) => {
  const value = 'hunter2secretvalue';
  const broken: [FormatName, string][] = [
    ['toml', `a = ${value}`],
    ['toml', `a = 12${value}`],
    ['toml', `a = "x" ${value}`],
    ['toml', `[${value}`],
    ['toml', `a = "${value}`],
    ['yaml', `a: *${value}\n`],
    ['yaml', `a: "x" ${value}\n`],
    ['yaml', `a: 1\n${value}\n`],
    ['yaml', `a: "${value}\nb: 1`],
    ['yaml', `- ${value}\n`],
    ['yaml', `a: [${value}\n`],
    ['json', `{"a": ${value}}`],
    ['json', `{"a": "${value}}`],
    ['json', `{"a": 1} ${value}`],
  ];
  for (const [format, text] of broken) {
    const message = messageOf(() => parseText(format, text));
    t.notMatch(message, value);
    t.match(message, text.includes('*') ? /this YAML cannot be read/ : /not valid (JSON|TOML|YAML): |must hold/, message);
  }
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('environments', async (t) => {
  const declaration = parseDeclaration(
    {
      gateway: { url: 'https://a.example.org', tokenEnv: 'A' },
      mcpServers: { x: { command: 'x', env: { A: '1', B: '2' } }, y: { command: 'y' } },
      agents: { cursor: { mode: 'direct' }, zed: {} },
      environments: {
        staging: {
          gateway: { url: 'https://s.example.org' },
          mcpServers: { x: { env: { B: '3' } }, y: null, z: { command: 'z' } },
          agents: { zed: null },
        },
      },
    },
    'test',
  );
  const { gateway, mcpServers, agents } = withEnvironment(declaration, 'staging', 'test');
  t.match(gateway, { url: 'https://s.example.org', tokenEnv: 'A' });
  t.same(mcpServers, { x: { command: 'x', env: { A: '1', B: '3' } }, z: { command: 'z' } });
  t.same(Object.keys(agents ?? {}), ['cursor']);
  t.match(agents?.cursor, { mode: 'direct', enable: true });
  t.equal(withEnvironment(declaration, undefined, 'test'), declaration);
  t.throws(() => parseDeclaration({ environments: { s: { mcpServers: { x: { comand: 'y' } } } } }, 'test'), {
    message: /environments\.s\.mcpServers\.x\.comand: unknown key/,
  });
});
