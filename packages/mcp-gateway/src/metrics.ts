/** The gateway's own figures, beside the process figures that every daemon has. */
import { type Family, registerFamilies } from '@switchyard/kit/figures';
import { createMetrics, type Metrics } from '@switchyard/kit/metrics';
import type { Gateway } from './gateway.ts';

export type GatewayMetrics = Metrics;

/** Registers what is read from the gateway at scrape time. `refusals`: requests sent away at the door, by reason. */
export async function createGatewayMetrics(
  gateway: Gateway,
  version: string,
  sessionCount: () => number,
  refusals: ReadonlyMap<string, number>,
): Promise<GatewayMetrics> {
  const metrics = await createMetrics('mcp', { version });
  const families = (): Family[] => [
    ...gateway.metrics.families(),
    ...serverFamilies(gateway),
    {
      name: 'mcp_sessions',
      type: 'gauge',
      help: 'Sessions of handshake-era clients held in memory.',
      values: [{ labels: {}, value: sessionCount() }],
    },
    {
      name: 'mcp_auth_refusals_total',
      type: 'counter',
      help: 'Requests sent away because of who sent them, or from where.',
      values: [...refusals].map(([reason, value]) => ({ labels: { reason }, value })),
    },
  ];
  registerFamilies(metrics, families);
  return metrics;
}

const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const;

function serverFamilies(gateway: Gateway): Family[] {
  const now = gateway.clock.monotonicMs();
  const perServer = (value: (name: string) => number) =>
    gateway.serverNames.map((server) => ({ labels: { server }, value: value(server) }));
  const status = (name: string) => gateway.upstream(name).status();
  const gauge = (name: string, help: string, value: (name: string) => number): Family => ({
    name,
    type: 'gauge',
    help,
    values: perServer(value),
  });
  return [
    gauge('mcp_upstream_up', '1 while the server can be called, else 0.', (name) =>
      Number(['ready', 'degraded'].includes(gateway.upstream(name).state)),
    ),
    {
      name: 'mcp_upstream_restarts_total',
      type: 'counter',
      help: 'Starts of the server after its first one.',
      values: perServer((name) => status(name).restarts),
    },
    gauge('mcp_upstream_tools', 'Tools the server offers.', (name) => gateway.upstream(name).lists.tools.length),
    gauge('mcp_tools_quarantined', 'Tools hidden because of their definition.', (name) => gateway.trust.quarantined(name).length),
    {
      name: 'mcp_tool_definition_changes_total',
      type: 'counter',
      help: 'Tool definitions that came, changed or went after the first sight of their server.',
      values: perServer((name) => gateway.trust.changes(name)),
    },
    gauge('mcp_upstream_in_flight', 'Calls that run on the server now.', (name) => status(name).inFlight),
    gauge('mcp_queue_waiting', 'Calls that wait for their turn.', (name) => gateway.queue(name)?.waiting ?? 0),
    gauge(
      'mcp_breaker_state',
      'Circuit breaker: 0 closed, 1 half-open, 2 open.',
      (name) => breakerStates[gateway.breaker(name).state(now)],
    ),
  ];
}
