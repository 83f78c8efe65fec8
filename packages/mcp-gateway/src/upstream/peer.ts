/**
 * A peer is one live connection to a server, speaking one revision. Both kinds (`legacy-peer.ts`, `modern-peer.ts`) look
 * the same from here on: they take a `Call` and give a `CallResult`.
 */
import type { CallResult, ClientFacts, RunningCall } from '../call/call.ts';
import { errorCodes, type Incoming, type JsonObject, RpcError, resultText } from '../jsonrpc/message.ts';
import type { Era } from '../protocol/revision.ts';

/** Kinds of lists a server can announce changes of. */
export type ListKind = 'tools' | 'prompts' | 'resources';

export interface PeerEvents {
  onListChanged(kind: ListKind): void;
  /** `notifications/resources/updated`, with the params the server sent. */
  onResourceUpdated(params: JsonObject): void;
  /** A log message that belongs to no call that we know of. */
  onLog(params: JsonObject): void;
}

/** What a server says of itself: the answer to `initialize` or `server/discover`, without transport matters. */
export interface ServerFacts {
  info: JsonObject;
  capabilities: JsonObject;
  instructions?: string | undefined;
}

export interface Peer {
  readonly era: Era;
  /** Negotiated revision. */
  readonly revision: string;
  readonly facts: ServerFacts;
  readonly target: string;
  readonly pid?: number | undefined;
  /** Throws RpcError (the server's own error, or ours), LinkError (the connection broke), AbortedError. */
  call(call: RunningCall): Promise<CallResult>;
  /** Makes `uris` the set of resources whose updates are wanted on this connection; resolves once the server agreed. */
  watchResources(uris: ReadonlySet<string>): Promise<void>;
  /** Least severe log level that anyone wants from this connection outside of calls. */
  wantLogs(client: ClientFacts): void;
  close(): Promise<void>;
}

/** The params text of a call with `_meta` put in. `params` never holds `_meta` already (see Call.params). */
export function withMeta(params: string, meta: JsonObject): string {
  const body = params.slice(0, params.lastIndexOf('}'));
  const separator = body.trimEnd().endsWith('{') ? '' : ',';
  return `${body}${separator}"_meta":${JSON.stringify(meta)}}`;
}

/** Gives the result of a response, or throws the server's error as it was sent. */
export function unwrap(response: Incoming): { text: string; value: unknown } {
  if (response.error) throw new RpcError(response.error.code, response.error.message, { data: response.error.data });
  if (response.result === undefined)
    throw new RpcError(errorCodes.internalError, 'the server sent an answer without result or error');
  return { text: resultText(response), value: response.result };
}

/** Reads what an object claims to hold an object; anything else counts as empty. */
export function objectOf(value: unknown): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function listKindOf(method: string): ListKind | undefined {
  const match = /^notifications\/(tools|prompts|resources)\/list_changed$/.exec(method);
  return match?.[1] as ListKind | undefined;
}
