/**
 * OAuth scopes and what they allow. `mcp:read`, `mcp:write`, `mcp:destructive` say how far, `mcp:server:NAME` where (without
 * one: everywhere), `mcp:admin` adds changing and restarting servers. Pure.
 */
import type { Operation } from '../call/call.ts';
import type { JsonObject } from '../jsonrpc/message.ts';
import { type Grant, toolClasses } from './grant.ts';

const serverPrefix = 'mcp:server:';

/** What our scopes are called by the authorization server, by our name; absent ones have our name. */
export type ScopeNames = Readonly<Record<string, string>>;

export interface Granted {
  grant: Grant;
  /** Whether the token is limited to servers it names. */
  limited: boolean;
}

/** The scopes of a token's claims (RFC 8693 `scope`, or the `scp` of some issuers), in our names. */
export function scopesOf(claims: JsonObject, names: ScopeNames): string[] {
  const ours = new Map(Object.entries(names).map(([own, theirs]) => [theirs, own]));
  const given = [claims.scope, claims.scp].flatMap((value) =>
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [],
  );
  return given.flatMap((scope) => ours.get(scope) ?? (Object.hasOwn(names, scope) ? [] : [scope]));
}

/** What a token with these scopes may do; undefined when it may not even read. */
export function grantOfScopes(scopes: readonly string[], ratePerMinute: number | undefined): Granted | undefined {
  const highest = toolClasses.findLast((one) => scopes.includes(`mcp:${one}`));
  if (highest === undefined) return undefined;
  const named = scopes.filter((scope) => scope.startsWith(serverPrefix)).map((scope) => scope.slice(serverPrefix.length));
  const limited = named.length > 0;
  const grant = {
    // "*" is no pattern here: what a scope names is one server.
    servers: limited ? named.filter((name) => !name.includes('*')).sort() : ['*'],
    tools: ['*/*'],
    class: highest,
    admin: scopes.includes('mcp:admin'),
    ratePerMinute,
  };
  return { grant, limited };
}

/** All scopes that an operation needs, as the authorization server calls them, for a challenge. */
export function neededScopes(operation: Operation, limited: boolean, names: ScopeNames): string {
  const { server, toolClass = 'read', admin = false } = operation;
  const own = [
    `mcp:${toolClass}`,
    ...(limited && server !== undefined ? [`${serverPrefix}${server}`] : []),
    ...(admin ? ['mcp:admin'] : []),
  ];
  return own.map((scope) => (Object.hasOwn(names, scope) ? names[scope] : scope)).join(' ');
}

/** Every scope that is not about one server, as the authorization server calls them. */
export function generalScopes(names: ScopeNames): string[] {
  return [...toolClasses.map((one) => `mcp:${one}`), 'mcp:admin'].map((scope) => names[scope] ?? scope);
}
