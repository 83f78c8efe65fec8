/**
 * A connection in the stateless era (2026-07-28): every request carries its envelope, questions come as
 * `input_required` results and pass through, and one `subscriptions/listen` stream brings what changes.
 */
import type { CancelSignal } from '@switchyard/kit/cancel';
import { ChurnMap } from '@switchyard/kit/churn-map';
import { type Call, type CallResult, type ClientFacts, type RunningCall, toCallResult } from '../call/call.ts';
import { type Incoming, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { encodeHeaderValue } from '../protocol/header-value.ts';
import { type ParamHeader, renderParamHeaders } from '../protocol/param-headers.ts';
import { gatewayInfo, latestModernRevision, metaKeys, nameSource } from '../protocol/revision.ts';
import { HttpLink } from './http-link.ts';
import { AbortedError, type Link, LinkError } from './link.ts';
import { listKindOf, objectOf, type Peer, type PeerEvents, type ServerFacts, unwrap, withMeta } from './peer.ts';

const acknowledgeMs = 5000;

export interface ModernPeerOptions {
  events: PeerEvents;
  /** Declared `x-mcp-header` parameters of a tool; asked for calls over HTTP. */
  paramHeaders(tool: string): readonly ParamHeader[];
  revision?: string;
}

export class ModernPeer implements Peer {
  readonly era = 'modern';
  readonly revision: string;
  readonly facts: ServerFacts;
  /** The whole answer to `server/discover`, as text. */
  readonly discoverText: string;
  readonly #link: Link;
  readonly #options: ModernPeerOptions;
  readonly #running = new ChurnMap<number, Call>();
  #watched: ReadonlySet<string> = new Set();
  #listening: AbortController | undefined;
  /** What to do when a listen request is acknowledged, by its id. */
  readonly #unacknowledged = new Map<unknown, () => void>();
  #closed = false;

  private constructor(link: Link, revision: string, discoverText: string, discovered: JsonObject, options: ModernPeerOptions) {
    this.#link = link;
    this.#options = options;
    this.revision = revision;
    this.discoverText = discoverText;
    this.facts = {
      info: objectOf(objectOf(discovered._meta)[metaKeys.serverInfo]),
      capabilities: objectOf(discovered.capabilities),
      instructions: typeof discovered.instructions === 'string' ? discovered.instructions : undefined,
    };
  }

  /**
   * Asks `server/discover`. Throws what the server answered (RpcError), or LinkError; `probe.ts` reads the era from that.
   * `route` receives the peer's message handler before anything can arrive.
   */
  static async connect(
    link: Link,
    route: (handler: (message: Incoming) => void) => void,
    options: ModernPeerOptions,
    signal: CancelSignal,
  ): Promise<ModernPeer> {
    const revision = options.revision ?? latestModernRevision;
    const meta = envelope({ protocolVersion: revision, info: gatewayInfo, capabilities: {} }, {}, undefined);
    const response = await link.request({
      id: link.nextId(),
      method: 'server/discover',
      params: withMeta('{}', { ...meta, [metaKeys.protocolVersion]: revision }),
      headers: { 'mcp-protocol-version': revision, 'mcp-method': 'server/discover' },
      signal,
    });
    const { text, value } = unwrap(response);
    const discovered = objectOf(value);
    if (!Array.isArray(discovered.supportedVersions))
      throw new RpcError(-32601, 'the answer to server/discover names no supportedVersions');
    const peer = new ModernPeer(link, revision, text, discovered, options);
    route((message) => peer.#receive(message));
    if (link instanceof HttpLink) link.protocolVersion = revision;
    void peer.#listen();
    return peer;
  }

  get target(): string {
    return this.#link.target;
  }

  get pid(): number | undefined {
    return this.#link.pid;
  }

  async call(call: RunningCall): Promise<CallResult> {
    const id = this.#link.nextId();
    const params = call.round ? withRound(call.params, call.round) : call.params;
    this.#running.set(id, call);
    try {
      const response = await this.#link.request({
        id,
        method: call.method,
        params: withMeta(params, envelope(call.client, call.meta, id, this.revision)),
        headers: this.#link instanceof HttpLink ? this.#headers(call) : undefined,
        signal: call.signal,
        onMessage: (message) => this.#receive(message, id),
      });
      const { text, value } = unwrap(response);
      return toCallResult(text, value);
    } catch (error) {
      // Over HTTP the closed stream is the cancellation (Transports › Cancellation); a shared channel needs the message.
      if (error instanceof AbortedError && !(this.#link instanceof HttpLink)) {
        this.#link.notify('notifications/cancelled', { requestId: id, reason: error.message });
      }
      if (error instanceof LinkError && error.rpcError)
        throw new RpcError(error.rpcError.code, error.rpcError.message, { data: error.rpcError.data, cause: error });
      throw error;
    } finally {
      this.#running.delete(id);
    }
  }

  #headers({ method, params, name, meta }: Call): Record<string, string> {
    const headers: Record<string, string> = { 'mcp-method': method };
    if (typeof meta.traceparent === 'string') headers.traceparent = meta.traceparent;
    if (name !== undefined && Object.hasOwn(nameSource, method)) headers['mcp-name'] = encodeHeaderValue(name);
    if (method === 'tools/call' && name !== undefined) {
      const declared = this.#options.paramHeaders(name);
      if (declared.length > 0) Object.assign(headers, renderParamHeaders(declared, objectOf(JSON.parse(params)).arguments));
    }
    return headers;
  }

  async watchResources(uris: ReadonlySet<string>): Promise<void> {
    const same = uris.size === this.#watched.size && [...uris].every((uri) => this.#watched.has(uri));
    this.#watched = new Set(uris);
    if (!same) await this.#listen();
  }

  wantLogs(_client: ClientFacts): void {
    // Logs are asked for request by request in this era.
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listening?.abort();
    await this.#link.close();
  }

  /**
   * Keeps one listen stream open with the current wishes; a newer one replaces it, a broken one is opened again.
   * Resolves when the server acknowledged the wishes, or will not.
   */
  #listen(): Promise<void> {
    const previous = this.#listening;
    const notifications = this.#wishes();
    if (this.#closed || Object.keys(notifications).length === 0) {
      previous?.abort();
      return Promise.resolve();
    }
    const controller = new AbortController();
    this.#listening = controller;
    return new Promise((resolve) => {
      const onSettled = () => {
        clearTimeout(patience);
        previous?.abort();
        resolve();
      };
      // A server that never acknowledges must not keep its watchers waiting.
      const patience = setTimeout(onSettled, acknowledgeMs).unref();
      void this.#keepListening(notifications, controller.signal, onSettled);
    });
  }

  #wishes(): JsonObject {
    const { tools, prompts, resources } = this.facts.capabilities as Record<string, JsonObject | undefined>;
    return {
      ...(tools?.listChanged === true && { toolsListChanged: true }),
      ...(prompts?.listChanged === true && { promptsListChanged: true }),
      ...(resources?.listChanged === true && { resourcesListChanged: true }),
      ...(this.#watched.size > 0 && { resourceSubscriptions: [...this.#watched] }),
    };
  }

  async #keepListening(notifications: JsonObject, signal: AbortSignal, onSettled: () => void): Promise<void> {
    const client = { protocolVersion: this.revision, info: gatewayInfo, capabilities: {} };
    for (let delayMs = 500; !signal.aborted; delayMs = Math.min(delayMs * 2, 60_000)) {
      const id = this.#link.nextId();
      this.#unacknowledged.set(id, onSettled);
      try {
        const response = await this.#link.request({
          id,
          method: 'subscriptions/listen',
          params: withMeta(JSON.stringify({ notifications }), envelope(client, {}, undefined)),
          headers: { 'mcp-method': 'subscriptions/listen' },
          signal,
          onMessage: (message) => {
            delayMs = 500;
            this.#receive(message, id);
          },
        });
        if (response.error) return;
      } catch (error) {
        if (signal.aborted && !(this.#link instanceof HttpLink)) this.#link.notify('notifications/cancelled', { requestId: id });
        if (!(error instanceof LinkError) || this.#closed || !(this.#link instanceof HttpLink)) return;
        if (error.status !== undefined && error.status < 500) return;
      } finally {
        this.#unacknowledged.delete(id);
        onSettled();
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
    }
  }

  #receive(message: Incoming, id?: number): void {
    const params = message.params ?? {};
    switch (message.method) {
      case 'notifications/progress':
        this.#running.get(Number(params.progressToken))?.onProgress?.(params);
        return;
      case 'notifications/message':
        this.#routeLog(params, id);
        return;
      case 'notifications/subscriptions/acknowledged':
        this.#acknowledge(objectOf(params._meta)[metaKeys.subscriptionId] ?? id);
        return;
      case 'notifications/resources/updated':
        this.#options.events.onResourceUpdated(params);
        return;
      default: {
        const kind = listKindOf(message.method ?? '');
        if (kind) this.#options.events.onListChanged(kind);
      }
    }
  }

  /** A server that does not say which listen request it means has agreed to all. */
  #acknowledge(id: unknown): void {
    if (id !== undefined) return this.#unacknowledged.get(id)?.();
    for (const onSettled of this.#unacknowledged.values()) onSettled();
  }

  /** Over a shared channel a log names no request: it is told to the one running call that asked for logs, if there is only one. */
  #routeLog(params: JsonObject, id: number | undefined): void {
    const own = id === undefined ? undefined : this.#running.get(id);
    if (own) return own.onLog?.(params);
    const askers = this.#running.values().filter((call) => call.client.logLevel !== undefined);
    if (askers.length === 1) askers[0]?.onLog?.(params);
  }
}

/** The `_meta` of one request: what the caller sent, its own facts as envelope, our progress token. */
function envelope(
  client: ClientFacts,
  meta: JsonObject,
  progressToken: number | undefined,
  revision = client.protocolVersion,
): JsonObject {
  return {
    ...meta,
    [metaKeys.protocolVersion]: revision,
    // A client need not say who it is, but one that does must give a name and a version.
    ...(Object.keys(client.info).length > 0 && { [metaKeys.clientInfo]: client.info }),
    [metaKeys.clientCapabilities]: client.capabilities,
    ...(client.logLevel !== undefined && { [metaKeys.logLevel]: client.logLevel }),
    ...(progressToken !== undefined && { progressToken }),
  };
}

function withRound(params: string, round: NonNullable<Call['round']>): string {
  const members = [
    ...(round.inputResponses === undefined ? [] : [`"inputResponses":${JSON.stringify(round.inputResponses)}`]),
    ...(round.requestState === undefined ? [] : [`"requestState":${JSON.stringify(round.requestState)}`]),
  ].join(',');
  if (members === '') return params;
  const body = params.slice(0, params.lastIndexOf('}'));
  return `${body}${body.trimEnd().endsWith('{') ? '' : ','}${members}}`;
}
