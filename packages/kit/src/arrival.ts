/**
 * By which of a daemon's addresses a connection came in, for decisions that depend on it: a Unix socket may say who its
 * clients are. Noted when the connection is accepted, because a socket whose peer is gone knows nothing of itself any more
 * (`remoteAddress` is undefined then, as it is for Unix sockets).
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ListenSpec } from './listen.ts';

export interface Arrival {
  /** The address as it was given to `runService`. */
  spec: ListenSpec;
  /** Whether it is a Unix socket, also where systemd passed it. */
  unix: boolean;
}

const arrivals = new WeakMap<Socket, Arrival>();

/** Notes every connection that `server` accepts from now on; call it before the server listens. */
export function noteArrivals(server: Server, spec: ListenSpec): void {
  let arrival: Arrival | undefined;
  server.on('connection', (socket: Socket) => {
    arrival ??= { spec, unix: isUnix(server) };
    arrivals.set(socket, arrival);
  });
}

/** How the connection came in; undefined when nobody noted it. */
export function arrivalOf(socket: Socket): Arrival | undefined {
  return arrivals.get(socket);
}

/** A Unix socket's address is its path; null for one that was passed in as a file descriptor. */
function isUnix(server: Server): boolean {
  const address = server.address();
  return address === null || typeof address === 'string';
}
