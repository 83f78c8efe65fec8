import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, readFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type Arrival, arrivalOf } from '../src/arrival.ts';
import { silentLogger } from '../src/logger.ts';
import { runService } from '../src/service.ts';
import { shortFolder } from './fixtures/folder.ts';

const daemon = fileURLToPath(new URL('./fixtures/daemon.ts', import.meta.url));

const status = (options: object): Promise<number | undefined> =>
  new Promise((resolve, reject) =>
    get({ ...options, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject),
  );

t.test('each connection knows its address', async (t) => {
  const folder = shortFolder(t);
  const specs = [{ port: 0 }, { socket: join(folder, 'a') }, { socket: join(folder, 'b') }];
  const seen: (Arrival | undefined)[] = [];
  const service = await runService({
    name: 'x',
    version: '1',
    logger: silentLogger,
    listen: specs,
    signals: false,
    drainGraceMs: 0,
    handler: (request: IncomingMessage, response) => {
      seen.push(arrivalOf(request.socket));
      response.end();
    },
  });
  t.teardown(() => service.stop('end of test'));
  await status({ port: new URL(service.urls[0] ?? '').port, host: '127.0.0.1' });
  await status({ socketPath: join(folder, 'b') });
  await status({ socketPath: join(folder, 'a') });
  t.same(
    seen.map((arrival) => [specs.indexOf(arrival?.spec as never), arrival?.unix]),
    [
      [0, false],
      [2, true],
      [1, true],
    ],
  );
});

t.test('an address that nobody noted', (t) => {
  t.equal(arrivalOf(connect({ port: 1 }).on('error', () => {})), undefined);
  t.end();
});

t.test('a Unix socket passed by systemd', async (t) => {
  const folder = shortFolder(t);
  const holder = createServer().listen(join(folder, 'held'));
  await once(holder, 'listening');
  // Closing the holder removes its path, not the socket.
  linkSync(join(folder, 'held'), join(folder, 'sock'));
  const { fd } = (holder as unknown as { _handle: { fd: number } })._handle;
  const config = t.testdir({ 'config.json': JSON.stringify({ listen: [{ fd: 'http' }] }) });
  const ready = join(folder, 'ready');
  const child = spawn(
    'sh',
    [
      '-c',
      'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$0" "$@"',
      process.execPath,
      daemon,
      '--config',
      join(config, 'config.json'),
    ],
    { stdio: ['ignore', 'ignore', 'ignore', fd], env: { ...process.env, READY_FILE: ready } },
  );
  const ended = once(child, 'exit');
  holder.close();
  while (child.exitCode === null && !existsSync(ready)) await wait(10);
  t.equal(child.exitCode, null, 'it starts');
  t.match(readFileSync(ready, 'utf8'), /unix:http/);
  t.equal(await status({ socketPath: join(folder, 'sock') }), 200);
  child.kill('SIGTERM');
  await ended;
});
