// Who gets in over a real network: a gateway on an address of its own, callers on two other hosts. The hosts are network
// namespaces made here (root, iproute2), joined by veth pairs; nothing leaves them.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { gatewayMain } from '../fixtures/gateway-process.ts';

const isRoot = process.getuid?.() === 0;
const hasIp = spawnSync('ip', ['-V']).status === 0;
const why = !isRoot ? 'needs root' : !hasIp ? 'needs ip (Debian package iproute2)' : undefined;

const id = `sy${process.pid % 10_000}`;
const server = `${id}s`;
const friend = { name: `${id}f`, address: '10.77.1.2', gateway: '10.77.1.1' };
const stranger = { name: `${id}x`, address: '10.77.2.2', gateway: '10.77.2.1' };
const port = '8085';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
const inside = (namespace: string, command: string, args: string[], input?: string) =>
  spawnSync('ip', ['netns', 'exec', namespace, command, ...args], { encoding: 'utf8', input, timeout: 20_000 });

function makeHosts(): void {
  ip('netns', 'add', server);
  inside(server, 'ip', ['link', 'set', 'lo', 'up']);
  for (const host of [friend, stranger]) {
    ip('netns', 'add', host.name);
    ip('link', 'add', `${host.name}0`, 'netns', host.name, 'type', 'veth', 'peer', 'name', `${host.name}1`, 'netns', server);
    inside(host.name, 'ip', ['addr', 'add', `${host.address}/24`, 'dev', `${host.name}0`]);
    inside(server, 'ip', ['addr', 'add', `${host.gateway}/24`, 'dev', `${host.name}1`]);
    inside(host.name, 'ip', ['link', 'set', `${host.name}0`, 'up']);
    inside(server, 'ip', ['link', 'set', `${host.name}1`, 'up']);
  }
}

/** Status that a GET of /api/servers gets from a host; with a token when one is given. */
function statusFrom(namespace: string, address: string, headers: Record<string, string> = {}): string {
  const script = `fetch(${JSON.stringify(`http://${address}:${port}/api/servers`)}, { headers: ${JSON.stringify(headers)}, signal: AbortSignal.timeout(5000) }).then((r) => console.log(r.status), (e) => console.log(e.cause?.code ?? e.name))`;
  return inside(namespace, process.execPath, ['-e', script]).stdout.trim();
}

t.test('a gateway on a network', { skip: why ?? false, timeout: 120_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'net-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  t.teardown(() => {
    for (const name of [server, friend.name, stranger.name]) spawnSync('ip', ['netns', 'del', name]);
  });
  makeHosts();
  const stateDirectory = join(folder, 'state');
  const config = {
    listen: { host: '0.0.0.0', port: Number(port) },
    stateDirectory,
    cacheDirectory: join(folder, 'cache'),
    allowedHosts: [friend.gateway, stranger.gateway],
    auth: { allowedAddresses: ['10.77.1.0/24'] },
  };
  const file = join(folder, 'gateway.json');
  writeFileSync(file, JSON.stringify(config));
  const refused = inside(server, process.execPath, [gatewayMain, '--config', file]);
  t.equal(refused.status, 78, 'it does not start without a way to tell callers apart');
  t.match(refused.stderr, /switchyard token create/);

  const cli = join(import.meta.dirname, '../../../switchyard/src/main.ts');
  const made = spawnSync(
    process.execPath,
    [cli, 'token', 'create', '--name', 'friend', '--state-directory', stateDirectory, '--json'],
    { encoding: 'utf8' },
  );
  const token = /sy_[A-Za-z0-9_-]+/.exec(made.stdout)?.[0] ?? '';
  t.ok(token, 'a token');

  const gateway = spawn('ip', ['netns', 'exec', server, process.execPath, gatewayMain, '--config', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(async () => {
    gateway.kill('SIGTERM');
    await new Promise((resolve) => gateway.once('exit', resolve));
  });
  let log = '';
  gateway.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  for (let tries = 0; tries < 100 && !log.includes('"ready"'); tries += 1) await sleep(100);
  t.match(log, /"ready"/);

  const bearer = { authorization: `Bearer ${token}` };
  t.equal(statusFrom(server, '127.0.0.1'), '200', 'the same machine needs no token');
  t.equal(statusFrom(friend.name, friend.gateway), '401', 'another machine does');
  t.equal(statusFrom(friend.name, friend.gateway, bearer), '200');
  t.equal(statusFrom(friend.name, friend.gateway, { authorization: 'Bearer sy_wrong' }), '401');
  t.equal(statusFrom(stranger.name, stranger.gateway), '403', 'an address outside of the list is not let in');
  t.equal(statusFrom(stranger.name, stranger.gateway, bearer), '403', 'not even with a token');
  t.equal(statusFrom(server, '127.0.0.1', { 'x-forwarded-for': '203.0.113.7' }), '401', 'who came through a proxy is not local');
});
