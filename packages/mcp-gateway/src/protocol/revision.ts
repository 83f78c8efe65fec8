/**
 * MCP revisions and the names they reserve. The era is a property of a peer: only the two edges (`edge/`, `upstream/`)
 * import this file's era functions; nothing between them knows the word.
 */

/** Handshake revisions we speak, newest first. */
export const legacyRevisions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
/** Stateless revisions we speak, newest first. */
export const modernRevisions = ['2026-07-28'] as const;

export const latestLegacyRevision: string = legacyRevisions[0];
export const latestModernRevision: string = modernRevisions[0];

/** legacy: handshake and connection state (…2025-11-25). modern: stateless, envelope on each request (2026-07-28 …). */
export type Era = 'legacy' | 'modern';

export function eraOfRevision(revision: string): Era {
  return /^\d{4}-\d{2}-\d{2}$/.test(revision) && revision >= latestModernRevision ? 'modern' : 'legacy';
}

/** Reserved `_meta` keys (2026-07-28, Base › `_meta`). */
export const metaKeys = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  progressToken: 'progressToken',
} as const;

/** Which member of `params` the `Mcp-Name` header mirrors (2026-07-28, Standard Request Headers; Tasks extension). */
export const nameSource: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** Severity order of RFC 5424, least severe first (Logging › Log Levels). */
export const logLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof logLevels)[number];

export function isLogLevel(value: unknown): value is LogLevel {
  return typeof value === 'string' && (logLevels as readonly string[]).includes(value);
}

/** Whether a message of `level` is wanted by someone who asked for `threshold` and above. */
export function reachesLevel(level: unknown, threshold: LogLevel): boolean {
  return !isLogLevel(level) || logLevels.indexOf(level) >= logLevels.indexOf(threshold);
}

export const gatewayInfo = { name: 'switchyard-mcp-gateway', title: 'Switchyard MCP gateway', version: '0.1.0' } as const;
