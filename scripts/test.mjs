// `npm test [FILE ...]`: every test that needs no root. Arguments are given to tap.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { root, setup } from './setup.mjs';

await setup();
const files = readdirSync(join(root, 'packages'), { recursive: true })
  .filter((file) => /^[^/]+\/test\/(?!fixtures\/|system\/).*\.test\.ts$/.test(file))
  .map((file) => join('packages', file))
  .sort();
const asked = process.argv.slice(2);
run('node_modules/tap/dist/esm/run.mjs', ['run', ...(asked.length > 0 ? asked : files)]);
