/** Servers as the REST API shows them, and the two things it can do to one. */
import { parseConfig } from '@switchyard/kit/config';
import { Problem } from '@switchyard/kit/problem';
import type { Gateway } from '../gateway.ts';
import { type ServerDetail, type ServerView, serverPatchShape } from './shapes.ts';

/** All servers in declared order. `baseUrl`: the gateway's own URL without a trailing slash. */
export function listServers(gateway: Gateway, baseUrl: string): ServerView[] {
  return gateway.serverNames.map((name) => viewOf(gateway, name, baseUrl));
}

/** One server with everything known about it. Throws RpcError (404) with the nearest name. */
export function describeServer(gateway: Gateway, name: string, baseUrl: string): ServerDetail {
  const view = viewOf(gateway, name, baseUrl);
  const change = gateway.overlay.find((row) => row.server === name && row.field === 'enabled');
  const declared = gateway.declaredEnabled(name);
  return {
    ...view,
    stderr: gateway.upstream(name).status().stderr,
    origin: {
      enabled: change ? { source: 'runtime', declared, who: change.who, when: change.when } : { source: 'declared', declared },
    },
  };
}

/** Applies `{enabled}`. Throws ConfigError for any other body, Problem 403 when runtime changes are denied, RpcError (404). */
export async function patchServer(gateway: Gateway, name: string, patch: unknown, who: string): Promise<void> {
  gateway.upstream(name);
  const { enabled } = parseConfig(serverPatchShape, patch, 'body');
  await gateway.setEnabled(name, enabled, who);
}

/** Restarts a server and waits until it is ready or failed. Throws Problem 409 for a disabled one, RpcError (404). */
export async function restartServer(gateway: Gateway, name: string): Promise<void> {
  const upstream = gateway.upstream(name);
  if (upstream.state === 'disabled')
    throw new Problem(409, {
      detail: `server "${name}" is disabled; enable it with PATCH /api/servers/${name} {"enabled": true}`,
    });
  await upstream.restart();
}

function viewOf(gateway: Gateway, name: string, baseUrl: string): ServerView {
  const { stderr: _, ...status } = gateway.upstream(name).status();
  const description = gateway.config.mcpServers[name]?.description;
  return {
    ...status,
    enabled: status.state !== 'disabled',
    url: `${baseUrl}/mcp/${encodeURIComponent(name)}`,
    ...(description !== undefined && { description }),
  };
}
