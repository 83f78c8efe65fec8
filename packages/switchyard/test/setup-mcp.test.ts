// scripts/setup-mcp.sh in a real terminal and without one, and the steps of `switchyard setup` behind it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseText } from '@switchyard/agent-config/format';
import { secretHomes } from '@switchyard/agent-config/setup';
import t, { type Test } from 'tap';
import { cliFor } from './fixtures/run-cli.ts';
import { openTerminal } from './fixtures/terminal.ts';

t.setTimeout(600_000);

const script = join(import.meta.dirname, '../../../scripts/setup-mcp.sh');
const doctor = join(import.meta.dirname, '../../../scripts/test-mcp-connection.sh');
const planted = 'ghp_plantedplantedplantedplantedplanted1';

/** A home with two agents; one has a server with a key in it. */
function homeWithAgents(t: Test): { home: string; env: Record<string, string>; file: string } {
  const home = mkdtempSync(join(tmpdir(), 'setup-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.codex'));
  const own = { mcpServers: { mine: { command: 'my-server', env: { MY_TOKEN: planted } } }, other: 1 };
  writeFileSync(join(home, '.claude.json'), JSON.stringify(own, null, 2));
  return {
    home,
    env: { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm' },
    file: join(home, '.config/switchyard/config.json'),
  };
}

t.test('questions and answers in a terminal', { timeout: 300_000 }, async (t) => {
  const { home, env, file } = homeWithAgents(t);
  const terminal = openTerminal(t, 'bash', [script], { cwd: home, env });
  await terminal.answer(/Which of them \(names with commas, or none\) \[claude-code,codex\]: /, '');
  await terminal.answer(/Take over the servers they have already \(y\/n\) \[n\]: /, 'y');
  await terminal.answer(/Servers of the catalog: github, .*Enter for none\): /s, 'gitub');
  await terminal.answer(/did you mean "github".*Enter for none\): /s, 'github, qdrant');
  await terminal.answer(/qdrant: QDRANT_URL, .*: /, 'https://q.example.org:6333');
  await terminal.answer(/qdrant: COLLECTION_NAME, .*: /, 'my notes');
  await terminal.answer(/qdrant: EMBEDDING_MODEL, .*: /, '');
  await terminal.answer(/sops-nix.*Provider \[files\]: /s, 'sops');
  await terminal.answer(/How agents reach servers.*\[gateway\]: /, '');
  await terminal.answer(/\+.*"COLLECTION_NAME": "my notes"[\s\S]*Write this \(y\/n\) \[y\]: /, '');
  t.equal(await terminal.ended, 0, terminal.shown());
  const declaration = JSON.parse(readFileSync(file, 'utf8'));
  t.match(declaration, {
    mcpServers: {
      mine: { command: 'my-server' },
      github: { headers: { Authorization: 'Bearer ${file:/run/secrets/GITHUB_PERSONAL_ACCESS_TOKEN}' } },
      qdrant: { env: { QDRANT_URL: 'https://q.example.org:6333', COLLECTION_NAME: 'my notes' } },
    },
    agents: { 'claude-code': { mode: 'gateway' }, codex: { mode: 'gateway' } },
  });
  t.match(readFileSync(join(home, '.config/switchyard/secrets.nix'), 'utf8'), /sops\.secrets\.GITHUB_PERSONAL_ACCESS_TOKEN/);
  const claude = JSON.parse(readFileSync(join(home, '.claude.json'), 'utf8'));
  t.match(
    claude,
    { mcpServers: { mine: { command: 'my-server' }, switchyard: { url: 'http://127.0.0.1:8085/mcp' } }, other: 1 },
    'nothing of its own is lost',
  );
  t.match(readFileSync(join(home, '.codex/config.toml'), 'utf8'), /\[mcp_servers\.switchyard\]/);
  t.notMatch(terminal.shown(), /planted/, 'no key is shown');
  t.notMatch(readFileSync(file, 'utf8'), /planted/, 'nor written into the declaration');

  const again = openTerminal(
    t,
    'bash',
    [script, '--servers', 'github', '--agents', 'codex', '--mode', 'gateway', '--provider', 'sops'],
    { cwd: home, env },
  );
  await again.answer(/Take over the servers/, '');
  await again.answer(/nothing to change[\s\S]*secrets\.nix: is there already, and stays[\s\S]*Write this/, 'n');
  t.equal(await again.ended, 0);
  t.match(again.shown(), /Nothing was written\./);
});

t.test('leaving in the middle writes nothing', { timeout: 300_000 }, async (t) => {
  const { home, env, file } = homeWithAgents(t);
  const before = readFileSync(join(home, '.claude.json'), 'utf8');
  for (const key of ['\u0004', '\u0003']) {
    const terminal = openTerminal(t, 'bash', [script], { cwd: home, env });
    await terminal.answer(/Which of them/, '');
    await terminal.answer(/Take over/, '');
    await terminal.answer(/Servers of the catalog.*Enter for none/s, 'github');
    await terminal.answer(/Provider/, 'files');
    await terminal.answer(/How agents reach/, '');
    await terminal.asked(/Write this/);
    terminal.press(key);
    t.not(await terminal.ended, 0);
    t.notOk(existsSync(file));
    t.equal(readFileSync(join(home, '.claude.json'), 'utf8'), before);
  }
});

t.test('without a terminal', { timeout: 300_000 }, async (t) => {
  const { home, env, file } = homeWithAgents(t);
  const run = (...args: string[]) =>
    spawnSync('bash', [script, ...args], { cwd: home, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  t.match(run(), { status: 64, stderr: /--yes asks none/ });
  t.match(run('--help'), { status: 0, stdout: /^Usage: scripts\/setup-mcp\.sh/ });
  t.match(run('--maybe'), { status: 64, stderr: /unknown argument --maybe/ });
  t.match(run('--servers'), { status: 64, stderr: /needs a value/ });
  t.match(run('--yes', '--servers', 'gitub'), { status: 64, stderr: /did you mean "github"/ });
  t.match(run('--yes', '--servers', 'github', '--provider', 'bitwarden'), { status: 64, stderr: /must be one of files/ });
  t.match(run('--yes', '--servers', 'linear', '--set', `LINEAR_API_KEY=${planted}`), { status: 64, stderr: /is a secret/ });
  t.match(run('--yes', '--servers', 'github', '--dry-run'), { status: 0, stdout: /\+.*"github"[\s\S]*Nothing was written/ });
  t.notOk(existsSync(join(home, '.config')));
  const done = run('--yes', '--servers', 'github', '--import');
  t.equal(done.status, 0, done.stdout + done.stderr);
  t.match(done.stdout, /Claude Code: ~\/\.claude\.json: added switchyard/);
  t.match(done.stdout, /umask 077; cat > .*GITHUB_PERSONAL_ACCESS_TOKEN/);
  t.notMatch(done.stdout + done.stderr, /planted/);
  t.match(JSON.parse(readFileSync(file, 'utf8')), { mcpServers: { mine: {}, github: {} } });
  const written = readFileSync(file, 'utf8');
  t.equal(run('--yes', '--servers', 'github').status, 0);
  t.equal(readFileSync(file, 'utf8'), written, 'a second time changes nothing');
  const checked = spawnSync('bash', [doctor, '--json'], {
    cwd: home,
    env: { ...env, SWITCHYARD_GATEWAY_URL: 'http://127.0.0.1:9' },
    encoding: 'utf8',
  });
  t.equal(checked.status, 1);
  t.match(
    checked.stdout,
    /"code": "gateway-down"[\s\S]*"code": "declared-reference"/,
    'the secret is not there yet, and the doctor says so',
  );
});

t.test('files to begin with, for every place of secrets', { timeout: 300_000 }, async (t) => {
  for (const provider of Object.keys(secretHomes)) {
    const cli = cliFor(t);
    const folder = join(cli.home, '.config/switchyard');
    const { status, stdout, stderr } = await cli.run(['setup', 'apply', '--servers', 'github,slack', '--provider', provider]);
    t.equal(status, 0, stderr);
    t.match(stdout, /Then put the secrets where they belong/, provider);
    const checked = await cli.run(['config', 'show']);
    t.equal(checked.status, 0, checked.stderr);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    for (const one of files) {
      const path = join(one.parentPath, one.name);
      const text = readFileSync(path, 'utf8');
      t.equal(statSync(path).mode & 0o077, 0, `${provider}: ${one.name} is for its user alone`);
      if (/\.ya?ml$/.test(one.name)) t.doesNotThrow(() => parseText('yaml', text), `${provider}: ${one.name}`);
      if (one.name === 'config.json') t.match(text, provider === 'systemd' ? /\$\{credential:/ : /\$\{(env|file):/, provider);
      else if (one.name !== '.sops.yaml') t.match(text, /github/i, `${provider}: ${one.name} names what is needed`);
    }
  }
});
