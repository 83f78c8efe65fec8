/**
 * The gateway as OAuth protected resources: the whole is one (`publicUrl`), and so is every MCP endpoint (RFC 8707, RFC 9728).
 * Pure. `publicUrl` is the configured URL of the gateway.
 */
import type { JsonObject } from '../jsonrpc/message.ts';

const wellKnown = '/.well-known/oauth-protected-resource';
const endpointPath = /^\/mcp(?:\/group)?(?:\/[A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$/;

/** Where the metadata documents are. */
export const metadataPaths: readonly string[] = [wellKnown, `${wellKnown}/*`];

/** The resource that a request path belongs to: its MCP endpoint, else the gateway. */
export function resourceOf(publicUrl: string, path: string): string {
  const whole = publicUrl.replace(/\/+$/, '');
  return endpointPath.test(path) ? whole + path : whole;
}

/** URL of a resource's metadata: the well-known part comes between host and path (RFC 9728 §3.1). */
export function metadataUrlOf(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${wellKnown}${pathname === '/' ? '' : pathname}`;
}

/**
 * The resource that a metadata path is about; undefined when it is about none of ours. Any well-formed server name has one,
 * so that the documents do not tell which servers exist.
 */
export function resourceOfMetadata(publicUrl: string, path: string): string | undefined {
  const prefix = new URL(publicUrl).pathname.replace(/\/+$/, '');
  const about = path.slice(wellKnown.length);
  const inside = about.startsWith(`${prefix}/`) || about === prefix ? about.slice(prefix.length) : about;
  return inside === '' || inside === '/' || endpointPath.test(inside) ? resourceOf(publicUrl, inside) : undefined;
}

/** The metadata document (RFC 9728 §2). */
export function metadataOf(resource: string, issuer: string, scopes: readonly string[]): JsonObject {
  return {
    resource,
    authorization_servers: [issuer],
    scopes_supported: scopes,
    bearer_methods_supported: ['header'],
    resource_name: 'Switchyard MCP gateway',
  };
}
