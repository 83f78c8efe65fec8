import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, get, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { silentLogger } from '../src/logger.ts';
import { runService, type ServiceOptions } from '../src/service.ts';
import { shortFolder } from './fixtures/folder.ts';
import { load } from './fixtures/load.ts';
import { startReady } from './fixtures/process.ts';
import { supervise } from './fixtures/supervisor.ts';

const serve = (options: Partial<ServiceOptions> = {}) =>
  runService({
    name: 'test',
    version: '1',
    logger: silentLogger,
    listen: [{ port: 0 }],
    handler: (_, response) => response.end('ok'),
    signals: false,
    drainGraceMs: 50,
    ...options,
  });
const portOf = (url: string): number => Number(new URL(url).port);

t.test('several addresses, one handler', async (t) => {
  const socket = join(shortFolder(t), 's');
  let ready: string[] = [];
  const service = await serve({ listen: [{ port: 0 }, { socket }], onReady: (urls) => (ready = urls) });
  t.same(ready, service.urls);
  t.equal(service.urls[1], `unix:${socket}`);
  t.equal(await (await fetch(service.urls[0] ?? '')).text(), 'ok');
  await service.stop('test');
  await service.stopped;
  t.notOk(existsSync(socket));
});

t.test('a start that fails leaves nothing open', async (t) => {
  const first = await serve();
  const socket = join(shortFolder(t), 's');
  await t.rejects(serve({ listen: [{ socket }, { port: portOf(first.urls[0] ?? '') }] }), { code: 'EADDRINUSE' });
  t.notOk(existsSync(socket));
  await first.stop('test');
});

t.test('stopping: new connections are refused, open requests finish, then onDrain runs, once', async (t) => {
  const order: string[] = [];
  const service = await serve({
    handler: async (_, response) => {
      await wait(150);
      response.end('done');
      order.push('answered');
    },
    onStopping: () => order.push('stopping'),
    onDrain: async () => void order.push('drained'),
  });
  const url = service.urls[0] ?? '';
  const open = fetch(url);
  await wait(30);
  const stopping = service.stop('test');
  t.equal(service.stop('again'), stopping);
  await t.rejects(fetch(url), 'refused');
  const answer = await open;
  t.equal(await answer.text(), 'done');
  t.equal(answer.headers.get('connection'), 'close', 'also on the answer that was owed when the stop began');
  await stopping;
  t.same(order, ['stopping', 'answered', 'drained']);
});

t.test('within the grace an idle connection still gets its answer', async (t) => {
  const service = await serve({ drainGraceMs: 400 });
  const agent = new Agent({ keepAlive: true });
  const ask = async () => {
    const [response] = await once(get(service.urls[0] ?? '', { agent }), 'response');
    response.resume();
    await once(response, 'end');
    return response;
  };
  t.equal((await ask()).headers.connection, 'keep-alive');
  const stopping = service.stop('test');
  await wait(50);
  const late = await ask();
  t.equal(late.statusCode, 200);
  t.equal(late.headers.connection, 'close');
  const before = performance.now();
  await stopping;
  t.ok(performance.now() - before < 200, 'with the last connection gone, the grace is not sat out');
  agent.destroy();
});

t.test('idle and never-used connections end after the grace, stuck requests at the limit', async (t) => {
  const service = await serve({ drainGraceMs: 50, drainLimitMs: 300, handler: (_, response) => void response.write('begun') });
  const port = portOf(service.urls[0] ?? '');
  const unused = connect(port, '127.0.0.1');
  await once(unused, 'connect');
  unused.resume();
  const stuck = get({ port, host: '127.0.0.1' });
  const [response] = await once(stuck, 'response');
  const cut = once(response, 'error');
  response.resume();
  const before = performance.now();
  const stopping = service.stop('test');
  await once(unused, 'close');
  t.ok(performance.now() - before < 200, 'the unused one after the grace');
  await cut;
  await stopping;
  const took = performance.now() - before;
  t.ok(took >= 290 && took < 1000, `the stuck one at the limit (${took.toFixed(0)} ms)`);
});

t.test('a large answer to a slow reader is not cut by the drain', async (t) => {
  const size = 20_000_000;
  const service = await serve({
    drainGraceMs: 20,
    drainLimitMs: 5000,
    handler: (_, response) => void response.end(Buffer.alloc(size)),
  });
  const [response] = await once(get(service.urls[0] ?? ''), 'response');
  const stopping = service.stop('test');
  let received = 0;
  for await (const chunk of response) {
    received += chunk.length;
    if (received < 2_000_000) await wait(20);
  }
  t.equal(received, size);
  await stopping;
});

t.test('onDrain that hangs or throws does not hold the end', async (t) => {
  const hanging = await serve({ drainLimitMs: 100, onDrain: () => new Promise(() => {}) });
  await t.resolves(hanging.stop('test'));
  const throwing = await serve({
    onStopping: () => {
      throw new Error('x');
    },
    onDrain: async () => {
      throw new Error('x');
    },
  });
  await t.resolves(throwing.stop('test'));
});

t.test('a handler that fails answers 500 and gives nothing away', async (t) => {
  for (const handler of [
    () => {
      throw new Error('hunter2');
    },
    () => Promise.reject(new Error('hunter2')),
  ]) {
    const service = await serve({ handler });
    const answer = await fetch(service.urls[0] ?? '');
    t.equal(answer.status, 500);
    t.equal(answer.headers.get('content-type'), 'application/problem+json');
    t.notMatch(await answer.text(), /hunter2/);
    await service.stop('test');
  }
});

t.test('what is not HTTP is answered as a problem', async (t) => {
  const service = await serve({ drainGraceMs: 0 });
  const port = portOf(service.urls[0] ?? '');
  const say = async (text: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.write(text);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  };
  t.match(
    await say('nonsense\r\n\r\n'),
    /^HTTP\/1\.1 400 Bad Request\r\n(.*\r\n)*Connection: close\r\n\r\n\{"type":"about:blank"/,
  );
  t.match(await say(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1\.1 431 .*\r\n(.*\r\n)*.*32 KiB/);
  await service.stop('test');
});

t.test('a body that is still being sent is not cut by the drain', async (t) => {
  const service = await serve({
    drainGraceMs: 20,
    handler: async (incoming, response) => {
      let size = 0;
      for await (const chunk of incoming) size += chunk.length;
      response.end(String(size));
    },
  });
  const sending = request(service.urls[0] ?? '', { method: 'POST' });
  sending.write('12345');
  await wait(50);
  const stopping = service.stop('test');
  await wait(100);
  sending.end('67890');
  const [response] = await once(sending, 'response');
  t.equal(String(await response.toArray()), '10');
  await stopping;
});

t.test('SIGTERM: exit 0, after open requests and onDrain', async (t) => {
  const { url, child, ended, log } = await startReady();
  const open = fetch(`${url}/slow?ms=300`);
  await wait(100);
  child.kill('SIGTERM');
  t.match(await (await open).text(), /^hello/);
  t.equal(await ended, 0);
  t.match(
    log().map((line) => line.msg),
    ['ready', 'stopping', 'drained', 'stopped'],
  );
});

t.test('a second signal ends it at once', async (t) => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const { url, child, ended, said } = await startReady();
    const open = fetch(`${url}/slow?ms=5000`).catch(() => 'cut');
    await wait(100);
    child.kill('SIGTERM');
    await said('stopping');
    const before = performance.now();
    child.kill(signal);
    t.equal(await ended, code);
    t.ok(performance.now() - before < 500);
    t.equal(await open, 'cut');
  }
});

t.test('an unhandled rejection is logged and survived', async (t) => {
  const { url, child, ended, said } = await startReady();
  await (await fetch(`${url}/reject`)).text();
  t.match(await said('unhandled rejection'), { level: 'error', error: { message: 'nobody caught this' } });
  t.equal((await fetch(url)).status, 200);
  t.equal((await fetch(`${url}/throw`)).status, 500);
  child.kill('SIGINT');
  t.equal(await ended, 0);
});

t.test('an uncaught exception drains and ends with 70', async (t) => {
  const { url, ended, log } = await startReady();
  const open = fetch(`${url}/slow?ms=300`);
  await wait(50);
  await fetch(`${url}/crash`).catch(() => {});
  t.equal((await open).status, 200, 'other requests still get their answer');
  t.equal(await ended, 70);
  t.ok(log().some((line) => line.msg === 'drained'));
});

t.test('restarts under load fail no request', async (t) => {
  const { port, restart, end } = await supervise(t);
  const running = load(port, 16, ['/', '/', '/slow?ms=5', '/', '/stream?ms=20', '/', '/slow?ms=150']);
  for (let count = 0; count < 3; count++) {
    await wait(400);
    await restart();
  }
  await wait(300);
  const { ok, failures, pids } = await running.stop();
  await end();
  t.comment(`${ok} requests, ${pids.size} processes`);
  t.same(failures, []);
  t.equal(pids.size, 4);
  t.ok(ok > 100, String(ok));
});
