/** The REST edge: which path leads to which function. Mount it at the root; it answers nothing but its own paths. */
import { badRequest, Problem, problemResponse } from '@switchyard/kit/problem';
import { requestIdFrom } from '@switchyard/kit/request-id';
import { type Context, Hono } from 'hono';
import { accepts } from 'hono/accepts';
import type { Caller } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { gatewayInfo } from '../protocol/revision.ts';
import { describeActivity, listActivity, liveActivity } from './activity.ts';
import { readJsonObject } from './body.ts';
import { answerCall } from './call-answer.ts';
import { documentOfAll, documentOfServer } from './documents.ts';
import { managementDocument } from './openapi/management-document.ts';
import { problemOf } from './problems.ts';
import { readQuery } from './query.ts';
import { checkAdmin, checkServer, describeServer, listServers, patchServer, restartServer } from './servers.ts';
import type { ToolCall } from './tool-call.ts';
import { findTool, listTools, viewOf } from './tools.ts';
import { acceptTool, exportLock, listTrust } from './trust.ts';

export interface RestOptions {
  /** Who is behind a request. */
  callerOf(context: Context): Caller;
}

type Env = { Variables: { requestId?: string } };
type Handler = (context: Context<Env>) => Response | Promise<Response>;

/** Builds the routes of the REST API. */
export function restRoutes(gateway: Gateway, { callerOf }: RestOptions): Hono<Env> {
  const app = new Hono<Env>();
  const { bodyLimitBytes, publicUrl } = gateway.config;
  const baseUrl = (context: Context) => publicUrl?.replace(/\/+$/, '') ?? new URL(context.req.url).origin;
  const body = (context: Context) => readJsonObject(context.req.raw, bodyLimitBytes);

  /** One path with all its methods; any other is answered with 405. */
  const path = (pattern: string, methods: Record<string, Handler>) => {
    for (const [method, handler] of Object.entries(methods)) app.on(method, pattern, handler);
    const allow = Object.keys(methods)
      .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
      .join(', ');
    app.all(pattern, ({ req }) => {
      throw new Problem(405, { detail: `${req.method} is not possible on ${req.path} (possible: ${allow})`, headers: { allow } });
    });
  };

  const problemFor = (error: unknown, requestId: string) => {
    const problem = problemOf(error);
    if (problem.status === 500) gateway.logger.error('a REST request failed', { error, requestId });
    return problem;
  };

  const callTool = (context: Context<Env>, tool: Pick<ToolCall, 'server' | 'tool' | 'argumentsText'>) => {
    const requestId = requestIdOf(context);
    const supports = ['application/json', 'text/event-stream'];
    return answerCall(gateway, {
      call: { ...tool, caller: callerOf(context), requestId, signal: context.req.raw.signal },
      asStream: accepts(context, { header: 'Accept', supports, default: 'application/json' }) === 'text/event-stream',
      problemOf: (error) => problemFor(error, requestId),
    });
  };

  const callNamed: Handler = async (context) => {
    const { server, tool } = named(context);
    checkServer(callerOf(context), server);
    gateway.upstream(server);
    return callTool(context, { server, tool, argumentsText: (await body(context)).text });
  };

  path('/api/servers', {
    GET: (context) => context.json({ servers: listServers(gateway, callerOf(context), baseUrl(context)) }),
  });

  path('/api/servers/:server', {
    GET: (context) => context.json(describeServer(gateway, named(context).server, callerOf(context), baseUrl(context))),
    PATCH: async (context) => {
      const { server } = named(context);
      const caller = callerOf(context);
      checkAdmin(gateway, caller, server);
      await patchServer(gateway, server, (await body(context)).value, caller.id);
      return context.json(describeServer(gateway, server, caller, baseUrl(context)));
    },
  });

  path('/api/servers/:server/restart', {
    POST: async (context) => {
      const { server } = named(context);
      const caller = callerOf(context);
      checkAdmin(gateway, caller, server);
      await restartServer(gateway, server);
      return context.json(describeServer(gateway, server, caller, baseUrl(context)));
    },
  });

  path('/api/tools', {
    GET: async (context) => {
      const { req } = context;
      return context.json({ tools: await listTools(gateway, callerOf(context), req.query('server'), req.query('q')) });
    },
  });

  // Tool names may hold slashes.
  path('/api/tools/:server/:tool{.+}', {
    GET: async (context) => {
      const { server, tool } = named(context);
      return context.json(viewOf(server, await findTool(gateway, callerOf(context), server, tool)));
    },
    POST: callNamed,
  });
  path('/api/v1/mcp/:server/tools/:tool{.+}', { POST: callNamed });
  path('/api/v1/query', { POST: async (context) => callTool(context, readQuery(await body(context))) });

  path('/api/activity', { GET: (context) => context.json(listActivity(gateway, callerOf(context), context.req.query())) });
  path('/api/activity/live', { GET: (context) => liveActivity(gateway, callerOf(context)) });
  path('/api/activity/:id', {
    GET: (context) => context.json(describeActivity(gateway, callerOf(context), context.req.param('id') ?? '')),
  });

  path('/api/trust', { GET: async (context) => context.json(await listTrust(gateway, callerOf(context))) });
  path('/api/trust/:server/:tool{.+}', {
    POST: async (context) => {
      const { server, tool } = named(context);
      const caller = callerOf(context);
      checkAdmin(gateway, caller, server);
      return context.json(acceptTool(gateway, caller, server, tool, (await body(context)).value));
    },
  });
  path('/api/tools.lock.json', {
    GET: async (context) => {
      const lock = await exportLock(gateway, callerOf(context), context.req.query());
      return context.body(lock, 200, { 'content-type': 'application/json' });
    },
  });

  path('/openapi.json', { GET: (context) => context.json(managementDocument(baseUrl(context), gatewayInfo.version)) });
  path('/api/openapi.json', {
    GET: async (context) => context.json(await documentOfAll(gateway, callerOf(context), baseUrl(context))),
  });
  path('/api/openapi/:file{.+\\.json}', {
    GET: async (context) => {
      const server = (context.req.param('file') ?? '').replace(/\.json$/, '');
      return context.json(await documentOfServer(gateway, callerOf(context), server, baseUrl(context)));
    },
  });

  app.onError((error, context) => {
    const requestId = requestIdOf(context);
    return problemResponse(problemFor(error, requestId), requestId);
  });
  return app;
}

/** The same id for everything about one request. */
function requestIdOf(context: Context<Env>): string {
  const id = context.get('requestId') ?? requestIdFrom(context.req.raw.headers);
  context.set('requestId', id);
  return id;
}

/** The names in the path, decoded. Throws Problem 400 for escapes that are none. */
function named(context: Context): { server: string; tool: string } {
  const { server = '', tool = '' } = context.req.param() as { server?: string; tool?: string };
  if (/%(?![0-9A-Fa-f]{2})/.test(context.req.path)) throw badRequest('the path has a "%" that is not an escape; write %25');
  return { server, tool };
}
