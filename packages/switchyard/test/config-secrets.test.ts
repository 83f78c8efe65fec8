// Planted keys: whatever the verbs of `config` do, no value shows in a file, a difference, an error, an argument or on the screen.
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeHome } from './fixtures/command-line.ts';

const file = '.config/switchyard/config.json';
const token = 'sy_PlantedTokenOfTheGateway0123456789abcdefABCDEF';
const planted = {
  GITHUB_TOKEN: 'ghp_PlantedPlantedPlantedPlanted0123456789',
  OPENAI_API_KEY: 'sk-proj-planted0123456789planted0123456789',
  SLACK: 'xoxb-planted-0123456789-planted',
  DATABASE_URL: 'postgres://u:Planted-Passw0rd@db.example.org/x',
  PASSWORD: 'plantedHunter2',
};
const inHeader = 'Planted7f3k29dk20fk39dk20fk49dk2';
const inArgs = 'AIzaPlanted0123456789abcdefghijklmnopqr';
const inQuery = 'plantedQuery0123456789';
const values = [
  token,
  ...Object.values(planted).map((text) => /:\/\/u:(.*)@/.exec(text)?.[1] ?? text),
  inHeader,
  inArgs,
  inQuery,
];

/** Files below a folder that hold one of the values, apart from those that are meant to. */
function leaks(folder: string, except: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !except.test(path) && values.some((value) => readFileSync(path, 'utf8').includes(value)));
}

function shown(t: Test, text: string, what: string): void {
  t.same(
    values.filter((value) => text.includes(value)),
    [],
    what,
  );
}

t.test('mode gateway: no value anywhere', async (t) => {
  const home = makeHome(t);
  const tokenFile = home.write('secrets/token', token);
  const agents = Object.fromEntries(
    [
      'claude-code',
      'codex',
      'gemini-cli',
      'opencode',
      'copilot-cli',
      'cline',
      'continue',
      'amp',
      'cursor',
      'roo-code',
      'vscode',
    ].map((name) => [name, {}]),
  );
  const more = { zed: {}, windsurf: {}, void: {}, 'claude-desktop': {}, goose: {}, 'lm-studio': {} };
  const theirs = JSON.stringify({ mcpServers: { old: { command: 'x', env: planted } }, key: inArgs }, null, 2);
  home.write('.claude.json', theirs);
  for (const gateway of [{ tokenFile }, { tokenEnv: 'SWITCHYARD_TOKEN' }, { tokenFile, tokenEnv: 'SWITCHYARD_TOKEN' }]) {
    home.write(file, { gateway, agents: { ...agents, ...more } });
    const env = { SWITCHYARD_TOKEN: token, ...planted };
    for (const args of [
      ['generate'],
      ['generate', '--json'],
      ['diff'],
      ['diff', '--json'],
      ['sync', '--dry-run'],
      ['sync'],
      ['show'],
    ]) {
      const { output, status } = home.run(['config', ...args], { env });
      shown(t, output, `${args.join(' ')} shows no value`);
      t.ok(status === 0 || args[0] === 'diff', output);
    }
    home.run(['config', 'generate', '--output', 'out'], { env });
    t.same(leaks(home.path, /secrets\/token$|\/\.claude\.json(\.bak-switchyard)?$/), [], JSON.stringify(gateway));
    t.match(JSON.parse(home.read('.claude.json')), { mcpServers: { old: { env: planted } } }, 'what the user has there is kept');
  }
});

t.test('a literal token: only in a file of mode 0600, and shown nowhere', async (t) => {
  const home = makeHome(t);
  const tokenFile = home.write('secrets/token', token);
  home.write('.config/zed/settings.json', '{}');
  home.write(file, { gateway: { tokenFile }, agents: { zed: { token: 'literal' } } });
  for (const args of [['generate'], ['diff'], ['sync', '--dry-run'], ['sync', '--json']])
    shown(t, home.run(['config', ...args]).output, args.join(' '));
  t.match(home.read('.config/zed/settings.json'), token);
  t.equal(statSync(join(home.path, '.config/zed/settings.json')).mode & 0o777, 0o600);
  chmodSync(join(home.path, '.config/zed/settings.json'), 0o644);
  t.equal(home.run(['config', 'sync']).status, 0);
  t.equal(statSync(join(home.path, '.config/zed/settings.json')).mode & 0o777, 0o600, 'closed again when somebody opened it');
  t.same(leaks(home.path, /secrets\/token$|settings\.json$/), []);
  shown(t, home.run(['config', 'show', '--agent', 'zed']).output, 'show');
  shown(t, home.run(['config', 'remove', '--dry-run']).output, 'the difference of its removal');
  t.equal(home.run(['config', 'remove']).status, 0);
  t.notMatch(home.read('.config/zed/settings.json'), token);
});

t.test('import moves keys out, and shows none', async (t) => {
  const home = makeHome(t);
  home.write('.claude.json', {
    mcpServers: {
      many: { command: 'npx', args: ['-y', 'x', '--api-key', inArgs], env: { ...planted, LEVEL: 'info', REF: '${REF}' } },
      web: {
        type: 'http',
        url: `https://x.example.org/mcp?api_key=${inQuery}`,
        headers: { Authorization: `Bearer ${inHeader}` },
      },
    },
    projects: { '/p': { mcpServers: { many: { command: 'other' } } } },
  });
  home.write('.cursor/mcp.json', { mcpServers: { alias: { url: 'https://y.example.org/mcp' } } });
  home.write('.codex/config.toml', '[mcp_servers.same]\nurl = "https://y.example.org/mcp"\n');
  home.write('.gemini/settings.json', '{ "mcpServers": { broken ');
  for (const args of [['import'], ['import', '--json'], ['show', '--agent', 'claude-code'], ['import', '--from', 'claude-code']])
    shown(t, home.run(['config', ...args]).output, args.join(' '));

  const written = home.run(['config', 'import', '--write']);
  shown(t, written.output, 'import --write');
  t.equal(written.status, 1, 'a broken file is a failure');
  t.match(written.stderr, /settings\.json:1:\d+: not valid JSON/);
  t.match(written.stderr, /"many" of claude-code reaches something else .*it is called "many-claude-code"/);
  t.match(written.stderr, /is there 2 times and taken once: codex.*cursor|taken once: cursor.*codex/);
  const declared = JSON.parse(home.read(file)) as { mcpServers: Record<string, Record<string, unknown>> };
  t.same(Object.keys(declared.mcpServers).length, 4);
  t.match(declared.mcpServers.many, {
    command: 'npx',
    env: { LEVEL: 'info', REF: '${env:REF}' },
    credentials: { GITHUB_TOKEN: `\${file:${home.path}/.config/switchyard/secrets/many-github-token}` },
  });
  t.same(Object.keys(declared.mcpServers.many?.credentials as object).toSorted(), Object.keys(planted).toSorted());
  t.same(leaks(home.path, /switchyard\/secrets\/|\/\.claude\.json$/), []);
  const secret = '.config/switchyard/secrets/many-github-token';
  t.equal(home.read(secret), `${planted.GITHUB_TOKEN}\n`);
  t.equal(statSync(join(home.path, secret)).mode & 0o777, 0o600);

  const again = home.run(['config', 'import', '--write']);
  t.match(again.stderr, /^0 servers in/m, 'nothing is imported twice');
  t.match(home.run(['config', 'import', '--from', file]).output, /"many"/, 'a declaration’s own file can be read too');
});
