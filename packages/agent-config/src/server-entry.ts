/**
 * One entry of `mcpServers` as the common clients write it (Claude Code, Claude Desktop, Cursor, Roo Code, Cline, Gemini
 * CLI, Windsurf, LM Studio, Copilot CLI), so that an existing file works unchanged. Fields that only steer a client's own
 * window (approvals, descriptions) are accepted and have no effect here.
 */
import { z } from 'zod';

const strings = z.record(z.string(), z.string());

/** Fields that name a server and how to reach it. */
export const serverEntryShape = {
  type: z
    .enum(['stdio', 'local', 'http', 'streamable-http', 'streamableHttp', 'streamable_http', 'remote', 'sse', 'socket'])
    .optional()
    .describe(
      'Transport. Found from the other fields when absent: `command` means stdio, `url` means Streamable HTTP (then SSE), `socket` a Unix socket.',
    ),
  transport: z.string().optional().describe('Older spelling of `type`.'),
  command: z.string().min(1).optional().describe('Program to start; spoken to over its stdin and stdout. No shell is involved.'),
  args: z.array(z.string()).optional().describe('Arguments of the program.'),
  env: strings
    .optional()
    .describe('Variables of the program, beside an allow-list inherited from the gateway. Values may hold secret references.'),
  cwd: z.string().optional().describe('Working directory of the program.'),
  url: z.string().optional().describe('Endpoint of a Streamable HTTP or SSE server. May hold secret references.'),
  httpUrl: z.string().optional().describe("Gemini CLI's spelling of `url` for Streamable HTTP."),
  serverUrl: z.string().optional().describe("Windsurf's spelling of `url`."),
  headers: strings
    .optional()
    .describe('HTTP headers sent to the server. Values may hold secret references such as `Bearer ${credential:github}`.'),
  disabled: z.boolean().optional().describe('Declared but not started.'),
  enabled: z.boolean().optional().describe('Opposite spelling of `disabled`.'),
} as const;

/** Fields of single clients without meaning for anybody else; accepted so that their files work unchanged. */
export const clientOnlyShape = {
  description: z.string().optional().describe('Free text; shown in lists.'),
  name: z.string().optional().describe('Display name written by some clients; the key of the entry is what counts.'),
  timeout: z
    .number()
    .optional()
    .describe('Client-side call timeout (seconds or milliseconds, depending on the client). Not used: see `timeouts`.'),
  alwaysAllow: z.array(z.string()).optional().describe('Roo Code: tools called without asking. Not used.'),
  autoApprove: z
    .union([z.array(z.string()), z.boolean()])
    .optional()
    .describe('Cline: tools called without asking. Not used.'),
  disabledTools: z.array(z.string()).optional().describe('Roo Code: tools hidden in that client. Not used.'),
  watchPaths: z.array(z.string()).optional().describe('Roo Code: files whose change restarts the server. Not used.'),
  trust: z.boolean().optional().describe('Gemini CLI: skip confirmations. Not used.'),
  includeTools: z.array(z.string()).optional().describe('Gemini CLI: tools shown in that client. Not used.'),
  excludeTools: z.array(z.string()).optional().describe('Gemini CLI: tools hidden in that client. Not used.'),
  tools: z.array(z.string()).optional().describe('Copilot CLI: tools shown in that client. Not used.'),
  oauth: z.unknown().optional().describe('OAuth settings of a client. Not used.'),
  auth: z.unknown().optional().describe('Cursor: static OAuth client. Not used.'),
  authProviderType: z.string().optional().describe('Gemini CLI: OAuth provider. Not used.'),
  gallery: z.union([z.boolean(), z.string()]).optional().describe('VS Code: where the entry came from. Not used.'),
  version: z.string().optional().describe('VS Code: version of the gallery entry. Not used.'),
} as const;

/** An entry with nothing but what clients write. */
export const serverEntrySchema = z.strictObject({ ...serverEntryShape, ...clientOnlyShape });
export type ServerEntry = z.infer<typeof serverEntrySchema>;

/** How an entry is reached, with the clients' spellings folded into one. */
export type Target =
  | { kind: 'stdio'; command: string; args: string[]; env: Record<string, string>; cwd?: string | undefined }
  | { kind: 'socket'; path: string }
  | { kind: 'http' | 'sse' | 'http-or-sse'; url: string; headers: Record<string, string> };

/** Raised for an entry that names no server, or two. The message says what to write. */
export class ServerEntryError extends Error {
  override name = 'ServerEntryError';
}

/** Finds out how the entry is reached. Throws ServerEntryError. */
export function targetOf(entry: Pick<ServerEntry, keyof typeof serverEntryShape> & { socket?: string | undefined }): Target {
  const url = entry.url ?? entry.httpUrl ?? entry.serverUrl;
  const type = entry.type ?? entry.transport;
  const given = [
    entry.command !== undefined && 'command',
    url !== undefined && 'url',
    entry.socket !== undefined && 'socket',
  ].filter(Boolean);
  if (given.length === 0) throw new ServerEntryError('one of "command", "url" or "socket" is needed');
  if (given.length > 1) throw new ServerEntryError(`"${given.join('" and "')}" exclude each other; keep one`);
  if (entry.socket !== undefined) return { kind: 'socket', path: entry.socket };
  if (url !== undefined) {
    if (url.startsWith('unix://')) return { kind: 'socket', path: url.slice('unix://'.length) };
    if (!/^https?:\/\//.test(url) && !url.includes('${'))
      throw new ServerEntryError(`"url" must start with http:// or https://, found ${JSON.stringify(url)}`);
    const kind = type === 'sse' ? 'sse' : entry.httpUrl !== undefined || isStreamableHttp(type) ? 'http' : 'http-or-sse';
    return { kind, url, headers: entry.headers ?? {} };
  }
  if (type !== undefined && type !== 'stdio' && type !== 'local')
    throw new ServerEntryError(`"type": "${type}" needs "url", but "command" is given`);
  return { kind: 'stdio', command: entry.command as string, args: entry.args ?? [], env: entry.env ?? {}, cwd: entry.cwd };
}

function isStreamableHttp(type: string | undefined): boolean {
  return type !== undefined && ['http', 'streamable-http', 'streamableHttp', 'streamable_http'].includes(type);
}

/** Writes `${VAR}` and `${VAR:-default}`, as Claude Code, Gemini CLI and Copilot CLI do, the way our references are written. */
export function normalizeReferences(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (_, name: string, fallback: string | undefined) =>
    fallback !== undefined && (env[name] ?? '') === '' ? fallback : `\${env:${name}}`,
  );
}
