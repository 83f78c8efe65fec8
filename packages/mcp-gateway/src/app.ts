/** The HTTP surface of the gateway: which path leads where. No logic lives here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { drainBody } from '@switchyard/kit/body';
import { isAllowedOrigin, refusalOf } from '@switchyard/kit/guard';
import { forbidden, notFound, problemResponse, toProblem } from '@switchyard/kit/problem';
import { requestIdFrom } from '@switchyard/kit/request-id';
import { type Context, Hono } from 'hono';
import type { Door } from './auth/door.ts';
import { metadataOf, metadataPaths, resourceOfMetadata } from './auth/resource.ts';
import { generalScopes } from './auth/scopes.ts';
import type { Caller } from './call/call.ts';
import { cors } from './edge/cors.ts';
import { mcpLane } from './edge/lane.ts';
import type { McpEdge } from './edge/mcp.ts';
import type { Gateway } from './gateway.ts';
import { liveness, readiness } from './health.ts';
import type { GatewayMetrics } from './metrics.ts';
import { restRoutes } from './rest/routes.ts';

export type AppEnv = { Bindings: HttpBindings; Variables: { caller: Caller } };

/** Builds the listeners for requests: of Node's HTTP server, and of the lane for plain ones. */
export function createApp(gateway: Gateway, door: Door, mcp: McpEdge, metrics: () => Promise<GatewayMetrics>) {
  const app = new Hono<AppEnv>();
  const { publicUrl, auth } = gateway.config;

  // Whoever is answered before all was read may still be sending.
  app.use(async (context, next) => {
    await next();
    const { incoming, outgoing } = context.env;
    if (!incoming.complete && !outgoing.headersSent) await drainBody(incoming);
  });
  app.use(async (context, next) => {
    const { incoming } = context.env;
    const refusal = door.addressRefusal(incoming) ?? refusalOf(incoming, gateway.config);
    if (refusal !== undefined) return problemResponse(forbidden(refusal));
    return next();
  });
  app.use(cors((origin) => isAllowedOrigin(origin, gateway.config)));

  app.use((context, next) => {
    const { path } = context.req;
    if (isOpen(path)) return next();
    const caller = door.admit(context.env.incoming, path);
    if (caller instanceof Promise)
      return caller.then((found) => {
        context.set('caller', found);
        return next();
      });
    context.set('caller', caller);
    return next();
  });

  const serveMcp = async (context: Context<AppEnv>) => {
    const { incoming, outgoing } = context.env;
    await mcp.handle(context.req.path, context.get('caller'), incoming, outgoing);
    return RESPONSE_ALREADY_SENT;
  };
  app.all('/mcp', serveMcp);
  app.all('/mcp/*', serveMcp);

  app.get('/health/live', (context) => context.json(liveness()));
  app.get('/health/ready', async (context) => {
    const report = readiness(gateway, await door.identify(context.env.incoming, context.req.path));
    return context.json(report, report.ready ? 200 : 503);
  });
  if (auth.oauth && publicUrl !== undefined) {
    const { issuer, scopes } = auth.oauth;
    app.on('GET', [...metadataPaths], (context) => {
      const resource = resourceOfMetadata(publicUrl, context.req.path);
      if (resource === undefined) return context.notFound();
      return context.json(metadataOf(resource, issuer, generalScopes(scopes)));
    });
  }
  app.get('/metrics', async () => {
    const { contentType, body } = await (await metrics()).text();
    return new Response(body, { headers: { 'content-type': contentType } });
  });
  app.route('/', restRoutes(gateway, { callerOf: (context) => (context as Context<AppEnv>).get('caller') }));

  app.notFound((context) => {
    const detail = `nothing is at ${context.req.path}; see /openapi.json for what is`;
    return problemResponse(notFound(detail), requestIdFrom(context.req.header()));
  });
  app.onError((error, context) => {
    const requestId = requestIdFrom(context.req.header());
    const problem = toProblem(error);
    if (problem.status >= 500) gateway.logger.error('a request failed', { error, requestId, path: context.req.path });
    return problemResponse(problem, requestId);
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  const lane = mcpLane(door, mcp, gateway);
  return {
    lane,
    handler: (request: IncomingMessage, response: ServerResponse): unknown =>
      lane(request, response) || listener(request, response),
  };
}

/** What everybody may ask who may connect at all: whether the gateway lives, and how to get a token for it. */
function isOpen(path: string): boolean {
  return path.startsWith('/health/') || path.startsWith('/.well-known/');
}
