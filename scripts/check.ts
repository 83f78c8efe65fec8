// The cheap checks: types, format and lint, and that the generated documents match their sources.
import { spawnSync } from 'node:child_process';

const checks: [name: string, command: string, args: string[]][] = [
  ['types', 'tsc', ['-p', '.']],
  ['format and lint', 'biome', ['check', '.']],
  ['generated documents', process.execPath, ['scripts/generate-docs.ts', '--check']],
];

let failed = 0;
for (const [name, command, args] of checks) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
