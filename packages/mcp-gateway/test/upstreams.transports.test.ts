// Ways to a server other than a child process: Unix sockets, the SSE transport of 2024-11-05, HTTP with sessions that are lost.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import t, { type Test } from 'tap';
import { overStdio, startFixture } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, newFolder, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, openSession, openStream, send } from './fixtures/wire.ts';

const call = (name: string) => modern('tools/call', { name, arguments: {} });
const simpleText = 'This is a simple text response for testing.';
const says = async (gateway: GatewayProcess, server: string, tool = 'test_simple_text') =>
  (await send(`${gateway.url}/mcp/${server}`, call(tool))).last.result?.content[0].text;

/** A socket that starts a server per connection, as systemd does with `Accept=yes`. */
async function acceptingSocket(t: Test, path: string): Promise<{ server: Server; connections(): number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const { command, args } = overStdio('dual');
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    socket.on('error', () => {});
    socket.on('close', () => child.kill());
    child.on('exit', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
  return { server, connections: () => connections };
}

t.test('a Unix socket, declared in both ways', async (t) => {
  const path = join(newFolder(t), 'up.sock');
  const { connections } = await acceptingSocket(t, path);
  const gateway = await startGateway(t, {
    mcpServers: { ours: { socket: path }, theirs: { type: 'http', url: `unix://${path}` } },
  });
  for (const name of ['ours', 'theirs']) {
    const { state, transport, protocolVersion } = await gateway.server(name);
    t.same({ state, transport, protocolVersion }, { state: 'ready', transport: 'socket', protocolVersion: '2026-07-28' });
    t.equal(await says(gateway, name), simpleText);
  }
  const url = `${gateway.url}/mcp/ours`;
  const session = await openSession(url, { elicitation: {} });
  const before = connections();
  const { last } = await send(url, legacy('tools/list', {}, session));
  t.ok(last.result.tools.length > 10);
  t.equal(connections(), before, 'a connection is kept for the handshake era');
});

t.test('a server behind a socket that goes away is connected to again', async (t) => {
  const path = join(newFolder(t), 'up.sock');
  const { server } = await acceptingSocket(t, path);
  const gateway = await startGateway(t, { mcpServers: { up: { socket: path } } });
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    void fetch(`${gateway.url}/api/servers/up/restart`, { method: 'POST' });
  });
  t.notOk(existsSync(path));
  while ((await gateway.server('up')).state !== 'failed');
  t.match((await gateway.server('up')).lastError, /the socket does not exist/);
  await acceptingSocket(t, path);
  while ((await gateway.server('up')).state !== 'ready');
  t.equal(await says(gateway, 'up'), simpleText);
});

/** A server on the 1.x SDK over the transport of 2024-11-05. */
async function sseServer(t: Test): Promise<string> {
  const transports = new Map<string, SSEServerTransport>();
  const http = createHttpServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/messages')
      await transports.get(url.searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response);
    else if (request.method === 'GET' && url.pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', response);
      transports.set(transport.sessionId, transport);
      const server = new McpServer({ name: 'sse', version: '1' });
      server.registerTool('greet', { description: 'Greets' }, () => ({ content: [{ type: 'text', text: 'hello' }] }));
      server.registerTool('ask', { description: 'Asks' }, async () => {
        const { action } = await server.server.elicitInput({
          message: 'Yes?',
          requestedSchema: { type: 'object', properties: {} },
        });
        return { content: [{ type: 'text', text: action }] };
      });
      await server.connect(transport as Transport);
    } else response.writeHead(405).end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/sse`;
}

t.test('the SSE transport of 2024-11-05, said or found out', async (t) => {
  const url = await sseServer(t);
  const gateway = await startGateway(t, { mcpServers: { said: { type: 'sse', url }, found: { url } } });
  for (const name of ['said', 'found']) {
    t.match(await gateway.server(name), { state: 'ready', transport: name === 'said' ? 'sse' : 'http', protocolVersion: /^202/ });
    t.equal(await says(gateway, name, 'greet'), 'hello');
  }
  const endpoint = `${gateway.url}/mcp/found`;
  const session = await openSession(endpoint, { elicitation: {} });
  const stream = await openStream(endpoint, legacy('tools/call', { name: 'ask', arguments: {} }, session));
  const { id } = await stream.next(({ method }) => method === 'elicitation/create');
  const result = { action: 'decline' };
  await send(endpoint, {
    headers: { 'content-type': 'application/json', ...session },
    body: JSON.stringify({ jsonrpc: '2.0', id, result }),
  });
  t.equal((await stream.next((message) => message.result !== undefined)).result.content[0].text, 'decline');
});

for (const era of ['2025', 'dual', '2026'] as const) {
  t.test(`a ${era} server over HTTP that is started anew`, async (t) => {
    let fixture = await startFixture(era);
    t.teardown(() => fixture.stop());
    const gateway = await startGateway(t, { mcpServers: { up: { url: fixture.url } } });
    const url = `${gateway.url}/mcp/up`;
    const session = await openSession(url);
    const legacyCall = legacy('tools/call', { name: 'test_simple_text', arguments: {} }, session);
    const bothSay = async () => [await says(gateway, 'up'), (await send(url, legacyCall)).last.result?.content[0].text];
    t.same(await bothSay(), [simpleText, simpleText]);

    await fixture.stop();
    const { last } = await send(url, call('test_simple_text'));
    t.match(last.error?.message, /server "up": .*nothing listens there/, 'while it is away calls fail');
    fixture = await startFixture(era, Number(new URL(fixture.url).port));
    t.same(await bothSay(), [simpleText, simpleText], 'clients of both eras notice nothing of the lost session');
    t.equal((await gateway.server('up')).state, 'ready');
  });
}
