/** Servers as the REST API shows them, and the two things it can do to one. */
import { parseConfig } from '@switchyard/kit/config';
import { Problem } from '@switchyard/kit/problem';
import { adminDenied, serverDenied } from '../call/authorize.ts';
import type { Caller, Rights } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { type ServerDetail, type ServerView, serverPatchShape } from './shapes.ts';

/** All servers that the caller may use, in declared order. `baseUrl`: the gateway's own URL without a trailing slash. */
export function listServers(gateway: Gateway, { rights }: Caller, baseUrl: string): ServerView[] {
  return gateway.serverNames.filter((name) => rights.allowsServer(name)).map((name) => viewOf(gateway, name, rights, baseUrl));
}

/** One server with everything known about it; what it wrote to stderr is for admins. Throws RpcError 403, or 404 with the nearest name. */
export function describeServer(gateway: Gateway, name: string, caller: Caller, baseUrl: string): ServerDetail {
  checkServer(caller, name);
  const view = viewOf(gateway, name, caller.rights, baseUrl);
  const change = gateway.changes.rows.find((row) => row.server === name && row.field === 'enabled');
  const declared = gateway.changes.declaredEnabled(name);
  return {
    ...view,
    stderr: caller.rights.admin ? gateway.upstream(name).status().stderr : [],
    origin: {
      enabled: change ? { source: 'runtime', declared, who: change.who, when: change.when } : { source: 'declared', declared },
    },
  };
}

/** Throws RpcError 403 for a server that the caller may not use. */
export function checkServer(caller: Caller, name: string): void {
  if (!caller.rights.allowsServer(name)) throw serverDenied(caller, name);
}

/** Throws RpcError for a server that the caller may not change (403) or that does not exist (404). */
export function checkAdmin(gateway: Gateway, caller: Caller, name: string): void {
  checkServer(caller, name);
  if (!caller.rights.admin) throw adminDenied(caller, name);
  gateway.upstream(name);
}

/** Applies `{enabled}`; ask `checkAdmin` first. Throws ConfigError for any other body, Problem 403 when runtime changes are denied. */
export async function patchServer(gateway: Gateway, name: string, patch: unknown, who: string): Promise<void> {
  const { enabled } = parseConfig(serverPatchShape, patch, 'body');
  await gateway.setEnabled(name, enabled, who);
}

/** Restarts a server and waits until it is ready or failed; ask `checkAdmin` first. Throws Problem 409 for a disabled one, RpcError (404). */
export async function restartServer(gateway: Gateway, name: string): Promise<void> {
  const upstream = gateway.upstream(name);
  if (upstream.state === 'disabled')
    throw new Problem(409, {
      detail: `server "${name}" is disabled; enable it with PATCH /api/servers/${name} {"enabled": true}`,
    });
  await upstream.restart();
}

function viewOf(gateway: Gateway, name: string, rights: Rights, baseUrl: string): ServerView {
  const { stderr: _, ...status } = gateway.upstream(name).status();
  const description = gateway.config.mcpServers[name]?.description;
  return {
    ...status,
    tools: gateway.lists(name, rights).tools.length,
    enabled: status.state !== 'disabled',
    url: `${baseUrl}/mcp/${encodeURIComponent(name)}`,
    ...(description !== undefined && { description }),
  };
}
