// Runs one of our TypeScript programs on a new enough Node, after making sure that everything is installed:
// `node scripts/run.mjs FILE [ARG ...]`. Plain JavaScript, because it must start on any Node >= 20.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary, root, setup } from './setup.mjs';

/**
 * Runs `file` to its end, passes signals on and ends with its exit code.
 * Ctrl-C reaches the whole process group by itself; it is only swallowed here so that the program can shut down in order.
 */
export function run(file, args) {
  const node = nodeBinary();
  const path = [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(node, [join(root, file), ...args], { stdio: 'inherit', env: { ...process.env, PATH: path } });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup();
  run(process.argv[2], process.argv.slice(3));
}
