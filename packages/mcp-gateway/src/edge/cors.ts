/** CORS for web pages on allowed origins: pre-flight answers and the headers that let a page read ours. */
import type { MiddlewareHandler } from 'hono';
import { cors as honoCors } from 'hono/cors';

/** Answers pre-flights of allowed origins; requests without an Origin pass untouched (and unmeasured). */
export function cors(isAllowed: (origin: string) => boolean): MiddlewareHandler {
  const handler = honoCors({
    origin: (origin) => (isAllowed(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS'],
    // Whatever an allowed page wants to send: the names of mirrored parameters (Mcp-Param-*) are the servers' to choose.
    allowHeaders: [],
    exposeHeaders: ['Mcp-Session-Id', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
    maxAge: 600,
  });
  return (context, next) => (context.req.header('origin') === undefined ? next() : handler(context, next));
}
