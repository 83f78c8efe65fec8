// 10,000 wrong requests on every surface of a running gateway: nothing crashes, hangs, leaks, or is answered with a 500.
// FUZZ_SEED=n replays a run, FUZZ_REQUESTS=n makes it longer or shorter.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { startFixture } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { manyTools } from './fixtures/many-tools.ts';
import { mutate } from './fixtures/mutations.ts';
import { type RawAnswer, type RawRequest, sendRaw } from './fixtures/raw-http.ts';
import { legacy, modern, openSession, type Sent, send } from './fixtures/wire.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 10_000);
const parallel = 16;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

t.test(`${requests} mutated requests`, { timeout: 110_000 }, async (t) => {
  t.comment(`FUZZ_SEED=${seed}`);
  const fixture = await startFixture('dual');
  t.teardown(() => fixture.stop());
  const gateway = await startGateway(t, {
    mcpServers: { lines: manyTools('tool', 25), http: { url: fixture.url }, spare: manyTools('spare', 3) },
    groups: { both: ['lines', 'http'] },
  });
  const url = new URL(gateway.url);
  const seeds = await rightRequests(gateway.url, url.host);
  const random = new Random(seed);

  const counts = new Map<number, number>();
  const run = async (count: number) => {
    let left = count;
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        for (; left > 0; left -= 1) {
          const request = mutate(random.pick(seeds), random);
          const answer = await sendRaw(url, request);
          counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
          check(t, request, answer);
        }
      }),
    );
  };
  await run(Math.ceil(requests / 10));
  await settle(gateway);
  const before = footprint(gateway.pid);
  await run(requests - Math.ceil(requests / 10));

  t.comment(`answers: ${[...counts].map(([status, count]) => `${status}×${count}`).join(' ')}`);
  t.same(
    gateway.log().filter(({ level }) => level === 'error'),
    [],
    'no unexpected error was logged',
  );
  for (const path of ['/mcp', '/mcp/lines'])
    t.match((await send(`${gateway.url}${path}`, modern('tools/list'))).last.result?.tools, Array);
  const called = await send(`${gateway.url}/mcp/http`, modern('tools/call', { name: 'test_simple_text' }));
  t.match(called.last.result?.content[0].text, /simple text/);
  await settle(gateway, before.files + 2);
  const after = footprint(gateway.pid);
  t.ok(after.files <= before.files + 2, `${before.files} open files before, ${after.files} after`);
  t.ok(after.rssMb < before.rssMb + 150, `${before.rssMb} MB before, ${after.rssMb} MB after`);
});

/** An answer must be one, and must not be an accident: no 5xx but what says that a server is at fault, no word of our own insides. */
function check(t: Test, request: RawRequest, { status, text }: RawAnswer): void {
  const accident =
    /Maximum call stack|Cannot (read|set|convert)|is not (a function|iterable|defined)|internal error of the gateway|node:internal/;
  const good = status < 500 ? status >= 200 || request.misframed : [502, 503, 504].includes(status);
  // The SDK that the server behind us is built on trips over names such as `constructor`, and its words are passed on.
  const ours = text.replace(/(completer|suggestions\.map) is not a function/, '');
  if (good && !accident.test(ours)) return;
  const { method, path, headers, body } = request;
  const sent = `${method} ${path.slice(0, 300)}\n${JSON.stringify(headers).slice(0, 2000)}\n${body.toString().slice(0, 1000)}`;
  t.fail(`${status}: ${text.slice(0, 600)}`, { sent, seed });
}

function footprint(pid: number): { rssMb: number; files: number } {
  const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { rssMb: Math.round(rssKb / 1024), files: readdirSync(`/proc/${pid}/fd`).length };
}

/** Waits, within bounds, until the connections of abandoned requests are gone. */
async function settle(gateway: GatewayProcess, files = 0): Promise<void> {
  for (let tries = 0; tries < 40 && (tries < 10 || footprint(gateway.pid).files > files); tries += 1) await sleep(100);
}

/** Requests that are right, over MCP in both eras, REST and OpenAPI. */
async function rightRequests(base: string, host: string): Promise<RawRequest[]> {
  const from = (path: string, { method = 'POST', headers = {}, body = '' }: Sent): RawRequest => ({
    method,
    path,
    headers: [['host', host], ...Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])],
    body: Buffer.from(body),
  });
  const session = await openSession(`${base}/mcp`);
  const one = await openSession(`${base}/mcp/http`);
  const capabilities = { elicitation: {}, sampling: {}, roots: {} };
  const json = { 'content-type': 'application/json' };
  const post = (path: string, body: string) => from(path, { headers: json, body });
  const get = (path: string) => from(path, { method: 'GET' });
  return [
    from('/mcp', modern('server/discover')),
    from('/mcp', modern('tools/list')),
    from('/mcp', modern('tools/call', { name: 'lines__with_space_x', arguments: { a: [1, { b: null }] } })),
    from(
      '/mcp',
      modern('tools/call', { name: 'lines__a__b', arguments: {} }, { meta: { progressToken: 7, traceparent: '00-1-2-3' } }),
    ),
    from('/mcp', modern('tools/call', { name: 'http__test_simple_text', arguments: {} })),
    from('/mcp/http', modern('tools/call', { name: 'test_elicitation', arguments: { message: 'x' } }, { capabilities })),
    from(
      '/mcp/http',
      modern(
        'tools/call',
        { name: 'test_elicitation', arguments: { message: 'x' }, requestState: 'parked1.e30.x', inputResponses: { a: {} } },
        { capabilities },
      ),
    ),
    from(
      '/mcp/http',
      modern('tools/call', { name: 'test_x_mcp_header', arguments: { region: 'eu' } }, { headers: { 'mcp-param-region': 'eu' } }),
    ),
    from('/mcp/lines', modern('tools/call', { name: 'with space', arguments: {} })),
    from('/mcp/lines', modern('tools/list', { cursor: '10' })),
    from('/mcp', modern('resources/read', { uri: 'test://static-text' })),
    from('/mcp', modern('resources/read', { uri: 'test://template/1/data' })),
    from('/mcp', modern('prompts/get', { name: 'http__test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } })),
    from(
      '/mcp/group/both',
      modern('completion/complete', {
        ref: { type: 'ref/prompt', name: 'http__test_prompt_with_arguments' },
        argument: { name: 'arg1', value: 'p' },
      }),
    ),
    from(
      '/mcp/group/both',
      modern('completion/complete', {
        ref: { type: 'ref/resource', uri: 'test://template/{id}/data' },
        argument: { name: 'id', value: '1' },
      }),
    ),
    from(
      '/mcp',
      modern('subscriptions/listen', {
        notifications: { toolsListChanged: true, resourceSubscriptions: ['test://watched-resource'] },
      }),
    ),
    from('/mcp', legacy('initialize', { protocolVersion: '2025-06-18', capabilities, clientInfo: { name: 'x', version: '1' } })),
    from('/mcp', legacy('tools/list', {}, session)),
    from('/mcp', legacy('tools/call', { name: 'lines__a__b', arguments: {} }, session)),
    from(
      '/mcp/http',
      legacy('tools/call', { name: 'test_tool_with_progress', arguments: {}, _meta: { progressToken: 'p' } }, one),
    ),
    from('/mcp/http', legacy('resources/subscribe', { uri: 'test://watched-resource' }, one)),
    from('/mcp/http', legacy('logging/setLevel', { level: 'debug' }, one)),
    from('/mcp/http', legacy('notifications/cancelled', { requestId: 1, reason: 'x' }, one, null)),
    from('/mcp/http', {
      headers: { ...json, ...one },
      body: '{"jsonrpc":"2.0","id":"switchyard-1","result":{"action":"accept","content":{}}}',
    }),
    from('/mcp', { method: 'GET', headers: { accept: 'text/event-stream', ...session } }),
    from('/mcp', { method: 'DELETE', headers: await openSession(`${base}/mcp`) }),
    from('/mcp', { method: 'OPTIONS', headers: { origin: 'http://localhost', 'access-control-request-method': 'POST' } }),
    ...['/api/servers', '/api/servers/lines', '/api/tools?server=lines&q=a', '/api/tools/lines/a__b'].map(get),
    ...['/openapi.json', '/api/openapi.json', '/api/openapi/lines.json', '/health/live', '/health/ready', '/metrics'].map(get),
    post('/api/tools/lines/a__b', '{"x":1}'),
    post('/api/tools/http/test_simple_text', '{}'),
    post('/api/v1/mcp/lines/tools/with%2Fslash', '{"a":{"b":[1,2]}}'),
    post('/api/v1/query', '{"server":"lines","tool":"a__b","args":{"a":1}}'),
    from('/api/servers/spare', { method: 'PATCH', headers: json, body: '{"enabled":true}' }),
    post('/api/servers/spare/restart', ''),
  ];
}
