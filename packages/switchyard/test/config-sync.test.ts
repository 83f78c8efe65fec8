// `switchyard config` as its users run it: what is written, what is left alone, what is undone, and what is said and returned.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentNames } from '@switchyard/agent-config/agents';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { makeHome } from './fixtures/command-line.ts';

const declaration = {
  gateway: { tokenEnv: 'SWITCHYARD_TOKEN' },
  agents: { 'claude-code': {}, codex: {}, vscode: {} },
};
const main = join(import.meta.dirname, '../src/main.ts');
const file = '.config/switchyard/config.json';
const claude = '{\n  "numStartups": 3, // by hand\n  "mcpServers": {\n    "mine": { "command": "x" }\n  }\n}\n';
const codex = '# mine\nmodel = "m" # chosen\n\n[mcp_servers.mine]\ncommand = "x"\n';

t.test('writes, says so, and does nothing the second time', async (t) => {
  const home = makeHome(t);
  home.write(file, declaration);
  home.write('.claude.json', claude);
  home.write('.codex/config.toml', codex);

  const diff = home.run(['config', 'diff']);
  t.equal(diff.status, 1, 'a difference is a failure');
  t.match(diff.stdout, /^--- .*\.claude\.json$/m);
  t.match(diff.stdout, /^\+ {6}"url": "http:\/\/127\.0\.0\.1:8085\/mcp",$/m);
  t.match(diff.stdout, /^--- \/dev\/null\n\+\+\+ .*Code\/User\/mcp\.json$/m);
  t.equal(home.read('.claude.json'), claude, 'nothing was written');
  t.equal(home.run(['config', 'sync', '--dry-run']).status, 0);
  t.equal(home.run(['config', 'sync', '--check']).status, 1);

  const sync = home.run(['config', 'sync']);
  t.equal(sync.status, 0, sync.output);
  t.match(sync.stdout, /Claude Code: ~\/\.claude\.json: added switchyard/);
  t.match(home.read('.claude.json'), '"Authorization": "Bearer ${SWITCHYARD_TOKEN}"');
  t.match(home.read('.claude.json'), '"numStartups": 3, // by hand');
  t.match(home.read('.codex/config.toml'), 'bearer_token_env_var = "SWITCHYARD_TOKEN"');
  t.equal(home.read('.claude.json.bak-switchyard'), claude);

  const times = ['.claude.json', '.codex/config.toml'].map((each) => statSync(join(home.path, each)).mtimeMs);
  const again = home.run(['config', 'sync', '--json']);
  t.same(
    JSON.parse(again.stdout).map(({ outcome }: { outcome: string }) => outcome),
    ['up to date', 'up to date', 'up to date'],
  );
  t.same(
    times,
    ['.claude.json', '.codex/config.toml'].map((each) => statSync(join(home.path, each)).mtimeMs),
  );
  t.equal(home.run(['config', 'sync', '--check']).status, 0);
  t.equal(home.run(['config', 'diff']).status, 0);

  const removed = home.run(['config', 'remove', '--agent', 'codex']);
  t.match(removed.stdout, /Codex CLI: .*removed switchyard/);
  t.equal(home.read('.codex/config.toml'), codex, 'as it was, byte for byte');
  t.match(home.read('.claude.json'), 'switchyard', 'others are left');
  t.equal(home.run(['config', 'remove']).status, 0);
  t.equal(home.read('.claude.json'), claude);
  t.match(home.run(['config', 'remove']).stdout, /nothing of ours/);
});

t.test('what somebody made or edited is left alone', async (t) => {
  const home = makeHome(t);
  home.write(file, { ...declaration, agents: { 'claude-code': {}, cursor: {} } });
  const theirs = '{ "mcpServers": { "switchyard": { "type": "http", "url": "https://else.example.org/mcp" } } }';
  home.write('.claude.json', theirs);
  const sync = home.run(['config', 'sync']);
  t.equal(sync.status, 1, 'a conflict is a failure');
  t.match(sync.stdout, /left alone: "switchyard": an entry of this name was there before \(--force takes it over\)/);
  t.equal(home.read('.claude.json'), theirs);
  t.match(home.read('.cursor/mcp.json'), 'switchyard', 'the others are written');

  const edited = home.read('.cursor/mcp.json').replace('8085', '9999');
  home.write('.cursor/mcp.json', edited);
  t.match(home.run(['config', 'sync']).stdout, /it was edited by hand since/);
  t.equal(home.read('.cursor/mcp.json'), edited);
  home.write(file, { ...declaration, agents: { 'claude-code': {} } });
  t.match(home.run(['config', 'sync']).stdout, /declared no longer, and was edited by hand since/);
  t.equal(home.read('.cursor/mcp.json'), edited);

  t.equal(home.run(['config', 'sync', '--force']).status, 0);
  t.match(home.read('.claude.json'), '127.0.0.1:8085');
  t.notMatch(home.read('.cursor/mcp.json'), 'switchyard');
});

t.test('what is declared no longer is taken out, and another declaration’s entries stay', async (t) => {
  const home = makeHome(t);
  const second = home.write('other.json', { gateway: { name: 'other' }, agents: { 'claude-code': {} } });
  home.write(file, { ...declaration, agents: { 'claude-code': {}, zed: {} } });
  home.run(['config', 'sync']);
  home.write(file, { ...declaration, agents: { 'claude-code': {}, zed: { enable: false } } });
  t.match(home.run(['config', 'sync']).stdout, /Zed: .*removed switchyard/);
  t.notMatch(home.read('.config/zed/settings.json'), 'switchyard');
  home.write(file, { ...declaration, gateway: { name: 'renamed' }, agents: { 'claude-code': {} } });
  t.match(home.run(['config', 'sync']).stdout, /added renamed, removed switchyard/);
  t.equal(home.run(['config', 'sync', '--config', second, '--agent', 'claude-code']).status, 0);
  t.match(home.read('.claude.json'), '"renamed"');
  t.match(home.read('.claude.json'), '"other"');
});

t.test('broken files, links and read-only places', async (t) => {
  const home = makeHome(t);
  home.write(file, { agents: { 'claude-code': {}, codex: {}, continue: {}, cursor: {} } });
  const broken: [string, string][] = [
    ['.claude.json', '{\n  "mcpServers": {\n    "a": {"command": "secret-in-it" "x"}\n  }\n}'],
    ['.codex/config.toml', 'model = "m"\n[mcp_servers\n'],
    ['.continue/config.yaml', 'name: x\nmcpServers:\n  - name: a\n   command: b\n'],
  ];
  for (const [path, text] of broken) home.write(path, text);
  mkdirSync(join(home.path, 'dotfiles'));
  home.write('dotfiles/mcp.json', '{}\n');
  mkdirSync(join(home.path, '.cursor'));
  symlinkSync('../dotfiles/mcp.json', join(home.path, '.cursor/mcp.json'));
  const sync = home.run(['config', 'sync']);
  t.equal(sync.status, 1);
  t.match(sync.stdout, /failed: .*\.claude\.json:3:\d+: not valid JSON: comma expected; nothing was changed/);
  t.match(sync.stdout, /failed: .*config\.toml:2:\d+: not valid TOML/);
  t.match(sync.stdout, /failed: .*config\.yaml:\d+:\d+: not valid YAML/);
  t.notMatch(sync.output, 'secret-in-it');
  for (const [path, text] of broken) t.equal(home.read(path), text);
  t.match(home.read('dotfiles/mcp.json'), 'switchyard', 'written through the link');
  t.ok(existsSync(join(home.path, 'dotfiles/mcp.json.bak-switchyard')));
});

t.test('a declaration that is wrong says where', async (t) => {
  const home = makeHome(t);
  t.match(home.run(['config', 'sync']), { status: 78, stderr: /config\.json: the file does not exist/ });
  home.write(file, '{ "gateway": { "urll": "x" },\n  "agents": { "cursr": {} } }');
  t.match(home.run(['config', 'sync']), { status: 78, stderr: /gateway\.urll: unknown key \(did you mean "url"\?\)/ });
  home.write(file, { environments: { staging: { gateway: { url: 'https://staging.example.org' } } }, agents: { amp: {} } });
  t.match(home.run(['config', 'generate', '--env', 'staging']).stdout, 'https://staging.example.org/mcp');
  t.match(home.run(['config', 'generate', '--env', 'stagin']), {
    status: 78,
    stderr: /no environment "stagin" \(did you mean "staging"\?\)/,
  });
  t.match(home.run(['config', 'generate', '--agent', 'cursr']), {
    status: 64,
    stderr: /unknown agent "cursr" \(did you mean "cursor"\?\)/,
  });
  t.match(home.run(['config', 'generate', '--environment', 'nix']), {
    status: 64,
    stderr: /unknown environment "nix" \(did you mean "nixos"\?\)/,
  });
  t.match(home.run(['config', 'synk']), { status: 64, stderr: /did you mean "sync"/ });
});

t.test('projects have files of their own', async (t) => {
  const home = makeHome(t);
  home.write(file, { agents: { 'roo-code': { scope: 'project' }, vscode: { scope: 'project' } } });
  for (const name of ['one', 'two']) {
    mkdirSync(join(home.path, name));
    t.equal(home.run(['config', 'sync', '--project', name]).status, 0);
  }
  t.match(home.run(['config', 'sync', '--project', 'thre']), { status: 64, stderr: /folder .*thre does not exist/ });
  t.match(home.read('one/.roo/mcp.json'), '"type": "streamable-http"');
  t.match(home.run(['config', 'remove', '--project', 'two']).stderr, /one\/\.roo\/mcp\.json belongs to another project/);
  t.match(home.read('one/.vscode/mcp.json'), 'switchyard');
  t.notMatch(home.read('two/.vscode/mcp.json'), 'switchyard');
});

t.test('killed at any moment, the next run carries on', { timeout: 180_000 }, async (t) => {
  const home = makeHome(t);
  const agents = Object.fromEntries(agentNames.map((name) => [name, {}]));
  home.write('.claude.json', claude);
  home.write('.codex/config.toml', codex);
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.comment(`SEED=${seed}`);
  const random = new Random(seed);
  for (let round = 0; round < 15; round++) {
    home.write(file, { gateway: { url: `http://127.0.0.1:${8000 + round}` }, agents });
    const child = spawn(process.execPath, [main, 'config', 'sync'], { env: home.env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await sleep(100 + random.below(400));
    child.kill('SIGKILL');
    await ended;
    for (const each of ['.claude.json', '.codex/config.toml']) t.match(home.read(each), 'mine', 'the file is whole');
  }
  const last = home.run(['config', 'sync']);
  t.equal(last.status, 0, last.output);
  t.match(home.read('.claude.json'), 'http://127.0.0.1:8014/mcp');
  t.equal(home.run(['config', 'remove']).status, 0);
  t.equal(home.read('.claude.json'), claude);
  t.equal(home.read('.codex/config.toml'), codex);
});

t.test('several runs at once know of each other’s entries', { timeout: 120_000 }, async (t) => {
  const home = makeHome(t);
  home.write(file, { agents: Object.fromEntries(agentNames.map((name) => [name, {}])) });
  const codes = await Promise.all(
    agentNames.slice(0, 8).map(async (name) => {
      const child = spawn(process.execPath, [main, 'config', 'sync', '--agent', name], { env: home.env, stdio: 'ignore' });
      return (await once(child, 'exit'))[0];
    }),
  );
  t.same(codes, Array(8).fill(0));
  const { files } = JSON.parse(home.read('.local/state/switchyard/agents.json')) as { files: object };
  t.equal(Object.keys(files).length, 8, 'no record is lost');
  t.equal(home.run(['config', 'remove']).status, 0);
});

t.test('generate into a folder', async (t) => {
  const home = makeHome(t);
  home.write(file, declaration);
  const { status } = home.run(['config', 'generate', '--output', 'out']);
  t.equal(status, 0);
  t.same(readdirSync(join(home.path, 'out')).toSorted(), ['claude-code', 'codex', 'vscode']);
  t.equal(statSync(join(home.path, 'out/codex/config.toml')).mode & 0o777, 0o600);
  t.notOk(existsSync(join(home.path, '.claude.json')), 'agents’ own files are not touched');
});

t.test('import leaves out what leads to the gateway itself', async (t) => {
  const home = makeHome(t);
  home.write('.cursor/mcp.json', {
    mcpServers: {
      byHand: { url: 'http://127.0.0.1:8085/mcp/github' },
      bridged: { command: '/usr/bin/switchyard', args: ['connect', '--url', 'http://127.0.0.1:8085/mcp'] },
      other: { command: '/usr/bin/switchyard', args: ['connect', '--url', 'https://other.example.org/mcp'] },
    },
  });
  home.write(file, { agents: { zed: {}, 'claude-desktop': { mode: 'bridge' } } });
  home.run(['config', 'sync']);
  t.same(Object.keys(JSON.parse(home.run(['config', 'import']).stdout).mcpServers), ['other']);
});

t.test('show and export', async (t) => {
  const home = makeHome(t);
  home.write(file, {
    mcpServers: { gh: { command: '/bin/gh', env: { API_KEY: 'sk-0123456789abcdefghij' } } },
    agents: { codex: {} },
  });
  t.notMatch(home.run(['config', 'show']).stdout, 'sk-0123');
  t.match(home.run(['config', 'show', '--unmasked']).stdout, 'sk-0123');
  home.run(['config', 'sync']);
  t.match(JSON.parse(home.run(['config', 'show', '--agent', 'codex']).stdout), [{ name: 'switchyard', fields: { url: String } }]);
  t.match(home.run(['config', 'export', '--nix']).stdout, /services\.ai\.mcpGateway\.servers = \{\n {4}gh = \{/);
  t.match(home.run(['config', 'export']), { status: 64 });
});

t.test('a plain file of a client is a declaration', async (t) => {
  const home = makeHome(t);
  const plain = home.write('client.json', {
    mcpServers: { a: { command: 'x', alwaysAllow: ['t'] }, b: { serverUrl: 'https://b.example.org/mcp' } },
  });
  mkdirSync(join(home.path, '.cursor'));
  t.match(
    home.run(['config', 'sync', '--config', plain]).stdout,
    /Cursor: .*added switchyard/,
    'agents on the machine are found',
  );
  t.same(readdirSync(home.path).toSorted(), ['.cursor', '.local', 'client.json']);
});
