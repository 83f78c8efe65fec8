// `switchyard connect`: real clients through the bridge to a real gateway, and what the bridge does when things go wrong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { openTokens } from '@switchyard/mcp-gateway';
import t, { type Test } from 'tap';
import { type Seen, serveScript, startBridge } from './fixtures/bridge-run.ts';

const main = join(import.meta.dirname, '../src/main.ts');
const everything = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A gateway that lets nobody in without a token; it can be ended and started again at the same place. */
async function securedGateway(t: Test) {
  const folder = t.testdir();
  const port = await freePort();
  const stateDirectory = join(folder, 'state');
  const config = join(folder, 'gateway.json');
  const mcpServers = { everything: { command: process.execPath, args: [everything, 'stdio'] } };
  writeFileSync(
    config,
    JSON.stringify({ listen: { port }, logLevel: 'error', stateDirectory, auth: { anonymous: 'never' }, mcpServers }),
  );
  const tokens = openTokens(stateDirectory);
  const { token } = tokens.create({ name: 'bridge', class: 'destructive' });
  tokens.close();
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  const start = async () => {
    const child = spawn(process.execPath, [main, 'run', 'mcp-gateway', '--config', config], {
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const stop = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    t.teardown(stop);
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50))
      if (
        await fetch(`http://127.0.0.1:${port}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return stop;
    throw new Error('the gateway did not become ready');
  };
  return { url: `http://127.0.0.1:${port}/mcp`, token, tokenFile, start };
}

t.test('clients of both eras, a real gateway, a token in a file', { timeout: 180_000 }, async (t) => {
  const gateway = await securedGateway(t);
  await gateway.start();
  for (const mode of ['legacy', 'auto'] as const) {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, 'connect', '--url', gateway.url, '--token-file', gateway.tokenFile],
      stderr: 'inherit',
    });
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(transport);
    const pid = transport.pid as number;
    t.notMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), gateway.token, 'the token is no argument');
    t.notMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), gateway.token, 'nor a variable');
    const { tools } = await client.listTools();
    t.ok(tools.length > 5, `${mode}: ${tools.length} tools`);
    const big = 'x'.repeat(3_000_000);
    const result = await client.callTool({ name: 'everything__echo', arguments: { message: big } });
    t.match(JSON.stringify(result), 'Echo: xxxx', 'a line of 3 MB');
    await client.close();
  }
});

t.test('the gateway restarts: an error meanwhile, and the same session afterwards', { timeout: 180_000 }, async (t) => {
  const gateway = await securedGateway(t);
  let stop = await gateway.start();
  const bridge = startBridge(t, ['--url', gateway.url, '--token-env', 'GATEWAY_TOKEN'], { GATEWAY_TOKEN: gateway.token });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  bridge.send({ jsonrpc: '2.0', id: 'first', method: 'initialize', params });
  t.match(await bridge.next(({ id }) => id === 'first', 'the answer'), { result: { protocolVersion: '2025-11-25' } });
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  bridge.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  t.ok((await bridge.next(({ id }) => id === 1, 'the list')).result?.tools);

  await stop();
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  t.match(await bridge.next(({ id }) => id === 2, 'an error'), { error: { code: -32000, message: /127\.0\.0\.1/ } });
  stop = await gateway.start();
  let answer = {};
  for (let id = 3; id < 300 && !('result' in answer); id++) {
    bridge.send({ jsonrpc: '2.0', id, method: 'tools/list' });
    answer = await bridge.next((message) => message.id === id, 'an answer');
  }
  t.match(answer, { result: { tools: Array } }, 'the client did not have to do anything');
  t.equal(await bridge.end(), 0);
  t.notMatch(bridge.told(), gateway.token);
});

t.test('a wrong token is said with its remedy; one that cannot be read ends at once', { timeout: 120_000 }, async (t) => {
  const gateway = await securedGateway(t);
  await gateway.start();
  const bridge = startBridge(t, ['--url', gateway.url, '--token-env', 'T'], { T: 'sy_wrong-wrong-wrong-wrong' });
  bridge.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
  const { error } = await bridge.next(({ id }) => id === 1, 'an error');
  t.match(error?.message, /401/);
  t.notMatch(error?.message, 'sy_wrong');
  t.equal(await bridge.end(), 0);
  const missing = startBridge(t, ['--url', gateway.url, '--token-file', '/nowhere/token']);
  t.equal((await once(missing.child, 'exit'))[0], 78);
  t.match(missing.told(), /\/nowhere\/token does not exist/);
  const shown = startBridge(t, ['--url', gateway.url, '--header', 'X-Key=sk-the-key-itself']);
  t.equal((await once(shown.child, 'exit'))[0], 64);
  t.notMatch(shown.told(), 'sk-the-key-itself');
});

const json = (response: ServerResponse, body: string, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
const idOf = ({ body }: Seen) => (body === '' ? undefined : (JSON.parse(body) as { id?: number }).id);

t.test('headers, sessions and messages pass as they should', { timeout: 120_000 }, async (t) => {
  const streams: ServerResponse[] = [];
  const server = await serveScript(t, (seen, response) => {
    if (seen.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
      streams.push(response);
    } else if (seen.method === 'DELETE') response.writeHead(200).end();
    else if (seen.body.includes('"initialize"'))
      json(
        response,
        `{\n "jsonrpc": "2.0", "id": ${idOf(seen)},\n "result": {"protocolVersion": "2025-06-18", "big": 12345678901234567890}}`,
        {
          'mcp-session-id': 's-1',
        },
      );
    else if (seen.body.includes('"mirror"')) {
      const region = { type: 'string', 'x-mcp-header': 'Region' };
      const inputSchema = {
        type: 'object',
        properties: { to: { type: 'object', properties: { region } }, n: { type: 'integer' } },
      };
      json(response, JSON.stringify({ jsonrpc: '2.0', id: idOf(seen), result: { tools: [{ name: 'deploy', inputSchema }] } }));
    } else if (seen.body.includes('"slow"')) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    else if (seen.body.includes('"events"')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","method":"notifications/progress"}\r\n\r\ndata: {"jsonrpc":"2.0",\ndata: "id"');
      response.end(`: ${idOf(seen)}, "result": {"of": "events"}}\n\n`);
    } else if (idOf(seen) === undefined) response.writeHead(202).end();
    else json(response, JSON.stringify({ jsonrpc: '2.0', id: idOf(seen), result: { echo: JSON.parse(seen.body) } }));
  });
  const bridge = startBridge(t, ['--url', server.url, '--header', 'X-Team=text:blue', '--header', 'X-Key=env:KEY'], {
    KEY: 'k-1',
  });
  bridge.send('this is no JSON');
  t.match(await bridge.next(({ error }) => error?.code === -32700, 'a parse error'), { id: null });
  bridge.send('[]');
  bridge.send('   ');
  await bridge.next(({ error }) => error?.code === -32700, 'another');
  bridge.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
  await bridge.next(({ id }) => id === 1, 'initialize');
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  bridge.send('{"jsonrpc":"2.0","id":2,"method":"x","params":{"big":12345678901234567890,"future":{"a":null}}}');
  await bridge.next(({ id }) => id === 2, 'an echo');
  const second = server.seen.find(({ body }) => body.includes('"id":2')) as Seen;
  t.equal(
    second.body,
    '{"jsonrpc":"2.0","id":2,"method":"x","params":{"big":12345678901234567890,"future":{"a":null}}}',
    'untouched',
  );
  t.match(second.headers, { 'mcp-session-id': 's-1', 'mcp-protocol-version': '2025-06-18', 'x-team': 'blue', 'x-key': 'k-1' });
  t.notOk(server.seen[0]?.headers['mcp-protocol-version'], 'not before it is agreed');

  const big = 'ü'.repeat(4_000_000);
  bridge.send({ jsonrpc: '2.0', id: 20, method: 'x', params: { big } });
  const echo = (await bridge.next(({ id }) => id === 20, 'a long line')).result?.echo as { params: { big: string } };
  t.ok(echo.params.big === big, 'lines of 8 MB go both ways');

  bridge.send({ jsonrpc: '2.0', id: 3, method: 'events' });
  t.match(await bridge.next(({ id }) => id === 3, 'an answer in events'), { result: { of: 'events' } });
  await bridge.next(({ method }) => method === 'notifications/progress', 'progress');
  for (const end = Date.now() + 30_000; streams.length === 0 && Date.now() < end; ) await sleep(10);
  streams[0]?.write('id: 7\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
  await bridge.next(({ method }) => method === 'notifications/tools/list_changed', 'a message that the server began');
  streams[0]?.end();
  for (const end = Date.now() + 30_000; streams.length < 2 && Date.now() < end; ) await sleep(10);
  t.equal(
    server.seen.filter(({ method }) => method === 'GET').at(-1)?.headers['last-event-id'],
    '7',
    'the stream is taken up where it ended',
  );

  const modern = { name: 'ü', _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  bridge.send({ jsonrpc: '2.0', id: 4, method: 'tools/call', params: modern });
  await bridge.next(({ id }) => id === 4, 'a modern call');
  t.match(server.seen.at(-1)?.headers, {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': `=?base64?${Buffer.from('ü').toString('base64')}?=`,
  });

  bridge.send({ jsonrpc: '2.0', id: 6, method: 'mirror' });
  await bridge.next(({ id }) => id === 6, 'a list of tools');
  const { _meta } = modern;
  bridge.send({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'deploy', arguments: { to: { region: 'eu 1' }, n: 1 }, _meta },
  });
  await bridge.next(({ id }) => id === 7, 'a call with a mirrored argument');
  t.equal(server.seen.at(-1)?.headers['mcp-param-region'], 'eu 1');

  bridge.send({ jsonrpc: '2.0', id: 5, method: 'slow' });
  for (const end = Date.now() + 30_000; !server.seen.some(({ body }) => body.includes('slow')) && Date.now() < end; )
    await sleep(10);
  t.equal(await bridge.end(), 0);
  t.ok(
    server.seen.some(({ body }) => /notifications\/cancelled.*"requestId":5/.test(body)),
    'what is open is cancelled',
  );
  t.equal(server.seen.at(-1)?.method, 'DELETE', 'and the session ended');
  t.equal(server.seen.at(-1)?.headers['mcp-session-id'], 's-1');
});

t.test(
  'a session that the server forgot is opened again, and a stream that breaks is taken up',
  { timeout: 120_000 },
  async (t) => {
    let session = 0;
    const server = await serveScript(t, (seen, response) => {
      if (seen.method === 'GET' && seen.headers['last-event-id'] === 'e1') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('data: {"jsonrpc":"2.0","id":9,"result":{"resumed":true}}\n\n');
      } else if (seen.method === 'GET') response.writeHead(405).end();
      else if (seen.body.includes('"initialize"')) {
        session += 1;
        json(response, JSON.stringify({ jsonrpc: '2.0', id: idOf(seen), result: { protocolVersion: '2025-11-25' } }), {
          'mcp-session-id': `s-${session}`,
        });
      } else if (seen.headers['mcp-session-id'] === 's-1' && seen.body.includes('"forgotten"')) response.writeHead(404).end();
      else if (seen.body.includes('"breaks"')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('retry: 10\nid: e1\ndata:\n\n', () => response.destroy());
      } else if (seen.body.includes('"lost"')) response.destroy();
      else if (idOf(seen) === undefined) response.writeHead(202).end();
      else
        json(response, JSON.stringify({ jsonrpc: '2.0', id: idOf(seen), result: { session: seen.headers['mcp-session-id'] } }));
    });
    const bridge = startBridge(t, ['--url', server.url]);
    bridge.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    await bridge.next(({ id }) => id === 1, 'initialize');
    bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    bridge.send({ jsonrpc: '2.0', id: 2, method: 'forgotten' });
    t.match(await bridge.next(({ id }) => id === 2, 'the answer'), { result: { session: 's-2' } });
    t.equal(
      server.seen.filter(({ body }) => body.includes('notifications/initialized')).length,
      2,
      'all of the handshake is made again',
    );
    bridge.send({ jsonrpc: '2.0', id: 9, method: 'breaks' });
    t.match(await bridge.next(({ id }) => id === 9, 'the answer'), { result: { resumed: true } });
    bridge.send({ jsonrpc: '2.0', id: 10, method: 'lost' });
    t.match(await bridge.next(({ id }) => id === 10, 'an error'), { error: { code: -32000 } });
    t.equal(
      server.seen.filter(({ body }) => body.includes('"lost"')).length,
      1,
      'a call that may have been made is not made again',
    );
    t.equal(await bridge.end(), 0);
  },
);
