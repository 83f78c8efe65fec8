/** Tool trust over REST: what is trusted, what waits for being accepted, and the lock file. */
import { parseConfig } from '@switchyard/kit/config';
import { z } from 'zod';
import { adminDenied } from '../call/authorize.ts';
import type { Caller } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { lockFileOf, lockFileText } from '../trust/lock-file.ts';
import type { Pin } from '../trust/pins.ts';
import { acceptShape, type PinView } from './shapes.ts';

/** Every tool that the caller may call, or could if it were trusted. Waits for servers that start. */
export async function listTrust(gateway: Gateway, caller: Caller): Promise<{ tools: PinView[] }> {
  const servers = await seenServers(gateway, caller);
  const pins = servers.flatMap((server) => gateway.trust.pins(server));
  return { tools: pins.filter((pin) => mayCall(gateway, caller, pin)).map((pin) => viewOf(gateway, caller, pin)) };
}

/** Accepts what a tool is now; ask `checkAdmin` first. Throws ConfigError for another body, Problem 404 and 409. */
export function acceptTool(gateway: Gateway, caller: Caller, server: string, tool: string, body: unknown): PinView {
  const { hash } = parseConfig(acceptShape, body, 'body');
  return viewOf(gateway, caller, gateway.trust.accept(server, tool, hash, caller.id));
}

const lockQuery = z.strictObject({ quarantined: z.enum(['true', 'false']).default('false') });

/** The lock file's text for all servers of the caller. Throws ConfigError for other parameters, RpcError 403. */
export async function exportLock(gateway: Gateway, caller: Caller, query: Record<string, string>): Promise<string> {
  const quarantined = parseConfig(lockQuery, query, 'query').quarantined === 'true';
  const servers = await seenServers(gateway, caller);
  if (quarantined && !caller.rights.admin) throw adminDenied(caller, servers[0] ?? '*');
  const entries = gateway.trust
    .lockEntries(servers, { quarantined })
    .filter(({ server, tool }) => mayCall(gateway, caller, { server, tool }));
  return lockFileText(lockFileOf(entries));
}

async function seenServers(gateway: Gateway, { rights }: Caller): Promise<string[]> {
  const servers = gateway.serverNames.filter((name) => rights.allowsServer(name));
  await gateway.settled(servers);
  return servers;
}

function mayCall(gateway: Gateway, { rights }: Caller, { server, tool }: Pick<Pin, 'server' | 'tool'>): boolean {
  return rights.allowsTool(server, tool, gateway.toolClass(server, tool));
}

function viewOf(gateway: Gateway, { rights }: Caller, pin: Pin): PinView {
  const { server, tool, state, trusted, pending, accepted, firstSeenAt, changedAt, previousHash, goneAt } = pin;
  const isQuarantined = state === 'quarantined';
  return {
    server,
    tool,
    state,
    listed: goneAt === undefined,
    ...(trusted && { hash: trusted.hash }),
    firstSeenAt: iso(firstSeenAt),
    ...(changedAt !== undefined && { changedAt: iso(changedAt) }),
    ...(previousHash !== undefined && { previousHash }),
    accepted,
    ...(pending && {
      pending: {
        hash: pending.hash,
        reason: pending.reason,
        seenAt: iso(pending.seenAt),
        ...(rights.admin && { definition: JSON.parse(pending.text) }),
      },
    }),
    ...(isQuarantined && trusted && { definition: JSON.parse(trusted.text) }),
    findings: isQuarantined && !rights.admin ? [] : [...gateway.trust.findings(pin)],
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
