// The install-and-build step: brings in pinned dependencies through pnpm and builds the test class, once per lockfile.
// Plain JavaScript on purpose: it must run on whatever Node (>= 20) a newcomer has.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'node_modules', '.switchyard-setup');

/** What an install depends on; when this changes, installing again is needed. */
function fingerprint() {
  const hash = createHash('sha256');
  const manifests = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'package.json'));
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.taprc', ...manifests.sort()]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, CI: process.env.CI ?? 'true' } });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    console.error(`switchyard setup: \`${command} ${args.join(' ')}\` failed with exit code ${result.status}`);
    process.exit(result.status ?? 1);
  }
}

/**
 * The Node to run our TypeScript with: this one when it is new enough (22.19, where type stripping is on by default),
 * else the one that the `node` package installed.
 */
export function nodeBinary() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  return join(root, 'node_modules', 'node', 'bin', 'node');
}

/** Installs and builds what is missing. Takes no time when nothing changed since the last time. */
export async function setup() {
  install();
  const { build } = await import('./build.mjs');
  await build();
}

function install() {
  const wanted = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error('switchyard setup: installing dependencies (first run or lockfile changed; about a minute) …');
  run('npx', ['--yes', packageManager, 'install', '--frozen-lockfile']);
  console.error('switchyard setup: preparing the test runner …');
  run(nodeBinary(), [join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs'), 'build']);
  writeFileSync(stampFile, wanted);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup();
  console.error('switchyard setup: ready. `npm start` runs the suite, `npx switchyard --help` shows the commands.');
}
