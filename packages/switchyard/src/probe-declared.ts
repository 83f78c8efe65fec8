/** Asks every declared server that can be asked, with the values its references stand for. */
import type { Declaration, DeclaredServer } from '@switchyard/agent-config/declaration';
import { ServerEntryError, type Target, targetOf } from '@switchyard/agent-config/server-entry';
import { type LookedUp, type ProbeResult, referenceKey, referencesOf, withValues } from '@switchyard/agent-config/validation';
import { probeServer } from './probe-server.ts';

/**
 * Results by server. One after the other: programs that are started together slow each other down. Disabled servers, those
 * whose secrets are missing, and sockets (a connection would start the unit) are left out.
 */
export async function probeDeclared(
  { mcpServers }: Declaration,
  { states, values }: LookedUp,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<Map<string, ProbeResult>> {
  const results = new Map<string, ProbeResult>();
  for (const [name, server] of Object.entries(mcpServers)) {
    if (server.disabled === true || server.enabled === false) continue;
    const isWhole = referencesOf(server, env).every(({ text }) => states.get(referenceKey(name, text))?.state === 'ok');
    if (!isWhole) continue;
    const target = targetOrNothing(withValues(server, env, (reference) => values.get(referenceKey(name, reference))));
    if (target && target.kind !== 'socket') results.set(name, await probeServer(target, timeoutMs));
  }
  return results;
}

/** Undefined for an entry that names no server: its row says so. */
function targetOrNothing(server: DeclaredServer): Target | undefined {
  try {
    return targetOf(server);
  } catch (error) {
    if (error instanceof ServerEntryError) return undefined;
    throw error;
  }
}
