/** Which connections are used again, for how long, and which never. */
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient } from '../../src/http-client.ts';
import { ask, begin, Heard, type RawUpstream, rawUpstream } from '../fixtures/raw-upstream.ts';

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';
const ok = `${head}\r\nok`;

const connectionsOf = ({ sockets }: RawUpstream): number => sockets.length;

t.test('one after the other they share a connection; at once each has its own; then the youngest is used', async (t) => {
  const client = createHttpClient();
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  for (let count = 0; count < 200; count++)
    t.equal((await ask(client, upstream, { method: 'POST', body: 'x'.repeat(count * 300) })).body, 'ok');
  t.equal(connectionsOf(upstream), 1);
  await Promise.all(Array.from({ length: 10 }, () => ask(client, upstream)));
  t.equal(connectionsOf(upstream), 10);
  for (let count = 0; count < 20; count++) await ask(client, upstream);
  t.equal(connectionsOf(upstream), 10);
});

/** What is said after an answer; the connection is then of no use. */
const last: Record<string, string> = {
  'Connection: close': `${head}Connection: close\r\n\r\nok`,
  'Connection: x, CLOSE': `${head}Connection: x, CLOSE\r\n\r\nok`,
  'two Connection headers': `${head}Connection: keep-alive\r\nConnection: close\r\n\r\nok`,
  'HTTP/1.0': 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'more than its length': `${ok}more`,
  'more than its chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\n',
  'a body with 204': 'HTTP/1.1 204 No Content\r\n\r\nok',
  'a body with 304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok',
  'two answers': ok + ok,
  'no time': `${head}Keep-Alive: timeout=0\r\n\r\nok`,
  'one second, which may be over on the way': `${head}Keep-Alive: timeout=1\r\n\r\nok`,
};

t.test('answers after which the connection is not used', async (t) => {
  for (const [name, bytes] of Object.entries(last)) {
    const client = createHttpClient({ connections: 1 });
    const upstream = await rawUpstream(t, (socket) => socket.write(bytes));
    for (let count = 1; count <= 3; count++) {
      const heard = await ask(client, upstream);
      t.equal(heard.failure, undefined, name);
      t.equal(heard.endings, 1);
      t.equal(connectionsOf(upstream), count);
    }
    await client.close(0);
  }
  const client = createHttpClient({ connections: 1 });
  const upstream = await rawUpstream(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  for (let count = 1; count <= 3; count++) t.equal((await ask(client, upstream, { method: 'HEAD' })).body, '');
  t.equal(connectionsOf(upstream), 3, 'a body for HEAD');
  await client.close(0);
});

t.test('an answer that comes before the whole request was sent is heard, and is the last', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  upstream.server.prependOnceListener('connection', (socket) => {
    socket.pause();
    socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig');
    // Only what the system takes is read from here.
    socket.pause();
  });
  const heard = await ask(client, upstream, { method: 'POST', body: Buffer.alloc(30_000_000) });
  t.match(heard, { status: 413, body: 'big', failure: undefined });
  t.equal((await ask(client, upstream)).body, 'ok');
  t.equal(connectionsOf(upstream), 2);
});

t.test('a connection that the upstream closed meanwhile is not used', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  for (const close of ['end', 'destroy', 'resetAndDestroy'] as const) {
    for (let count = 0; count < 20; count++) {
      t.equal((await ask(client, upstream)).body, 'ok', `${close}, ${count}`);
      upstream.sockets.at(-1)?.[close]();
      for (let turns = 0; turns < 5; turns++) await turn();
    }
  }
  t.equal(connectionsOf(upstream), 60);
});

t.test('bytes that nobody asked for end a connection that is kept', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  for (let count = 1; count <= 10; count++) {
    t.equal((await ask(client, upstream)).body, 'ok');
    upstream.sockets.at(-1)?.write('HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\nno');
    for (let turns = 0; turns < 5; turns++) await turn();
    t.equal(connectionsOf(upstream), count);
  }
});

t.test(
  'connections without work grow too old: a second before the upstream says so, or after four',
  { timeout: 60_000 },
  async (t) => {
    const client = createHttpClient();
    t.teardown(() => client.close(0));
    const [two, usual, long] = (await Promise.all(
      ['Keep-Alive: timeout=2\r\n', '', 'keep-alive: max=5, Timeout=600\r\n'].map((line) =>
        rawUpstream(t, (socket) => socket.write(`${head}${line}\r\nok`)),
      ),
    )) as [RawUpstream, RawUpstream, RawUpstream];
    const all = [two, usual, long];
    await Promise.all(all.map((upstream) => ask(client, upstream)));
    await wait(1300);
    await Promise.all(all.map((upstream) => ask(client, upstream)));
    t.equal(connectionsOf(two), 2, 'one second of two is over');
    await wait(4300);
    await Promise.all(all.map((upstream) => ask(client, upstream)));
    t.equal(connectionsOf(two), 3);
    t.ok(connectionsOf(usual) > 1);
    t.equal(connectionsOf(long), 1);
    // Those that nobody asks for any more are swept away without a request.
    const [first] = usual.sockets;
    while (!first?.destroyed || !two.sockets.at(-1)?.destroyed) await wait(50);
    t.notOk(long.sockets[0]?.destroyed);
  },
);

t.test('with all connections taken requests wait, and are sent in their order', async (t) => {
  const client = createHttpClient({ connections: 2 });
  t.teardown(() => client.close(0));
  const open: { answer(): void }[] = [];
  let most = 0;
  const upstream = await rawUpstream(t, (socket) => {
    open.push({ answer: () => socket.write(ok) });
    most = Math.max(most, open.length);
  });
  const order: number[] = [];
  const waiting = Array.from({ length: 30 }, (_, index) => {
    const heard = new Heard();
    heard.onCall = (call) => call === 'end' && order.push(index);
    return begin(client, upstream, { method: 'POST', body: String(index) }, heard);
  });
  // One in the middle is given up, and not missed.
  waiting[10]?.exchange.abort();
  while (open.length < 2) await turn();
  while (order.length < 29) {
    open.shift()?.answer();
    await turn();
  }
  t.equal(most, 2);
  t.equal(connectionsOf(upstream), 2);
  const sent = upstream.requests.map((request) => Number(request.split('\r\n\r\n')[1]));
  t.same(
    sent,
    Array.from({ length: 30 }, (_, index) => index).filter((index) => index !== 10),
  );
  t.same(
    [...order].sort((a, b) => a - b),
    sent,
  );
  t.same(waiting[10]?.calls, []);
});
