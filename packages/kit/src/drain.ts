/**
 * The connections of a set of HTTP servers, and how to be rid of them without failing a request ("lazy drain").
 *
 * `http.Server.close()` cuts idle keep-alive connections at once, and with them the requests that are on their way over
 * them (measured: one failed request per connection and restart). So: stop accepting, answer on with `Connection: close`,
 * and cut idle connections only after a grace.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';
import type { Clock } from './clock.ts';
import type { LaneConnection, LaneOptions } from './http1/server-lane.ts';

/** Keeps count of what is open on its servers. */
export class Connections {
  readonly #servers: Server[] = [];
  /** Open sockets and the answers still owed on each. */
  readonly #owed = new Map<Socket, ServerResponse[]>();
  /** Those that the short way serves; it owes one answer at most. */
  readonly #lanes = new Map<Socket, LaneConnection>();
  #draining = false;
  #graceOver = false;

  /** Requests that have not been answered to the end. */
  get inFlight(): number {
    let count = 0;
    for (const owed of this.#owed.values()) count += owed.length;
    for (const { isBusy } of this.#lanes.values()) if (isBusy) count += 1;
    return count;
  }

  /** Whether `drain` has begun. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Begins to count a server's connections. Call before it listens, and before other `request` listeners. */
  watch(server: Server): void {
    this.#servers.push(server);
    server.on('connection', (socket: Socket) => {
      this.#owed.set(socket, []);
      socket.once('close', () => {
        this.#owed.delete(socket);
        this.#lanes.delete(socket);
      });
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const owed = this.#owed.get(request.socket);
      // An array and not a Set: see churn-map.ts.
      owed?.push(response);
      if (this.#draining) response.shouldKeepAlive = false;
      response.once('close', () => {
        owed?.splice(owed.indexOf(response), 1);
        if (this.#graceOver) this.#endIdle();
      });
    });
  }

  /** How the short way in front of a server tells of its connections. */
  readonly lane: Pick<LaneOptions, 'onOpen' | 'onRest' | 'onHandOver' | 'isClosing'> = {
    onOpen: (connection) => this.#lanes.set(connection.socket, connection),
    onRest: () => {
      if (this.#graceOver) this.#endIdle();
    },
    onHandOver: ({ socket }) => this.#lanes.delete(socket),
    isClosing: () => this.#draining,
  };

  /**
   * Stops accepting, lets owed answers finish, and resolves once no connection is left: `true` when all ended by
   * themselves, `false` when some had to be cut after `limitMs`.
   */
  async drain(options: { graceMs: number; limitMs: number; clock: Clock }): Promise<boolean> {
    this.#draining = true;
    // net's close, not http's: it leaves keep-alive connections alone.
    const closed = this.#servers.filter((server) => server.listening).map(closeLazily);
    for (const owed of this.#owed.values()) for (const response of owed) response.shouldKeepAlive = false;
    for (const { response } of this.#lanes.values()) if (response) response.shouldKeepAlive = false;
    let clean = true;
    const grace = options.clock.setTimeout(() => {
      this.#graceOver = true;
      this.#endIdle();
    }, options.graceMs);
    const limit = options.clock.setTimeout(() => {
      clean = false;
      for (const socket of this.#owed.keys()) socket.destroy();
    }, options.limitMs);
    await Promise.all(closed);
    grace.cancel();
    limit.cancel();
    return clean;
  }

  /** Cuts everything and closes the servers, for a start that failed half-way. */
  abort(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#owed.keys()) socket.destroy();
  }

  #endIdle(): void {
    // `destroySoon` still sends what is buffered; `closeIdleConnections` would drop it, and skip never-used connections.
    for (const [socket, owed] of this.#owed) if (owed.length === 0 && !this.#lanes.get(socket)?.isBusy) socket.destroySoon();
  }
}

function closeLazily(server: Server): Promise<void> {
  return new Promise((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve());
  });
}
