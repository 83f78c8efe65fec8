/** A connection of the lane from its beginning to its end: what is sent ahead, who leaves when, and what Node takes over. */
import { once } from 'node:events';
import t from 'tap';
import type { LaneResponse } from '../../src/http1/lane-response.ts';
import type { LaneHandler } from '../../src/http1/server-lane.ts';
import type { InboundRequest, OutboundResponse } from '../../src/inbound.ts';
import { answersIn } from '../fixtures/answers.ts';
import { laneServer, post, type Talk, talkTo, until } from '../fixtures/lane-server.ts';
import { noteServerSockets, quiet, turn } from '../fixtures/server-sockets.ts';

noteServerSockets(t);

const echo: LaneHandler = (request, response) => response.end(`${request.url} ${request.takeBody()}`);
const bodies = ({ heard }: Talk): string[] => answersIn(heard).map(({ body }) => body);

t.test('bursts: whatever way requests come together, answers come one each and in order', async (t) => {
  const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
  const answered = paths.map((path) => `${path} b`);
  for (const answerLater of [false, true]) {
    const server = await laneServer(t, async (request, response) => {
      if (answerLater) await turn();
      echo(request, response);
    });
    const one = await talkTo(server);
    for (const path of paths) one.client.write(post(path, 'b'));
    await until(() => one.heard.split('HTTP/1.1').length > 50);
    t.same(bodies(one).map((body) => body.replace('by node POST ', '')).length, 50, 'each in a segment of its own');
    const burst = await talkTo(server);
    burst.client.write(post('/first', 'b'));
    await quiet(burst);
    burst.client.write(paths.map((path) => post(path, 'b')).join(''));
    await quiet(burst);
    t.same(bodies(burst), ['/first b', ...paths.map(() => 'by node POST b')], 'all at once: handed over');
    const apart = await talkTo(server);
    for (const path of paths) {
      apart.client.write(post(path, 'b'));
      await quiet(apart);
    }
    t.same(bodies(apart), answered, 'one after the other: all by the lane');
    for (const { client } of [one, burst, apart]) client.destroy();
  }
});

t.test('what comes ahead of its answer is held back beyond 64 KiB, and served later', async (t) => {
  const released = Promise.withResolvers<void>();
  const server = await laneServer(t, async (request, response) => {
    if (request.url === '/held') await released.promise;
    response.end(`${request.url} ${request.takeBody().length}`);
  });
  const talk = await talkTo(server);
  talk.client.write(post('/held'));
  await quiet(talk);
  const size = 500_000;
  for (let count = 0; count < 40; count++) talk.client.write(post('/later', 'x'.repeat(size)));
  await until(() => talk.server.isPaused());
  for (let still = 0, before = 0; still < 50; before = talk.server.bytesRead) {
    await turn();
    still = talk.server.bytesRead === before ? still + 1 : 0;
  }
  t.ok(talk.server.bytesRead < 1_000_000, `${talk.server.bytesRead} bytes were taken of 20 MB`);
  t.equal(talk.heard, '');
  released.resolve();
  await until(() => talk.heard.split('HTTP/1.1').length > 41);
  t.equal(bodies(talk).length, 41);
  t.ok(bodies(talk).every((body, index) => body.endsWith(index === 0 ? ' 0' : ` ${size}`)));
  talk.client.destroy();
});

t.test('a client that leaves: `close` comes once, unfinished, and nothing said afterwards hurts', async (t) => {
  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    for (const begun of ['nothing', 'the head', 'a piece']) {
      let closes = 0;
      let response: LaneResponse | undefined;
      const server = await laneServer(t, (_, given) => {
        response = given;
        given.once('close', () => closes++);
        if (begun === 'the head') given.flushHeaders();
        if (begun === 'a piece') given.write('begun');
      });
      const talk = await talkTo(server);
      talk.client.write(post('/'));
      await quiet(talk);
      t.equal(closes, 0);
      talk.client[leave]();
      await until(() => closes > 0);
      await until(() => talk.server.destroyed);
      t.match(response, { closed: true, destroyed: true, writableFinished: false }, `${leave} behind ${begun}`);
      t.equal(response?.write('more'), false);
      response?.end('more');
      response?.flushHeaders();
      response?.destroy();
      const late = Promise.withResolvers<void>();
      response?.once('close', late.resolve);
      await late.promise;
      await turn();
      t.equal(closes, 1);
      t.equal(server.open.size, 0);
      talk.client.destroy();
    }
  }
});

t.test('a client that ends its side together with its request hears an answer that is there at once', async (t) => {
  const server = await laneServer(t, echo);
  const talk = await talkTo(server);
  talk.client.end(post('/', 'last'));
  await once(talk.client, 'end');
  t.same(bodies(talk), ['/ last']);
  await until(() => talk.server.destroyed);
});

t.test('a body cut by its client: 400 when it still listens, as from Node, and the handler hears nothing', async (t) => {
  let calls = 0;
  const server = await laneServer(t, () => calls++);
  server.server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => socket.end(`HTTP/1.1 400 ${code}\r\n\r\n`));
  const talk = await talkTo(server);
  talk.client.end(post('/', 'whole').slice(0, -1));
  await once(talk.client, 'end');
  t.match(talk.heard, /^HTTP\/1\.1 400 HPE_INVALID_EOF_STATE\r\n/);
  t.equal(calls, 0);
});

t.test('false means Node only when it is said at once; said later it is an answer that never comes', async (t) => {
  let closes = 0;
  const server = await laneServer(t, (request, response) => {
    if (request.url === '/now') return false;
    response.once('close', () => closes++);
    return Promise.resolve(false);
  });
  const now = await talkTo(server);
  now.client.write(post('/now', 'x'));
  await quiet(now);
  t.same(bodies(now), ['by node POST x']);
  const later = await talkTo(server);
  later.client.write(post('/later', 'x'));
  await quiet(later, 20);
  t.equal(later.heard, '');
  later.client.destroy();
  await until(() => closes === 1);
  now.client.destroy();
});

t.test('destroy cuts at once; a last answer is followed by nothing, not even by a request that crosses it', async (t) => {
  const calls: string[] = [];
  let talk: Talk;
  const server = await laneServer(t, (request, response) => {
    calls.push(request.url);
    if (request.url === '/cut') {
      response.write('begun');
      response.destroy();
      return;
    }
    // Written now it is read only after the answer has ended and the connection with it.
    talk.client.write(post('/crossing'));
    response.writeHead(200, { connection: 'close' }).end('last');
  });
  talk = await talkTo(server);
  talk.client.write(post('/cut'));
  await until(() => talk.server.destroyed);
  talk = await talkTo(server);
  talk.client.write(post('/last'));
  await until(() => talk.server.destroyed);
  t.same(calls, ['/cut', '/last']);
});

t.test('connections without work end after a while, those with work do not', async (t) => {
  const responses: OutboundResponse[] = [];
  const server = await laneServer(
    t,
    (request, response) => {
      if (request.url === '/work') responses.push(response);
      else echo(request, response);
    },
    { keepAliveMs: 600 },
  );
  const [unused, used, working, sending] = await Promise.all([talkTo(server), talkTo(server), talkTo(server), talkTo(server)]);
  used.client.write(post('/'));
  working.client.write(post('/work'));
  sending.client.write(post('/', '12345').slice(0, -1));
  await Promise.all([unused, used].map(({ client }) => once(client, 'end')));
  // Several times as long as the others were given.
  const since = performance.now();
  await until(() => performance.now() - since > 2000);
  t.notOk(working.client.readableEnded || sending.client.readableEnded);
  responses[0]?.end('done');
  sending.client.write('5');
  await until(() => working.client.readableEnded && sending.client.readableEnded);
  t.same([bodies(used), bodies(working), bodies(sending)], [['/ '], ['done'], ['/ 12345']]);
});

t.test('slow heads are handed over, and Node counts their time', async (t) => {
  const server = await laneServer(t, echo, { headersTimeout: 100, connectionsCheckingInterval: 20 });
  const talk = await talkTo(server);
  talk.client.write(post('/'));
  await quiet(talk);
  talk.client.write('POST / HTTP/1.1\r\nHost:');
  await once(talk.client, 'end');
  t.match(talk.heard, /\/ HTTP\/1\.1 408 Request Timeout\r\n/);
});

t.test('no connection keeps more than it needs after ten thousand requests', async (t) => {
  const server = await laneServer(t, (request: InboundRequest, response) => {
    response.once('close', () => {});
    response.once('drain', () => {});
    response.write(String(request.url));
    response.end();
  });
  const talk = await talkTo(server);
  const listeners = () => talk.server.eventNames().map((name) => `${String(name)} ${talk.server.listenerCount(name)}`);
  const before = listeners();
  const handles = process.getActiveResourcesInfo().length;
  const request = post('/', 'x'.repeat(1000));
  let [heapBefore, answers, tail] = [0, 0, ''];
  talk.client.removeAllListeners('data').on('data', (bytes) => {
    tail = (tail + bytes.toString('latin1')).slice(-5);
    if (tail === '0\r\n\r\n') answers += 1;
  });
  for (let count = 1; count <= 10_000; count++) {
    talk.client.write(request);
    await until(() => answers === count);
    if (count === 5000) {
      globalThis.gc?.();
      heapBefore = process.memoryUsage().heapUsed;
    }
  }
  globalThis.gc?.();
  const grown = process.memoryUsage().heapUsed - heapBefore;
  t.same(listeners(), before);
  t.ok(process.getActiveResourcesInfo().length <= handles + 2);
  // 5,000 requests that stayed would be 10 MB and more even without their bodies; 50 MB is what a heap may swing without `gc`.
  t.ok(grown < (globalThis.gc === undefined ? 50e6 : 3e6), `${(grown / 1e6).toFixed(1)} MB more`);
  t.equal(server.open.size, 1);
  talk.client.destroy();
  await until(() => server.open.size === 0);
});
