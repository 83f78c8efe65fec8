// The activity log and the counts of calls: every call and refusal is there, with nothing in it that should not be.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@switchyard/kit/clock';
import { silentLogger } from '@switchyard/kit/logger';
import t from 'tap';
import type { CallRecord } from '../src/activity/activity.ts';
import { CallMetrics } from '../src/activity/call-metrics.ts';
import { ActivityLog } from '../src/activity/log.ts';
import { redact } from '../src/activity/redact.ts';
import { outcomeOfError } from '../src/call/record.ts';
import { RpcError } from '../src/jsonrpc/message.ts';
import { AbortedError } from '../src/upstream/link.ts';

const same = (text: string) => text;

function newRecord(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: 'r1',
    timeMs: 1000,
    caller: 'anonymous',
    via: 'mcp',
    protocolVersion: '2026-07-28',
    server: 'files',
    method: 'tools/call',
    name: 'read',
    queueMs: 0,
    runMs: 1.23456,
    argumentBytes: 10,
    resultBytes: 20,
    shortened: false,
    outcome: 'ok',
    error: undefined,
    traceparent: undefined,
    paramsText: '{"name":"read","arguments":{"path":"/a"}}',
    resultText: '{"content":[]}',
    ...changes,
  };
}

function newLog(options: Partial<ConstructorParameters<typeof ActivityLog>[0]> = {}) {
  return new ActivityLog({
    directory: undefined,
    clock: new FakeClock(),
    logger: silentLogger,
    mask: same,
    retentionMs: 1e15,
    maxBytes: 1e9,
    keep: 'redacted',
    ...options,
  });
}

t.test('rows come back newest first, filtered, page by page', async (t) => {
  const log = newLog();
  for (let index = 0; index < 250; index += 1) {
    log.add(newRecord({ id: `r${index}`, timeMs: index, server: index % 2 ? 'a' : 'b', outcome: index % 5 ? 'ok' : 'timeout' }));
  }
  const first = log.list({ limit: 100 });
  t.equal(first.rows.length, 100);
  t.equal(first.rows[0]?.id, 'r249');
  const ids = new Set(first.rows.map(({ id }) => id));
  for (let { cursor } = first; cursor !== undefined; ) {
    const next = log.list({ limit: 100, cursor });
    for (const { id } of next.rows) ids.add(id);
    cursor = next.cursor;
  }
  t.equal(ids.size, 250);
  t.equal(log.list({ limit: 1000, server: 'a' }).rows.length, 125);
  t.equal(log.list({ limit: 1000, outcome: 'timeout' }).rows.length, 50);
  t.equal(log.list({ limit: 1000, sinceMs: 100, untilMs: 109 }).rows.length, 10);
  t.match(log.get('r7'), [{ id: 'r7', runMs: 1.235, time: '1970-01-01T00:00:00.007Z' }]);
  t.same(log.get('nothing'), []);
  log.close();
});

t.test('rows survive a restart in a file of one owner, and go by age', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'activity-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const clock = new FakeClock();
  const log = newLog({ directory, clock });
  log.add(newRecord({ timeMs: clock.now() }));
  log.close();
  t.equal(statSync(join(directory, 'activity.sqlite')).mode & 0o777, 0o600);
  const again = newLog({ directory, clock, retentionMs: 60_000 });
  t.equal(again.list({ limit: 10 }).rows.length, 1);
  await clock.advance(120_000);
  again.add(newRecord({ id: 'r2', timeMs: clock.now() }));
  t.same(
    again.list({ limit: 10 }).rows.map(({ id }) => id),
    ['r2'],
  );
  again.close();
});

t.test('a log over its size loses the oldest rows', async (t) => {
  const clock = new FakeClock();
  const log = newLog({ clock, maxBytes: 1_000_000 });
  for (let round = 0; round < 20; round += 1) {
    for (let index = 0; index < 200; index += 1) log.add(newRecord({ id: `${round}-${index}`, resultText: 'x'.repeat(500) }));
    log.flush();
    await clock.advance(61_000);
  }
  t.equal(log.get('0-0').length, 0, 'the first is gone');
  t.equal(log.get('19-199').length, 1, 'the last is there');
  log.close();
});

t.test('live listeners hear rows until they stop', async (t) => {
  const log = newLog();
  const heard: string[] = [];
  const stop = log.listen(({ id }) => heard.push(id));
  log.add(newRecord({ id: 'one' }));
  log.flush();
  stop();
  log.add(newRecord({ id: 'two' }));
  log.flush();
  t.same(heard, ['one']);
  log.close();
});

t.test('nothing secret is kept', async (t) => {
  const mask = (text: string) => text.replaceAll('hunter2hunter2', '•••');
  const cases: [text: string, limit: number, kept: string][] = [
    ['{"path":"/a","note":"hunter2hunter2"}', 500, '{"path":"/a","note":"•••"}'],
    ['{"password":"abc","apiKey" : "k\\"ey","x":1}', 500, '{"password":"•••","apiKey" : "•••","x":1}'],
    ['{"access_token":"eyJ', 500, '{"access_token":"•••"'],
    ['{"Authorization":"Bearer abc","list":["a"]}', 500, '{"Authorization":"•••","list":["a"]}'],
    [`{"a":"${'x'.repeat(100)}"}`, 10, '{"a":"xxxx…'],
  ];
  for (const [text, limit, kept] of cases) t.equal(redact(text, limit, mask), kept);
  const halfCut = `{"a":"${'x'.repeat(480)}hunter2hunter2"}`;
  t.notMatch(redact(halfCut, 495, mask), /hunter2/, 'a secret at the cut is masked first');
  const log = newLog({ mask, keep: 'none' });
  log.add(newRecord({ error: 'failed with hunter2hunter2' }));
  const [row] = log.list({ limit: 1 }).rows;
  t.equal(row?.error, 'failed with •••');
  t.notOk(row && 'arguments' in row);
  log.close();
});

t.test('every way to end has its word', async (t) => {
  const { signal } = new AbortController();
  const cases: [unknown, string][] = [
    [new RpcError(-32602, 'x'), 'error'],
    [new RpcError(-32600, 'x', { httpStatus: 403, data: { denied: true } }), 'denied'],
    [new RpcError(-32603, 'x', { httpStatus: 429, data: { limit: 'rate' } }), 'rate_limited'],
    [new RpcError(-32603, 'x', { httpStatus: 429 }), 'busy'],
    [new RpcError(-32603, 'x', { httpStatus: 503, data: { breaker: 'open' } }), 'breaker_open'],
    [new RpcError(-32603, 'x', { httpStatus: 503 }), 'unavailable'],
    [new RpcError(-32603, 'x', { httpStatus: 504, fault: 'timeout' }), 'timeout'],
    [new RpcError(-32603, 'x', { httpStatus: 502, fault: 'upstream' }), 'failed'],
    [new AbortedError('gone'), 'cancelled'],
  ];
  for (const [error, outcome] of cases) t.equal(outcomeOfError(error, { signal }), outcome);
});

t.test('counts of calls: unknown tools share one label, histograms add up', async (t) => {
  const metrics = new CallMetrics((_, tool) => tool === 'read');
  metrics.count('files', 'read', 'ok', 3, 0, 100);
  metrics.count('files', 'read', 'ok', 3000, 40, 100);
  for (let index = 0; index < 1000; index += 1) metrics.count('files', `made-up-${index}`, 'error', 1, 0, 0);
  const [requests, durations] = metrics.families();
  t.same(requests?.values, [
    { labels: { server: 'files', tool: 'read', outcome: 'ok' }, value: 2 },
    { labels: { server: 'files', tool: '(other)', outcome: 'error' }, value: 1000 },
  ]);
  const value = (name: string, le?: number | string) =>
    durations?.values.find((sample) => sample.metricName === name && (le === undefined || sample.labels.le === le))?.value;
  t.equal(value('mcp_request_duration_seconds_count'), 1002);
  t.equal(value('mcp_request_duration_seconds_bucket', '+Inf'), 1002);
  t.equal(value('mcp_request_duration_seconds_bucket', 0.005), 1001);
  t.equal(value('mcp_request_duration_seconds_bucket', 5), 1002);
});
