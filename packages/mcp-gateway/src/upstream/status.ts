/** What people and scripts see of a server. Holds no secret. */
import type { JsonObject } from '../jsonrpc/message.ts';
import type { Replica } from './replica.ts';
import type { Upstream, UpstreamState } from './upstream.ts';

export interface UpstreamStatus {
  name: string;
  state: UpstreamState;
  /** When the state began, ISO 8601. */
  since: string;
  transport: string;
  lastError?: string;
  /** When the next start is tried, ISO 8601; only while failed. */
  retryAt?: string;
  /** Present and true when it keeps ending. */
  crashLoop?: boolean;
  /** Present and true when it was ended for want of calls; the next one starts it. */
  asleep?: boolean;
  pid?: number;
  protocolVersion?: string;
  serverInfo?: JsonObject;
  restarts: number;
  inFlight: number;
  tools: number;
  prompts: number;
  resources: number;
  /** Every instance, when there is more than one. */
  instances?: { state: string; pid?: number; inFlight: number; lastError?: string }[];
  stderr: string[];
}

export function statusOf(upstream: Upstream, mask: (text: string) => string): UpstreamStatus {
  const { name, state, since, transport, replicas, own, facts, lists, stderr } = upstream;
  const instances = [...replicas, ...own.all];
  const down = replicas.find((replica) => replica.lastError !== undefined && replica.state !== 'ready');
  const up = replicas.find((replica) => replica.instance);
  const retryAt =
    state === 'failed'
      ? Math.min(...replicas.map((replica) => replica.retryAt ?? Number.POSITIVE_INFINITY))
      : Number.POSITIVE_INFINITY;
  return {
    name,
    state,
    since: new Date(since).toISOString(),
    transport,
    ...(state !== 'disabled' && down?.lastError !== undefined && { lastError: down.lastError }),
    ...(Number.isFinite(retryAt) && { retryAt: new Date(retryAt).toISOString() }),
    ...(replicas.some((replica) => replica.isCrashLooping) && { crashLoop: true }),
    ...(replicas.every((replica) => replica.asleep) && { asleep: true }),
    ...(up?.instance?.peer.pid !== undefined && { pid: up.instance.peer.pid }),
    ...(up?.instance && { protocolVersion: up.instance.peer.revision }),
    ...(facts && { serverInfo: facts.info }),
    restarts: replicas.reduce((sum, replica) => sum + replica.restarts, 0),
    inFlight: instances.reduce((sum, replica) => sum + replica.inFlight, 0),
    tools: lists.tools.length,
    prompts: lists.prompts.length,
    resources: lists.resources.length,
    ...(instances.length > 1 && { instances: instances.map(viewOf) }),
    stderr: stderr.lines().map(mask),
  };
}

function viewOf({ state, instance, inFlight, lastError }: Replica) {
  const pid = instance?.peer.pid;
  return {
    state,
    inFlight,
    ...(pid !== undefined && { pid }),
    ...(lastError !== undefined && state !== 'ready' && { lastError }),
  };
}
