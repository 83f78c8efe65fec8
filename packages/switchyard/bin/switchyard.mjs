#!/usr/bin/env node
// Starts the command line, bundled when the bundle is up to date and from source otherwise, on a Node that is new enough:
// this one, or the one that the checkout's `node` package brought. Plain JavaScript, because it must start on any Node >= 20.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, isFresh } from './freshness.mjs';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = isFresh() ? bundle : join(here, '..', 'src', 'main.ts');
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  await import(main);
} else {
  const node = join(here, '..', '..', '..', 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(node)) {
    console.error(
      `switchyard needs Node 22.19 or newer, this is ${process.version}; run \`npm run setup\` in the checkout first`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
