/** Which settings hold for a call: the tool's own where it has some, else its server's. */
import type { GatewayConfig, ServerConfig, ToolSettings } from '../config.ts';
import type { Call } from './call.ts';

export interface CallSettings {
  idleMs: number;
  totalMs: number;
  softLimitBytes: number;
}

/** Looks settings up, each combination computed once. */
export function settingsLookup(
  servers: GatewayConfig['mcpServers'],
): (call: Pick<Call, 'server' | 'method' | 'name'>) => CallSettings {
  const known = new Map<string, Map<string, CallSettings>>();
  return ({ server, method, name }) => {
    const tool = method === 'tools/call' && name !== undefined ? name : '';
    let ofServer = known.get(server);
    if (!ofServer) {
      ofServer = new Map();
      known.set(server, ofServer);
    }
    let settings = ofServer.get(tool);
    if (!settings) {
      const config = servers[server] as ServerConfig;
      settings = merge(config, Object.hasOwn(config.toolSettings, tool) ? config.toolSettings[tool] : undefined);
      // Names come from clients: what no server declares must not fill the memory.
      if (ofServer.size < 10_000) ofServer.set(tool, settings);
    }
    return settings;
  };
}

function merge(config: ServerConfig, tool: ToolSettings | undefined): CallSettings {
  return {
    idleMs: tool?.idleMs ?? config.timeouts.idleMs,
    totalMs: tool?.totalMs ?? config.timeouts.totalMs,
    softLimitBytes: tool?.softLimitBytes ?? config.results.softLimitBytes,
  };
}
