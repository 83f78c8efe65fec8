/** The daemons of the suite and how each is started: by its package's public entry, loaded when needed. */
import type { DaemonOptions } from '@switchyard/kit/daemon-main';
import type { Service } from '@switchyard/kit/service';

type Start = <T>(options: DaemonOptions<T>) => Promise<Service>;

export interface Daemon {
  /** Hands the daemon's options to `start`, which knows flags and lifecycle. */
  run(start: Start): Promise<Service>;
}

export const daemons: Readonly<Record<string, Daemon>> = {
  'mcp-gateway': { run: async (start) => start((await import('@switchyard/mcp-gateway')).gatewayDaemon) },
  'ai-inference': { run: async (start) => start((await import('@switchyard/ai-inference')).routerDaemon) },
  'openai-proxy': { run: async (start) => start((await import('@switchyard/openai-proxy')).proxyDaemon) },
};

export const daemonNames: readonly string[] = Object.keys(daemons);
