/** Puts the gateway together as a daemon: configuration in, parts for the service lifecycle out. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@switchyard/kit/clock';
import type { DaemonOptions } from '@switchyard/kit/daemon-main';
import { createApp } from './app.ts';
import { configSchema, type GatewayConfig } from './config.ts';
import { McpEdge } from './edge/mcp.ts';
import { Gateway } from './gateway.ts';
import { statusLine } from './health.ts';
import { createGatewayMetrics, type GatewayMetrics } from './metrics.ts';
import { gatewayInfo } from './protocol/revision.ts';
import { Store } from './state/store.ts';

export const gatewayDaemon: DaemonOptions<GatewayConfig> = {
  name: 'mcp-gateway',
  version: gatewayInfo.version,
  description: 'All MCP servers of this machine behind one endpoint: MCP in both protocol eras, REST and OpenAPI.',
  schema: configSchema,
  defaults: {},
  build(config, { logger, secrets }) {
    logger.level = config.logLevel;
    const store = new Store(config.stateDirectory ?? defaultStateDirectory(process.env));
    const gateway = new Gateway({
      config,
      store,
      clock: systemClock,
      logger,
      secrets,
      cacheDirectory: config.cacheDirectory ?? defaultCacheDirectory(process.env),
    });
    const mcp = new McpEdge(gateway);
    let metrics: Promise<GatewayMetrics> | undefined;
    const metricsOnce = () => {
      metrics ??= createGatewayMetrics(gateway, gatewayInfo.version, () => mcp.sessionCount);
      return metrics;
    };
    return {
      listen: [config.listen],
      handler: createApp(gateway, mcp, metricsOnce),
      // Only once the address is ours: a second gateway on it must not start every server first.
      onReady: () => gateway.start(),
      status: () => statusLine(gateway),
      onStopping: () => mcp.stop(),
      onDrain: () => gateway.stop(),
    };
  },
};

/** `$STATE_DIRECTORY` under systemd, else the XDG state folder of the user. */
function defaultStateDirectory(env: NodeJS.ProcessEnv): string {
  if (env.STATE_DIRECTORY) return env.STATE_DIRECTORY.split(':', 1)[0] as string;
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'switchyard', 'mcp-gateway');
}

/** `$CACHE_DIRECTORY` under systemd, else the XDG cache folder of the user. */
function defaultCacheDirectory(env: NodeJS.ProcessEnv): string {
  if (env.CACHE_DIRECTORY) return env.CACHE_DIRECTORY.split(':', 1)[0] as string;
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'switchyard', 'mcp-gateway');
}
