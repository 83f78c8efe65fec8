/**
 * The HTTP client for upstreams: pooled keep-alive connections per origin, streamed bodies, redirects not followed, errors a
 * person can read. undici is loaded by the first request.
 */
import type { Readable } from 'node:stream';
import type { Pool } from 'undici';
import { systemClock } from './clock.ts';
import { type HttpTarget, parseTarget } from './http-target.ts';
import { TransportError, toTransportError } from './transport-error.ts';

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

export interface HttpClient {
  /** `url` is http, https, or `unix:/path/of.sock:/path?query`. Throws `TransportError`; an HTTP error status is an answer. */
  request(url: URL | string, options?: HttpRequest): Promise<HttpResponse>;
  /** Lets open requests finish for `limitMs` (default 5000), then cuts what is left. */
  close(limitMs?: number): Promise<void>;
}

/** Makes a client. One per daemon is enough; a second one only for other TLS settings. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const pools = new Map<string, Pool>();
  let closed = false;

  const poolFor = async (target: HttpTarget): Promise<Pool> => {
    const { Pool } = await import('undici');
    if (closed) throw new TransportError('CLOSED', target.shown, 'the client has been closed', false);
    let pool = pools.get(target.key);
    if (!pool) {
      pool = new Pool(target.origin, {
        connections: options.connections ?? 64,
        allowH2: false, // one request per connection keeps cancelling one from touching another
        connect: {
          timeout: options.connectTimeoutMs ?? 10_000,
          ...(target.socketPath === undefined ? {} : { socketPath: target.socketPath }),
          ...options.tls,
        },
      });
      pools.set(target.key, pool);
    }
    return pool;
  };

  return {
    async request(url, request = {}) {
      const target = parseTarget(url);
      try {
        const pool = await poolFor(target);
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
      const destroyAll = () => Promise.all([...pools.values()].map((pool) => pool.destroy()));
      await Promise.all([...pools.values()].map((pool) => pool.close().catch(() => {})));
      timer.cancel();
      pools.clear();
    },
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
