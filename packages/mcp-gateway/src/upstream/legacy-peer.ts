/**
 * A connection in a handshake revision (2024-11-05 … 2025-11-25): `initialize` first, then requests both ways.
 * The server's questions (elicitation, sampling, roots) are put to the client of the call they belong to: directly when
 * that client can be asked, else by parking the call (`parked-calls.ts`).
 */
import type { CancelSignal } from '@switchyard/kit/cancel';
import { ChurnMap } from '@switchyard/kit/churn-map';
import type { CallResult, ClientFacts, RunningCall } from '../call/call.ts';
import { toCallResult } from '../call/call.ts';
import { errorCodes, type Incoming, type JsonObject, RpcError, toErrorObject } from '../jsonrpc/message.ts';
import {
  gatewayInfo,
  isLogLevel,
  type LogLevel,
  latestLegacyRevision,
  legacyRevisions,
  logLevels,
} from '../protocol/revision.ts';
import { HttpLink } from './http-link.ts';
import { AbortedError, type Link } from './link.ts';
import type { ParkedCalls } from './parked-calls.ts';
import { listKindOf, objectOf, type Peer, type PeerEvents, type ServerFacts, unwrap, withMeta } from './peer.ts';
import { canAnswer, isQuestion, missingCapability } from './questions.ts';

/**
 * What we declare as client of a connection that many callers share: everything some caller may be able to answer.
 * Whether the caller of a given call really can is decided when the question comes.
 */
const unionCapabilities = { roots: { listChanged: false }, sampling: { tools: {} }, elicitation: { form: {}, url: {} } };

export interface LegacyPeerOptions {
  events: PeerEvents;
  parked: ParkedCalls;
  /** Roots told to a server that asks outside of any call, as file URIs. */
  roots: readonly string[];
  /** How long the server may take to answer `initialize`, in ms. */
  startTimeoutMs: number;
}

/** A running call as this connection knows it. */
interface Running {
  call: RunningCall;
  ask(method: string, params: JsonObject | undefined): Promise<JsonObject>;
  /** Whether the call is parked: its client has been told the questions and has not come back yet. */
  waiting(): boolean;
}

/**
 * A running call whose newest leg is looked up when needed. A class and not an object with a getter: V8 makes a hidden class of its
 * own for each such object, and hidden classes live until a full collection, with everything that the getter sees.
 */
class RunningLeg implements Running {
  readonly #current: () => RunningCall;
  readonly waiting: Running['waiting'];
  readonly ask: Running['ask'];

  constructor({ waiting, ask }: Running, current: () => RunningCall) {
    this.#current = current;
    this.waiting = waiting;
    this.ask = ask;
  }

  get call(): RunningCall {
    return this.#current();
  }
}

export class LegacyPeer implements Peer {
  readonly era = 'legacy';
  readonly revision: string;
  readonly facts: ServerFacts;
  /** The whole answer to `initialize`, for clients of the same era. */
  readonly initializeResult: JsonObject;
  readonly #link: Link;
  readonly #options: LegacyPeerOptions;
  readonly #running = new ChurnMap<number, Running>();
  readonly #watched = new Set<string>();
  #logLevel: LogLevel | undefined;

  private constructor(link: Link, initializeResult: JsonObject, options: LegacyPeerOptions) {
    this.#link = link;
    this.#options = options;
    this.initializeResult = initializeResult;
    this.revision = initializeResult.protocolVersion as string;
    this.facts = {
      info: objectOf(initializeResult.serverInfo),
      capabilities: objectOf(initializeResult.capabilities),
      instructions: typeof initializeResult.instructions === 'string' ? initializeResult.instructions : undefined,
    };
  }

  /**
   * Shakes hands over a fresh link. `route` receives the peer's message handler before anything can arrive.
   * Throws RpcError or LinkError when the server refuses, and when it answers in a revision that we do not speak.
   */
  static async connect(
    link: Link,
    route: (handler: (message: Incoming) => void) => void,
    options: LegacyPeerOptions,
  ): Promise<LegacyPeer> {
    let peer: LegacyPeer | undefined;
    route((message) => {
      if (peer) peer.#receive(message);
      else if (message.method === 'ping' && message.id !== undefined && message.id !== null)
        link.respond(message.id, { result: {} });
    });
    const params = { protocolVersion: latestLegacyRevision, capabilities: unionCapabilities, clientInfo: gatewayInfo };
    const response = await link.request({
      id: link.nextId(),
      method: 'initialize',
      params: JSON.stringify(params),
      signal: AbortSignal.timeout(options.startTimeoutMs),
    });
    const result = objectOf(unwrap(response).value);
    const revision = result.protocolVersion;
    if (typeof revision !== 'string' || !(legacyRevisions as readonly string[]).includes(revision)) {
      throw new RpcError(
        errorCodes.unsupportedProtocolVersion,
        `the server speaks MCP ${String(revision)}, which is none of ${legacyRevisions.join(', ')}`,
      );
    }
    peer = new LegacyPeer(link, result, options);
    if (link instanceof HttpLink) link.protocolVersion = revision;
    link.notify('notifications/initialized');
    if (link instanceof HttpLink) void link.keepListening();
    return peer;
  }

  get target(): string {
    return this.#link.target;
  }

  get pid(): number | undefined {
    return this.#link.pid;
  }

  async call(call: RunningCall): Promise<CallResult> {
    const resumed = this.#options.parked.resume(call);
    if (resumed) return resumed;
    if (call.client.logLevel) this.wantLogs(call.client);
    if (!call.ask && canAnswer(call.client.capabilities)) {
      return this.#options.parked.start(call, (current, signal, ask, waiting) =>
        this.#send({ call, ask, waiting }, current, signal),
      );
    }
    const { ask } = call;
    if (!ask) return this.#callUnasked(call);
    const running: Running = {
      call,
      waiting: () => false,
      ask: (method, params) =>
        canAnswer(call.client.capabilities, method)
          ? ask({ method, params })
          : Promise.reject(new RpcError(errorCodes.methodNotFound, `the client of this call does not support ${method}`)),
    };
    return this.#send(running, () => call, call.signal);
  }

  /**
   * A call whose client can answer nothing: a question ends it with the error that names what the client would need
   * (2026-07-28, Base › Error Codes: -32021), and the server is told to stop.
   */
  async #callUnasked(call: RunningCall): Promise<CallResult> {
    const ask = (method: string) => {
      const error = missingCapability(method);
      call.abort(error);
      return Promise.reject(error);
    };
    return this.#send({ call, waiting: () => false, ask }, () => call, call.signal);
  }

  /** `current` gives the newest leg of the call: where progress and logs go now. */
  async #send(running: Running, current: () => RunningCall, signal: CancelSignal): Promise<CallResult> {
    const { method, params, meta } = running.call;
    const id = this.#link.nextId();
    this.#running.set(id, new RunningLeg(running, current));
    try {
      const response = await this.#link.request({
        id,
        method,
        params: withMeta(params, { ...meta, progressToken: id }),
        headers: typeof meta.traceparent === 'string' ? { traceparent: meta.traceparent } : undefined,
        signal,
        onMessage: (message) => this.#receive(message, id),
      });
      const { text, value } = unwrap(response);
      return toCallResult(text, value);
    } catch (error) {
      if (error instanceof AbortedError) this.#link.notify('notifications/cancelled', { requestId: id, reason: error.message });
      throw error;
    } finally {
      this.#running.delete(id);
    }
  }

  async watchResources(uris: ReadonlySet<string>): Promise<void> {
    const added = [...uris].filter((uri) => !this.#watched.has(uri));
    const removed = [...this.#watched].filter((uri) => !uris.has(uri));
    await Promise.all([
      ...added.map((uri) => this.#watch(uri, 'resources/subscribe')),
      ...removed.map((uri) => this.#watch(uri, 'resources/unsubscribe')),
    ]);
  }

  async #watch(uri: string, method: 'resources/subscribe' | 'resources/unsubscribe'): Promise<void> {
    if (method === 'resources/subscribe') this.#watched.add(uri);
    else this.#watched.delete(uri);
    const signal = AbortSignal.timeout(this.#options.startTimeoutMs);
    unwrap(await this.#link.request({ id: this.#link.nextId(), method, params: JSON.stringify({ uri }), signal }));
  }

  /** The level is the connection's: the most talkative wish of any client wins, the edges filter for the others. */
  wantLogs({ logLevel }: ClientFacts): void {
    if (logLevel === undefined || !this.facts.capabilities.logging) return;
    if (this.#logLevel !== undefined && logLevels.indexOf(logLevel) >= logLevels.indexOf(this.#logLevel)) return;
    this.#logLevel = logLevel;
    this.#link
      .request({ id: this.#link.nextId(), method: 'logging/setLevel', params: JSON.stringify({ level: logLevel }) })
      .catch(() => {});
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  /** `id`: our request on whose own stream the message came, where the transport can tell. */
  #receive(message: Incoming, id?: number): void {
    const method = message.method as string;
    const params = message.params ?? {};
    if (message.id !== undefined && message.id !== null) {
      this.#answer(message, id);
      return;
    }
    if (method === 'notifications/progress') {
      this.#running.get(Number(params.progressToken))?.call.onProgress?.(params);
    } else if (method === 'notifications/message') {
      this.#routeLog(params, id);
    } else if (method === 'notifications/resources/updated') {
      this.#options.events.onResourceUpdated(params);
    } else {
      const kind = listKindOf(method);
      if (kind) this.#options.events.onListChanged(kind);
    }
  }

  /** Log messages name no call: told to the only running one, kept from everybody when it could be another caller's. */
  #routeLog(params: JsonObject, id: number | undefined): void {
    if (!isLogLevel(params.level)) return;
    const own = id === undefined ? undefined : this.#running.get(id);
    if (own) own.call.onLog?.(params);
    else if (this.#running.size === 1) for (const running of this.#running.values()) running.call.onLog?.(params);
    else if (this.#running.size === 0) this.#options.events.onLog(params);
  }

  #answer(message: Incoming, id: number | undefined): void {
    const requestId = message.id as string | number;
    const method = message.method as string;
    if (method === 'ping') return this.#link.respond(requestId, { result: {} });
    if (!isQuestion(method)) {
      const error = { code: errorCodes.methodNotFound, message: `${method} is not something a server may ask` };
      return this.#link.respond(requestId, { error });
    }
    const running = this.#ownerOf(method, id);
    // Servers ask for roots when they start, too: whoever cannot answer for itself is answered for by the declaration.
    if (method === 'roots/list' && !(running && canAnswer(running.call.client.capabilities, method))) {
      return this.#link.respond(requestId, { result: { roots: this.#options.roots.map((uri) => ({ uri })) } });
    }
    const answer = running ? running.ask(method, message.params) : Promise.reject(this.#noOwner(method));
    answer.then(
      (result) => this.#link.respond(requestId, { result }),
      (error: unknown) => this.#link.respond(requestId, { error: toErrorObject(error) }),
    );
  }

  /**
   * The call a question belongs to. Over HTTP its stream tells. Over stdio nothing does, so it is a running call (a parked
   * one only when nothing else runs), and among several only if one caller has them all and one of them can be told apart:
   * the only one whose client can answer, or any when all are of one session. Otherwise nobody is asked, for it could be
   * the wrong one.
   */
  #ownerOf(method: string, id: number | undefined): Running | undefined {
    if (id !== undefined) return this.#running.get(id);
    const all = this.#running.values();
    const active = all.filter((running) => !running.waiting());
    const candidates = active.length > 0 ? active : all;
    const first = candidates[0]?.call.caller;
    if (candidates.length <= 1) return candidates[0];
    if (candidates.some(({ call }) => call.caller.id !== first?.id)) return undefined;
    const able = candidates.filter(({ call }) => canAnswer(call.client.capabilities, method));
    const session = able[0]?.call.caller.session;
    const oneSession = session !== undefined && able.every(({ call }) => call.caller.session === session);
    return able.length === 1 || oneSession ? able.at(-1) : undefined;
  }

  #noOwner(method: string): RpcError {
    if (this.#running.size === 0)
      return new RpcError(errorCodes.methodNotFound, `${method}: no call is running that this request could belong to`);
    const able = this.#running.values().some((running) => canAnswer(running.call.client.capabilities, method));
    if (!able) return missingCapability(method);
    return new RpcError(
      errorCodes.internalError,
      `${method}: several clients have calls running and the server does not say whose question this is; set "isolation": "session" for this server`,
    );
  }
}
