// The promises of the fault tests, each as a function that breaks something and gives figures.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssMb, until } from '../bench/processes.ts';
import { type Era, toolCall } from '../bench/wire.ts';
import {
  callMcp,
  callRest,
  descendants,
  faultyServer,
  type Gateway,
  isAlive,
  openFiles,
  percentile,
  runTap,
  startGateway,
  states,
} from './rig.ts';

export interface Outcome {
  good: boolean;
  figures: string;
}

export interface Line {
  /** Number in the acceptance list. */
  line: number;
  title: string;
  run(folder: string): Promise<Outcome>;
}

export const lines: readonly Line[] = [
  { line: 2, title: '10,000 connect/call/drop cycles leave nothing behind, nor does SIGKILL', run: cycles },
  { line: 3, title: 'a failing, a crashing and a hanging server do not slow the other seven', run: neighbours },
  { line: 4, title: 'killed servers come back within 3 s, and no call is made twice', run: kills },
  { line: 5, title: 'a long silent call lives by heartbeats, a dead one dies, cancel arrives in 100 ms', run: longCalls },
  { line: 6, title: 'a slow call does not slow the others', run: slowBesideFast },
  { line: 7, title: 'a 10 MB result is bounded for a model and whole on demand; a 20 MB line kills nothing', run: bigResults },
  { line: 8, title: 'tokens are denied as declared, and secrets are nowhere', run: denials },
  { line: 9, title: 'changed tool definitions are caught', run: mutations },
];

async function cycles(folder: string): Promise<Outcome> {
  const gateway = await startGateway(folder, { a: faultyServer(), b: faultyServer() });
  const cycle = async (index: number) => {
    const vanishes = index % 2 === 1;
    const wire = toolCall('modern', `/mcp/${index % 4 < 2 ? 'a' : 'b'}`, vanishes ? 'sleep' : 'echo');
    const body = vanishes ? wire.body.replace('"message":"hello"', '"ms":20') : wire.body;
    await rawRequest(
      gateway.port,
      wire.path,
      { ...wire.headers, 'mcp-name': vanishes ? 'sleep' : 'echo' },
      body,
      vanishes ? 2 + (index % 7) : undefined,
    );
  };
  const run = async (count: number) => {
    let next = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        while (next < count) await cycle(next++);
      }),
    );
    await sleep(3000);
  };
  // The heap levels off after some 15,000 requests; growth before that is no leak, growth after it would be one.
  await run(20_000);
  const before = { processes: descendants(gateway.pid).length, files: openFiles(gateway.pid), rss: rssMb(gateway.pid) };
  await run(10_000);
  const after = { processes: descendants(gateway.pid).length, files: openFiles(gateway.pid), rss: rssMb(gateway.pid) };
  const works = (await callRest(gateway, 'a', 'echo', { message: 'alive' })).body.content?.[0]?.text === 'alive';
  const children = descendants(gateway.pid);
  process.kill(gateway.pid, 'SIGKILL');
  await until(async () => children.every((pid) => !isAlive(pid)), 8000, 'the end of all children').catch(() => {});
  const left = children.filter(isAlive).length;
  const growth = (after.rss / before.rss - 1) * 100;
  return {
    good: works && left === 0 && after.processes <= before.processes && after.files <= before.files + 2 && growth < 10,
    figures: `processes ${before.processes} → ${after.processes}, fds ${before.files} → ${after.files}, RSS ${before.rss.toFixed(0)} → ${after.rss.toFixed(0)} MB (${growth.toFixed(1)} %), after SIGKILL ${left} of ${children.length} processes left`,
  };
}

/** One request on a connection of its own; with `dropAfterMs` the client leaves before the answer. */
function rawRequest(
  port: number,
  path: string,
  headers: Record<string, string>,
  body: string,
  dropAfterMs: number | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'connection: close',
      `content-length: ${Buffer.byteLength(body)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.on('connect', () => {
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      if (dropAfterMs !== undefined) setTimeout(() => socket.destroy(), dropAfterMs);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    socket.setTimeout(10_000, () => socket.destroy());
  });
}

async function neighbours(folder: string): Promise<Outcome> {
  const good = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`good${index}`, faultyServer()]));
  const bad = {
    fails: faultyServer({ mode: 'exit' }),
    crashes: faultyServer({ mode: 'crash' }),
    hangs: faultyServer({ mode: 'hang' }),
  };
  const alone = await startGateway(join(folder, 'alone'), good);
  const together = await startGateway(join(folder, 'together'), { ...bad, ...good }, Object.keys(good));
  const times = new Map<Gateway, number[]>([
    [alone, []],
    [together, []],
  ]);
  const hammer = async (gateway: Gateway, count: number, record: boolean) => {
    for (let index = 0; index < count; index += 1) {
      const { ms, status } = await callRest(gateway, `good${index % 7}`, 'echo', { message: 'x' });
      if (status !== 200) throw new Error(`good${index % 7} answered ${status}`);
      if (record) times.get(gateway)?.push(ms);
    }
  };
  for (const gateway of [alone, together]) await hammer(gateway, 500, false);
  for (let round = 0; round < 12; round += 1)
    for (const gateway of round % 2 ? [alone, together] : [together, alone]) await hammer(gateway, 200, true);
  const p95 = (gateway: Gateway) => percentile(times.get(gateway) ?? [], 0.95);
  const ratio = p95(together) / p95(alone);
  const seen = (await states(together)).filter(({ name }) => name in bad).map(({ name, state }) => `${name} ${state}`);
  return {
    good: ratio <= 1.2,
    figures: `p95 ${p95(alone).toFixed(2)} ms alone, ${p95(together).toFixed(2)} ms beside them (${ratio.toFixed(2)} ×); ${seen.join(', ')}`,
  };
}

async function kills(folder: string): Promise<Outcome> {
  const names = ['a', 'b', 'c'];
  const journal = (name: string) => join(folder, `${name}.journal`);
  const gateway = await startGateway(
    folder,
    Object.fromEntries(names.map((name) => [name, faultyServer({ journal: journal(name) })])),
  );
  const sent = new Map<string, number>(names.map((name) => [name, 0]));
  let stop = false;
  let slowestFailureMs = 0;
  const messages = new Set<string>();
  const loads = names.flatMap((name) =>
    Array.from({ length: 4 }, async (_, worker) => {
      for (let index = 0; !stop; index += 1) {
        const { status, ms, body } = await callRest(gateway, name, 'effect', { key: `${worker}-${index}`, ms: 20 });
        sent.set(name, (sent.get(name) ?? 0) + 1);
        if (status === 200) continue;
        slowestFailureMs = Math.max(slowestFailureMs, ms);
        messages.add(String(body.detail).replace(/pid \d+|in \d+ s/g, '…'));
        await sleep(20);
      }
    }),
  );
  const recoveriesMs: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    for (const name of names) {
      const pid = (await states(gateway)).find((server) => server.name === name)?.pid;
      if (pid === undefined) continue;
      process.kill(pid, 'SIGKILL');
      const killedAt = performance.now();
      await until(
        async () =>
          (await states(gateway)).find((server) => server.name === name)?.pid !== pid &&
          (await callRest(gateway, name, 'echo', {})).status === 200,
        20_000,
        name,
      );
      recoveriesMs.push(performance.now() - killedAt);
      // A server that lives for a minute counts as stable; within a test they must not look like a crash loop.
      await sleep(400);
    }
    if (round % 2 === 1) for (const name of names) await fetch(`${gateway.url}/api/servers/${name}/restart`, { method: 'POST' });
  }
  stop = true;
  await Promise.all(loads);
  const twice = names.reduce((sum, name) => {
    const effects = existsSync(journal(name)) ? (readFileSync(journal(name), 'utf8').match(/effect \S+/g) ?? []) : [];
    return sum + effects.length - new Set(effects).size;
  }, 0);
  const p95 = percentile(recoveriesMs, 0.95);
  return {
    good: p95 <= 3000 && twice === 0 && slowestFailureMs < 1500 && messages.size > 0,
    figures: `recovery p50 ${percentile(recoveriesMs, 0.5).toFixed(0)} ms, p95 ${p95.toFixed(0)} ms over ${recoveriesMs.length} kills; ${twice} calls made twice of ${[...sent.values()].reduce((a, b) => a + b, 0)}; slowest failure ${slowestFailureMs.toFixed(0)} ms, for example "${[...messages][0]?.slice(0, 110)}"`,
  };
}

async function longCalls(folder: string): Promise<Outcome> {
  const journals = { legacy: join(folder, 'legacy.journal'), modern: join(folder, 'modern.journal') };
  const gateway = await startGateway(folder, {
    patient: faultyServer({}, { timeouts: { idleMs: 120_000 } }),
    strict: faultyServer({}, { timeouts: { idleMs: 2000 } }),
    legacy: faultyServer({ journal: journals.legacy }),
    modern: faultyServer({ era: 'modern', journal: journals.modern }),
  });
  const cancelMs: number[] = [];
  for (const client of ['legacy', 'modern'] as const) {
    for (const server of ['legacy', 'modern'] as const)
      cancelMs.push(await cancelTime(gateway, client, server, journals[server]));
  }
  const silentAt = performance.now();
  const silent = await callRest(gateway, 'strict', 'sleep', { ms: 60_000 });
  const silentMs = performance.now() - silentAt;
  const lived = await livesByHeartbeat(gateway, 70_000, 20_000);
  return {
    good: lived.ok && silent.status === 504 && silentMs < 4000 && cancelMs.every((ms) => ms < 100),
    figures: `a silent 70 s call reached a client that gives up after 20 s of silence: ${lived.ok} (longest silence ${lived.longestMs.toFixed(0)} ms; scaled from 20 min and 60 s); silent call with a 2 s limit ended after ${silentMs.toFixed(0)} ms with ${silent.status}; cancel reached the server after ${cancelMs.map((ms) => ms.toFixed(0)).join(', ')} ms (2025→2025, 2025→2026, 2026→2025, 2026→2026)`,
  };
}

/** From the client's cancelling to the server hearing of it. */
async function cancelTime(gateway: Gateway, client: Era, server: string, journal: string): Promise<number> {
  const count = (what: string) =>
    existsSync(journal) ? (readFileSync(journal, 'utf8').match(new RegExp(`^\\d+ ${what}`, 'gm')) ?? []).length : 0;
  const before = { started: count('started'), cancelled: count('cancelled') };
  const leave = new AbortController();
  const path = `/mcp/${server}`;
  let cancel: () => Promise<unknown> = async () => leave.abort();
  if (client === 'legacy') {
    const { openSession } = await import('../bench/wire.ts');
    const session = await openSession(gateway.port, path);
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session };
    const send = (message: object) =>
      fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });
    void send({ id: 7, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 20_000 } } }).catch(() => {});
    cancel = () => send({ method: 'notifications/cancelled', params: { requestId: 7 } });
  } else void callMcp(gateway, 'modern', server, 'sleep', { ms: 20_000 }, { signal: leave.signal }).catch(() => {});
  await until(async () => count('started') > before.started, 5000, 'the call');
  const cancelledAt = Date.now();
  await cancel();
  await until(async () => count('cancelled') > before.cancelled, 5000, 'the cancellation');
  const heardAt = Number(
    /^(\d+) cancelled/m.exec(
      readFileSync(journal, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('cancelled'))
        .at(-1) ?? '',
    )?.[1],
  );
  return heardAt - cancelledAt;
}

/** Whether a call without any progress survives a client that leaves after so much silence. */
async function livesByHeartbeat(
  gateway: Gateway,
  callMs: number,
  patienceMs: number,
): Promise<{ ok: boolean; longestMs: number }> {
  const leave = new AbortController();
  const response = await Promise.race([
    callMcp(gateway, 'modern', 'patient', 'sleep', { ms: callMs }, { progress: true, signal: leave.signal }),
    sleep(patienceMs, undefined, { ref: false }).then(() => undefined),
  ]);
  if (!response?.body) return { ok: false, longestMs: patienceMs };
  let text = '';
  let longestMs = 0;
  let lastAt = performance.now();
  for await (const chunk of response.body) {
    const piece = Buffer.from(chunk).toString('utf8');
    // Comments keep proxies awake; only a message resets a client's timer.
    if (piece.includes('data:')) {
      longestMs = Math.max(longestMs, performance.now() - lastAt);
      lastAt = performance.now();
    }
    text += piece;
    if (longestMs > patienceMs) leave.abort();
  }
  return { ok: text.includes('slept') && longestMs <= patienceMs, longestMs };
}

async function slowBesideFast(folder: string): Promise<Outcome> {
  const gateway = await startGateway(folder, { same: faultyServer(), other: faultyServer() });
  const measure = async (server: string) => {
    const times: number[] = [];
    const until = performance.now() + 5000;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        while (performance.now() < until) times.push((await callRest(gateway, server, 'echo', {})).ms);
      }),
    );
    return percentile(times, 0.99);
  };
  await measure('same');
  const before = { same: await measure('same'), other: await measure('other') };
  const slow = callRest(gateway, 'same', 'sleep', { ms: 30_000 });
  const during = { same: await measure('same'), other: await measure('other') };
  const again = { same: await measure('same'), other: await measure('other') };
  const slowOk = (await slow).status === 200;
  const ratio = (server: 'same' | 'other') => Math.min(during[server], again[server]) / before[server];
  return {
    good: slowOk && ratio('same') <= 1.3 && ratio('other') <= 1.3,
    figures: `p99 on the same server ${before.same.toFixed(2)} → ${Math.min(during.same, again.same).toFixed(2)} ms (${ratio('same').toFixed(2)} ×), on another ${before.other.toFixed(2)} → ${Math.min(during.other, again.other).toFixed(2)} ms (${ratio('other').toFixed(2)} ×), beside a call of 30 s`,
  };
}

async function bigResults(folder: string): Promise<Outcome> {
  const gateway = await startGateway(folder, { a: faultyServer() });
  const bytes = 10_000_000;
  const whole = (await callRest(gateway, 'a', 'big', { bytes })).body.content?.[0]?.text ?? '';
  const seenText = await (await callMcp(gateway, 'modern', 'a', 'big', { bytes })).text();
  // What a model reads is the text of the blocks, not the JSON that carries it.
  const { content } = (JSON.parse(seenText) as { result: { content: { text?: string; uri?: string; description?: string }[] } })
    .result;
  const seenBytes = Buffer.byteLength(
    content.map(({ text = '', uri = '', description = '' }) => text + uri + description).join('\n'),
  );
  const link = /result:\/\/([0-9a-f]{64})/.exec(seenText);
  const wire = toolCall('modern', '/mcp/a', 'x');
  const read = JSON.parse(wire.body) as { method: string; params: Record<string, unknown> };
  read.method = 'resources/read';
  read.params = { uri: link?.[0], _meta: read.params._meta };
  const headers = { ...wire.headers, 'mcp-method': 'resources/read', 'mcp-name': String(link?.[0]) };
  const back = (await (await fetch(`${gateway.url}/mcp/a`, { method: 'POST', headers, body: JSON.stringify(read) })).json()) as {
    result?: { contents: { text: string }[] };
  };
  const text = back.result?.contents[0]?.text ?? '';
  const same = text === whole && createHash('sha256').update(text).digest('hex') === link?.[1];
  const pid = (await states(gateway))[0]?.pid;
  const line = await callRest(gateway, 'a', 'line', { bytes: 20_000_000 });
  const after = await callRest(gateway, 'a', 'echo', { message: 'still here' });
  const samePid = (await states(gateway))[0]?.pid === pid;
  return {
    good:
      whole.length === bytes &&
      seenBytes <= 50 * 1024 &&
      same &&
      line.status >= 400 &&
      samePid &&
      after.body.content?.[0]?.text === 'still here',
    figures: `the model sees ${seenBytes} bytes of ${bytes}; read back identical: ${same}; a 20 MB line: ${line.status} "${line.body.detail?.slice(0, 80)}", same process ${samePid}, next call fine`,
  };
}

async function denials(): Promise<Outcome> {
  const matrix = runTap('packages/mcp-gateway/test/auth.matrix.test.ts').passed;
  const secrets = runTap('packages/mcp-gateway/test/auth.secrets.test.ts').passed;
  return {
    good: matrix > 0 && secrets > 0,
    figures: `${matrix} assertions of the deny matrix, ${secrets} of secrets, all as declared`,
  };
}

async function mutations(): Promise<Outcome> {
  const { passed } = runTap('packages/mcp-gateway/test/trust.mutations.test.ts');
  return { good: passed > 0, figures: `${passed} assertions over the mutation set` };
}
