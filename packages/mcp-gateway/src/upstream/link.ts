/**
 * A link carries JSON-RPC to one upstream process or endpoint and back. It knows transports, not MCP: which revision is
 * spoken over it is the business of the peers (`legacy-peer.ts`, `modern-peer.ts`).
 */
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { Incoming, JsonId, RpcErrorObject } from '../jsonrpc/message.ts';

export interface LinkRequest {
  method: string;
  /** The params object as JSON text. */
  params: string;
  /** The id on the wire; from `Link.nextId()`, so that the caller can use it as progress token. */
  id: JsonId;
  /** Value for the `Mcp-Name` header and others; ignored by links without headers. */
  headers?: Record<string, string> | undefined;
  signal?: CancelSignal | undefined;
  /** Notifications and requests that arrived on this request's own stream (HTTP only). */
  onMessage?: ((message: Incoming) => void) | undefined;
}

export interface LinkEvents {
  /** A notification or request that is not tied to one of our requests by the transport. */
  onMessage(message: Incoming): void;
  /** The link is gone; every pending request has been rejected already. Called once, not after `close()`. */
  onClose(reason: Error): void;
}

export interface Link {
  /** Human-readable target, without secrets: `pid 1234`, `unix:/run/x.sock`, `http://host/mcp`. */
  readonly target: string;
  readonly pid?: number | undefined;
  nextId(): number;
  /**
   * Sends a request and resolves with its response (result or error, as sent).
   * Rejects with LinkError when the link breaks, AbortError when the signal fires. Aborting stops waiting; telling the
   * server is up to the caller, who knows how its revision cancels.
   */
  request(request: LinkRequest): Promise<Incoming>;
  notify(method: string, params?: unknown): void;
  /** Answers a request of the server. */
  respond(id: JsonId, outcome: { result: unknown } | { error: RpcErrorObject }): void;
  /** Ends the link and whatever is behind it (a process, a session). Resolves when nothing is left. */
  close(): Promise<void>;
}

/** The transport failed: the process ended, the connection broke, the endpoint answered with something that is not MCP. */
export class LinkError extends Error {
  /** HTTP status when an endpoint answered with one. */
  readonly status: number | undefined;
  /** JSON-RPC error that came in the body of a failed HTTP answer. */
  readonly rpcError: RpcErrorObject | undefined;

  constructor(message: string, options: { status?: number; rpcError?: RpcErrorObject | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LinkError';
    this.status = options.status;
    this.rpcError = options.rpcError;
  }
}

/** The caller stopped waiting. */
export class AbortedError extends Error {
  constructor(reason: unknown) {
    super(reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : 'the caller cancelled');
    this.name = 'AbortError';
  }
}

export function isAborted(error: unknown): error is AbortedError {
  return error instanceof AbortedError;
}
