/** The gateway's own figures, beside the process figures that every daemon has. */
import { createMetrics, type Metrics } from '@switchyard/kit/metrics';
import type { Gateway } from './gateway.ts';

export type GatewayMetrics = Metrics;

/** Registers the gauges that are read from the gateway at scrape time. */
export async function createGatewayMetrics(
  gateway: Gateway,
  version: string,
  sessionCount: () => number,
  refusals: ReadonlyMap<string, number>,
): Promise<GatewayMetrics> {
  const metrics = await createMetrics('mcp', { version });
  const up = metrics.gauge('upstream_up', '1 while the server can be called, else 0.', ['server']);
  const restarts = metrics.gauge('upstream_restarts', 'Starts of the server after its first one.', ['server']);
  const tools = metrics.gauge('upstream_tools', 'Tools the server offers.', ['server']);
  const sessions = metrics.gauge('sessions', 'Sessions of handshake-era clients held in memory.');
  const refused = metrics.counter('auth_refusals_total', 'Requests sent away because of who sent them, or from where.', [
    'reason',
  ]);
  const { text } = metrics;
  metrics.text = () => {
    for (const name of gateway.serverNames) {
      const status = gateway.upstream(name).status();
      up.set({ server: name }, status.state === 'ready' || status.state === 'degraded' ? 1 : 0);
      restarts.set({ server: name }, status.restarts);
      tools.set({ server: name }, status.tools);
    }
    sessions.set(sessionCount());
    refused.reset();
    for (const [reason, count] of refusals) refused.inc({ reason }, count);
    return text();
  };
  return metrics;
}
