import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient } from '../src/http-client.ts';
import { parseTarget } from '../src/http-target.ts';
import { toTransportError } from '../src/transport-error.ts';
import { shortFolder } from './fixtures/folder.ts';

const serve = async (
  t: { teardown(fn: () => void): unknown },
  listener: RequestListener,
  where: number | string = 0,
): Promise<{ server: Server; url: string }> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address() as AddressInfo;
  return { server, url: typeof where === 'string' ? `unix:${where}` : `http://127.0.0.1:${address.port}` };
};
const client = createHttpClient({ connectTimeoutMs: 500 });
t.teardown(() => client.close(0));

t.test('a request and its answer', async (t) => {
  const { url } = await serve(t, async (request, response) => {
    const body = await request.toArray();
    response.writeHead(201, { 'x-method': request.method, 'set-cookie': ['a=1', 'b=2'] });
    response.end(`${request.url} ${request.headers['x-test']} ${Buffer.concat(body)}`);
  });
  for (const body of ['text', Buffer.from('text'), Readable.from([Buffer.from('te'), Buffer.from('xt')])]) {
    const answer = await client.request(new URL(`${url}/path?a=b`), { method: 'POST', headers: { 'x-test': 'yes' }, body });
    t.equal(answer.status, 201);
    t.match(answer.headers, { 'x-method': 'POST', 'set-cookie': ['a=1', 'b=2'] });
    t.equal(await answer.text(1000), '/path?a=b yes text');
  }
});

t.test('connections are kept and used again', async (t) => {
  const { server, url } = await serve(t, (_, response) => response.end('ok'));
  let connections = 0;
  server.on('connection', () => connections++);
  for (let round = 0; round < 20; round++) await (await client.request(url)).text(10);
  t.ok(connections <= 2, `${connections} for 20 requests`);
});

t.test('redirects are answers, and so are error statuses', async (t) => {
  const { url } = await serve(t, (request, response) =>
    response.writeHead(request.url === '/' ? 302 : 500, { location: '/x' }).end(),
  );
  t.equal((await client.request(url)).status, 302);
  t.equal((await client.request(`${url}/x`)).status, 500);
});

t.test('a Unix socket', async (t) => {
  const path = join(shortFolder(t), 's');
  await serve(t, (request, response) => response.end(`${request.headers.host} ${request.url}`), path);
  t.equal(await (await client.request(`unix:${path}:/v1/x?a=b:c`)).text(100), 'localhost /v1/x?a=b:c');
  t.equal(await (await client.request(`unix:${path}`)).text(100), 'localhost /');
  await t.rejects(client.request('unix:/run/none.sock:/x'), {
    code: 'ENOENT',
    maybeSent: false,
    message: /^unix:\/run\/none\.sock:\/x: the Unix socket does not exist/,
  });
});

t.test('bodies stream as they come', async (t) => {
  const { url } = await serve(t, async (_, response) => {
    response.write('one');
    await wait(100);
    response.end('two');
  });
  const { body } = await client.request(url);
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(String(chunk));
  t.same(chunks, ['one', 'two']);
});

t.test('a body over the limit is refused and its connection cut', async (t) => {
  let cut = false;
  const { url } = await serve(t, (_, response) => {
    response.on('close', () => (cut = !response.writableFinished));
    response.write('x'.repeat(1000));
  });
  const answer = await client.request(url);
  await t.rejects(answer.text(999), { name: 'TransportError', code: 'RESPONSE_TOO_LARGE', message: /larger than 999 bytes/ });
  await wait(50);
  t.ok(cut);
});

t.test('errors name the URL without its secrets, and whether it may have been sent', async (t) => {
  const silent = await serve(t, () => {});
  const cutting = await serve(t, (request) => void request.socket.destroy());
  const half = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const stalled = await serve(t, (_, response) => void response.write('x'));
  const closed = await serve(t, () => {});
  closed.server.close();
  const secret = '/path?key=hunter2';
  await t.rejects(client.request(`${closed.url}${secret}`), {
    name: 'TransportError',
    code: 'ECONNREFUSED',
    maybeSent: false,
    url: `${closed.url}/path`,
    message: `${closed.url}/path: nothing listens there (is the upstream running, and the port right?)`,
  });
  await t.rejects(client.request('http://none.invalid/'), { code: /ENOTFOUND|EAI_AGAIN/, maybeSent: false });
  await t.rejects(client.request(silent.url + secret, { headersTimeoutMs: 50 }), {
    code: 'UND_ERR_HEADERS_TIMEOUT',
    maybeSent: true,
  });
  await t.rejects(client.request(cutting.url), { code: 'UND_ERR_SOCKET', maybeSent: true });
  await t.rejects((await client.request(half.url)).text(100), {
    name: 'TransportError',
    message: /closed the connection before its answer was complete/,
  });
  await t.rejects((await client.request(stalled.url, { bodyTimeoutMs: 50 })).text(100), { code: 'UND_ERR_BODY_TIMEOUT' });
  for (const bad of ['nonsense', 'ftp://x/', 'http://', 'http://user:hunter2@x/y', '//user:hunter2@x?hunter2']) {
    const error = await client.request(bad).catch((error: Error) => error);
    t.match(error, { code: 'BAD_URL', maybeSent: false });
    t.notMatch((error as Error).message, /hunter2/);
  }
});

t.test('a signal ends the request, before and within the body', async (t) => {
  const { url } = await serve(t, (request, response) => void (request.url === '/body' && response.write('x')));
  const before = new AbortController();
  const waiting = client.request(url, { signal: before.signal });
  setTimeout(() => before.abort('any reason'), 30);
  await t.rejects(waiting, { name: 'TransportError', code: 'ABORTED' });
  await t.rejects(client.request(url, { signal: AbortSignal.abort() }), { code: 'ABORTED' });
  await t.rejects(client.request(url, { signal: AbortSignal.timeout(20) }), { code: 'ABORTED' });
  const within = new AbortController();
  const answer = await client.request(`${url}/body`, { signal: within.signal });
  setTimeout(() => within.abort(), 30);
  await t.rejects(answer.text(100), { code: 'ABORTED' });
});

t.test('certificates', async (t) => {
  const folder = shortFolder(t);
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...files, ...subject],
      { stdio: 'pipe' },
    );
  } catch {
    return t.pass('skipped: no openssl to make a certificate with');
  }
  const [key, cert] = [readFileSync(join(folder, 'key')), readFileSync(join(folder, 'cert'))];
  const server = createTlsServer({ key, cert }, (_, response) => response.end('ok')).listen(0);
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  await t.rejects(client.request(`https://localhost:${port}`), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    maybeSent: false,
    message: /trust it with tls\.ca/,
  });
  const plain = await serve(t, (_, response) => response.end('ok'));
  await t.rejects(client.request(plain.url.replace('http:', 'https:')), {
    message: /does not speak TLS on this port/,
    maybeSent: false,
  });
  const trusting = createHttpClient({ tls: { ca: cert } });
  t.equal(await (await trusting.request(`https://localhost:${port}`)).text(10), 'ok');
  await t.rejects(trusting.request(`https://127.0.0.1:${port}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await trusting.close();
});

t.test('close lets open requests finish, up to its limit', async (t) => {
  const { url } = await serve(t, async (request, response) => {
    if (request.url === '/never') return;
    await wait(80);
    response.end('ok');
  });
  const polite = createHttpClient();
  const open = polite.request(url).then((answer) => answer.text(10));
  await wait(20);
  await polite.close();
  t.equal(await open, 'ok');
  await t.rejects(polite.request(url), { code: 'CLOSED' });
  const impatient = createHttpClient();
  const never = impatient.request(`${url}/never`);
  await wait(20);
  await Promise.all([t.rejects(never, { name: 'TransportError' }), impatient.close(30)]);
});

t.test('URLs are taken apart', async (t) => {
  t.match(parseTarget('https://h:8443/a/b?c=d#e'), {
    origin: 'https://h:8443',
    path: '/a/b?c=d',
    shown: 'https://h:8443/a/b',
  });
  t.match(parseTarget('unix:/run/a%20b.sock:/x'), { socketPath: '/run/a b.sock', path: '/x', key: 'unix:/run/a%20b.sock' });
});

t.test('anything thrown becomes a TransportError', async (t) => {
  for (const thrown of [undefined, null, 'text', 7, new Error('x'), { code: 5 }]) {
    t.match(toTransportError(thrown, 'u'), { name: 'TransportError', url: 'u', code: /./ });
  }
  const several = new AggregateError([
    Object.assign(new Error('connect ETIMEDOUT ::1'), { code: 'ETIMEDOUT', syscall: 'connect' }),
  ]);
  t.match(toTransportError(several, 'u'), { message: 'u: connect ETIMEDOUT ::1', code: 'ETIMEDOUT', maybeSent: false });
  const known = toTransportError(new Error('x'), 'u');
  t.equal(toTransportError(known, 'v'), known);
});
