// /metrics after real calls: the documented names are there, and promtool has nothing to say about them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';

const program = join(import.meta.dirname, 'fixtures', 'many-tools.ts');
const documented = [
  'mcp_requests_total',
  'mcp_request_duration_seconds',
  'mcp_queue_wait_seconds',
  'mcp_result_bytes_total',
  'mcp_upstream_up',
  'mcp_upstream_restarts_total',
  'mcp_upstream_tools',
  'mcp_upstream_in_flight',
  'mcp_queue_waiting',
  'mcp_breaker_state',
  'mcp_sessions',
  'mcp_auth_refusals_total',
];

let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(t, { mcpServers: { many: { command: process.execPath, args: [program, 'tool', '3'] } } });
  const { tools } = (await (await fetch(`${gateway.url}/api/tools`)).json()) as { tools: { name: string }[] };
  for (const name of [tools[0]?.name ?? '', 'no-such-tool']) {
    await fetch(`${gateway.url}/api/tools/many/${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  }
});

t.test('every documented metric is there, and counts', async (t) => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  for (const name of documented) t.match(text, new RegExp(`^# TYPE ${name} `, 'm'), name);
  t.match(text, /^mcp_requests_total\{server="many",tool="[^"]+",outcome="ok"\} 1$/m);
  t.match(text, /^mcp_upstream_up\{server="many"\} 1$/m);
  t.match(text, /^mcp_request_duration_seconds_bucket\{server="many",le="\+Inf"\} \d+$/m);
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
t.test(
  'promtool accepts them',
  { skip: promtool ? false : 'promtool is not installed (Debian package prometheus)' },
  async (t) => {
    const input = await (await fetch(`${gateway.url}/metrics`)).text();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    // Node's own process metrics carry names that promtool would rather have otherwise; ours must pass.
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('mcp_'));
    t.same(ours, []);
    t.ok(status === 0 || ours.length === 0);
  },
);
