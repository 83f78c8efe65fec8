/**
 * The short way for what happens most: a plain POST to an MCP endpoint, from a client that is no web page and whose caller is
 * known at once. It passes the same checks as the routes in `app.ts`, without building web objects that nobody would read;
 * everything else, and everything that is refused, takes the routes.
 */
import { refusalOf } from '@switchyard/kit/guard';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import type { Door } from '../auth/door.ts';
import type { Gateway } from '../gateway.ts';
import type { McpEdge } from './mcp.ts';

/** The way in for plain POSTs; what it returns false for takes the routes. */
export function mcpLane(door: Door, mcp: McpEdge, gateway: Gateway) {
  return (request: InboundRequest, response: OutboundResponse): Promise<void> | false => {
    const { url = '', method, headers } = request;
    const isPlain =
      method === 'POST' && headers.origin === undefined && (url === '/mcp' || url.startsWith('/mcp/')) && !/[%?#]/.test(url);
    const isWelcome = isPlain && refusalOf(request, gateway.config) === undefined;
    const caller = isWelcome ? door.admitAtOnce(request, url) : undefined;
    return caller !== undefined && mcp.handle(url, caller, request, response);
  };
}
