// A writer killed at any moment leaves the old file or the new one, whole; and what a writer takes over and leaves behind.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { AgentFileError, backupOf, readAgentFile, writeAgentFile } from '../src/files/agent-file.ts';
import { writeAtomically } from '../src/files/atomic-write.ts';

const kills = 200;
const bytes = 300_000;

t.test(`killed ${kills} times, the file is always one whole text`, { timeout: 600_000 }, async (t) => {
  const folder = t.testdir({ 'config.json': 'a'.repeat(bytes) });
  const file = join(folder, 'config.json');
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.comment(`SEED=${seed}`);
  const random = new Random(seed);
  const kill = async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', 'writer.ts'), file, String(bytes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(random.below(40));
    child.kill('SIGKILL');
    await ended;
    const text = readFileSync(file, 'utf8');
    return text.length === bytes && text === text.charAt(0).repeat(bytes);
  };
  const seen = new Set<string>();
  for (let round = 0; round < kills; round++) {
    if (!(await kill())) return t.fail(`round ${round}: the file is torn`);
    seen.add(readFileSync(file, 'utf8').charAt(0));
  }
  t.ok(seen.size > 1, 'the kills met different texts');
  writeAtomically(file, 'last');
  t.same(readdirSync(folder), ['config.json'], 'the next writer removes what killed ones left');
});

t.test('mode, links and backup', async (t) => {
  const folder = t.testdir({ real: { 'settings.json': 'old' }, link: {} });
  const real = join(folder, 'real', 'settings.json');
  const link = join(folder, 'link', 'settings.json');
  chmodSync(real, 0o640);
  symlinkSync('../real/settings.json', link);
  const file = readAgentFile(link);
  t.equal(file.text, 'old');
  writeAgentFile(file, 'new', false);
  t.equal(readFileSync(real, 'utf8'), 'new', 'written through the link');
  t.equal(statSync(real).mode & 0o777, 0o640, 'the mode is kept');
  t.equal(readFileSync(backupOf(real), 'utf8'), 'old');
  t.equal(statSync(backupOf(real)).mode & 0o777, 0o600, 'a backup is for its user only');
  writeAgentFile(readAgentFile(link), 'with a token', true);
  t.equal(statSync(real).mode & 0o777, 0o600, 'a file with a secret is closed');
  const fresh = join(folder, 'a', 'b', 'new.json');
  writeAgentFile(readAgentFile(fresh), '{}', false);
  t.equal(statSync(fresh).mode & 0o777, 0o600, 'a new file is for its user only');
  t.same(readdirSync(join(folder, 'a', 'b')), ['new.json'], 'and has no backup');
});

t.test('what must not be written is refused, and stays as it is', async (t) => {
  const folder = t.testdir({ 'read-only.json': '{}', 'latin.json': 'x', directory: {}, 'changed.json': '{}' });
  const at = (name: string) => join(folder, name);
  chmodSync(at('read-only.json'), 0o444);
  writeFileSync(at('latin.json'), Buffer.from([0x7b, 0xe9, 0x7d]));
  symlinkSync('/nix/store/0000-hm/settings.json', at('store.json'));
  symlinkSync('nowhere.json', at('dangling.json'));
  symlinkSync('circle.json', at('circle.json'));
  mkdirSync(at('empty'));
  t.throws(() => writeAgentFile(readAgentFile(at('read-only.json')), 'x', false), {
    message: /read-only.json: is read-only; .*chmod u\+w/,
  });
  t.equal(readFileSync(at('read-only.json'), 'utf8'), '{}');
  t.throws(() => readAgentFile(at('latin.json')), { message: /latin.json: is not UTF-8/ });
  t.throws(() => readAgentFile(at('directory')), { message: /is a folder/ });
  t.throws(() => readAgentFile(at('dangling.json')), { message: /link to a file that does not exist/ });
  t.throws(() => readAgentFile(at('circle.json')), { message: /link in a circle/ });
  const store = { path: at('store.json'), target: '/nix/store/0000-hm/settings.json', text: '{}' };
  t.throws(() => writeAgentFile(store, 'x', false), {
    message: /leads into the Nix store .*declare the servers where this file is made/,
  });
  const seen = readAgentFile(at('changed.json'));
  writeFileSync(at('changed.json'), '{"by": "the agent"}');
  t.throws(() => writeAgentFile(seen, 'ours', false), AgentFileError, 'changed meanwhile');
  t.equal(readFileSync(at('changed.json'), 'utf8'), '{"by": "the agent"}');
});
