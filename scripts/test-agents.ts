// Real agents with the files that `switchyard config sync` writes for them: each must list and call a tool through our gateway, with a
// bearer token, headless. `npm run test:agents [-- --only NAME]`. Agents are downloaded once; the run itself happens without any
// network but loopback where the system allows that (`unshare`).
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recipes } from './agents/recipes.ts';
import { startAgentRig } from './agents/rig.ts';
import { agentTurn, type Way } from './agents/turn.ts';
import { endAll } from './bench/processes.ts';
import { installSets } from './clients/packages.ts';

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, isolated: { type: 'boolean' } } });

/** Beside the default: the other ways that a client can be given. */
const ways: Readonly<Record<string, Way[]>> = {
  'claude-code': ['default', 'bridge', 'direct'],
  codex: ['default', 'direct'],
  cline: ['default', 'literal'],
};

const wanted = recipes.filter(({ name }) => name.includes(values.only));
const installed = installSets(wanted.map(({ set }) => set));

if (!values.isolated && canIsolate()) {
  const inside = 'ip link set lo up && exec "$0" "$@"';
  const args = [process.execPath, import.meta.filename, ...process.argv.slice(2), '--isolated'];
  process.exitCode =
    spawnSync('unshare', ['--map-root-user', '--net', 'sh', '-c', inside, ...args], { stdio: 'inherit' }).status ?? 1;
} else await main();

function canIsolate(): boolean {
  return spawnSync('unshare', ['--map-root-user', '--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0;
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(130)));
  const folder = mkdtempSync(join(tmpdir(), 'test-agents-'));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const rig = await startAgentRig(folder, `word-${randomUUID()}`);
    for (const recipe of wanted) {
      const place = installed[recipe.set];
      for (const way of ways[recipe.name] ?? ['default']) {
        const line = (word: string, text: string) =>
          console.log(`${word.padEnd(5)} ${`${recipe.name} (${way})`.padEnd(26)} ${text}`);
        if ('missing' in place) {
          counts.skipped += 1;
          line('skip', place.missing);
          continue;
        }
        try {
          const { entry, calls } = await agentTurn(recipe, way, place.folder, rig, folder);
          counts.passed += 1;
          const through = way === 'direct' ? '' : `; ${calls} call${calls === 1 ? '' : 's'} through the gateway`;
          line('ok', entry + through);
        } catch (error) {
          counts.failed += 1;
          line(
            'FAIL',
            String((error as Error).message)
              .replace(/\s+/g, ' ')
              .slice(0, 1500),
          );
        }
      }
    }
    await rig.model.chaos.close();
  } finally {
    await endAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 ? 1 : 0);
}
