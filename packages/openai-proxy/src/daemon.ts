/** Puts the proxy together as a daemon: configuration in, parts for the service lifecycle out. */
import { Access, exposureOf } from '@switchyard/kit/access';
import { ConfigError } from '@switchyard/kit/config';
import { applyListenFlags, type DaemonOptions } from '@switchyard/kit/daemon-main';
import { createHttpClient } from '@switchyard/kit/http-client';
import type { Metrics } from '@switchyard/kit/metrics';
import { createApp } from './app.ts';
import { configSchema, type ProxyConfig } from './config.ts';
import { createProxyMetrics, ProxyFigures } from './metrics.ts';
import { ModelProxy } from './proxy.ts';

const version = '0.1.0';

export const proxyDaemon: DaemonOptions<ProxyConfig> = {
  name: 'openai-proxy',
  version,
  description: "Lets any app's API dialect use the router: OpenAI, Anthropic and Gemini endpoints, local keys, model aliases.",
  schema: configSchema,
  defaults: {},
  build(config, { logger, secrets, flags, reloadConfig }) {
    logger.level = config.logLevel;
    const exposure = exposureOf(applyListenFlags([config.listen], flags), config.access);
    if (exposure) throw new ConfigError(flags.config ?? 'defaults', [exposure]);
    const httpClient = createHttpClient({ connections: 1024, connectTimeoutMs: config.connectMs });
    const figures = new ProxyFigures();
    const proxy = new ModelProxy({ config, access: new Access(config.access, secrets), httpClient, secrets, logger, figures });
    let metrics: Promise<Metrics> | undefined;
    const metricsOnce = () => {
      metrics ??= createProxyMetrics(figures, version);
      return metrics;
    };
    return {
      listen: [config.listen],
      ...createApp(proxy, httpClient, metricsOnce),
      status: () => `in front of ${proxy.config.upstream.url}`,
      async onReload() {
        const next = await reloadConfig();
        logger.level = next.logLevel;
        const fixed = (['listen', 'access', 'connectMs'] as const).filter(
          (key) => JSON.stringify(proxy.config[key]) !== JSON.stringify(next[key]),
        );
        proxy.reload(next);
        if (fixed.length > 0) logger.warn('these settings take effect at the next start', { settings: fixed });
      },
      onDrain: () => httpClient.close(1000),
      drainLimitMs: 30_000,
    };
  },
};
