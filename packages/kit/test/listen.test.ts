import { statSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { parseConfig } from '../src/config.ts';
import { isLoopback, type ListenSpec, listen, listenSchema } from '../src/listen.ts';
import { shortFolder } from './fixtures/folder.ts';

const open: Server[] = [];
const server = (): Server => {
  const made = createServer((_, response) => response.end('ok'));
  open.push(made);
  return made;
};
t.afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
const ask = (options: object): Promise<number | undefined> =>
  new Promise((resolve, reject) =>
    get({ ...options, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject),
  );

t.test('the schema', async (t) => {
  t.same(parseConfig(listenSchema, { port: 80 }, 'f'), { host: '127.0.0.1', port: 80, socketMode: '0660' });
  const cases: [value: object, message: RegExp][] = [
    [{}, /needs one of port, socket, fd/],
    [{ port: 80, socket: '/x' }, /takes either port or socket, not both/],
    [{ socket: 'x' }, /socket: must be an absolute path/],
    [{ port: 80, socketMode: '999' }, /socketMode: must be an octal file mode/],
    [{ prot: 80 }, /prot: unknown key \(did you mean "port"\?\)/],
  ];
  for (const [value, message] of cases) t.throws(() => parseConfig(listenSchema, value, 'f'), { message }, JSON.stringify(value));
});

t.test('a port', async (t) => {
  const first = await listen(server(), { port: 0 });
  const { port } = first.address as AddressInfo;
  t.equal(first.url, `http://127.0.0.1:${port}`);
  t.equal(await ask({ port, host: '127.0.0.1' }), 200);
  await t.rejects(listen(server(), { port }), {
    name: 'ListenError',
    code: 'EADDRINUSE',
    message: `cannot listen on 127.0.0.1:${port}: the port is in use (stop the process that holds it, which \`ss -ltnp 'sport = :${port}'\` names, or set another port)`,
  });
});

t.test('an address this machine does not have', async (t) => {
  await t.rejects(listen(server(), { host: '192.0.2.1', port: 0 }), {
    code: 'EADDRNOTAVAIL',
    message: /192\.0\.2\.1:0: no interface/,
  });
});

t.test('a wildcard is told as an address to call', async (t) => {
  t.match((await listen(server(), { host: '0.0.0.0', port: 0 })).url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

t.test('a Unix socket: mode, use, and removal of a stale file', async (t) => {
  const folder = shortFolder(t);
  writeFileSync(join(folder, 'file'), 'precious');
  const path = join(folder, 's');
  const first = server();
  t.same(await listen(first, { socket: path, socketMode: '0600' }), { url: `unix:${path}`, address: path });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(await ask({ socketPath: path }), 200);
  await t.rejects(listen(server(), { socket: path }), { code: 'EADDRINUSE', message: /another process answers there/ });
  t.equal(await ask({ socketPath: path }), 200, 'the first is unharmed');

  const stale = join(folder, 'stale');
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  t.ok(statSync(stale).isSocket(), 'left behind by a killed process');
  await listen(server(), { socket: stale });
  t.equal(await ask({ socketPath: stale }), 200);
  t.equal(statSync(stale).mode & 0o777, 0o660);

  await t.rejects(listen(server(), { socket: join(folder, 'file') }), {
    code: 'EEXIST',
    message: /a file that is not a socket is there/,
  });
  await t.rejects(listen(server(), { socket: join(folder, 'no', 's') }), {
    message: /the folder .*\/no does not exist \(create it/,
  });
  const long = join(folder, 'x'.repeat(120));
  await t.rejects(listen(server(), { socket: long }), { message: /longer than the 107 bytes/ });
});

t.test('a socket that systemd should have passed', async (t) => {
  await t.rejects(listen(server(), { fd: 'http' }), {
    code: 'ENOFD',
    message: /no socket named "http" \(it passed none; set FileDescriptorName=http/,
  });
  await t.rejects(listen(server(), { fd: 'http' }, new Map([['web', 3]])), { message: /it passed: web;/ });
  t.match((await listen(server(), { fd: 'http', port: 0 })).url, /^http:/, 'a port beside it is the fallback');
  const spec: ListenSpec = { fd: 'x', port: 0 };
  await t.rejects(listen(server(), spec, new Map([['x', 9999]])), { message: /cannot listen on file descriptor 9999 \("x"\)/ });
});

t.test('loopback', async (t) => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1', '[::1]', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])
    t.ok(isLoopback(host), host);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '1270.0.0.1',
    '127.1',
    '',
    '::ffff:10.0.0.1',
  ]) {
    t.notOk(isLoopback(host), host);
  }
});
