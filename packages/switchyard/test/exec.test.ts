// `switchyard exec`: secrets go into the program's variables and nowhere else; it starts nothing when one is not as it should be.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeHome } from './fixtures/command-line.ts';

const main = join(import.meta.dirname, '../src/main.ts');
const value = 'planted-secret-value-0123456789';
const show = ['--', process.execPath, '-e', 'console.log(JSON.stringify([process.env.KEY, process.argv.slice(1)]))'];

t.test('variables, arguments without a shell, exit codes', async (t) => {
  const home = makeHome(t);
  const file = home.write('key', `${value}\n`);
  const run = home.run(['exec', '--credential', `KEY=${file}`, ...show, 'a b', '$HOME', '*', '--help']);
  t.same(JSON.parse(run.stdout), [value, ['a b', '$HOME', '*', '--help']]);
  t.equal(run.status, 0);
  for (const source of [`file:${file}`, 'env:OTHER'])
    t.match(home.run(['exec', '--credential', `KEY=${source}`, ...show], { env: { OTHER: value } }).stdout, value);
  const folder = join(home.path, 'creds');
  home.write('creds/k', value);
  chmodSync(join(folder, 'k'), 0o444);
  t.match(
    home.run(['exec', '--credential', 'KEY=credential:k', ...show], { env: { CREDENTIALS_DIRECTORY: folder } }).stdout,
    value,
    'folders of credentials have a guard of their own',
  );
  t.equal(home.run(['exec', '--', process.execPath, '-e', 'process.exit(7)']).status, 7);
  t.equal(home.run(['exec', '--', process.execPath, '-e', 'process.kill(process.pid, "SIGTERM")']).status, 143);
  t.equal(
    home.run(['exec', '--', process.execPath, '-e', 'process.stdin.pipe(process.stdout)'], { input: 'in and out' }).stdout,
    'in and out',
  );
});

t.test('fails closed', async (t) => {
  const home = makeHome(t);
  const started = ['--', process.execPath, '-e', 'console.log("started")'];
  home.write('empty', '\n');
  home.write('binary', 'a\0b');
  const open = home.write('open', value);
  const refused: [source: string, message: RegExp, mode?: number][] = [
    ['/nowhere/key', /credential K: file \/nowhere\/key does not exist/],
    [join(home.path, 'empty'), /is empty/],
    [join(home.path, 'binary'), /is binary/],
    [home.path, /is a folder|may be read by others/],
    [open, /may be read by others \(mode 0640\); run chmod 600/, 0o640],
    [open, /mode 0604/, 0o604],
    ['env:NOT_SET', /NOT_SET is not set/],
    ['credential:x', /CREDENTIALS_DIRECTORY is not set/],
    [value, /must be a path, file:PATH, credential:NAME or env:NAME/],
  ];
  for (const [source, message, mode] of refused) {
    if (mode !== undefined) chmodSync(open, mode);
    const { status, stdout, stderr } = home.run(['exec', '--credential', `K=${source}`, ...started]);
    t.match(stderr, message, source === value ? 'a value' : source);
    t.notMatch(stderr, value);
    t.notMatch(stdout, 'started');
    t.ok(status === 78 || status === 64, `exit code ${status}`);
  }
  t.match(home.run(['exec', '--credential', value, ...started]), { status: 64, stdout: '' });
  t.match(home.run(['exec']), { status: 64, stderr: /which program\?/ });
  t.match(home.run(['exec', '--', 'no-such-program-here']), { status: 127, stderr: /was not found on PATH/ });
});

t.test('signals reach the program, and no argument shows the secret', { timeout: 60_000 }, async (t) => {
  const home = makeHome(t);
  const file = home.write('key', value);
  const script =
    'process.on("SIGTERM", () => { console.log("told"); process.exit(3); }); console.log("up"); setInterval(() => {}, 1000);';
  const child: ChildProcess = spawn(
    process.execPath,
    [main, 'exec', '--credential', `KEY=${file}`, '--', process.execPath, '-e', script],
    {
      env: home.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  while (!output.includes('up')) await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  t.notMatch(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8'), value);
  t.notMatch(readFileSync(`/proc/${child.pid}/environ`, 'utf8'), value, 'only the program itself has the variable');
  child.kill('SIGTERM');
  t.equal((await once(child, 'exit'))[0], 3);
  t.match(output, 'told');
});
