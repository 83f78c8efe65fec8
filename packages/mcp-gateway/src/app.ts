/** The HTTP surface of the gateway: which path leads where. No logic lives here. */
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { forbidden, notFound, problemResponse, toProblem } from '@switchyard/kit/problem';
import { requestIdFrom } from '@switchyard/kit/request-id';
import { type Context, Hono } from 'hono';
import { callerOf } from './call/caller.ts';
import { cors } from './edge/cors.ts';
import { isAllowedOrigin, refusalOf } from './edge/guard.ts';
import type { McpEdge } from './edge/mcp.ts';
import type { Gateway } from './gateway.ts';
import { liveness, readiness } from './health.ts';
import type { GatewayMetrics } from './metrics.ts';
import { restRoutes } from './rest/routes.ts';

export type AppEnv = { Bindings: HttpBindings };

/** Builds the request listener for Node's HTTP server. */
export function createApp(gateway: Gateway, mcp: McpEdge, metrics: () => Promise<GatewayMetrics>) {
  const app = new Hono<AppEnv>();

  app.use(async (context, next) => {
    const refusal = refusalOf(context.env.incoming, gateway.config);
    if (refusal !== undefined) return problemResponse(forbidden(refusal));
    return next();
  });
  app.use(cors((origin) => isAllowedOrigin(origin, gateway.config)));

  const serveMcp = async (context: Context<AppEnv>) => {
    const { incoming, outgoing } = context.env;
    await mcp.handle(context.req.path, callerOf(incoming), incoming, outgoing);
    return RESPONSE_ALREADY_SENT;
  };
  app.all('/mcp', serveMcp);
  app.all('/mcp/*', serveMcp);

  app.get('/health/live', (context) => context.json(liveness()));
  app.get('/health/ready', (context) => {
    const report = readiness(gateway);
    return context.json(report, report.ready ? 200 : 503);
  });
  app.get('/metrics', async () => {
    const { contentType, body } = await (await metrics()).text();
    return new Response(body, { headers: { 'content-type': contentType } });
  });
  app.route('/', restRoutes(gateway, { callerOf: (context) => callerOf((context.env as HttpBindings).incoming) }));

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
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}
