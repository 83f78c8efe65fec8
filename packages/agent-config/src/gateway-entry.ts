/** The entries that point an agent at the gateway: one for all, one for each server, or one for each group. Pure. */
import type { Agent } from './agents/agent.ts';
import { type Entry, InexpressibleError } from './agents/entry.ts';
import type { AgentChoices, GatewayChoices } from './declaration.ts';
import { bridgeEntry, type Program } from './program-entry.ts';

export interface Endpoint {
  name: string;
  url: string;
}

/** Names and addresses of the gateway's entries. `servers`: those that the agent is to have. */
export function endpointsOf({ url, name, perServer, groups }: GatewayChoices, servers: readonly string[]): Endpoint[] {
  const base = url.replace(/\/(?:mcp\/?)?$/, '');
  if (groups !== undefined)
    return groups.map((group) => ({ name: group, url: `${base}/mcp/group/${encodeURIComponent(group)}` }));
  if (perServer) return servers.map((server) => ({ name: server, url: `${base}/mcp/${encodeURIComponent(server)}` }));
  return [{ name, url: `${base}/mcp` }];
}

/** What an entry for the gateway depends on beside its address. */
export interface GatewayAccess {
  agent: Agent;
  gateway: Pick<GatewayChoices, 'tokenEnv' | 'tokenFile'>;
  choices: Pick<AgentChoices, 'mode' | 'token'>;
  program: Program;
  /** Whether the agent can read the files of this machine itself: a Windows program cannot. */
  sharesFiles: boolean;
  /** Reads the token's value; only asked for with `token: "literal"`. */
  readToken(): string;
}

/**
 * The entry: over HTTP with the token by the agent's own reference; through the bridge where the agent has none or cannot
 * send headers; with the token's value only when that is asked for (`secret`). Throws InexpressibleError.
 */
export function gatewayEntry(url: string, access: GatewayAccess): { entry: Entry; secret: boolean } {
  const { agent, gateway, choices, program, sharesFiles } = access;
  const { tokenEnv, tokenFile } = gateway;
  if (choices.token === 'literal') {
    if (agent.http !== 'headers')
      throw new InexpressibleError('it cannot send a token itself; leave "token" out, and it goes through the bridge');
    return { entry: withToken(url, access.readToken()), secret: true };
  }
  if (choices.mode !== 'bridge' && choices.token !== 'bridge') {
    if (tokenEnv === undefined && tokenFile === undefined && agent.http !== 'none')
      return { entry: { kind: 'http', url, headers: {} }, secret: false };
    const references = [tokenEnv && `\${env:${tokenEnv}}`, sharesFiles && tokenFile && `\${file:${tokenFile}}`];
    const entries = references.flatMap((reference) => (reference ? [withToken(url, reference)] : []));
    const entry = agent.http === 'headers' ? entries.find((each) => canWrite(agent, each)) : undefined;
    if (entry) return { entry, secret: false };
  }
  // A program that a desktop starts has no variables of a shell: the file is the surer way.
  const token = tokenFile !== undefined ? `file:${tokenFile}` : tokenEnv !== undefined ? `env:${tokenEnv}` : undefined;
  return { entry: bridgeEntry(url, { token, headers: {}, agent, program, sharesFiles }), secret: false };
}

function withToken(url: string, token: string): Entry {
  return { kind: 'http', url, headers: { Authorization: `Bearer ${token}` } };
}

/** Whether the agent can say this entry. */
export function canWrite(agent: Agent, entry: Entry): boolean {
  try {
    agent.write(entry);
    return true;
  } catch (error) {
    if (error instanceof InexpressibleError) return false;
    throw error;
  }
}
