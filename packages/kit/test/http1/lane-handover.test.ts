/** What the lane leaves to Node in the middle of a connection's life, and how real clients find both behind one address. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as nodeRequest } from 'node:http';
import { promisify } from 'node:util';
import t from 'tap';
import { Pool } from 'undici';
import type { LaneHandler } from '../../src/http1/server-lane.ts';
import { answersIn } from '../fixtures/answers.ts';
import { laneServer, post, talkTo, until } from '../fixtures/lane-server.ts';
import { noteServerSockets, quiet, turn } from '../fixtures/server-sockets.ts';

noteServerSockets(t);
const echo: LaneHandler = (request, response) => {
  if (request.url.startsWith('/node')) return false;
  const body = request.takeBody();
  return response.end(`by lane ${body.length < 100 ? body : body.length}`);
};

/** Requests that are not plain, and what Node answers. */
const notPlain: Record<string, [request: string, answer: string]> = {
  'a GET': ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', 'by node GET '],
  chunks: [
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n',
    'by node POST onetwo',
  ],
  'a body beyond 1 MiB': [post('/', 'x'.repeat(1024 * 1024 + 1)), 'by node POST 1048577'],
  'a handler that wants Node': [post('/node', 'body'), 'by node POST body'],
  'two at once': [post('/', 'one') + post('/', 'two'), 'by node POST one'],
};

t.test('in the middle of its life a connection goes over to Node, with every byte, and stays', async (t) => {
  for (const [name, [text, answer]] of Object.entries(notPlain)) {
    for (const split of [0, 1, 20, text.length - 1]) {
      const server = await laneServer(t, echo);
      const talk = await talkTo(server);
      for (const body of ['one', '', 'x'.repeat(3000)]) {
        talk.client.write(post('/', body));
        await quiet(talk);
      }
      if (split > 0) talk.client.write(text.slice(0, split));
      await quiet(talk);
      talk.client.write(text.slice(split));
      await quiet(talk);
      for (let more = 0; more < 20; more++) talk.client.write(post('/', `more ${more}`));
      await quiet(talk);
      const bodies = answersIn(talk.heard).map(({ body }) => body);
      t.same(bodies.slice(0, 4), ['by lane one', 'by lane ', 'by lane 3000', answer], `${name}, cut at ${split}`);
      t.same(
        bodies.slice(-20),
        Array.from({ length: 20 }, (_, more) => `by node POST more ${more}`),
      );
      t.equal(server.open.size, 0);
      talk.client.destroy();
    }
  }
});

t.test("heads with much in them are Node's to take or refuse", async (t) => {
  const server = await laneServer(t, echo, { maxHeaderSize: 32 * 1024 });
  const fields = (count: number, value = '') => Array.from({ length: count }, (_, index) => `x-${index}: ${value}\r\n`).join('');
  const heads: [lines: string, answer: RegExp][] = [
    [fields(98), /by lane /],
    [fields(99), /by node POST /],
    [fields(998), /by node POST /],
    [fields(999), /^HTTP\/1\.1 431 /],
    [fields(15, 'x'.repeat(1000)), /by lane /],
    [fields(20, 'x'.repeat(1000)), /by node POST /],
    [fields(40, 'x'.repeat(1000)), /^HTTP\/1\.1 431 /],
  ];
  for (const [lines, answer] of heads) {
    const talk = await talkTo(server);
    talk.client.write(`POST / HTTP/1.1\r\nHost: h\r\n${lines}Content-Length: 0\r\n\r\n`);
    await quiet(talk);
    t.match(talk.heard, answer, `${lines.length} bytes`);
    talk.client.destroy();
  }
});

t.test('Expect: 100-continue is heard before the body is sent', async (t) => {
  const talk = await talkTo(await laneServer(t, echo));
  talk.client.write(post('/'));
  await quiet(talk);
  talk.heard = '';
  talk.client.write('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  await quiet(talk);
  t.equal(talk.heard, 'HTTP/1.1 100 Continue\r\n\r\n');
  talk.client.write('body');
  await quiet(talk);
  t.match(talk.heard, /by node POST body$/);
  talk.client.destroy();
});

t.test('an upgrade', async (t) => {
  const server = await laneServer(t, echo);
  server.server.on('upgrade', (_, socket, ahead) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n${ahead}`);
    socket.on('data', (bytes) => socket.write(bytes));
  });
  const talk = await talkTo(server);
  talk.client.write(post('/'));
  await quiet(talk);
  talk.heard = '';
  talk.client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nahead');
  await quiet(talk);
  talk.client.write(', behind');
  await quiet(talk);
  t.match(talk.heard, /^HTTP\/1\.1 101 .*\r\n\r\nahead, behind$/s);
  talk.client.destroy();
  talk.server.destroy();
});

t.test('a slow reader is waited for, and hears every byte', async (t) => {
  const piece = Buffer.alloc(300_000, 'é');
  const sent = createHash('sha256');
  let [waits, closed] = [0, false];
  const server = await laneServer(t, async (_, response) => {
    response.once('close', () => (closed = true));
    for (let count = 0; count < 100; count++) {
      piece.writeUInt32LE(count);
      const one = Buffer.from(piece);
      sent.update(one);
      if (response.write(one)) continue;
      waits += 1;
      await new Promise<void>((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  const talk = await talkTo(server);
  talk.client.removeAllListeners('data').pause();
  talk.client.write(post('/'));
  // The system takes some megabytes; then nothing moves.
  for (let still = 0, before = 0; still < 100; before = waits) {
    await turn();
    still = waits > 0 && waits === before ? still + 1 : 0;
  }
  t.ok(waits < 50, `${waits} pieces of 100 were written`);
  t.ok(talk.server.writableLength <= 400_000, `${talk.server.writableLength} bytes wait in this process`);
  let heard = '';
  talk.client.on('data', (bytes) => (heard += bytes.toString('latin1'))).resume();
  await until(() => closed);
  await quiet(talk);
  const [answer] = answersIn(heard);
  t.equal(answer?.framing, 'chunked');
  t.equal(
    createHash('sha256')
      .update(Buffer.from(answer?.body ?? '', 'latin1'))
      .digest('hex'),
    sent.digest('hex'),
  );
  talk.client.destroy();
});

t.test('undici and fetch', async (t) => {
  const { port } = await laneServer(t, echo);
  const origin = `http://127.0.0.1:${port}`;
  const pool = new Pool(origin, { connections: 4 });
  const path = (index: number) => (index % 5 === 0 ? '/node' : '/');
  const answers = await Promise.all(
    Array.from({ length: 400 }, async (_, index) => {
      const body = index % 7 === 0 ? 'x'.repeat(100_000) : `body ${index}`;
      return (await pool.request({ method: 'POST', path: path(index), body })).body.text();
    }),
  );
  t.ok(answers.every((text, index) => text.endsWith(index % 7 === 0 ? ' 100000' : ` body ${index}`)));
  t.ok(answers.some((text) => text.startsWith('by lane')));
  await pool.close();
  const byFetch = await fetch(origin, { method: 'POST', body: 'fetched', headers: { 'x-name': 'value' } });
  t.equal(await byFetch.text(), 'by lane fetched');
  const stream = new Response('streamed').body as ReadableStream;
  const byStream = await fetch(origin, { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
  t.equal(await byStream.text(), 'by node POST streamed');
  t.equal(await (await fetch(origin)).text(), 'by node GET ');
});

t.test("Node's own client", async (t) => {
  const { port } = await laneServer(t, echo);
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const ask = async (index: number): Promise<string> => {
    const sending = nodeRequest({ port, host: '127.0.0.1', agent, method: 'POST', path: index % 10 === 0 ? '/node' : '/' });
    // With a length the head goes ahead of the body, without one there are chunks.
    if (index % 3 !== 0) sending.setHeader('content-length', 6);
    sending.write('one');
    sending.end('two');
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    return String(Buffer.concat(await response.toArray()));
  };
  const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => ask(index)));
  t.ok(answers.every((text) => /^by (lane|node POST) onetwo$/.test(text)));
  agent.destroy();
});

t.test('curl', async (t) => {
  const { port } = await laneServer(t, echo);
  const run = promisify(execFile);
  const has = await run('curl', ['--version']).catch(() => undefined);
  if (!has) return t.pass('skipped: there is no curl on this machine');
  const curl = async (...flags: string[]) => (await run('curl', ['-sS', '--max-time', '20', ...flags])).stdout;
  const url = `http://127.0.0.1:${port}/`;
  t.equal(await curl('-d', 'body', url), 'by lane body');
  // Beyond 1 MiB curl says Expect: 100-continue by itself.
  t.equal(await curl('-d', 'x'.repeat(100_000), url), 'by lane 100000');
  t.equal(await curl('-d', 'one', url, '--next', '-d', 'two', url, '--next', url), 'by lane oneby lane twoby node GET ');
  t.equal(await curl('-d', 'old', '--http1.0', url), 'by node POST old');
  t.equal(await curl('-H', 'Transfer-Encoding: chunked', '-d', 'chunks', url), 'by node POST chunks');
  t.equal(await curl('-H', 'Expect: 100-continue', '-d', 'patient', url), 'by node POST patient');
});
