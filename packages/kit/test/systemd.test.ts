import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { listenFds, notifier } from '../src/systemd.ts';
import { startReady } from './fixtures/process.ts';

t.test('descriptors by name', async (t) => {
  const cases: [env: NodeJS.ProcessEnv, fds: [string, number][]][] = [
    [{}, []],
    [
      { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http:notify' },
      [
        ['http', 3],
        ['notify', 4],
      ],
    ],
    [
      { LISTEN_PID: '42', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:a:b' },
      [
        ['a', 3],
        ['a#2', 4],
        ['b', 5],
      ],
    ],
    [{ LISTEN_PID: '42', LISTEN_FDS: '1' }, [['unknown', 3]]],
    [{ LISTEN_PID: '43', LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }, []],
    [{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }, []],
    [{ LISTEN_PID: '42', LISTEN_FDS: 'x' }, []],
  ];
  for (const [env, fds] of cases) {
    const told = JSON.stringify(env);
    t.same([...listenFds(env, 42)], fds, told);
    t.same(env, {}, 'and the variables are gone');
    t.same([...listenFds(env, 42)], fds, 'a second call says the same');
  }
});

t.test('the watchdog interval is half the limit, and only for this process', async (t) => {
  t.equal(notifier({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '42' }, 42).watchdogIntervalMs, 1500);
  t.equal(notifier({ WATCHDOG_USEC: '3000000' }, 42).watchdogIntervalMs, 1500);
  t.equal(notifier({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '43' }, 42).watchdogIntervalMs, 0);
  t.equal(notifier({}, 42).watchdogIntervalMs, 0);
});

t.test('outside systemd nothing happens', async (t) => {
  const tell = notifier({}, 42);
  tell.ready('x');
  tell.status('x');
  tell.reloading();
  tell.stopping();
  tell.watchdog();
  tell.extendTimeout(1000);
  await t.resolves(tell.flush());
});

/** A process whose fd 3 is a file in place of systemd's datagram socket; each write is one message. */
t.test('way 1: the descriptor of OpenFile=, over the life of a daemon', async (t) => {
  const folder = t.testdir({ 'config.json': '{"greeting": "hello"}' });
  const file = join(folder, 'notify');
  const fd = openSync(file, 'a');
  const { url, child, ended, said } = await startReady(['--config', join(folder, 'config.json')], {
    shell:
      'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=notify WATCHDOG_USEC=100000 WATCHDOG_PID=$$ NOTIFY_SOCKET=/run/none exec "$@"',
    fds: [fd],
  });
  closeSync(fd);
  const told = (): string => readFileSync(file, 'utf8');
  t.match(told(), /^READY=1\nSTATUS=saying hello/);

  await wait(300);
  t.ok(told().split('WATCHDOG=1').length > 3, 'signs of life while healthy');
  await fetch(`${url}/sick`);
  await wait(120);
  const before = told().length;
  await wait(250);
  t.equal(told().length, before, 'none while not');

  writeFileSync(join(folder, 'config.json'), '{"greeting": "good day"}');
  child.kill('SIGHUP');
  await said('reloaded');
  await wait(20);
  t.match(told(), /RELOADING=1\nMONOTONIC_USEC=\d+READY=1\nSTATUS=saying good day$/);
  t.match(await (await fetch(url)).text(), /^good day/);

  writeFileSync(join(folder, 'config.json'), '{"greetin": 1}');
  child.kill('SIGHUP');
  await said('reload failed, going on as before');
  t.match(await (await fetch(url)).text(), /^good day/);

  t.notMatch(await (await fetch(`${url}/spawn`)).text(), /LISTEN_|NOTIFY_SOCKET|WATCHDOG_/, 'children inherit no variable');
  child.kill('SIGTERM');
  t.equal(await ended, 0);
  t.match(told(), /STOPPING=1EXTEND_TIMEOUT_USEC=15000000STATUS=draining: 0 requests are still being answered$/);
});

t.test('children inherit no descriptor', async (t) => {
  const folder = t.testdir();
  const fd = openSync(join(folder, 'notify'), 'a');
  const { url, child, ended } = await startReady([], {
    shell: 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=notify exec "$@"',
    fds: [fd],
  });
  closeSync(fd);
  const seen = await (await fetch(`${url}/spawn`)).text();
  t.match(seen, / 0 -> .*\n.* 1 -> /, 'its descriptors are listed');
  t.notMatch(seen, `${folder}/notify`);
  child.kill('SIGKILL');
  await ended;
});

t.test('way 3: the systemd-notify program, in order', async (t) => {
  const folder = t.testdir({ 'systemd-notify': '#!/bin/sh\necho "$NOTIFY_SOCKET $@" >> "$(dirname "$0")/told"\n' });
  chmodSync(join(folder, 'systemd-notify'), 0o755);
  const env: NodeJS.ProcessEnv = { PATH: `${folder}:${process.env.PATH}`, NOTIFY_SOCKET: '/run/x' };
  const tell = notifier(env, 42);
  t.equal(env.NOTIFY_SOCKET, undefined);
  tell.ready('two\nlines');
  tell.watchdog();
  tell.stopping();
  await tell.flush();
  t.equal(readFileSync(join(folder, 'told'), 'utf8'), '/run/x READY=1 STATUS=two lines\n/run/x WATCHDOG=1\n/run/x STOPPING=1\n');
});
