/**
 * One connection to an upstream, with at most one request on it at a time. What is read lands in a buffer that all connections
 * share, and is copied from there: that costs less than a buffer of its own for every read.
 */
import { connect as connectTcp, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { AnswerSink } from '../http-client.ts';
import { beforeSending, TransportError, toTransportError } from '../transport-error.ts';
import { AnswerParser, AnswerSyntaxError } from './answer-parser.ts';
import type { Fields } from './fields.ts';
import { writeInOne } from './one-piece.ts';

/** Where connections lead, and how they are made. */
export interface Remote {
  host: string;
  port: number;
  socketPath: string | undefined;
  tls: boolean;
  tlsOptions: Omit<ConnectionOptions, 'host' | 'port' | 'path'> | undefined;
  connectTimeoutMs: number;
  /** The last TLS session, to be taken up again. */
  session: Buffer | undefined;
}

/** A request that is ready to be written, and who hears its answer. */
export interface Job {
  readonly method: string;
  /** For messages. */
  readonly shown: string;
  readonly head: string;
  /** Bytes, or a text that is all ASCII. */
  readonly body: Buffer | string | undefined;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly paused: boolean;
  readonly sink: AnswerSink;
  /** Head and body have been given to the socket and are not needed any more. */
  sent(): void;
  /** The connection has nothing to do with it any more; called before the sink hears of the end. */
  release(): void;
}

/** How a connection tells its pool what becomes of it. */
export interface ConnectionOwner {
  /** The connection is free for another request. */
  onFree(connection: ClientConnection): void;
  /** It is gone. */
  onGone(connection: ClientConnection): void;
}

/** One read at most; the callback is done with it before the next read begins. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

const keepAliveProbeMs = 60_000;
/** How long a connection without work is kept when the upstream says nothing about it. */
const usualIdleMs = 4000;
/** We close before the upstream does: a request that crosses its closing would be lost. */
const idleMarginMs = 1000;
const longestIdleMs = 600_000;

export class ClientConnection {
  readonly #socket: Socket;
  readonly #remote: Remote;
  readonly #owner: ConnectionOwner;
  #job: Job | undefined;
  #parser: AnswerParser | undefined;
  #connected = false;
  #gone = false;
  #began = false;
  #connectTimer: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  /** When it is too old to be used again, by the monotonic clock. */
  expiresAtMs = Number.POSITIVE_INFINITY;

  /** Begins to connect, and sends `job` as soon as that is done. */
  constructor(remote: Remote, owner: ConnectionOwner, job: Job) {
    this.#remote = remote;
    this.#owner = owner;
    this.#job = job;
    this.#socket = open(remote, (bytes, buffer) => this.#onRead(bytes, buffer));
    this.#connectTimer = setTimeout(() => this.#onConnectTimeout(), remote.connectTimeoutMs);
    this.#socket
      .once(remote.tls ? 'secureConnect' : 'connect', () => this.#onConnect())
      .on('error', (error) => this.#fail(error))
      .on('end', () => this.#onEnd())
      .on('close', () => this.#onClose());
    if (remote.tls)
      this.#socket.on('session', (session: Buffer) => {
        remote.session = session;
      });
  }

  /** Sends a request. Only for a connection that is free. */
  send(job: Job): void {
    this.#job = job;
    this.#began = false;
    this.#parser = new AnswerParser(job.method, {
      onHead: (status, fields) => this.#onHead(job, status, fields),
      onBody: (bytes, from, to) => this.#onBody(job, bytes, from, to),
    });
    const { head, body } = job;
    const socket = this.#socket;
    if (body === undefined) socket.write(head, 'latin1');
    else writeInOne(socket, head, body);
    job.sent();
    this.#arm(job.headersTimeoutMs);
    if (job.paused) this.pause();
  }

  /** Before there is a connection this is left to `send`: TLS could not be agreed on by a socket that does not read. */
  pause(): void {
    if (this.#connected) this.#socket.pause();
  }

  resume(): void {
    this.#arm(this.#timerMs);
    this.#socket.resume();
  }

  /** Ends it, with whatever is on it; nobody is told. */
  cut(): void {
    this.#job = undefined;
    this.#leave();
    this.#socket.destroy();
  }

  /** Ends it, and tells whoever waits for an answer why. */
  end(why: (shown: string) => TransportError): void {
    if (this.#job) this.#fail(why(this.#job.shown));
    else this.cut();
  }

  #onConnect(): void {
    clearTimeout(this.#connectTimer);
    this.#connected = true;
    if (this.#job) this.send(this.#job);
    else this.cut();
  }

  #onConnectTimeout(): void {
    const { shown = '' } = this.#job ?? {};
    const error = Object.assign(new Error(`no connection within ${this.#remote.connectTimeoutMs} ms`), {
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
    this.#fail(toTransportError(error, shown));
  }

  #onRead(count: number, buffer: Uint8Array): boolean {
    const job = this.#job;
    const parser = this.#parser;
    if (!job || !parser) {
      // Nobody asked anything.
      this.cut();
      return true;
    }
    try {
      const bytes = buffer === readBuffer ? readBuffer.subarray(0, count) : Buffer.from(buffer.buffer, buffer.byteOffset, count);
      const used = parser.read(bytes);
      if (this.#job !== job) return true;
      if (parser.done) this.#finish(job, parser, used === count);
      // The head has a time to be there, the body one to go on.
      else if (this.#began && this.#timerMs > 0) this.#timer?.refresh();
    } catch (error) {
      const isSyntax = error instanceof AnswerSyntaxError;
      this.#fail(isSyntax ? new TransportError(error.code, job.shown, error.message, true) : error);
    }
    return true;
  }

  #onHead(job: Job, status: number, fields: Fields): void {
    this.#began = true;
    this.#arm(job.bodyTimeoutMs);
    job.sink.head(status, fields);
  }

  #onBody(job: Job, bytes: Buffer, from: number, to: number): boolean {
    if (this.#job !== job) return false;
    const copy = Buffer.allocUnsafe(to - from);
    bytes.copy(copy, 0, from, to);
    job.sink.data(copy);
    return this.#job === job;
  }

  #finish(job: Job, parser: AnswerParser, isClean: boolean): void {
    const idleMs = parser.idleMs === undefined ? usualIdleMs : Math.min(parser.idleMs - idleMarginMs, longestIdleMs);
    const socket = this.#socket;
    this.#job = undefined;
    this.#parser = undefined;
    job.release();
    // What the upstream answered before it had heard everything leaves the rest of the request on the line.
    if (parser.keepAlive && isClean && idleMs > 0 && socket.writableLength === 0 && !socket.destroyed && !this.#gone) {
      if (socket.isPaused()) socket.resume();
      this.expiresAtMs = performance.now() + idleMs;
      this.#owner.onFree(this);
    } else {
      this.#leave();
      socket.destroy();
    }
    tellEnd(job);
  }

  #onEnd(): void {
    const job = this.#job;
    const parser = this.#parser;
    if (job && parser?.endsWithConnection) {
      this.#job = undefined;
      this.#leave();
      this.#socket.destroy();
      job.release();
      tellEnd(job);
    } else this.#fail(closedEarly());
  }

  #onClose(): void {
    this.#fail(closedEarly());
  }

  /** It broke; whoever waits for an answer hears why. */
  #fail(error: unknown): void {
    const job = this.#job;
    this.#job = undefined;
    this.#leave();
    this.#socket.destroy();
    if (!job) return;
    job.release();
    const told = toTransportError(error, job.shown);
    // Before there was a connection nothing can have been sent, whatever the error says.
    job.sink.error(this.#connected ? told : beforeSending(told));
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#timer);
    this.#owner.onGone(this);
  }

  /** One timer per connection, set anew and not made anew: most requests of an upstream have the same limits. */
  #arm(ms: number): void {
    if (ms === this.#timerMs) {
      if (ms > 0) this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = ms;
    this.#timer = ms > 0 ? setTimeout(() => this.#onSilence(), ms).unref() : undefined;
  }

  #onSilence(): void {
    const job = this.#job;
    if (!job) return;
    // Whoever does not read cannot complain of silence.
    if (this.#socket.isPaused()) return;
    const code = this.#began ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT';
    this.#fail(Object.assign(new Error(`nothing came within ${this.#timerMs} ms`), { code }));
  }
}

/** A sink that fails at its end hears of that: the connection may serve somebody else by now, and nobody else would be told. */
function tellEnd({ sink, shown }: Job): void {
  try {
    sink.end();
  } catch (error) {
    sink.error(toTransportError(error, shown));
  }
}

function open(remote: Remote, onRead: (count: number, buffer: Uint8Array) => boolean): Socket {
  const { host, port, socketPath, tls, tlsOptions, session } = remote;
  const options = {
    ...(socketPath === undefined ? { host, port } : { path: socketPath }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
    onread: { buffer: readBuffer, callback: onRead },
  };
  if (!tls) return connectTcp(options as NetConnectOpts);
  return connectTls({
    ...options,
    // A name only: addresses are not sent (RFC 6066 §3).
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    ...(session && { session }),
    ...tlsOptions,
  } as ConnectionOptions);
}

function closedEarly(): Error {
  return Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
}
