// Spans of calls at a collector: the trace of the caller goes on, failures are told, and a collector that is away costs nothing.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { classed } from './fixtures/callers.ts';
import { startGateway } from './fixtures/gateway-process.ts';
import { modern, send } from './fixtures/wire.ts';

interface SentSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  status: { code?: number; message?: string };
  attributes: { key: string; value: { stringValue?: string } }[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

t.test('a span for every call', async (t) => {
  const spans: SentSpan[] = [];
  const keys: unknown[] = [];
  const collector = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    keys.push(request.headers['x-key']);
    t.equal(request.url, '/v1/traces');
    spans.push(...body.resourceSpans[0].scopeSpans[0].spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  t.teardown(() => collector.close());
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const gateway = await startGateway(
    t,
    {
      mcpServers: { alpha: classed('alpha'), broken: { command: '/nowhere' } },
      otlp: { endpoint, headers: { 'x-key': '${env:OTLP_KEY}' } },
    },
    { env: { OTLP_KEY: 'collector-key' } },
  );
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const parent = 'b7ad6b7169203331';
  const headers = { traceparent: `00-${traceId}-${parent}-01` };
  await send(`${gateway.url}/mcp/alpha`, modern('tools/call', { name: 'plain', arguments: {} }, { headers }));
  await send(`${gateway.url}/mcp/broken`, modern('prompts/get', { name: 'missing' }));
  await gateway.stop();
  const first = spans.find(({ name }) => name.startsWith('tools/call'));
  const second = spans.find(({ name }) => name === 'prompts/get missing');
  t.match(first, { traceId, parentSpanId: parent, name: 'tools/call plain', status: {} });
  t.not(first?.spanId, parent);
  t.ok(BigInt(first?.endTimeUnixNano ?? 0) >= BigInt(first?.startTimeUnixNano ?? 1));
  t.match(first?.attributes.find(({ key }) => key === 'gen_ai.tool.name')?.value, { stringValue: 'plain' });
  t.match(second, { traceId: /^[0-9a-f]{32}$/, status: { code: 2 } });
  t.same([...new Set(keys)], ['collector-key']);
});

t.test('without its collector', async (t) => {
  const gateway = await startGateway(t, { mcpServers: { alpha: classed('alpha') }, otlp: { endpoint: 'http://127.0.0.1:9' } });
  const answer = await send(`${gateway.url}/mcp/alpha`, modern('tools/call', { name: 'plain', arguments: {} }));
  t.ok(answer.last.result);
  await gateway.said(({ msg }) => msg === 'spans could not be sent');
});
