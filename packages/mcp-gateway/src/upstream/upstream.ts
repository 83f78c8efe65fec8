/**
 * One declared server over its whole life: started, watched, restarted, asked. It holds up to two connections, one per
 * protocol era, and serves each caller over the one of the caller's own era when the server offers it ("era affinity").
 * Nobody outside this folder learns which one that was.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { Call, CallResult, RunningCall } from '../call/call.ts';
import type { ServerConfig } from '../config.ts';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { type ParamHeader, paramHeadersOf } from '../protocol/param-headers.ts';
import { eraOfRevision } from '../protocol/revision.ts';
import type { Store } from '../state/store.ts';
import { backoffMs } from './backoff.ts';
import { type Connected, type ConnectOptions, connectAs, connectProbing } from './connect.ts';
import { LegacyPeer } from './legacy-peer.ts';
import { AbortedError, LinkError } from './link.ts';
import { Links, type LinksOptions } from './links.ts';
import { emptyLists, fetchLists, type ListEntry, type ServerLists } from './lists.ts';
import { ModernPeer } from './modern-peer.ts';
import type { ParkedCalls } from './parked-calls.ts';
import type { ListKind, Peer, PeerEvents, ServerFacts } from './peer.ts';
import { StderrTail } from './stderr-tail.ts';

export type UpstreamState = 'starting' | 'ready' | 'degraded' | 'failed' | 'disabled';

/** What people and scripts see of a server. Holds no secret. */
export interface UpstreamStatus {
  name: string;
  state: UpstreamState;
  /** When the state began, ISO 8601. */
  since: string;
  transport: string;
  lastError?: string;
  /** When the next start is tried, ISO 8601; only while failed. */
  retryAt?: string;
  pid?: number;
  protocolVersion?: string;
  serverInfo?: JsonObject;
  restarts: number;
  tools: number;
  prompts: number;
  resources: number;
  stderr: string[];
}

export interface UpstreamEvents {
  /** State or lists changed: what is published of this server must be looked at again. */
  onChange(): void;
  /** The server announced that a list changed; `onChange` follows when it has been fetched. */
  onListChanged(kind: ListKind): void;
  onResourceUpdated(params: JsonObject): void;
  onLog(params: JsonObject): void;
}

export interface UpstreamOptions {
  name: string;
  config: ServerConfig;
  enabled: boolean;
  store: Store;
  clock: Clock;
  logger: Logger;
  parked: ParkedCalls;
  /** How long lists of a server that is down are kept. */
  graceMs: number;
  secrets: LinksOptions['secrets'];
  httpClient: LinksOptions['httpClient'];
  limitBytes: number;
  events: UpstreamEvents;
}

const stopGraceMs = 2000;
/** A verdict "handshake only" is asked anew after a week: servers get updated. */
const verdictTtlMs = 7 * 24 * 3600 * 1000;
const listDebounceMs = 20;

export class Upstream {
  readonly name: string;
  readonly #options: UpstreamOptions;
  readonly #stderr = new StderrTail();
  readonly #links: Links;
  readonly #verdictKey: string;
  #state: UpstreamState;
  #since: number;
  #lastError: string | undefined;
  #primary: Peer | undefined;
  /** The handshake connection of a server whose primary one is stateless; made when first needed. */
  #handshake: Promise<LegacyPeer | undefined> | undefined;
  #generation = 0;
  #attempt = 0;
  #restarts = 0;
  #started: PromiseWithResolvers<void> = Promise.withResolvers();
  #retry: Timer | undefined;
  #retryAt: number | undefined;
  #grace: Timer | undefined;
  #lists: ServerLists = emptyLists;
  #toolsByName: ReadonlyMap<string, ListEntry> = new Map();
  #paramHeaders = new Map<string, readonly ParamHeader[]>();
  #facts: ServerFacts | undefined;
  #stale = new Set<ListKind>();
  #refresh: Timer | undefined;
  #watched: ReadonlySet<string> = new Set();

  constructor(options: UpstreamOptions) {
    this.name = options.name;
    this.#options = options;
    this.#state = options.enabled ? 'starting' : 'disabled';
    this.#since = options.clock.now();
    this.#links = new Links({ ...options, stderr: this.#stderr, stopGraceMs });
    this.#verdictKey = createHash('sha256').update(canonicalJson(this.#links.target)).digest('hex');
    this.#started.promise.catch(() => {});
  }

  get state(): UpstreamState {
    return this.#state;
  }

  /** What the server offers; the last known lists during the grace period after it went down. */
  get lists(): ServerLists {
    return this.#lists;
  }

  /** A tool by the server's own name for it. */
  tool(name: string): ListEntry | undefined {
    return this.#toolsByName.get(name);
  }

  /** What the server says of itself; undefined before it was ever connected. */
  get facts(): ServerFacts | undefined {
    return this.#facts;
  }

  status(): UpstreamStatus {
    const iso = (ms: number) => new Date(ms).toISOString();
    return {
      name: this.name,
      state: this.#state,
      since: iso(this.#since),
      transport: this.#links.target.kind === 'http-or-sse' ? 'http' : this.#links.target.kind,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#retryAt !== undefined && { retryAt: iso(this.#retryAt) }),
      ...(this.#primary?.pid !== undefined && { pid: this.#primary.pid }),
      ...(this.#primary && { protocolVersion: this.#primary.revision }),
      ...(this.#facts && { serverInfo: this.#facts.info }),
      restarts: this.#restarts,
      tools: this.#lists.tools.length,
      prompts: this.#lists.prompts.length,
      resources: this.#lists.resources.length,
      stderr: this.#stderr.lines().map((line) => this.#options.secrets.mask(line)),
    };
  }

  /** Starts connecting; does not wait and does not throw. */
  start(): void {
    if (this.#state === 'disabled') return;
    void this.#connect(++this.#generation);
  }

  /** Ends everything of this server and resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#generation += 1;
    this.#started.reject(new Error('it was stopped'));
    this.#retry?.cancel();
    this.#refresh?.cancel();
    this.#grace?.cancel();
    await this.#disconnect();
  }

  async restart(): Promise<void> {
    if (this.#state === 'disabled') return;
    await this.stop();
    this.#attempt = 0;
    this.#restarts += 1;
    this.#setState('starting');
    this.#started = Promise.withResolvers();
    this.#started.promise.catch(() => {});
    this.start();
    await this.#started.promise.catch(() => {});
  }

  async setEnabled(enabled: boolean): Promise<void> {
    if (enabled === (this.#state !== 'disabled')) return;
    if (enabled) {
      this.#setState('starting');
      await this.restart();
      return;
    }
    await this.stop();
    this.#lastError = undefined;
    this.#lists = emptyLists;
    this.#setState('disabled');
    this.#options.events.onChange();
  }

  /** Resolves when the server is usable; throws RpcError when it is not and will not be within its start timeout. */
  async ready(): Promise<void> {
    if (this.#state === 'ready' || this.#state === 'degraded') return;
    if (this.#state === 'starting') await this.#started.promise.catch(() => {});
    if (this.#primary === undefined) throw this.#unavailable();
  }

  async call(call: RunningCall): Promise<CallResult> {
    if (this.#primary === undefined) await this.ready();
    const peer = await this.#peerFor(call.client.protocolVersion);
    try {
      const result = await peer.call(call);
      if (this.#state === 'degraded') this.#setState('ready');
      return result;
    } catch (error) {
      if (error instanceof LinkError && isLostSession(error, peer)) return this.#callInNewSession(call, peer);
      throw this.#translate(error);
    }
  }

  /** The whole answer to the handshake for a client of that era, or one made of the server's facts. */
  async handshakeResult(protocolVersion: string): Promise<JsonObject> {
    await this.ready();
    const peer = await this.#peerFor(protocolVersion);
    if (peer instanceof LegacyPeer) return peer.initializeResult;
    const { info, capabilities, instructions } = peer.facts;
    return { capabilities, serverInfo: info, ...(instructions !== undefined && { instructions }) };
  }

  /** The server's own answer to `server/discover` as text; undefined for a server of the handshake era. Throws RpcError when it is down. */
  async discoverText(): Promise<string | undefined> {
    await this.ready();
    return this.#primary instanceof ModernPeer ? this.#primary.discoverText : undefined;
  }

  /** Makes `uris` the resources whose updates are wanted; resolves once the server agreed. Throws RpcError when it refuses. */
  async watchResources(uris: ReadonlySet<string>): Promise<void> {
    this.#watched = new Set(uris);
    await this.ready();
    const handshake = await this.#handshake;
    try {
      await Promise.all([this.#primary?.watchResources(this.#watched), handshake?.watchResources(this.#watched)]);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /** Tells handshake connections how talkative their logs should be. */
  async wantLogs(client: Call['client']): Promise<void> {
    (await this.#handshake)?.wantLogs(client);
    this.#primary?.wantLogs(client);
  }

  /** Declared `x-mcp-header` parameters of a tool; empty for most. */
  paramHeaders(tool: string): readonly ParamHeader[] {
    return this.#paramHeaders.get(tool) ?? [];
  }

  async #peerFor(protocolVersion: string): Promise<Peer> {
    const primary = this.#primary;
    if (!primary) throw this.#unavailable();
    if (primary.era === 'legacy' || protocolVersion === '' || eraOfRevision(protocolVersion) === 'modern') return primary;
    return (await this.#handshakePeer()) ?? primary;
  }

  /** The second connection, for handshake-era clients of a stateless server that also accepts the handshake. */
  #handshakePeer(): Promise<LegacyPeer | undefined> {
    if (this.#options.config.protocol !== 'auto') return Promise.resolve(undefined);
    this.#handshake ??= this.#connectHandshake(this.#generation);
    return this.#handshake;
  }

  async #connectHandshake(generation: number): Promise<LegacyPeer | undefined> {
    const { store, clock, logger } = this.#options;
    const verdict = store.eraVerdict(this.#verdictKey);
    if (verdict?.handshake === false && clock.now() - verdict.at < verdictTtlMs) return undefined;
    try {
      const connected = await connectAs('legacy', this.#connectOptions());
      if (generation !== this.#generation) {
        await connected.peer.close();
        return undefined;
      }
      store.putEraVerdict(this.#verdictKey, { era: 'modern', handshake: true, at: clock.now() });
      void connected.broken.then((reason) => {
        if (generation !== this.#generation) return;
        this.#handshake = undefined;
        logger.warn('the connection for handshake-era clients ended', { reason: reason.message });
      });
      const peer = connected.peer as LegacyPeer;
      if (this.#watched.size > 0) peer.watchResources(this.#watched).catch(() => {});
      return peer;
    } catch (error) {
      // Only the server's own refusal is a verdict; a broken connection is asked again next time.
      if (error instanceof RpcError || (error instanceof LinkError && error.rpcError)) {
        store.putEraVerdict(this.#verdictKey, { era: 'modern', handshake: false, at: clock.now() });
      } else this.#handshake = undefined;
      return undefined;
    }
  }

  async #connect(generation: number): Promise<void> {
    const { config, store, clock, logger } = this.#options;
    const isCurrent = () => generation === this.#generation;
    let connected: Connected | undefined;
    try {
      connected = await this.#open();
      if (!isCurrent()) return await connected.peer.close();
      const lists = await fetchLists(
        connected.peer,
        this.name,
        ['tools', 'prompts', 'resources', 'templates'],
        AbortSignal.timeout(config.timeouts.startMs),
      );
      if (!isCurrent()) return await connected.peer.close();
      this.#setLists({ ...emptyLists, ...lists });
    } catch (error) {
      await connected?.peer.close();
      if (isCurrent()) this.#failed(this.#translate(error).message);
      return;
    }
    const { peer, broken } = connected;
    this.#primary = peer;
    this.#facts = peer.facts;
    this.#lastError = undefined;
    this.#grace?.cancel();
    const known = store.eraVerdict(this.#verdictKey);
    if (config.protocol === 'auto' && known?.era !== peer.era)
      store.putEraVerdict(this.#verdictKey, { era: peer.era, at: clock.now() });
    if (this.#watched.size > 0) peer.watchResources(this.#watched).catch(() => {});
    logger.info('server ready', { revision: peer.revision, target: peer.target, tools: this.#lists.tools.length });
    this.#setState('ready');
    this.#started.resolve();
    this.#options.events.onChange();
    const readyAt = clock.now();
    const reason = await broken;
    if (!isCurrent()) return;
    if (clock.now() - readyAt > 60_000) this.#attempt = 0;
    this.#generation += 1;
    await this.#disconnect();
    this.#failed(reason.message);
  }

  async #open(): Promise<Connected> {
    const { config, store, clock } = this.#options;
    if (config.protocol !== 'auto') return connectAs(config.protocol, this.#connectOptions());
    const verdict = store.eraVerdict(this.#verdictKey);
    const fresh = verdict !== undefined && (verdict.era === 'modern' || clock.now() - verdict.at < verdictTtlMs);
    if (!fresh || this.#links.target.kind === 'sse') return connectProbing(this.#connectOptions());
    try {
      return await connectAs(verdict.era, this.#connectOptions());
    } catch (error) {
      // The server may have changed its era since; the next try asks again.
      store.deleteEraVerdict(this.#verdictKey);
      if (error instanceof RpcError || (error instanceof LinkError && error.status !== undefined))
        return connectProbing(this.#connectOptions());
      throw error;
    }
  }

  #connectOptions(): ConnectOptions {
    const { config, parked, events } = this.#options;
    const peerEvents: PeerEvents = {
      onListChanged: (kind) => this.#listChanged(kind),
      onResourceUpdated: (params) => events.onResourceUpdated(params),
      onLog: (params) => events.onLog(params),
    };
    const startTimeoutMs = config.timeouts.startMs;
    return {
      links: this.#links,
      startTimeoutMs,
      legacy: { events: peerEvents, parked, roots: config.roots, startTimeoutMs },
      modern: { events: peerEvents, paramHeaders: (tool) => this.paramHeaders(tool) },
    };
  }

  async #disconnect(): Promise<void> {
    const primary = this.#primary;
    const handshake = this.#handshake;
    this.#primary = undefined;
    this.#handshake = undefined;
    await Promise.all([primary?.close(), handshake?.then((peer) => peer?.close())]);
  }

  #failed(reason: string): void {
    const { clock, logger, graceMs, events } = this.#options;
    this.#lastError = this.#options.secrets.mask(reason);
    this.#attempt += 1;
    const delayMs = backoffMs(this.#attempt);
    this.#retryAt = clock.now() + delayMs;
    logger.warn('server failed', { reason, retryInMs: delayMs, attempt: this.#attempt });
    this.#setState('failed');
    this.#started.reject(new Error(reason));
    if (this.#grace === undefined && this.#lists !== emptyLists) {
      this.#grace = clock.setTimeout(() => {
        this.#setLists(emptyLists);
        events.onChange();
      }, graceMs);
    }
    events.onChange();
    const generation = ++this.#generation;
    this.#retry = clock.setTimeout(() => {
      if (generation !== this.#generation) return;
      this.#restarts += 1;
      void this.#connect(generation);
    }, delayMs);
  }

  #setState(state: UpstreamState): void {
    if (state !== 'failed') this.#retryAt = undefined;
    if (state === 'ready') {
      this.#grace?.cancel();
      this.#grace = undefined;
    }
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#options.clock.now();
  }

  #setLists(lists: ServerLists): void {
    this.#lists = lists;
    this.#paramHeaders = new Map();
    this.#toolsByName = new Map(lists.tools.map((entry) => [entry.key, entry]));
    for (const { key, text, value } of lists.tools) {
      if (!text.includes('x-mcp-header')) continue;
      try {
        this.#paramHeaders.set(key, paramHeadersOf(value.inputSchema));
      } catch (error) {
        this.#options.logger.warn('tool has an invalid x-mcp-header', { tool: key, reason: (error as Error).message });
      }
    }
  }

  /** Fetches a changed list soon, several announcements at once. */
  #listChanged(kind: ListKind): void {
    this.#options.events.onListChanged(kind);
    this.#stale.add(kind);
    this.#refresh ??= this.#options.clock.setTimeout(() => {
      this.#refresh = undefined;
      void this.#refreshLists();
    }, listDebounceMs);
  }

  async #refreshLists(): Promise<void> {
    const peer = this.#primary;
    const names = [...this.#stale].flatMap((kind): (keyof ServerLists)[] =>
      kind === 'resources' ? ['resources', 'templates'] : [kind],
    );
    this.#stale.clear();
    if (!peer) return;
    try {
      const lists = await fetchLists(peer, this.name, names, AbortSignal.timeout(this.#options.config.timeouts.startMs));
      if (peer !== this.#primary) return;
      this.#setLists({ ...this.#lists, ...lists });
      this.#options.events.onChange();
    } catch (error) {
      this.#options.logger.warn('a changed list could not be fetched', { reason: (error as Error).message });
    }
  }

  /** The server forgot our session (it was restarted) and refused the request unread: shake hands again and send it once more. */
  async #callInNewSession(call: RunningCall, peer: Peer): Promise<CallResult> {
    if (peer === this.#primary) await this.restart();
    else {
      this.#handshake = undefined;
      await peer.close();
    }
    await this.ready();
    try {
      return await (await this.#peerFor(call.client.protocolVersion)).call(call);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): RpcError | AbortedError {
    if (error instanceof RpcError || error instanceof AbortedError) return error;
    const reason = this.#options.secrets.mask(error instanceof Error ? error.message : String(error));
    if (error instanceof LinkError && error.rpcError)
      return new RpcError(error.rpcError.code, error.rpcError.message, { data: error.rpcError.data });
    if (error instanceof LinkError && this.#state === 'ready' && this.#primary?.pid === undefined && error.status === undefined) {
      this.#lastError = reason;
      this.#setState('degraded');
    }
    return new RpcError(errorCodes.internalError, `server "${this.name}": ${reason}`, {
      httpStatus: 502,
      fault: 'upstream',
      cause: error,
      data: { server: this.name },
    });
  }

  #unavailable(): RpcError {
    const retryInMs = this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - this.#options.clock.now());
    const why =
      this.#state === 'disabled'
        ? 'is disabled'
        : `is not running${this.#lastError === undefined ? '' : `: ${this.#lastError}`}${retryInMs === undefined ? '' : `; it is started again in ${Math.ceil(retryInMs / 1000)} s`}`;
    return new RpcError(errorCodes.internalError, `server "${this.name}" ${why}`, {
      httpStatus: 503,
      data: { server: this.name, state: this.#state, ...(retryInMs !== undefined && { retryAfterMs: retryInMs }) },
    });
  }
}

function isLostSession(error: LinkError, peer: Peer): boolean {
  if (peer.era !== 'legacy') return false;
  return error.status === 404 || (error.status === 400 && /session|not initialized/i.test(error.message));
}
