// The bundled program does what the sources do: some libraries hide their parts from a bundler.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeHome } from './fixtures/command-line.ts';

const root = join(import.meta.dirname, '..', '..', '..');

t.test('files of every format, and the bridge', { timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const build = `import { bundle } from ${JSON.stringify(join(root, 'scripts', 'build.mjs'))};
    await bundle({ switchyard: ${JSON.stringify(join(root, 'packages', 'switchyard', 'src', 'main.ts'))} }, ${JSON.stringify(folder)});`;
  const built = spawnSync(process.execPath, ['--input-type=module', '-e', build], { encoding: 'utf8', timeout: 120_000 });
  t.equal(built.status, 0, built.stderr);

  const home = makeHome(t);
  const run = (args: string[], input = '') =>
    spawnSync(process.execPath, [join(folder, 'switchyard.mjs'), ...args], {
      encoding: 'utf8',
      env: home.env,
      cwd: home.path,
      input,
      timeout: 60_000,
    });
  home.write('.config/switchyard/config.json', { agents: { zed: {}, codex: {}, goose: {}, continue: {} } });
  home.write('.codex/config.toml', 'mcp_servers = { a = { command = "x" } }\n');
  home.write('.config/zed/settings.json', '{\n  // mine\n}\n');
  const sync = run(['config', 'sync']);
  t.equal(sync.status, 0, sync.stderr + sync.stdout);
  t.match(home.read('.codex/config.toml'), 'switchyard');
  t.match(home.read('.config/zed/settings.json'), /\/\/ mine\n {2}"context_servers"/);
  t.match(home.read('.config/goose/config.yaml'), 'uri: http://127.0.0.1:8085/mcp');
  t.equal(run(['config', 'import']).status, 0);
  t.match(run(['exec', '--', process.execPath, '-e', 'console.log(1 + 1)']).stdout, '2');
  const bridge = run(['connect', '--url', 'http://127.0.0.1:9/mcp'], 'no JSON\n');
  t.match(bridge.stdout, '-32700');
  t.equal(bridge.status, 0, bridge.stderr);
});
