import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { applyListenFlags, parseDaemonFlags } from '../src/daemon-main.ts';
import { start, startReady } from './fixtures/process.ts';

const NONE = { checkConfig: false, printSchema: false, help: false, version: false };

t.test('flags', async (t) => {
  const cases: [argv: string[], flags: object][] = [
    [[], NONE],
    [['--config', 'a.json'], { ...NONE, config: 'a.json' }],
    [['--config=a=b.json', '--check-config'], { ...NONE, config: 'a=b.json', checkConfig: true }],
    [['-c', 'a', '-p', '80', '--host', '::1'], { ...NONE, config: 'a', port: 80, host: '::1' }],
    [['--drain-limit-ms', '900000'], { ...NONE, drainLimitMs: 900_000 }],
    [['--print-schema'], { ...NONE, printSchema: true }],
    [['-h', '-v'], { ...NONE, help: true, version: true }],
  ];
  for (const [argv, flags] of cases) t.same(parseDaemonFlags(argv), flags, argv.join(' '));
});

t.test('flags that make no sense', async (t) => {
  const cases: [argv: string[], message: string | RegExp][] = [
    [['--confg', 'x'], 'unknown flag --confg (did you mean "--config"?)'],
    [['--zebra'], 'unknown flag --zebra (--help lists them)'],
    [['-x'], 'unknown flag -x (--help lists them)'],
    [['--config'], '--config needs a value'],
    [['--config', '--check-config'], '--config needs a value'],
    [['--check-config=yes'], '--check-config takes no value'],
    [['--port', 'http'], '--port must be a number from 0 to 65535, not "http"'],
    [['--port', '65536'], /from 0 to 65535/],
    [['--drain-limit-ms', '0'], /milliseconds from 1 to 86400000, not "0"/],
    [['--drain-limit-ms', '15min'], /milliseconds from 1 to 86400000, not "15min"/],
    [['config.json'], 'unexpected argument "config.json" (a file is given with --config FILE)'],
  ];
  for (const [argv, message] of cases) t.throws(() => parseDaemonFlags(argv), { name: 'FlagError', message }, argv.join(' '));
});

t.test('--host and --port replace the first port only', async (t) => {
  const specs = [{ socket: '/s' }, { host: '127.0.0.1', port: 1, fd: 'x' }, { port: 2 }];
  t.same(applyListenFlags(specs, {}), specs);
  t.same(applyListenFlags(specs, { port: 9 }), [{ socket: '/s' }, { host: '127.0.0.1', port: 9 }, { port: 2 }]);
  t.same(applyListenFlags(specs, { host: '::1' })[1], { host: '::1', port: 1 });
  t.same(applyListenFlags([{ socket: '/s' }], { port: 9 }), [{ port: 9 }, { socket: '/s' }]);
  t.throws(() => applyListenFlags([{ socket: '/s' }], { host: '::1' }), /--host needs --port as well/);
});

t.test('flags that print and exit', async (t) => {
  const run = async (...flags: string[]) => {
    const running = start(flags);
    return { code: await running.ended, ...running.output() };
  };
  t.match(await run('--version'), { code: 0, stdout: 'fixture 1.2.3\n', stderr: '' });
  t.match(await run('--help'), { code: 0, stdout: /^A daemon for tests\.\n\nUsage: fixture \[--config FILE\]/ });
  const { code, stdout } = await run('--print-schema');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { properties: { greeting: { default: 'hello', description: 'What to say.' } } });
  t.match(await run('--zebra'), { code: 64, stdout: '', stderr: 'fixture: unknown flag --zebra (--help lists them)\n' });
});

t.test('--check-config', async (t) => {
  const folder = t.testdir({
    'good.json': '{"greeting": "hi"}',
    'bad.json': '{"greetin": "hi", "listen": 1}',
    'broken.json': '{',
  });
  const check = async (name: string) => {
    const file = join(folder, name);
    const running = start(['--check-config', '--config', file]);
    return { file, code: await running.ended, ...running.output() };
  };
  const good = await check('good.json');
  t.match(good, { code: 0, stdout: `${good.file}: ok\n`, stderr: '' });
  const bad = await check('bad.json');
  t.match(bad, {
    code: 78,
    stdout: '',
    stderr: `${bad.file}: listen: expected an array, found the number 1\n${bad.file}: greetin: unknown key (did you mean "greeting"?)\n`,
  });
  t.match(await check('broken.json'), { code: 78, stderr: /broken\.json:1:2: not valid JSON/ });
  t.match(await check('none.json'), { code: 78, stderr: /does not exist/ });
});

t.test('it runs, with and without a file', async (t) => {
  const folder = t.testdir({ 'config.json': '{"greeting": "good day", "listen": [{"port": 1}]}' });
  for (const [flags, answer] of [
    [[], 'hello'],
    [['--config', join(folder, 'config.json'), '--port', '0'], 'good day'],
  ] as const) {
    const { url, child, ended } = await startReady([...flags]);
    t.match(await (await fetch(url)).text(), answer);
    child.kill('SIGTERM');
    t.equal(await ended, 0);
  }
});

t.test('a port in use ends it with 1 and one sentence', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as AddressInfo;
  const running = start(['--port', String(port)]);
  t.equal(await running.ended, 1);
  t.match(
    running.output().stderr,
    new RegExp(`^fixture: cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use \\(.*\\)\n$`),
  );
  holder.close();
});
