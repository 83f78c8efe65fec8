import { type SseEvent, SseParser } from '@switchyard/dialects/sse';
import { FakeClock } from '@switchyard/kit/clock';
import t from 'tap';
import { callStream } from '../src/rest/call-stream.ts';
import { type RestGateway, send, servers, startRestGateway } from './fixtures/rest-gateway.ts';

let rest: RestGateway;
const stream = { accept: 'text/event-stream' };

t.before(async () => {
  rest = await startRestGateway({ mcpServers: { odd: servers.odd(), everything: servers.everything() } });
});
t.teardown(() => rest.close());

function eventsOf(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  new SseParser({ onEvent: (event) => events.push(event) }).feed(text);
  return events;
}

t.test('progress as it comes, then the result', async (t) => {
  const { status, headers, text } = await send(`${rest.url}/api/tools/odd/steps`, 'POST', '{"n":1.10}', stream);
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'text/event-stream');
  const events = eventsOf(text);
  t.same(
    events.map(({ event }) => event),
    ['progress', 'progress', 'result'],
  );
  t.same(JSON.parse(events[0]?.data ?? ''), { progress: 1, total: 2, message: 'step 1' });
  t.match(events[2]?.data, '"structuredContent":{"n":1.10}');
});

t.test('progress of a real server', async (t) => {
  const { text } = await send(
    `${rest.url}/api/v1/mcp/everything/tools/trigger-long-running-operation`,
    'POST',
    { duration: 0.3, steps: 3 },
    stream,
  );
  t.same(
    eventsOf(text).map(({ event }) => event),
    ['progress', 'progress', 'progress', 'result'],
  );
});

t.test('a tool that runs as a task tells its stages', async (t) => {
  const { text } = await send(`${rest.url}/api/tools/everything/simulate-research-query`, 'POST', { topic: 'rails' }, stream);
  const events = eventsOf(text);
  t.equal(events.at(-1)?.event, 'result');
  t.match(JSON.parse(events.at(-1)?.data ?? '').content, [{ type: 'text' }]);
  t.ok(events.filter(({ event }) => event === 'progress').length >= 1);
});

t.test('an error after the start is an event with the problem', async (t) => {
  const { status, text } = await send(`${rest.url}/api/tools/odd/ask`, 'POST', {}, { ...stream, 'x-request-id': 'mine-3' });
  t.equal(status, 200);
  const [event] = eventsOf(text);
  t.equal(event?.event, 'error');
  t.match(JSON.parse(event?.data ?? ''), { status: 422, requestId: 'mine-3', detail: /Your name/ });
});

t.test('JSON stays the answer for those who take both', async (t) => {
  for (const accept of [
    '*/*',
    'application/json',
    'application/json, text/event-stream',
    'text/event-stream;q=0.1, application/json',
  ]) {
    const { headers } = await send(`${rest.url}/api/tools/odd/echo`, 'POST', {}, { accept });
    t.equal(headers.get('content-type'), 'application/json', accept);
  }
});

for (const [form, headers] of [
  ['as stream', stream],
  ['plain', {}],
] as const) {
  t.test(`a caller that leaves cancels the call (${form})`, async (t) => {
    const seen = () => rest.gateway.upstream('odd').status().stderr.length;
    const before = seen();
    const controller = new AbortController();
    const leaving = fetch(`${rest.url}/api/tools/odd/slow`, { method: 'POST', headers, signal: controller.signal }).then(
      (response) => response.text(),
    );
    setTimeout(() => controller.abort(), 200);
    await t.rejects(leaving, { name: 'AbortError' });
    for (let tries = 0; seen() === before && tries < 100; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    t.match(rest.gateway.upstream('odd').status().stderr.at(-1), /^cancelled \d+$/);
  });
}

t.test('a comment every 15 seconds keeps a silent stream open', async (t) => {
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<string>();
  const body = callStream({ clock, run: () => promise, problem: () => ({}), onCancel: () => {} });
  const text = new Response(body).text();
  await clock.advance(14_999);
  await clock.advance(30_002);
  resolve('{}');
  t.equal(await text, `${':\n\n'.repeat(4)}event: result\ndata: {}\n\n`);
  t.equal(clock.pending, 0);
});

t.test('a caller that stops reading ends the timer and cancels', async (t) => {
  const clock = new FakeClock();
  let cancelled = false;
  const body = callStream({ clock, run: () => new Promise(() => {}), problem: () => ({}), onCancel: () => (cancelled = true) });
  await body.cancel();
  t.ok(cancelled);
  t.equal(clock.pending, 0);
});

t.test('a caller that reads slowly misses progress, never the result', async (t) => {
  const run = async (onProgress: (params: { progress: number }) => void) => {
    for (let progress = 0; progress < 10_000; progress += 1) onProgress({ progress });
    return '{"done":true}';
  };
  const text = await new Response(callStream({ clock: new FakeClock(), run, problem: () => ({}), onCancel: () => {} })).text();
  const events = eventsOf(text);
  t.ok(events.length < 200);
  t.match(events.at(-1), { event: 'result', data: '{"done":true}' });
});
