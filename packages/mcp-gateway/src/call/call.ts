/**
 * The seam that every way into the gateway shares: one request to one server, for one caller.
 * MCP endpoints, REST and the CLI all build a `Call`; upstreams answer it; what wraps it is a decorator of the same type.
 */
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { JsonObject } from '../jsonrpc/message.ts';
import type { LogLevel } from '../protocol/revision.ts';

/** What a caller may do. Decided once per identity; whoever may use the same servers and tools has the same `key`, so that filtered lists can be cached by it. */
export interface Rights {
  key: string;
  /** May change and restart servers. */
  admin: boolean;
  /** Most calls per minute; undefined for no limit. */
  ratePerMinute: number | undefined;
  allowsServer(server: string): boolean;
  allowsTool(server: string, tool: string, toolClass: ToolClass): boolean;
}

/** What a tool does to the world, from its annotations or its settings: read < write < destructive. */
export type ToolClass = 'read' | 'write' | 'destructive';

/** Everything allowed: the anonymous caller on loopback, and the gateway itself. */
export const allRights: Rights = {
  key: 'all',
  admin: true,
  ratePerMinute: undefined,
  allowsServer: () => true,
  allowsTool: () => true,
};

/** Who asks. Identity comes from the connection (token, socket, loopback), never from what the client says of itself. */
export interface Caller {
  /** Stable name of the principal; `anonymous` for an unauthenticated loopback client. */
  id: string;
  /** The client's session, where its revision has such a thing: tells apart two clients of one principal. */
  session?: string | undefined;
  rights: Rights;
  /** Whether the credential still holds; asked before anything is told on a stream that stays open. Absent: it always does. */
  isValid?: (() => boolean) | undefined;
  /** The `WWW-Authenticate` header that asks for what an operation needs; absent where more could not be asked for. */
  challenge?: ((operation: Operation) => string) | undefined;
}

/** What somebody wanted to do and may not. */
export interface Operation {
  server?: string | undefined;
  toolClass?: ToolClass | undefined;
  admin?: boolean | undefined;
}

/** What the client says about itself. For display and protocol duties only, never for a decision about rights. */
export interface ClientFacts {
  /** MCP revision the client speaks; the upstream edge prefers a connection of the same kind. */
  protocolVersion: string;
  info: JsonObject;
  capabilities: JsonObject;
  logLevel?: LogLevel | undefined;
}

/** A question from the server to the client in the middle of a call: `elicitation/create`, `sampling/createMessage`, `roots/list`. */
export interface Question {
  method: string;
  params?: JsonObject | undefined;
}

export interface Call {
  /** Where the call came in: `mcp`, `rest`, or `gateway` for its own requests. */
  via: 'mcp' | 'rest' | 'gateway';
  server: string;
  method: string;
  /** The params object as JSON text, with the server's own names in it, without `_meta` and without round members. */
  params: string;
  /** `_meta` of the request without what belongs to the hop: protocol envelope and progress token. */
  meta: JsonObject;
  /** The span that called us, when its context came in a header. */
  parentSpanId?: string | undefined;
  /** Name of the tool or prompt, or URI of the resource; absent for methods without one. */
  name?: string | undefined;
  caller: Caller;
  client: ClientFacts;
  requestId: string;
  signal: CancelSignal;
  /** Answers to an earlier `input_required` of this same call: the round the client is continuing. */
  round?: { requestState?: string | undefined; inputResponses?: JsonObject | undefined } | undefined;
  /** Asks the client while the call runs; absent when the client can only be asked by an `input_required` result. */
  ask?: ((question: Question) => Promise<JsonObject>) | undefined;
  /** Progress of this call; `params` is what the server sent, its token still inside. */
  onProgress?: ((params: JsonObject) => void) | undefined;
  /** A log message that belongs to this call. */
  onLog?: ((params: JsonObject) => void) | undefined;
}

/** A call on its way to the server: it can be ended from inside, with the error that its caller shall see. */
export interface RunningCall extends Call {
  abort(reason: Error): void;
  /** What happened on the way, for the record. */
  trace: CallTrace;
}

/** Filled in by the steps of the call path. */
export interface CallTrace {
  /** Time spent waiting for a turn, in ms. */
  queueMs: number;
  /** Bytes of the result as the server sent it. */
  resultBytes: number;
  /** Whether the caller got a shortened result. */
  shortened: boolean;
}

/** What kind of result it is: `complete`, `input_required` (the client must answer and call again), `task`, or an extension's word. */
export type ResultType = 'complete' | 'input_required' | 'task' | (string & {});

export interface CallResult {
  type: ResultType;
  /** The result object exactly as the server wrote it. */
  text: string;
  /** Whether `text` itself carries the `resultType` member. */
  typed: boolean;
  /** Whether the tool says that it failed. */
  isError?: boolean;
}

/** Performs a call. Throws RpcError for everything that is answered with a JSON-RPC error, AbortedError when the caller left. */
export type CallHandler = (call: RunningCall) => Promise<CallResult>;

/** Wraps a handler: everything that concerns every call is one of these (`call/pipeline.ts` has the order). */
export type Decorator = (next: CallHandler) => CallHandler;

/** A result that we make ourselves. */
export function completeResult(value: JsonObject): CallResult {
  return { type: 'complete', text: JSON.stringify(value), typed: false };
}

/** Reads the kind of a result from its text; cheap when the text does not mention the member at all. */
export function toCallResult(text: string, parsed: unknown): CallResult {
  const { resultType, isError } = (parsed ?? {}) as { resultType?: unknown; isError?: unknown };
  const typed = typeof resultType === 'string';
  return { type: typed ? resultType : 'complete', text, typed, isError: isError === true };
}
