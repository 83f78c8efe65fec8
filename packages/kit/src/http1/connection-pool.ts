/** The connections to one upstream: used again while they are young, made when all are taken, waited for when there are too many. */
import type { Exchange } from '../http-client.ts';
import { beforeSending, TransportError } from '../transport-error.ts';
import { ClientConnection, type ConnectionOwner, type Job, type Remote } from './client-connection.ts';

const sweepMs = 2000;

type NewJob = Omit<Job, 'paused' | 'sent' | 'release'>;

/** A request from its beginning to the end of its answer. */
class PooledExchange implements Exchange, Job {
  readonly method: string;
  readonly shown: string;
  head: string;
  body: Buffer | string | undefined;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly sink: Job['sink'];
  connection: ClientConnection | undefined;
  paused = false;
  #pool: ConnectionPool;

  constructor(pool: ConnectionPool, job: NewJob) {
    this.#pool = pool;
    this.method = job.method;
    this.shown = job.shown;
    this.head = job.head;
    this.body = job.body;
    this.headersTimeoutMs = job.headersTimeoutMs;
    this.bodyTimeoutMs = job.bodyTimeoutMs;
    this.sink = job.sink;
  }

  /** Answers can take minutes, and what was asked can be large. */
  sent(): void {
    this.head = '';
    this.body = undefined;
  }

  /** Whoever is done must not touch a connection that serves somebody else by now. */
  release(): void {
    this.connection = undefined;
  }

  pause(): void {
    this.paused = true;
    this.connection?.pause();
  }

  resume(): void {
    this.paused = false;
    this.connection?.resume();
  }

  abort(): void {
    const { connection } = this;
    this.connection = undefined;
    if (connection) connection.cut();
    else this.#pool.forget(this);
  }
}

export class ConnectionPool implements ConnectionOwner {
  readonly #remote: Remote;
  readonly #most: number;
  /** Free ones; the one used last is used first, so that the others grow old and go. */
  readonly #free: ClientConnection[] = [];
  readonly #all = new Set<ClientConnection>();
  readonly #waiting: PooledExchange[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #closed: PromiseWithResolvers<void> | undefined;

  /** `most`: how many connections there may be at once. */
  constructor(remote: Remote, most: number) {
    this.#remote = remote;
    this.#most = most;
  }

  start(job: NewJob): Exchange {
    const exchange = new PooledExchange(this, job);
    this.#serve(exchange);
    return exchange;
  }

  /** Takes a request out of the queue. */
  forget(exchange: Exchange): void {
    const at = this.#waiting.indexOf(exchange as PooledExchange);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  onFree(connection: ClientConnection): void {
    const next = this.#waiting.shift();
    if (next) {
      next.connection = connection;
      connection.send(next);
    } else if (this.#closed) connection.cut();
    else {
      this.#free.push(connection);
      this.#sweep ??= setInterval(() => this.#endOld(), sweepMs).unref();
    }
  }

  onGone(connection: ClientConnection): void {
    this.#all.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at !== -1) this.#free.splice(at, 1);
    const next = this.#waiting.shift();
    if (next) this.#serve(next);
    if (this.#all.size === 0) this.#closed?.resolve();
  }

  /** Resolves when nothing is on its way any more. */
  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    clearInterval(this.#sweep);
    for (const connection of this.#free.splice(0)) connection.cut();
    if (this.#all.size === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** Cuts everything; whoever waits for an answer is told. */
  destroy(): void {
    const told = (shown: string) => new TransportError('CLOSED', shown, 'the client has been closed', true);
    for (const exchange of this.#waiting.splice(0)) exchange.sink.error(beforeSending(told(exchange.shown)));
    for (const connection of [...this.#all]) connection.end(told);
  }

  #serve(exchange: PooledExchange): void {
    const now = performance.now();
    for (let free = this.#free.pop(); free; free = this.#free.pop()) {
      if (free.expiresAtMs > now) {
        exchange.connection = free;
        free.send(exchange);
        return;
      }
      free.cut();
    }
    if (this.#all.size >= this.#most) {
      this.#waiting.push(exchange);
      return;
    }
    exchange.connection = new ClientConnection(this.#remote, this, exchange);
    this.#all.add(exchange.connection);
  }

  #endOld(): void {
    const now = performance.now();
    for (const connection of this.#free.filter(({ expiresAtMs }) => expiresAtMs <= now)) connection.cut();
    if (this.#free.length > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
