/**
 * Makes a peer out of a declared server: finds out which era it speaks (2026-07-28, Versioning › Backward Compatibility:
 * ask `server/discover` first; any error that is not a modern one, or silence, means handshake era; 401, 403 and 5xx are
 * never evidence), remembers the verdict with its date, and shakes hands.
 */
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Era } from '../protocol/revision.ts';
import { LegacyPeer, type LegacyPeerOptions } from './legacy-peer.ts';
import { AbortedError, LinkError } from './link.ts';
import type { Links, OpenedLink } from './links.ts';
import { ModernPeer, type ModernPeerOptions } from './modern-peer.ts';

/** How long a process that is up may stay silent on `server/discover` before the handshake is tried. */
const silenceMs = 5000;

export interface ConnectOptions {
  links: Pick<Links, 'target' | 'open'>;
  legacy: LegacyPeerOptions;
  modern: ModernPeerOptions;
  startTimeoutMs: number;
}

export interface Connected {
  peer: LegacyPeer | ModernPeer;
  broken: Promise<Error>;
}

const modernErrors: readonly number[] = [
  errorCodes.headerMismatch,
  errorCodes.missingClientCapability,
  errorCodes.unsupportedProtocolVersion,
];

/** Connects in one era only. Throws RpcError or LinkError. */
export async function connectAs(era: Era, options: ConnectOptions): Promise<Connected> {
  if (era === 'legacy') return connectLegacy(options);
  const opened = await options.links.open();
  return closingOnError(opened, async () => ({
    peer: await ModernPeer.connect(opened.link, opened.route, options.modern, AbortSignal.timeout(options.startTimeoutMs)),
    broken: opened.broken,
  }));
}

/** Connects in the era the server prefers, asking it first. Throws RpcError or LinkError. */
export async function connectProbing(options: ConnectOptions): Promise<Connected> {
  if (options.links.target.kind === 'sse') return connectLegacy(options);
  const opened = await options.links.open();
  const overHttp = options.links.target.kind !== 'stdio' && options.links.target.kind !== 'socket';
  const patienceMs = overHttp ? options.startTimeoutMs : Math.min(silenceMs, options.startTimeoutMs);
  try {
    const peer = await ModernPeer.connect(opened.link, opened.route, options.modern, AbortSignal.timeout(patienceMs));
    return { peer, broken: opened.broken };
  } catch (error) {
    if (!meansLegacy(error)) {
      await opened.link.close();
      throw error;
    }
    // A process that answered, or stays silent, is still there for the handshake; one that died of the question is started anew.
    const reusable = !overHttp && !(error instanceof LinkError);
    if (!reusable) await opened.link.close();
    return connectLegacy(options, reusable ? opened : undefined);
  }
}

async function connectLegacy(options: ConnectOptions, reuse?: OpenedLink): Promise<Connected> {
  const opened = reuse ?? (await options.links.open());
  try {
    return { peer: await LegacyPeer.connect(opened.link, opened.route, options.legacy), broken: opened.broken };
  } catch (error) {
    await opened.link.close();
    if (options.links.target.kind !== 'http-or-sse' || !mayBeSse(error)) throw error;
    const sse = await options.links.open('sse').catch((sseError: Error) => {
      throw new LinkError(`${(error as Error).message}; as an SSE server: ${sseError.message}`);
    });
    return closingOnError(sse, async () => ({
      peer: await LegacyPeer.connect(sse.link, sse.route, options.legacy),
      broken: sse.broken,
    }));
  }
}

async function closingOnError<T>(opened: OpenedLink, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    await opened.link.close();
    throw error;
  }
}

function meansLegacy(error: unknown): boolean {
  if (error instanceof RpcError) return !modernErrors.includes(error.code);
  if (error instanceof AbortedError) return true;
  if (!(error instanceof LinkError)) return false;
  if (error.rpcError && modernErrors.includes(error.rpcError.code)) return false;
  if (error.status === undefined) return error.cause === undefined;
  return error.status !== 401 && error.status !== 403 && error.status !== 429 && error.status < 500;
}

function mayBeSse(error: unknown): boolean {
  return error instanceof LinkError && error.status !== undefined && [400, 404, 405, 406, 415].includes(error.status);
}
