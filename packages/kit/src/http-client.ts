/**
 * The HTTP client for upstreams: pooled keep-alive connections per origin, streamed bodies, redirects not followed, errors a
 * person can read. Two ways lead to an upstream: `request` is undici, loaded when it is first used; `exchange`, for hot paths, is
 * our own HTTP/1.1 (`http1/`), because whole conversations pass through it byte by byte.
 */
import type { Readable } from 'node:stream';
import type { Pool } from 'undici';
import { systemClock } from './clock.ts';
import { type HttpTarget, parseTarget } from './http-target.ts';
import type { Remote } from './http1/client-connection.ts';
import { ConnectionPool } from './http1/connection-pool.ts';
import { requestHead } from './http1/request-lines.ts';
import { beforeSending, TransportError, toTransportError } from './transport-error.ts';

export { type HttpTarget, parseTarget } from './http-target.ts';
export { TransportError, toTransportError } from './transport-error.ts';

export interface HttpClientOptions {
  /** Most connections per origin. Default 64. */
  connections?: number;
  /** Time for DNS, TCP and TLS together, milliseconds. Default 10000. */
  connectTimeoutMs?: number;
  /** For https origins. */
  tls?: {
    /** PEM certificates to trust instead of the system's. */
    ca?: string | Buffer | (string | Buffer)[];
    /** PEM certificate and key to show to the upstream. */
    cert?: string | Buffer;
    key?: string | Buffer;
    /** Name to ask for and check, where it is not the URL's host. */
    servername?: string;
    /** False accepts any certificate. Default true. */
    rejectUnauthorized?: boolean;
  };
}

export interface HttpRequest {
  /** Default GET. */
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer | Readable;
  /** Ends the request; the promise, or the body's stream, then fails with a `TransportError` of code ABORTED. */
  signal?: AbortSignal;
  /** Wait for the answer's headers, milliseconds; 0 waits for ever. Default 300000. */
  headersTimeoutMs?: number;
  /** Longest silence within the answer's body, milliseconds; 0 waits for ever. Default 300000. */
  bodyTimeoutMs?: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case; an array where a header came several times. */
  headers: Record<string, string | string[]>;
  /** Must be read or destroyed, or its connection stays taken. Its errors are undici's: see `toTransportError`. */
  body: Readable;
  /** The whole body as UTF-8. Throws `TransportError` RESPONSE_TOO_LARGE beyond `limitBytes`, and cuts the connection. */
  text(limitBytes: number): Promise<string>;
}

/**
 * Where an answer goes as it comes. After `end` or `error` nothing more comes; nothing at all after `Exchange.abort()`. What one of these
 * throws ends the exchange, and is told to `error`.
 */
export interface AnswerSink {
  /** Header names in lower case. */
  head(status: number, headers: Record<string, string | string[]>): void;
  data(chunk: Buffer): void;
  end(): void;
  error(error: TransportError): void;
}

/** A request under way. */
export interface Exchange {
  /** Stops reading: the upstream feels it once the buffers in between are full. */
  pause(): void;
  resume(): void;
  /** Cuts the connection. */
  abort(): void;
}

/** What an exchange sends. */
export interface ExchangeRequest extends Pick<HttpRequest, 'method' | 'headersTimeoutMs' | 'bodyTimeoutMs'> {
  target: HttpTarget;
  /** Names in lower case; those of the connection and of the body's length are the client's own to say. */
  headers: Record<string, string | string[]>;
  body?: string | Buffer;
}

export interface HttpClient {
  /** The short way for hot paths: the answer's bytes come as they arrive, without a stream around them. Never throws. */
  exchange(request: ExchangeRequest, sink: AnswerSink): Exchange;
  /** `url` is http, https, or `unix:/path/of.sock:/path?query`. Throws `TransportError`; an HTTP error status is an answer. */
  request(url: URL | string, options?: HttpRequest): Promise<HttpResponse>;
  /** Lets open requests finish for `limitMs` (default 5000), then cuts what is left. */
  close(limitMs?: number): Promise<void>;
}

const mostConnections = 64;
const usualConnectTimeoutMs = 10_000;
const usualTimeoutMs = 300_000;

/** Makes a client. One per daemon is enough; a second one only for other TLS settings. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const pools = new Map<string, Pool>();
  let closed = false;

  let undici: typeof import('undici') | undefined;
  const load = async () => {
    const module = await import('undici');
    // A bundler may give a CommonJS module as nothing but its default export.
    undici ??= 'Pool' in module ? module : (module as { default: typeof import('undici') }).default;
    return undici;
  };

  const poolFor = ({ Pool }: typeof import('undici'), target: HttpTarget): Pool => {
    if (closed) throw new TransportError('CLOSED', target.shown, 'the client has been closed', false);
    let pool = pools.get(target.key);
    if (!pool) {
      pool = new Pool(target.origin, {
        connections: options.connections ?? mostConnections,
        allowH2: false, // one request per connection keeps cancelling one from touching another
        connect: {
          timeout: options.connectTimeoutMs ?? usualConnectTimeoutMs,
          ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
          ...options.tls,
        },
      });
      pools.set(target.key, pool);
    }
    return pool;
  };

  const ownPools = new Map<string, ConnectionPool>();
  const ownPoolFor = (target: HttpTarget): ConnectionPool => {
    if (closed) throw new TransportError('CLOSED', target.shown, 'the client has been closed', false);
    let pool = ownPools.get(target.key);
    if (!pool) {
      pool = new ConnectionPool(remoteOf(target, options), options.connections ?? mostConnections);
      ownPools.set(target.key, pool);
    }
    return pool;
  };

  return {
    exchange(request, sink) {
      const { target, method = 'GET', headersTimeoutMs = usualTimeoutMs, bodyTimeoutMs = usualTimeoutMs } = request;
      const body = typeof request.body === 'string' ? sendable(request.body) : request.body;
      try {
        const head = requestHead(target, method, request.headers, body);
        return ownPoolFor(target).start({ method, shown: target.shown, head, body, headersTimeoutMs, bodyTimeoutMs, sink });
      } catch (error) {
        sink.error(beforeSending(toTransportError(error, target.shown)));
        return nothing;
      }
    },
    async request(url, request = {}) {
      const target = parseTarget(url);
      try {
        const pool = poolFor(undici ?? (await load()), target);
        const answer = await pool.request({
          path: target.path,
          method: (request.method ?? 'GET') as 'GET',
          headers: request.headers ?? null,
          body: request.body ?? null,
          signal: request.signal ?? null,
          ...(request.headersTimeoutMs === undefined ? {} : { headersTimeout: request.headersTimeoutMs }),
          ...(request.bodyTimeoutMs === undefined ? {} : { bodyTimeout: request.bodyTimeoutMs }),
        });
        const headers = answer.headers as Record<string, string | string[]>;
        return {
          status: answer.statusCode,
          headers,
          body: answer.body,
          text: (limit) => readText(answer.body, limit, target.shown),
        };
      } catch (error) {
        if (request.signal?.aborted) throw new TransportError('ABORTED', target.shown, 'the request was cancelled', true, error);
        throw toTransportError(error, target.shown);
      }
    },
    async close(limitMs = 5000) {
      closed = true;
      const timer = systemClock.setTimeout(() => void destroyAll(), limitMs);
      const destroyAll = () => {
        for (const pool of ownPools.values()) pool.destroy();
        return Promise.all([...pools.values()].map((pool) => pool.destroy()));
      };
      const done = [...pools.values()].map((pool) => pool.close().catch(() => {}));
      await Promise.all([...done, ...[...ownPools.values()].map((pool) => pool.close())]);
      timer.cancel();
      pools.clear();
      ownPools.clear();
    },
  };
}

/** A text that is all ASCII goes as it is; any other is bytes first. */
function sendable(text: string): Buffer | string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text);
}

/** An exchange that never began. */
const nothing: Exchange = { pause() {}, resume() {}, abort() {} };

function remoteOf({ origin, socketPath }: HttpTarget, { tls, connectTimeoutMs }: HttpClientOptions): Remote {
  const { protocol, hostname, port } = new URL(origin);
  const isTls = protocol === 'https:';
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    socketPath,
    tls: isTls,
    tlsOptions: tls,
    connectTimeoutMs: connectTimeoutMs ?? usualConnectTimeoutMs,
    session: undefined,
  };
}

async function readText(body: Readable, limitBytes: number, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) {
        throw new TransportError('RESPONSE_TOO_LARGE', url, `the answer is larger than ${limitBytes} bytes`, true);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw toTransportError(error, url);
  }
  return Buffer.concat(chunks).toString('utf8');
}
