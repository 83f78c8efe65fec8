// Recording a real server through the gateway and playing it back: the same answers, offline, in both eras.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Player, type Tape, toTape } from '../src/tape.ts';

const main = join(import.meta.dirname, '../src/main.ts');
const everything = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js');

const tape: Tape = {
  version: 1,
  server: 's',
  recordedAt: '2026-11-20T12:00:00Z',
  tools: [{ name: 'a', inputSchema: { type: 'object' } }],
  calls: [
    { tool: 'a', arguments: { x: 1, y: { b: 2, a: 1 } }, result: { content: [{ type: 'text', text: 'first' }] } },
    { tool: 'a', arguments: { y: { a: 1, b: 2 }, x: 1 }, result: { content: [{ type: 'text', text: 'second' }] } },
  ],
};

t.test('equal arguments get the recorded results in order, others are told what there is', async (t) => {
  const player = new Player(tape);
  const play = (args: Record<string, unknown>) => JSON.stringify(player.play('a', args));
  t.match(play({ y: { b: 2, a: 1 }, x: 1 }), /first/);
  t.match(play({ x: 1, y: { b: 2, a: 1 } }), /second/);
  t.match(play({ x: 1, y: { b: 2, a: 1 } }), /second/, 'the last one again and again');
  t.match(player.play('a', { x: 2 }), { isError: true, content: [{ text: /there are: \{"x":1/ }] });
  t.match(player.play('b', {}), { isError: true });
  for (const broken of [null, {}, { version: 2 }, { version: 1, tools: [], calls: [{}] }]) t.throws(() => toTape(broken));
});

t.test('a recorded server plays without the server', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tape-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'gateway.json');
  const file = join(folder, 'tape.json');
  writeFileSync(
    config,
    JSON.stringify({
      stateDirectory: join(folder, 'state'),
      cacheDirectory: join(folder, 'cache'),
      activity: { arguments: 'full' },
      mcpServers: { everything: { command: process.execPath, args: [everything, 'stdio'] } },
    }),
  );
  const gateway = spawn(process.execPath, [main, 'run', 'mcp-gateway', '--config', config, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => end(gateway));
  const url = await readyUrl(gateway);
  const call = async (tool: string, args: object) => {
    const answer = await fetch(`${url}/api/tools/everything/${tool}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    return (await answer.json()) as object;
  };
  const sum = await call('get-sum', { a: 2, b: 3 });
  const image = await call('get-tiny-image', {});
  const recorded = spawnSync(process.execPath, [main, 'record', 'everything', '--url', url, '--output', file], {
    encoding: 'utf8',
  });
  t.equal(recorded.status, 0, recorded.stderr);
  await end(gateway);
  t.equal((JSON.parse(readFileSync(file, 'utf8')) as Tape).calls.length, 2);

  const player = spawn(process.execPath, [main, 'replay', file], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => end(player));
  const lines = createInterface({ input: player.stdout })[Symbol.asyncIterator]();
  const ask = async (message: object) => {
    player.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    return JSON.parse((await lines.next()).value ?? 'null') as { result?: Record<string, unknown>; error?: { code: number } };
  };
  t.match(await ask({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18' } }), {
    result: { protocolVersion: '2025-06-18' },
  });
  const { result } = await ask({ id: 2, method: 'tools/list' });
  t.ok(((result?.tools ?? []) as object[]).length > 10);
  t.same((await ask({ id: 3, method: 'tools/call', params: { name: 'get-sum', arguments: { b: 3, a: 2 } } })).result, sum);
  t.same((await ask({ id: 4, method: 'tools/call', params: { name: 'get-tiny-image', arguments: {} } })).result, image);
  t.match(await ask({ id: 5, method: 'tools/call', params: { name: 'nope' } }), { error: { code: -32602 } });
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  t.match(await ask({ id: 6, method: 'server/discover', params: { _meta: meta } }), {
    result: { supportedVersions: ['2026-07-28'], resultType: 'complete' },
  });
  t.match(await ask({ id: 7, method: 'tools/call', params: { _meta: meta, name: 'get-sum', arguments: { a: 2, b: 3 } } }), {
    result: { resultType: 'complete' },
  });
});

async function readyUrl(gateway: ChildProcess): Promise<string> {
  let log = '';
  gateway.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const url = /"urls":\["([^"]+)"\]/.exec(log)?.[1];
    if (url !== undefined && (await fetch(`${url}/health/ready`)).ok) return url;
    await sleep(50);
  }
  throw new Error(`the gateway did not start: ${log.slice(-500)}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
