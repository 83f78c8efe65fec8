/** Upstreams behind TLS, on Unix sockets and IPv6; and the client's own end. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import t from 'tap';
import { createHttpClient, parseTarget } from '../../src/http-client.ts';
import { shortFolder } from '../fixtures/folder.ts';
import { ask, begin, rawUpstream } from '../fixtures/raw-upstream.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const last = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** A certificate for `name` alone; undefined where there is nothing to make one with. */
function certificateFor(name: string): { key: Buffer; cert: Buffer } | undefined {
  const folder = shortFolder(t);
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', ...files, ...subject], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  return { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) };
}

const certificate = certificateFor('localhost');
const noOpenssl = certificate ? false : 'no openssl to make a certificate with';

t.test('TLS', { skip: noOpenssl }, async (t) => {
  const { key, cert } = certificate as { key: Buffer; cert: Buffer };
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    let [answer, reused] = [ok, 0];
    const server = createTlsServer({ key, cert, maxVersion });
    server.on('secureConnection', (socket) => (reused += socket.isSessionReused() ? 1 : 0));
    const upstream = await rawUpstream(t, (socket) => socket.write(answer), { server });
    const at = (host: string) => ({ target: parseTarget(`https://${host}:${upstream.port}/path`) });
    const trusting = createHttpClient({ connections: 1, connectTimeoutMs: 3000, tls: { ca: cert } });
    for (let count = 0; count < 50; count++) {
      const heard = await ask(trusting, at('localhost'), { method: 'POST', body: Buffer.alloc(count * 2000) });
      t.match(heard, { failure: undefined, body: 'ok' });
    }
    t.equal(upstream.sockets.length, 1, `${maxVersion}: one connection`);
    t.match(upstream.requests[0], new RegExp(`^POST /path HTTP/1.1\r\nHost: localhost:${upstream.port}\r\n`));
    t.equal((upstream.sockets[0] as TLSSocket).servername, 'localhost');
    // A pause before the connection is there must not hold its making.
    const [first] = upstream.sockets;
    first?.destroy();
    while (!first?.destroyed) await turn();
    await wait(20);
    answer = last;
    for (let turns = 0; turns < 40; turns++) {
      const { length } = upstream.requests;
      const paused = begin(trusting, at('localhost'));
      for (let left = turns; left > 0; left--) await turn();
      paused.exchange.pause();
      while (upstream.requests.length === length && !paused.failure) await turn();
      paused.exchange.resume();
      await paused.over.promise;
      t.equal(paused.failure, undefined, `paused after ${turns} turns`);
    }
    t.ok(reused >= 30, `${maxVersion}: ${reused} of 40 took up a session`);
    for (const [client, code] of [
      [createHttpClient(), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      [createHttpClient({ tls: { ca: cert, servername: 'elsewhere' } }), 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ] as const) {
      const { length } = upstream.requests;
      // No more at the second time, with whatever was kept of the first.
      for (let count = 0; count < 3; count++)
        t.match((await ask(client, at('localhost'))).failure, { code, maybeSent: false, message: /tls\.(ca|servername)/ });
      t.equal(upstream.requests.length, length, 'nothing was said to a stranger');
      await client.close(0);
    }
    t.match((await ask(trusting, at('127.0.0.1'))).failure, { code: 'ERR_TLS_CERT_ALTNAME_INVALID', maybeSent: false });
    const any = createHttpClient({ tls: { rejectUnauthorized: false } });
    const named = createHttpClient({ tls: { ca: cert, servername: 'localhost' } });
    for (const client of [any, named]) t.equal((await ask(client, at('127.0.0.1'))).body, 'ok');
    await Promise.all([any, named, trusting].map((client) => client.close(0)));
  }
});

t.test('TLS that is none, and settings that are none', async (t) => {
  const upstream = await rawUpstream(t, (socket) => socket.write(ok));
  upstream.server.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const client = createHttpClient();
  const target = parseTarget(`https://127.0.0.1:${upstream.port}/`);
  t.match((await ask(client, { target })).failure, { maybeSent: false, message: /does not speak TLS on this port/ });
  await client.close();
  const broken = createHttpClient({ tls: { cert: 'nonsense', key: 'nonsense' } });
  for (let count = 0; count < 3; count++)
    t.match(await ask(broken, { target }), { calls: ['error'], failure: { maybeSent: false } });
  await broken.close();
});

t.test('a large answer over TLS, to a reader that stops now and then', { skip: noOpenssl }, async (t) => {
  const { key, cert } = certificate as { key: Buffer; cert: Buffer };
  const body = Array.from({ length: 400_000 }, (_, index) => String(index % 10_000).padStart(5)).join('');
  const upstream = await rawUpstream(
    t,
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    {
      server: createTlsServer({ key, cert }),
    },
  );
  const client = createHttpClient({ tls: { ca: cert } });
  t.teardown(() => client.close(0));
  const heard = begin(client, { target: parseTarget(`https://localhost:${upstream.port}/`) });
  heard.onCall = () => {
    heard.exchange.pause();
    setImmediate(() => heard.exchange.resume());
  };
  await heard.over.promise;
  t.equal(heard.failure, undefined);
  t.ok(heard.body === body, 'every byte in its place');
});

t.test('a Unix socket', async (t) => {
  const path = join(shortFolder(t), 's');
  const upstream = await rawUpstream(t, (socket) => socket.write(ok), { where: { path } });
  const client = createHttpClient();
  t.teardown(() => client.close(0));
  for (let count = 0; count < 5; count++) t.equal((await ask(client, upstream, { method: 'POST' })).body, 'ok');
  t.equal(upstream.sockets.length, 1);
  t.equal(upstream.requests[0], 'POST /path HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n');
});

t.test('IPv6, and a name that has addresses of both kinds', async (t) => {
  for (const [bound, hosts] of [
    ['::1', ['[::1]', 'localhost']],
    ['127.0.0.1', ['127.0.0.1', 'localhost']],
  ] as const) {
    const probe = createPlainServer();
    const hasIt = await new Promise((resolve) => probe.once('error', () => resolve(false)).listen(0, bound, () => resolve(true)));
    probe.close();
    if (!hasIt) {
      t.pass(`skipped: this machine has no ${bound}`);
      continue;
    }
    const upstream = await rawUpstream(t, (socket) => socket.write(ok), { where: { port: 0, host: bound } });
    const client = createHttpClient();
    for (const host of hosts) {
      const heard = await ask(client, { target: parseTarget(`http://${host}:${upstream.port}/`) });
      if (host === 'localhost' && bound === '::1' && heard.failure) t.pass('skipped: localhost is only IPv4 here');
      else t.match(heard, { failure: undefined, body: 'ok' }, `${host} at ${bound}`);
    }
    t.match(upstream.requests[0], `\r\nHost: ${hosts[0]}:${upstream.port}\r\n`);
    await client.close(0);
  }
});

t.test('close: what is open ends, what waits is still sent, what comes later is refused; called twice or more', async (t) => {
  const client = createHttpClient({ connections: 1 });
  const answer = Promise.withResolvers<void>();
  const upstream = await rawUpstream(t, (socket) => answer.promise.then(() => socket.write(ok)));
  const [open, waiting] = [begin(client, upstream), begin(client, upstream)];
  while (upstream.requests.length === 0) await turn();
  const closings = [client.close(), client.close()];
  const late = await ask(client, upstream);
  t.match(late.failure, { code: 'CLOSED', maybeSent: false, message: /the client has been closed/ });
  answer.resolve();
  await Promise.all([...closings, open.over.promise, waiting.over.promise]);
  t.same([open.body, waiting.body], ['ok', 'ok']);
  await client.close();
  t.equal(upstream.sockets.length, 1);
  while (!upstream.sockets[0]?.destroyed) await turn();
});

t.test('close with a limit: what is still open then is cut, and told so', async (t) => {
  const client = createHttpClient({ connections: 1 });
  const upstream = await rawUpstream(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no'));
  const [open, waiting] = [begin(client, upstream), begin(client, upstream)];
  while (open.body !== 'o') await turn();
  await client.close(30);
  t.match(open.failure, { code: 'CLOSED', maybeSent: true });
  t.match(waiting.failure, { code: 'CLOSED', maybeSent: false }, 'it was never sent');
  for (const heard of [open, waiting]) t.equal(heard.endings, 1);
  while (!upstream.sockets[0]?.destroyed) await turn();
});
