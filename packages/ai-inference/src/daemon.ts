/** Puts the router together as a daemon: configuration in, parts for the service lifecycle out. */
import { Access, exposureOf } from '@switchyard/kit/access';
import { systemClock } from '@switchyard/kit/clock';
import { ConfigError } from '@switchyard/kit/config';
import { applyListenFlags, type DaemonOptions } from '@switchyard/kit/daemon-main';
import type { Metrics } from '@switchyard/kit/metrics';
import { defaultStateDirectory } from '@switchyard/kit/state-directory';
import { createApp } from './app.ts';
import { configSchema, type RouterConfig } from './config.ts';
import { createRouterMetrics } from './metrics.ts';
import { Router } from './router.ts';
import { statusLine } from './status/status.ts';

const version = '0.1.0';

export const routerDaemon: DaemonOptions<RouterConfig> = {
  name: 'ai-inference',
  version,
  description: 'Routes model calls between Venice, OpenRouter, Anthropic, Gemini, OpenAI, Ollama and compatible servers.',
  schema: configSchema,
  defaults: {},
  build(config, { logger, secrets, flags, reloadConfig }) {
    logger.level = config.logLevel;
    const exposure = exposureOf(applyListenFlags([config.listen], flags), config.access);
    if (exposure) throw new ConfigError(flags.config ?? 'defaults', [exposure]);
    const stateDirectory = config.stateDirectory ?? defaultStateDirectory('ai-inference', process.env);
    const router = new Router({ config, env: process.env, clock: systemClock, logger, secrets, stateDirectory });
    let metrics: Promise<Metrics> | undefined;
    const metricsOnce = () => {
      metrics ??= createRouterMetrics(router.figures, version);
      return metrics;
    };
    return {
      listen: [config.listen],
      ...createApp(router, new Access(config.access, secrets), metricsOnce),
      onReady: () => {
        void router.start();
        router.reconcile();
        if (router.providers.length === 0) logger.warn('no provider is set up', { remedy: router.remedy });
      },
      status: () => statusLine(router),
      async onReload() {
        const next = await reloadConfig();
        logger.level = next.logLevel;
        const needRestart = router.reload(next);
        if (needRestart.length > 0) logger.warn('these settings take effect at the next start', { settings: needRestart });
      },
      onStopping: () => router.handOver(),
      onDrain: () => router.stop(),
      drainLimitMs: 30_000,
    };
  },
};
