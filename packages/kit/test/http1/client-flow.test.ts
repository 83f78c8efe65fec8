/** Slow readers, silent upstreams, and those that cannot be reached. */
import { createHash } from 'node:crypto';
import { createServer as createPlainServer } from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient, parseTarget } from '../../src/http-client.ts';
import { Random } from '../fixtures/random.ts';
import { ask, begin, Heard, rawUpstream } from '../fixtures/raw-upstream.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Hashes what it hears, and keeps none of it. */
class Digest extends Heard {
  readonly hash = createHash('sha256');
  size = 0;
  override data(chunk: Buffer): void {
    this.hash.update(chunk);
    this.size += chunk.length;
    this.onCall?.('data');
  }
}

t.test('whoever pauses holds the upstream, and loses nothing of 50 MB', { timeout: 110_000 }, async (t) => {
  const size = 50_000_000;
  const seed = Date.now() % 1_000_000;
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const block = Buffer.from(Array.from({ length: 50_000 }, () => random.below(256)));
  for (const framing of ['length', 'chunks', 'end'] as const) {
    const client = createHttpClient({ connections: 1 });
    const sent = createHash('sha256');
    let written = 0;
    const upstream = await rawUpstream(t, async (socket) => {
      const field = { length: `Content-Length: ${size}\r\n`, chunks: 'Transfer-Encoding: chunked\r\n', end: '' }[framing];
      socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n`);
      for (let number = 0; written < size; number++) {
        const piece = Buffer.from(block);
        piece.writeUInt32LE(number);
        sent.update(piece);
        if (framing === 'chunks') socket.write(`${piece.length.toString(16)}\r\n`);
        const hasRoom = socket.write(piece);
        if (framing === 'chunks') socket.write('\r\n');
        written += piece.length;
        if (!hasRoom) await new Promise((resolve) => socket.once('drain', resolve));
      }
      if (framing === 'chunks') socket.write('0\r\n\r\n');
      if (framing === 'end') socket.end();
    });
    const heard = new Digest();
    begin(client, upstream, { bodyTimeoutMs: 5000 }, heard);
    while (heard.size === 0) await turn();
    heard.exchange.pause();
    for (let still = 0, before = -1; still < 200; before = written) {
      await turn();
      still = written === before ? still + 1 : 0;
    }
    t.ok(written < 30_000_000, `${framing}: ${written} bytes were written while nobody read`);
    const atRest = heard.size;
    await wait(50);
    t.equal(heard.size, atRest, 'nothing comes meanwhile');
    // Now and then it stops again.
    heard.onCall = () => {
      if (random.below(20) > 0) return;
      heard.exchange.pause();
      if (random.below(2) === 0) heard.exchange.resume();
      else setImmediate(() => heard.exchange.resume());
    };
    heard.exchange.resume();
    await heard.over.promise;
    t.equal(heard.failure, undefined);
    t.equal(heard.size, size);
    t.equal(heard.hash.digest('hex'), sent.digest('hex'));
    await client.close(0);
  }
});

t.test('a pause that nobody takes back does not outlive its exchange', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  for (let count = 0; count < 5; count++) {
    const heard = new Heard();
    heard.onCall = () => heard.exchange.pause();
    begin(client, upstream, {}, heard);
    await heard.over.promise;
    heard.exchange.pause();
    t.equal((await ask(client, upstream)).body, 'ok');
  }
  t.equal(upstream.sockets.length, 1);
});

t.test('paused before it is connected, or in the queue', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  const [first, second] = [begin(client, upstream), begin(client, upstream)];
  for (const one of [first, second]) one.exchange.pause();
  while (upstream.requests.length < 1) await turn();
  await wait(50);
  t.same([first.calls, second.calls], [[], []]);
  first.exchange.resume();
  await first.over.promise;
  while (upstream.requests.length < 2) await turn();
  await wait(50);
  t.same([first.body, second.calls], ['ok', []]);
  second.exchange.resume();
  await second.over.promise;
  t.equal(second.body, 'ok');
});

t.test('the head has a time to come, however slowly it drips, and the body one for each silence', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  let script: (write: (text: string) => boolean) => Promise<void>;
  /** Says it, and whether the client has left. */
  const upstream = await rawUpstream(t, (socket) => {
    void script((text) => {
      socket.write(text);
      return socket.destroyed;
    });
  });
  const drip = (before: string, text: string) => async (write: (text: string) => boolean) => {
    write(before);
    for (;;) {
      if (write(text)) return;
      await wait(10);
    }
  };
  const late = { code: 'UND_ERR_HEADERS_TIMEOUT', maybeSent: true };
  const scripts: (typeof script)[] = [
    async () => {},
    drip('HTTP/1.1 200 OK\r\nX: ', 'y'),
    drip('', 'HTTP/1.1 102 Processing\r\n\r\n'),
  ];
  for (const one of scripts) {
    script = one;
    t.match((await ask(client, upstream, { headersTimeoutMs: 150 })).failure, late);
  }
  script = async (write) => void write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe');
  const half = await ask(client, upstream, { headersTimeoutMs: 5000, bodyTimeoutMs: 100 });
  t.match([half.failure, half.body], [{ code: 'UND_ERR_BODY_TIMEOUT', maybeSent: true }, 'he']);
  // Longer than its limit as a whole, but never silent for so long.
  script = async (write) => {
    write('HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n');
    for (let count = 0; count < 40; count++) {
      await wait(60);
      write('x');
    }
  };
  t.match(await ask(client, upstream, { headersTimeoutMs: 2000, bodyTimeoutMs: 2000 }), {
    failure: undefined,
    body: 'x'.repeat(40),
  });
  script = async (write) => {
    await wait(400);
    write(ok);
  };
  t.match(
    await ask(client, upstream, { headersTimeoutMs: 0, bodyTimeoutMs: 0 }),
    { failure: undefined, body: 'ok' },
    '0 waits for ever',
  );
});

t.test('whoever does not read cannot complain of silence, until it reads again', async (t) => {
  const client = createHttpClient({ connections: 1 });
  t.teardown(() => client.close(0));
  const upstream = await rawUpstream(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'));
  const heard = begin(client, upstream, { bodyTimeoutMs: 80 });
  while (heard.body !== 'he') await turn();
  heard.exchange.pause();
  await wait(300);
  t.equal(heard.failure, undefined);
  heard.exchange.resume();
  await heard.over.promise;
  t.match(heard.failure, { code: 'UND_ERR_BODY_TIMEOUT' });
});

t.test('who cannot be reached: nothing was sent, and the next one is tried anew', async (t) => {
  const client = createHttpClient({ connections: 2, connectTimeoutMs: 200 });
  t.teardown(() => client.close(0));
  const gone = createPlainServer().listen(0, '127.0.0.1');
  while (!gone.listening) await turn();
  const { port } = gone.address() as { port: number };
  await new Promise((resolve) => gone.close(resolve));
  const never: Record<string, [url: string, code: RegExp, message: RegExp]> = {
    'nobody listens': [`http://127.0.0.1:${port}/?secret`, /ECONNREFUSED/, /nothing listens there/],
    'nobody listens, at a name of two addresses': [`http://localhost:${port}/`, /ECONNREFUSED/, /nothing listens there/],
    'no such name': ['http://none.invalid/', /ENOTFOUND|EAI_AGAIN/, /host name|DNS/],
    'no such socket': ['unix:/run/none.sock:/x', /ENOENT/, /the Unix socket does not exist/],
  };
  for (const [name, [url, code, message]] of Object.entries(never)) {
    const target = parseTarget(url);
    const all = await Promise.all(Array.from({ length: 5 }, () => ask(client, { target }, { method: 'POST', body: 'x' })));
    for (const { failure, calls } of all) {
      t.match(failure, { name: 'TransportError', code, message, maybeSent: false }, name);
      t.same(calls, ['error']);
      t.notMatch(failure?.message, /secret/);
    }
  }
  const silent = await rawUpstream(t, () => {});
  silent.target.origin = silent.target.origin.replace('http:', 'https:');
  silent.target.key = 'tls';
  const stalled = await ask(client, silent);
  t.match(
    stalled.failure,
    { code: 'UND_ERR_CONNECT_TIMEOUT', maybeSent: false, message: /no connection within the time allowed/ },
    'no TLS',
  );
  while (silent.sockets.some(({ destroyed }) => !destroyed)) await turn();
});
