/** What a request says about where its client sits, without any word of the client: on this machine, or behind a proxy. */
import type { Socket } from 'node:net';
import { arrivalOf } from './arrival.ts';
import type { InboundRequest } from './inbound.ts';
import { isLoopback } from './listen.ts';

const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'x-forwarded-host', 'x-forwarded-proto'] as const;

/**
 * Whether the peer is a program of this machine: a Unix socket, or both ends on loopback. A connection that broke has no
 * addresses any more and does not pass for a local one.
 */
export function isLocalPeer(socket: Socket): boolean {
  if (arrivalOf(socket)?.unix) return true;
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return false;
  let isLocal = locals.get(socket);
  if (isLocal === undefined) {
    isLocal = isLoopback(remoteAddress) && isLoopback(socket.localAddress ?? '');
    locals.set(socket, isLocal);
  }
  return isLocal;
}

/** The two ends of a connection stay where they are. */
const locals = new WeakMap<Socket, boolean>();

/**
 * The mark of a proxy on a request, if it bears one: then its real client is somewhere else, whatever the connection says.
 * HTTP/1.0 is how nginx speaks to what is behind it unless told otherwise; no client of today does.
 */
export function proxyMarkOf({ headers, httpVersionMinor, httpVersionMajor }: InboundRequest): string | undefined {
  for (const name of proxyHeaders) if (headers[name] !== undefined) return `the header ${name}`;
  return httpVersionMajor === 1 && httpVersionMinor === 0 ? 'HTTP/1.0' : undefined;
}
