/** Where a request goes: splits `http:`, `https:` and `unix:` URLs into what a connection and a request line need. */
import { TransportError } from './transport-error.ts';

/** A URL, taken apart. */
export interface HttpTarget {
  /** `scheme://host:port`; for a Unix socket `http://localhost`, which becomes the Host header. */
  origin: string;
  /** Path of a Unix socket. */
  socketPath: string | undefined;
  /** Path and query of the request. */
  path: string;
  /** The same for URLs that can share connections. */
  key: string;
  /** The URL for messages and logs: without query and fragment. */
  shown: string;
}

/**
 * Takes a URL apart. A Unix socket is written `unix:/run/x.sock:/v1/things?a=b`; without the second colon the path is `/`.
 * Throws `TransportError` BAD_URL.
 */
export function parseTarget(url: URL | string): HttpTarget {
  const parsed = URL.parse(String(url));
  if (parsed?.protocol === 'unix:') return parseUnix(parsed);
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new TransportError(
      'BAD_URL',
      redact(String(url)),
      'not a URL this client can open (http:, https: or unix:/path.sock:/path)',
      false,
    );
  }
  const { origin, pathname, search } = parsed;
  if (parsed.username || parsed.password) {
    throw new TransportError(
      'BAD_URL',
      origin + pathname,
      'holds a user or password (send them in an Authorization header)',
      false,
    );
  }
  return { origin, socketPath: undefined, path: pathname + search, key: origin, shown: origin + pathname };
}

function parseUnix(url: URL): HttpTarget {
  const [socketPath = '', ...rest] = url.pathname.split(':');
  const path = rest.join(':') || '/';
  return {
    origin: 'http://localhost',
    socketPath: decodeURIComponent(socketPath),
    path: path + url.search,
    key: `unix:${socketPath}`,
    shown: `unix:${socketPath}:${path}`,
  };
}

function redact(text: string): string {
  return text
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, 200);
}
