// The tests that need root (`npm run test:system`): hosts in network namespaces. Each skips with the reason where it cannot run.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const files = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name, 'test', 'system'))
  .flatMap((folder) => {
    try {
      return readdirSync(folder).map((file) => join(folder, file));
    } catch {
      return [];
    }
  })
  .filter((file) => file.endsWith('.test.ts'));
const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
process.exitCode = spawnSync(process.execPath, [tap, 'run', ...files], { stdio: 'inherit', cwd: root }).status ?? 1;
