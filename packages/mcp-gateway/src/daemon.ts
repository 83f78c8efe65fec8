/** Puts the gateway together as a daemon: configuration in, parts for the service lifecycle out. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@switchyard/kit/clock';
import { ConfigError } from '@switchyard/kit/config';
import { applyListenFlags, type DaemonOptions } from '@switchyard/kit/daemon-main';
import type { ListenSpec } from '@switchyard/kit/listen';
import { defaultStateDirectory } from '@switchyard/kit/state-directory';
import { createApp } from './app.ts';
import { listenSpecOf, socketCaller } from './auth/connection.ts';
import { Door } from './auth/door.ts';
import { exposureOf } from './auth/exposure.ts';
import { TokenStore } from './auth/token-store.ts';
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
  build(config, { logger, secrets, flags, reloadConfig }) {
    logger.level = config.logLevel;
    const stateDirectory = config.stateDirectory ?? defaultStateDirectory('mcp-gateway', process.env);
    const store = new Store(stateDirectory);
    const tokens = new TokenStore(store.database);
    const sockets = new Map(config.sockets.map((settings) => [listenSpecOf(settings), socketCaller(settings)]));
    const listen: ListenSpec[] = [config.listen, ...sockets.keys()];
    const exposure = exposureOf(applyListenFlags(listen, flags), config.auth, tokens.hasUsable(systemClock.now()));
    if (exposure) throw new ConfigError(flags.config ?? 'defaults', [{ path: exposure.setting, message: exposure.message }]);
    const gateway = new Gateway({
      stateDirectory,
      config,
      store,
      clock: systemClock,
      logger,
      secrets,
      cacheDirectory: config.cacheDirectory ?? defaultCacheDirectory(process.env),
    });
    const door = new Door({
      settings: config.auth,
      publicUrl: config.publicUrl,
      tokens,
      socketCallers: sockets,
      clock: systemClock,
      logger,
      secrets,
      httpClient: () => gateway.httpClient(),
    });
    const mcp = new McpEdge(gateway);
    let metrics: Promise<GatewayMetrics> | undefined;
    const metricsOnce = () => {
      metrics ??= createGatewayMetrics(gateway, gatewayInfo.version, () => mcp.sessionCount, door.refusals);
      return metrics;
    };
    return {
      listen,
      ...createApp(gateway, door, mcp, metricsOnce),
      // Only once the address is ours: a second gateway on it must not start every server first.
      onReady: () => gateway.start(),
      status: () => statusLine(gateway),
      async onReload() {
        const next = await reloadConfig();
        logger.level = next.logLevel;
        const { needRestart, ...servers } = gateway.reload(next);
        mcp.reload();
        logger.info('configuration reloaded', servers);
        if (needRestart.length > 0) logger.warn('these settings take effect at the next start', { settings: needRestart });
      },
      onStopping: () => mcp.stop(),
      onDrain: () => {
        door.close();
        return gateway.stop();
      },
    };
  },
};

/** `$CACHE_DIRECTORY` under systemd, else the XDG cache folder of the user. */
function defaultCacheDirectory(env: NodeJS.ProcessEnv): string {
  if (env.CACHE_DIRECTORY) return env.CACHE_DIRECTORY.split(':', 1)[0] as string;
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'switchyard', 'mcp-gateway');
}
