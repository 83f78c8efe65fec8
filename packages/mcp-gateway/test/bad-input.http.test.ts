// What the gateway answers to HTTP that is wrong around the message: foreign pages and hosts, size, methods, sessions.
import { createReadStream } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, openSession, type Sent, send } from './fixtures/wire.ts';

let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(t, { mcpServers: { up: overStdio('dual'), other: overStdio('2025') } });
});

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

t.test('pages and hosts that are not ours', async (t) => {
  const cases: [headers: Record<string, string>, status: number][] = [
    [{ origin: 'https://evil.example.com' }, 403],
    [{ origin: 'http://localhost.evil.example.com' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'file://' }, 403],
    [{ origin: 'http://localhost:3000' }, 200],
    [{ origin: 'http://[::1]' }, 200],
    [{ host: 'evil.example.com' }, 403],
    [{ host: 'evil.example.com:8085' }, 403],
    [{ host: 'localhost.evil.example.com' }, 403],
    [{ host: 'localhost@evil.example.com' }, 400],
    [{ host: 'LOCALHOST:1' }, 200],
    [{ host: '[::1]:8085' }, 200],
  ];
  for (const [headers, status] of cases) {
    for (const path of ['/mcp', '/mcp/up']) {
      const { headers: own, body } = modern('tools/list');
      const found = await send(`${gateway.url}${path}`, { headers: { ...own, ...headers }, body });
      t.equal(found.status, status, `${path} ${JSON.stringify(headers)}`);
    }
    const rest = await send(`${gateway.url}/api/servers`, { method: 'GET', headers });
    t.equal(rest.status, status, `/api/servers ${JSON.stringify(headers)}`);
  }
});

t.test('a body that is too large is refused, however it comes, and the gateway lives on', async (t) => {
  const large = Buffer.alloc(17 * 1024 * 1024, ' ');
  for (const path of ['/mcp', '/mcp/up', '/api/tools/up/test_simple_text']) {
    const { status } = await send(`${gateway.url}${path}`, { headers: json, body: large });
    t.equal(status, 413, `${path} with its length announced`);
    const unannounced = await new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(`${gateway.url}${path}`, { method: 'POST', headers: json, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sending.once('error', reject);
      createReadStream('/dev/zero', { end: large.length }).pipe(sending);
    });
    t.equal(unannounced, 413, `${path} in chunks`);
  }
  t.equal((await send(`${gateway.url}/mcp`, modern('tools/list'))).status, 200);
});

t.test('methods and sessions', async (t) => {
  const url = `${gateway.url}/mcp/up`;
  const stream = { accept: 'text/event-stream' };
  const session = await openSession(url);
  const elsewhere = await openSession(`${gateway.url}/mcp/other`);
  const ended = await openSession(url);
  t.equal((await send(url, { method: 'DELETE', headers: ended })).status, 204);
  const damaged = { ...session, 'mcp-session-id': `${session['mcp-session-id']?.slice(0, -2)}xx` };
  const cases: [what: string, sent: Sent, status: number, code: number][] = [
    ['PUT', { method: 'PUT' }, 405, -32600],
    ['PATCH', { method: 'PATCH' }, 405, -32600],
    ['GET without a session', { method: 'GET', headers: stream }, 405, -32600],
    ['DELETE without a session', { method: 'DELETE' }, 405, -32600],
    ['GET that takes no stream', { method: 'GET', headers: session }, 406, -32600],
    ['GET with an unknown session', { method: 'GET', headers: { ...stream, 'mcp-session-id': 'x' } }, 404, -32001],
    ['DELETE with an unknown session', { method: 'DELETE', headers: { 'mcp-session-id': 'x' } }, 404, -32001],
    ['an unknown session', legacy('tools/list', {}, { 'mcp-session-id': 'x' }), 404, -32001],
    ['a damaged session', legacy('tools/list', {}, damaged), 404, -32001],
    ['an ended session', legacy('tools/list', {}, ended), 404, -32001],
    ['DELETE of an ended session', { method: 'DELETE', headers: ended }, 404, -32001],
    ['a session of another endpoint', legacy('tools/list', {}, elsewhere), 404, -32001],
    ['a second handshake in a session', legacy('initialize', { protocolVersion: 7 }, session), 200, -32602],
  ];
  for (const [what, sent, status, code] of cases) {
    const answer = await send(url, sent);
    t.equal(answer.status, status, what);
    t.equal(answer.last.error?.code, code, what);
    if (status === 405) t.match(answer.headers.allow, /POST/);
  }
  t.equal((await send(url, legacy('ping', {}, session))).status, 200, 'the good session is none the worse');
});

t.test('a client that leaves in the middle of its body', async (t) => {
  const leaving = httpRequest(`${gateway.url}/mcp`, { method: 'POST', headers: { ...json, 'content-length': 1000 } });
  leaving.on('error', () => {});
  leaving.write('{"jsonrpc"');
  await sleep(50);
  leaving.destroy();
  t.equal((await send(`${gateway.url}/mcp`, modern('tools/list'))).status, 200);
});

t.test('nothing of this was an error of the gateway', async (t) => {
  t.same(
    gateway.log().filter(({ level }) => level === 'error'),
    [],
  );
});
