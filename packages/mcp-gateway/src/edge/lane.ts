/**
 * The short way for what happens most: a plain POST to an MCP endpoint, from a client that is no web page and whose caller is
 * known at once. It passes the same checks as the routes in `app.ts`, without building web objects that nobody would read;
 * everything else, and everything that is refused, takes the routes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Door } from '../auth/door.ts';
import type { Gateway } from '../gateway.ts';
import { refusalOf } from './guard.ts';
import type { McpEdge } from './mcp.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** How long the rest of a body is read after its request was answered. */
const drainLimitMs = 30_000;

/** Wraps the listener of the routes. */
export function mcpLane(door: Door, mcp: McpEdge, gateway: Gateway, routes: Listener): Listener {
  const takeRoutes: Listener = (request, response) => {
    // Whoever is refused may still be sending: Node reads the rest and throws it away, or the answer would be lost in a reset.
    response.once('finish', () => {
      if (!request.complete) setTimeout(() => request.complete || request.destroy(), drainLimitMs).unref();
    });
    return routes(request, response);
  };
  return (request, response) => {
    const { url = '', method, headers } = request;
    const isPlain =
      method === 'POST' && headers.origin === undefined && (url === '/mcp' || url.startsWith('/mcp/')) && !/[%?#]/.test(url);
    const isWelcome = isPlain && refusalOf(request, gateway.config) === undefined;
    const caller = isWelcome ? door.admitAtOnce(request, url) : undefined;
    return caller === undefined ? takeRoutes(request, response) : mcp.handle(url, caller, request, response);
  };
}
