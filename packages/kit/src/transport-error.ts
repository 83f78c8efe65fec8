/** Why an upstream could not be reached or its answer not be read, in words for a log or a caller. */

/** A request failed below HTTP. The message is the URL, what happened, and what to do about it. */
export class TransportError extends Error {
  /** The system's or undici's code (ECONNREFUSED, UND_ERR_HEADERS_TIMEOUT), or one of ours (ABORTED, RESPONSE_TOO_LARGE, BAD_URL, BAD_FIELD, MALFORMED_ANSWER, CLOSED). */
  readonly code: string;
  /** Without query, user and password. */
  readonly url: string;
  /** False when the request certainly never reached the upstream, so that sending it again can do no harm. */
  readonly maybeSent: boolean;

  constructor(code: string, url: string, problem: string, maybeSent: boolean, cause?: unknown) {
    super(`${url}: ${problem}`, cause === undefined ? {} : { cause });
    this.name = 'TransportError';
    this.code = code;
    this.url = url;
    this.maybeSent = maybeSent;
  }
}

/** Failures of the connection itself: nothing of the request has been sent. */
const BEFORE_SENDING: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there (is the upstream running, and the port right?)',
  ENOTFOUND: 'the host name is unknown (check its spelling and the DNS)',
  EAI_AGAIN: 'the DNS does not answer (is the network up?)',
  EHOSTUNREACH: 'the host can not be reached from this network',
  ENETUNREACH: 'the network can not be reached from here',
  ENOENT: 'the Unix socket does not exist (is the upstream running?)',
  EACCES: 'this user may not open the Unix socket (check its group and mode)',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the time allowed (is the host up, or a firewall in between?)',
  CERT_HAS_EXPIRED: "the upstream's certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the upstream's certificate is self-signed (trust it with tls.ca)",
  SELF_SIGNED_CERT_IN_CHAIN: "the upstream's certificate comes from an unknown authority (trust it with tls.ca)",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the upstream's certificate comes from an unknown authority (trust it with tls.ca)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the upstream's certificate chain is incomplete (its server should send it, or trust it with tls.ca)",
  ERR_TLS_CERT_ALTNAME_INVALID: "the upstream's certificate is for another name (check the host, or set tls.servername)",
  ERR_SSL_WRONG_VERSION_NUMBER: 'the upstream does not speak TLS on this port (http instead of https?)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the upstream does not speak TLS on this port (http instead of https?)',
};

const MAYBE_SENT: Record<string, string> = {
  ECONNRESET: 'the upstream cut the connection',
  EPIPE: 'the upstream cut the connection',
  UND_ERR_SOCKET: 'the upstream closed the connection before its answer was complete',
  UND_ERR_HEADERS_TIMEOUT: 'no answer within the time allowed',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped midway and nothing came within the time allowed',
  UND_ERR_HEADERS_OVERFLOW: "the answer's headers are too large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter or longer than it said',
  UND_ERR_CLOSED: 'the client has been closed',
  UND_ERR_DESTROYED: 'the client has been closed',
};

/** The same of a request that certainly was not sent. */
export function beforeSending(error: TransportError): TransportError {
  const { code, url, message, maybeSent, cause } = error;
  if (!maybeSent) return error;
  return new TransportError(code, url, message.startsWith(`${url}: `) ? message.slice(url.length + 2) : message, false, cause);
}

/** Any error of a request to `url` as a `TransportError`; the original is its `cause`. One that already is comes back as it is. */
export function toTransportError(error: unknown, url: string): TransportError {
  if (error instanceof TransportError) return error;
  // A name with several addresses, none of which could be reached: the first failure speaks for all.
  const first = error instanceof AggregateError && error.message === '' ? (error.errors[0] as unknown) : error;
  const { code = '', name, message = String(first), syscall } = (first ?? {}) as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'UND_ERR_ABORTED') {
    return new TransportError('ABORTED', url, 'the request was cancelled', true, error);
  }
  const early = BEFORE_SENDING[code];
  if (early !== undefined) return new TransportError(code, url, early, false, error);
  return new TransportError(String(code) || 'UNKNOWN', url, MAYBE_SENT[code] ?? message, syscall !== 'connect', error);
}
