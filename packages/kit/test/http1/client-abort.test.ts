/** Leaving an exchange at any time: silence for whoever left, and no harm to anybody else. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient } from '../../src/http-client.ts';
import { ask, begin, Heard, rawUpstream } from '../fixtures/raw-upstream.ts';

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n';
const byLength = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhelloworld';
const untilEnd = 'HTTP/1.1 200 OK\r\n\r\nhelloworld';

const turns = async (count: number): Promise<void> => {
  for (let left = count; left > 0; left--) await turn();
};

t.test('after any number of turns, and twice', async (t) => {
  for (const bytes of [chunked, byLength, untilEnd]) {
    const client = createHttpClient({ connections: 1 });
    const upstream = await rawUpstream(t, async (socket, request) => {
      if (request.includes('/path'))
        for (const byte of bytes) {
          socket.write(byte);
          await turn();
        }
      if (bytes === untilEnd) socket.end();
    });
    for (let after = 0; after < 2 * bytes.length; after += 1 + (after >> 3)) {
      const heard = begin(client, upstream, { method: 'POST', body: 'x' });
      await turns(after);
      const { length } = heard.calls;
      const isOver = heard.endings === 1;
      heard.exchange.abort();
      heard.exchange.abort();
      heard.exchange.pause();
      heard.exchange.resume();
      const next = await ask(client, upstream);
      t.equal(next.body, 'helloworld', `the next one, after ${after} turns`);
      t.equal(heard.calls.length, length, 'silence');
      t.equal(heard.endings, isOver ? 1 : 0);
    }
    await client.close(0);
  }
});

t.test('from within each call', async (t) => {
  for (const bytes of [chunked, byLength, untilEnd]) {
    for (const at of ['head', 'data', 'end'] as const) {
      for (const andAsk of [false, true]) {
        const client = createHttpClient({ connections: 1 });
        const upstream = await rawUpstream(t, (socket) => (bytes === untilEnd ? socket.end(bytes) : socket.write(bytes)));
        const heard = new Heard();
        let next: Promise<Heard> | undefined;
        heard.onCall = (call) => {
          if (call !== at) return;
          // A new one first takes the place of the old one, or waits for it.
          if (andAsk) next = ask(client, upstream);
          heard.exchange.abort();
        };
        begin(client, upstream, {}, heard);
        while (!heard.calls.includes(at)) await turn();
        next ??= ask(client, upstream);
        t.equal((await next).body, 'helloworld');
        await turns(20);
        t.equal(heard.calls.at(-1), at, `${at}: nothing afterwards`);
        t.equal(heard.calls.filter((call) => call === at).length, 1);
        await client.close(0);
      }
    }
  }
});

t.test('before it was sent: nothing is, and whoever waits goes on', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(byLength));
  const before = begin(client, upstream, { method: 'POST', body: 'aborted' });
  const queued = begin(client, upstream, { method: 'POST', body: 'aborted' });
  const kept = begin(client, upstream, { method: 'POST', body: 'kept' });
  queued.exchange.abort();
  before.exchange.abort();
  await kept.over.promise;
  t.equal(kept.body, 'helloworld');
  t.same([before.calls, queued.calls], [[], []]);
  t.same(
    upstream.requests.map((request) => request.slice(-4)),
    ['kept'],
  );
  t.ok(upstream.sockets.length <= 2);
});

t.test('the upstream feels it', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(byLength.slice(0, -1)));
  const heard = begin(client, upstream);
  while (!heard.calls.includes('data')) await turn();
  heard.exchange.abort();
  while (!upstream.sockets[0]?.destroyed) await turn();
  t.equal(heard.endings, 0);
});

t.test('a sink that throws ends its own exchange and no other', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(chunked));
  for (const at of ['head', 'data', 'end'] as const) {
    const heard = new Heard();
    heard.onCall = (call) => {
      if (call === at) throw new Error('by the sink');
    };
    begin(client, upstream, {}, heard);
    const next = begin(client, upstream);
    await next.over.promise;
    t.match(next, { failure: undefined, body: 'helloworld' }, `thrown at ${at}`);
    t.match(heard.failure, { message: /by the sink/ });
  }
});
