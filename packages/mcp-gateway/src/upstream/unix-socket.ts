/**
 * A server behind a Unix socket that speaks newline JSON-RPC: one connection is one server instance, closing the
 * connection ends it (a systemd socket with `Accept=yes` starts one process per connection).
 */
import { connect } from 'node:net';
import type { LineStreams } from './channel.ts';
import { LinkError } from './link.ts';

/** Connects to the socket at `path`. Rejects with a LinkError that says what is wrong with the socket. */
export function connectServer(path: string): Promise<LineStreams> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT'
          ? 'the socket does not exist (is its .socket unit started?)'
          : error.code === 'EACCES'
            ? 'this user may not connect (is the gateway in the group of the socket?)'
            : error.code === 'ECONNREFUSED'
              ? 'nothing listens on it'
              : error.message;
      reject(new LinkError(`cannot connect to ${path}: ${why}`, { cause: error }));
    });
    socket.once('connect', () => {
      const ended = new Promise<Error>((resolveEnded) => {
        socket.once('close', () => resolveEnded(new LinkError(`the server behind ${path} closed the connection`)));
      });
      resolve({
        target: `unix:${path}`,
        input: socket,
        output: socket,
        ended,
        stop: async () => {
          socket.end();
          const timer = setTimeout(() => socket.destroy(), 2000);
          await ended;
          clearTimeout(timer);
        },
      });
    });
  });
}
