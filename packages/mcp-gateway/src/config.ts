/** Settings of the gateway: the only list of them, with defaults, units and descriptions. */
import { clientOnlyShape, ServerEntryError, serverEntryShape, targetOf } from '@switchyard/agent-config/server-entry';
import { listenSchema } from '@switchyard/kit/listen';
import { didYouMean } from '@switchyard/kit/nearest';
import { z } from 'zod';
import { authSchema, socketSchema } from './auth/settings.ts';
import { toolTrustSchema } from './trust/settings.ts';

const milliseconds = z.int().min(1).max(86_400_000);

const timeoutsSchema = z.strictObject({
  startMs: milliseconds.default(30_000).describe('How long a server may take from being started to its first answer, in ms.'),
  queueMs: milliseconds.default(30_000).describe('How long a call may wait for its turn, in ms; not counted as running.'),
  idleMs: milliseconds.default(60_000).describe('How long a running call may stay silent, in ms; progress starts it anew.'),
  totalMs: milliseconds.default(600_000).describe('How long one call may run in all, in ms, whatever its progress.'),
});

const resultsSchema = z.strictObject({
  softLimitBytes: z
    .int()
    .min(1024)
    .default(48 * 1024)
    .describe(
      'Text of a result beyond this is cut to its head and tail, with a link to the whole, in bytes. REST callers always get the whole.',
    ),
});

const toolClassSchema = z.enum(['read', 'write', 'destructive']);

/** Settings of one tool; what is absent is the server's. */
const toolSettingsSchema = z.strictObject({
  class: toolClassSchema.optional().describe('What the tool does to the world, when its own annotations are wrong or absent.'),
  idleMs: milliseconds.optional().describe('Overrides `timeouts.idleMs` for this tool, in ms.'),
  totalMs: milliseconds.optional().describe('Overrides `timeouts.totalMs` for this tool, in ms.'),
  softLimitBytes: z.int().min(1024).optional().describe('Overrides `results.softLimitBytes` for this tool, in bytes.'),
});

const breakerSchema = z.strictObject({
  failures: z
    .int()
    .min(1)
    .default(5)
    .describe('Consecutive calls lost to the server itself (not errors of a tool) that open the breaker.'),
  openMs: milliseconds.default(10_000).describe('How long calls are refused before one is let through to try, in ms.'),
});

/** Name of a server: part of URLs, tool names and metrics. */
const serverName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
    'a server name has 1 to 64 letters, digits, "-", "_" or "." and starts with a letter or digit',
  );

export const serverSchema = z
  .strictObject({
    ...serverEntryShape,
    socket: z
      .string()
      .startsWith('/')
      .optional()
      .describe('Path of a Unix socket that speaks newline JSON-RPC; one connection is one server instance.'),
    protocol: z
      .enum(['auto', 'legacy', 'modern'])
      .default('auto')
      .describe(
        'MCP era of the server: `legacy` (handshake, up to 2025-11-25), `modern` (stateless, 2026-07-28), or found by asking.',
      ),
    timeouts: timeoutsSchema.prefault({}).describe('Timers of this server.'),
    concurrency: z
      .int()
      .min(1)
      .max(10_000)
      .default(8)
      .describe('Calls that run on this server at the same time; more wait their turn.'),
    queueSize: z.int().min(0).max(100_000).default(256).describe('Calls that may wait; more are refused at once (429).'),
    breaker: breakerSchema.prefault({}).describe('When calls are refused without trying.'),
    results: resultsSchema.prefault({}).describe('Limits of results.'),
    toolSettings: z
      .record(z.string(), toolSettingsSchema)
      .default({})
      .describe('Settings of single tools, by the name the server gives them.'),
    toolTrust: toolTrustSchema.optional().describe('Overrides settings of the general `toolTrust` for this server.'),
    replicas: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe('Instances of the server that share its calls: the least busy one is taken.'),
    urls: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Several endpoints of the same server instead of `url`; each is a replica.'),
    isolation: z
      .enum(['shared', 'session', 'call'])
      .default('shared')
      .describe(
        'Who shares an instance: all callers, the calls of one client session, or nobody (a new instance for each tool call).',
      ),
    maxInstances: z
      .int()
      .min(1)
      .max(10_000)
      .default(32)
      .describe('Most instances beside the shared ones, with `isolation` session or call.'),
    idleStopMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .optional()
      .describe(
        'Idle time after which an instance is ended until it is needed again, in ms; 0 for never. Default: 0, and 300000 for sockets and instances of a session.',
      ),
    health: z
      .strictObject({
        intervalMs: z
          .int()
          .min(0)
          .max(86_400_000)
          .default(30_000)
          .describe('Pause between checks of a quiet server (ping, or server/discover), in ms; 0 for none.'),
        timeoutMs: milliseconds.default(10_000).describe('How long a check may take, in ms.'),
        threshold: z.int().min(1).default(3).describe('Failed checks in a row after which the server is restarted.'),
      })
      .prefault({})
      .describe('Health checks.'),
    sandbox: z
      .strictObject({
        network: z.boolean().default(false).describe('Whether the server may use the network.'),
        readPaths: z
          .array(z.string().startsWith('/'))
          .default([])
          .describe('Files and folders it may read, beside the system, its program and /nix/store.'),
        writePaths: z.array(z.string().startsWith('/')).default([]).describe('Files and folders it may read and write.'),
      })
      .optional()
      .describe(
        'Runs a spawned server in bubblewrap: it sees the system read-only, an empty home, and what is listed here. Needs `bwrap` on PATH; without it the server does not start.',
      ),
    roots: z.array(z.string()).default([]).describe('File URIs told to a server that asks for roots outside of any call.'),
    ...clientOnlyShape,
  })
  .superRefine((entry, context) => {
    try {
      for (const url of entry.urls ?? [entry.url]) targetOf({ ...entry, url });
      if (entry.urls && entry.url !== undefined) throw new ServerEntryError('"url" and "urls" exclude each other; keep one');
    } catch (error) {
      if (!(error instanceof ServerEntryError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });

export type ServerConfig = z.output<typeof serverSchema>;

const groupSchema = z.strictObject({
  servers: z.array(z.string()).describe('Names of the servers.'),
  surface: z
    .enum(['direct', 'search'])
    .default('direct')
    .describe(
      'What is listed: all tools, or three that find, describe and call them, for few bytes of context however many there are.',
    ),
  pinned: z
    .array(z.string().regex(/^[^/]+\/./, 'a pinned tool is written server/tool'))
    .default([])
    .describe('Tools that the surface `search` lists as well, as `server/tool`.'),
});

/** A group, whichever way it was written. */
export type Group = z.output<typeof groupSchema>;

export function groupOf(group: readonly string[] | Group): Group {
  return 'servers' in group ? group : { servers: [...group], surface: 'direct', pinned: [] };
}

const settingsSchema = z.strictObject({
  listen: listenSchema.prefault({ port: 8085 }).describe('Where the gateway listens.'),
  sockets: z
    .array(socketSchema)
    .default([])
    .describe('Further Unix sockets to listen on, each of which says who comes through it and what they may do.'),
  auth: authSchema.prefault({}).describe('Who is let in.'),
  mcpServers: z
    .record(serverName, serverSchema)
    .default({})
    .describe('The servers, in the shape that MCP clients use in their own files.'),
  groups: z
    .record(serverName, z.union([z.array(z.string()), groupSchema]))
    .default({})
    .describe('Named sets of servers; each is served at /mcp/group/{group}. A list of servers, or an object to say more.'),
  publicUrl: z
    .url()
    .optional()
    .describe(
      'URL under which clients reach the gateway: what JWTs have to be made for, and the `servers` of OpenAPI documents. Default for the latter: the Host of the request.',
    ),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe(
      'Host names accepted in the Host header beside localhost, 127.0.0.1 and [::1]; `*` accepts any. Guards against DNS rebinding.',
    ),
  allowedOrigins: z
    .array(z.string())
    .default([])
    .describe('Origins of web pages that may call the gateway, such as `https://chat.example.org`, beside those on localhost.'),
  stateDirectory: z
    .string()
    .optional()
    .describe(
      'Folder of what must survive a restart: runtime changes, era verdicts, signing key. Default: $STATE_DIRECTORY, else ~/.local/state/switchyard/mcp-gateway.',
    ),
  cacheDirectory: z
    .string()
    .optional()
    .describe(
      'Folder of what may be lost: the whole texts of shortened results. Default: $CACHE_DIRECTORY, else ~/.cache/switchyard/mcp-gateway.',
    ),
  resultCache: z
    .strictObject({
      quotaBytes: z
        .int()
        .min(0)
        .default(256 * 1024 * 1024)
        .describe('Most bytes kept; the oldest go first.'),
      ttlMs: milliseconds.default(24 * 3600 * 1000).describe('How long a text is kept, in ms.'),
    })
    .prefault({})
    .describe('Whole texts of results that were shortened for a model.'),
  otlp: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/ })
        .describe('Base URL of the collector, without `/v1/traces`: `http://127.0.0.1:4318`.'),
      headers: z
        .record(z.string(), z.string())
        .default({})
        .describe('Headers of each request to it; values may be secret references.'),
    })
    .optional()
    .describe('Sends a span of every call to an OpenTelemetry collector (OTLP/HTTP, JSON).'),
  activity: z
    .strictObject({
      arguments: z
        .enum(['redacted', 'none', 'full'])
        .default('redacted')
        .describe(
          'What is kept of arguments and results: the beginning, with secrets hidden; nothing; or the whole (up to 1 MiB each, known secrets hidden), which `switchyard record` needs.',
        ),
      retentionDays: z.number().positive().default(30).describe('How long rows are kept, in days.'),
      maxBytes: z
        .int()
        .min(1_000_000)
        .default(200_000_000)
        .describe('Size of the log beyond which the oldest rows go, in bytes.'),
    })
    .prefault({})
    .describe('The record of calls, in activity.sqlite of the state directory.'),
  toolTrust: toolTrustSchema.prefault({}).describe('What happens to tool definitions that are new, changed or suspicious.'),
  runtimeChanges: z
    .enum(['persist', 'until-restart', 'deny'])
    .default('persist')
    .describe(
      'What happens to changes made over the API: kept until the declared value changes, forgotten at restart, or refused.',
    ),
  graceMs: milliseconds.default(300_000).describe('How long the tools of a server that is down stay listed, in ms.'),
  parkedCallTtlMs: milliseconds
    .default(600_000)
    .describe('How long a call that waits for an answer of its client is kept, in ms.'),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .default(16 * 1024 * 1024)
    .describe('Largest request body accepted, in bytes.'),
  messageLimitBytes: z
    .int()
    .min(1024)
    .default(16 * 1024 * 1024)
    .describe('Largest single message accepted from a server, in bytes.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe log line that is written.'),
});

/** The whole configuration. What one setting says about another is checked here. */
export const configSchema = settingsSchema.superRefine(({ groups, mcpServers, auth, publicUrl }, context) => {
  if (auth.oauth && publicUrl === undefined) {
    const message = 'needs "publicUrl" as well: tokens are made for the URL under which clients reach the gateway';
    context.addIssue({ code: 'custom', path: ['auth', 'oauth'], message });
  }
  const known = Object.keys(mcpServers);
  for (const [name, written] of Object.entries(groups)) {
    const { servers, pinned } = groupOf(written);
    const path = ['groups', name, ...(Array.isArray(written) ? [] : ['servers'])];
    for (const [index, member] of servers.entries()) {
      if (known.includes(member)) continue;
      const message = `no server is named "${member}"${didYouMean(member, known)}`;
      context.addIssue({ code: 'custom', path: [...path, index], message });
    }
    for (const [index, tool] of pinned.entries()) {
      const server = tool.split('/', 1)[0] as string;
      if (servers.includes(server)) continue;
      const message = `the group has no server "${server}"${didYouMean(server, servers)}`;
      context.addIssue({ code: 'custom', path: ['groups', name, 'pinned', index], message });
    }
  }
});

export type ToolSettings = z.output<typeof toolSettingsSchema>;

export type GatewayConfig = z.output<typeof configSchema>;
