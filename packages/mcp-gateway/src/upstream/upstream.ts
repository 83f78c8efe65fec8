/**
 * One declared server as the rest of the gateway sees it: its state, what it offers, and the way to call it. Behind it run
 * one or more replicas that all callers share, or instances of their own for sessions or single calls.
 */
import { createHash } from 'node:crypto';
import { targetOf } from '@switchyard/agent-config/server-entry';
import { type Clock, sleep, type Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { Call, CallResult, RunningCall } from '../call/call.ts';
import type { ServerConfig } from '../config.ts';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import type { ParamHeader } from '../protocol/param-headers.ts';
import type { Store } from '../state/store.ts';
import { Instance } from './instance.ts';
import { Links, type LinksOptions } from './links.ts';
import { emptyLists, fetchLists, type ListEntry, type ServerLists } from './lists.ts';
import { noOffers, type Offers, offersOf, type ReviewTools } from './offers.ts';
import { OwnInstances } from './own-instances.ts';
import type { ParkedCalls } from './parked-calls.ts';
import type { ListKind, PeerEvents, ServerFacts } from './peer.ts';
import { Replica } from './replica.ts';
import { statusOf, type UpstreamStatus } from './status.ts';
import { StderrTail } from './stderr-tail.ts';

export type UpstreamState = 'starting' | 'ready' | 'degraded' | 'failed' | 'disabled';

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
  /** Decides which tools may be shown, each time the server lists them. */
  review: ReviewTools;
  events: UpstreamEvents;
}

const stopGraceMs = 2000;
const listDebounceMs = 20;
const ownIdleStopMs = 300_000;
const allLists: readonly (keyof ServerLists)[] = ['tools', 'prompts', 'resources', 'templates'];

export class Upstream {
  readonly name: string;
  readonly config: ServerConfig;
  /** `stdio`, `socket`, `http` or `sse`. */
  readonly transport: string;
  readonly stderr = new StderrTail();
  readonly replicas: readonly Replica[];
  readonly own: OwnInstances;
  readonly #options: UpstreamOptions;
  #enabled: boolean;
  /** Replaced by a reload: its changes concern nobody any more. */
  #retired = false;
  #state: UpstreamState = 'starting';
  #since: number;
  #offers: Offers = noOffers;
  #facts: ServerFacts | undefined;
  #stale = new Set<ListKind>();
  #refresh: Timer | undefined;
  #grace: Timer | undefined;
  #watched: ReadonlySet<string> = new Set();

  constructor(options: UpstreamOptions) {
    const { name, config, enabled, clock } = options;
    this.name = name;
    this.config = config;
    this.#options = options;
    this.#enabled = enabled;
    this.#since = clock.now();
    const targets =
      config.urls?.map((url) => ({ ...config, url, urls: undefined })) ?? Array.from({ length: config.replicas }, () => config);
    const { kind } = targetOf(targets[0] ?? config);
    this.transport = kind === 'http-or-sse' ? 'http' : kind;
    this.replicas = targets.map((target, index) => this.#replica(target, { isFirst: index === 0 }));
    this.own = new OwnInstances({
      server: name,
      maxInstances: config.maxInstances,
      clock,
      make: () => this.#replica(config, { isFirst: false, idleStopMs: config.idleStopMs ?? ownIdleStopMs }),
    });
    this.#state = enabled ? 'starting' : 'disabled';
  }

  get state(): UpstreamState {
    return this.#state;
  }

  /** When the state began, epoch ms. */
  get since(): number {
    return this.#since;
  }

  /** What the server offers; the last known lists during the grace period after it went down. */
  get lists(): ServerLists {
    return this.#offers.lists;
  }

  /** What the server says of itself; undefined before it was ever connected. */
  get facts(): ServerFacts | undefined {
    return this.#facts;
  }

  status(): UpstreamStatus {
    return statusOf(this, (text) => this.#options.secrets.mask(text));
  }

  /** Decides anew which of its tools may be shown. */
  reviewTools(): void {
    if (this.#offers === noOffers) return;
    this.#offers = offersOf(this.#offers.sent, this.#options.logger, this.#options.review);
    this.#options.events.onListChanged('tools');
    this.#options.events.onChange();
  }

  /** A tool by the server's own name for it. */
  tool(name: string): ListEntry | undefined {
    return this.#offers.tools.get(name);
  }

  /** Declared `x-mcp-header` parameters of a tool; empty for most. */
  paramHeaders(tool: string): readonly ParamHeader[] {
    return this.#offers.paramHeaders.get(tool) ?? [];
  }

  /** Starts connecting; does not wait and does not throw. */
  start(): void {
    if (this.#enabled) for (const replica of this.replicas) void replica.start();
  }

  /** Ends everything of this server and resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#refresh?.cancel();
    this.#refresh = undefined;
    this.#grace?.cancel();
    await Promise.all([...this.replicas.map((replica) => replica.stop()), this.own.stop()]);
  }

  /** Ends the server once its running calls are done, at the latest after their total time. */
  async retire(): Promise<void> {
    const until = this.#options.clock.monotonicMs() + this.config.timeouts.totalMs;
    this.#retired = true;
    const busy = () => [...this.replicas, ...this.own.all].some(({ inFlight }) => inFlight > 0);
    while (busy() && this.#options.clock.monotonicMs() < until) await sleep(50, { clock: this.#options.clock });
    await this.stop();
  }

  async restart(): Promise<void> {
    if (!this.#enabled) return;
    this.#setState('starting');
    await Promise.all([...this.replicas.map((replica) => replica.restart()), this.own.stop()]);
  }

  async setEnabled(enabled: boolean): Promise<void> {
    if (enabled === this.#enabled) return;
    this.#enabled = enabled;
    if (enabled) return this.restart();
    await this.stop();
    this.#offers = noOffers;
    this.#setState('disabled');
    this.#options.events.onChange();
  }

  /** Resolves when the server is usable; throws RpcError when it is not. */
  async ready(): Promise<void> {
    await this.#instance();
  }

  async call(call: RunningCall): Promise<CallResult> {
    const { isolation } = this.config;
    if (isolation === 'session' && call.via !== 'gateway') return this.own.callInSession(call);
    if (isolation === 'call' && call.method === 'tools/call') return this.own.callAlone(call);
    return this.#leastBusy().call(call);
  }

  /** The whole answer to the handshake for a client of that revision, or one made of the server's facts. */
  async handshakeResult(protocolVersion: string): Promise<JsonObject> {
    return (await this.#instance()).handshakeResult(protocolVersion);
  }

  /** The server's own answer to `server/discover` as text; undefined for a server of the handshake era. Throws RpcError when it is down. */
  async discoverText(): Promise<string | undefined> {
    return (await this.#instance()).discoverText;
  }

  /** Makes `uris` the resources whose updates are wanted; resolves once the server agreed. Throws RpcError when it refuses. */
  async watchResources(uris: ReadonlySet<string>): Promise<void> {
    this.#watched = uris;
    await (await this.#instance()).watchResources(uris);
  }

  /** Tells handshake connections how talkative their logs should be. */
  async wantLogs(client: Call['client']): Promise<void> {
    await Promise.all(this.replicas.map(({ instance }) => instance?.wantLogs(client)));
  }

  /** The first instance that runs, or the start of one. Throws RpcError when there is none. */
  #instance(): Promise<Instance> {
    return this.#leastBusy().ready();
  }

  /** Of those that run, the one with the fewest calls; else one that is being started, else one that says why there is none. */
  #leastBusy(): Replica {
    if (!this.#enabled)
      throw new RpcError(errorCodes.internalError, `server "${this.name}" is disabled`, {
        httpStatus: 503,
        data: { server: this.name, state: 'disabled' },
      });
    const [first] = this.replicas;
    if (this.replicas.length === 1 && first) return first;
    const running = this.replicas.filter(({ instance }) => instance);
    const candidates = running.length > 0 ? running : this.replicas.filter(({ state, asleep }) => state === 'starting' || asleep);
    return candidates.reduce((best, one) => (one.inFlight < best.inFlight ? one : best), candidates[0] ?? (first as Replica));
  }

  #links(config: ServerConfig): Links {
    return new Links({ ...this.#options, config, stderr: this.stderr, stopGraceMs });
  }

  #replica(config: ServerConfig, { isFirst, idleStopMs }: { isFirst: boolean; idleStopMs?: number }): Replica {
    const { name, clock, logger, store, parked, secrets, events } = this.#options;
    const links = this.#links(config);
    const startTimeoutMs = config.timeouts.startMs;
    const peerEvents: PeerEvents = {
      onListChanged: (kind) => isFirst && this.#listChanged(kind),
      onResourceUpdated: (params) => events.onResourceUpdated(params),
      onLog: (params) => events.onLog(params),
    };
    return new Replica({
      server: name,
      clock,
      logger,
      health: config.health,
      idleStopMs: idleStopMs ?? config.idleStopMs ?? (links.target.kind === 'socket' ? ownIdleStopMs : 0),
      mask: (text) => secrets.mask(text),
      isNeeded: () => isFirst && this.#watched.size > 0,
      onChange: () => this.#replicaChanged(),
      prepare: async (instance) => {
        if (isFirst) await this.#learn(instance);
      },
      connect: (signal) =>
        Instance.connect(
          {
            name,
            links,
            protocol: config.protocol,
            verdictKey: createHash('sha256').update(canonicalJson(links.target)).digest('hex'),
            store,
            clock,
            logger,
            connect: {
              startTimeoutMs,
              legacy: { events: peerEvents, parked, roots: config.roots, startTimeoutMs },
              modern: { events: peerEvents, paramHeaders: (tool) => this.paramHeaders(tool) },
            },
          },
          signal,
        ),
    });
  }

  /** Takes in what a fresh instance says of itself and offers. */
  async #learn(instance: Instance): Promise<void> {
    const signal = AbortSignal.timeout(this.config.timeouts.startMs);
    const lists = await fetchLists(instance.peer, this.name, allLists, signal);
    this.#facts = instance.facts;
    const before = this.#offers;
    this.#offers = offersOf({ ...emptyLists, ...lists }, this.#options.logger, this.#options.review);
    if (before !== noOffers)
      for (const kind of changedKinds(before.lists, this.#offers.lists)) this.#options.events.onListChanged(kind);
    if (this.#watched.size > 0) instance.watchResources(this.#watched).catch(() => {});
  }

  #replicaChanged(): void {
    if (this.#retired || !this.#enabled || this.replicas === undefined) return;
    const states = this.replicas.map(({ state }) => state);
    const up = states.filter((state) => state === 'ready' || state === 'degraded').length;
    if (up === states.length && !states.includes('degraded')) this.#setState('ready');
    else if (up > 0) this.#setState('degraded');
    else if (states.includes('starting')) this.#setState('starting');
    else if (states.includes('failed')) this.#setState('failed');
    this.#options.events.onChange();
  }

  #setState(state: UpstreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#options.clock.now();
    if (state !== 'failed') {
      this.#grace?.cancel();
      this.#grace = undefined;
    } else {
      this.#grace = this.#options.clock.setTimeout(() => {
        this.#offers = noOffers;
        this.#options.events.onChange();
      }, this.#options.graceMs);
    }
  }

  /** Fetches a changed list soon, several announcements at once. */
  #listChanged(kind: ListKind): void {
    this.#options.events.onListChanged(kind);
    this.refresh(kind);
  }

  /** Fetches a list anew, soon. */
  refresh(kind: ListKind): void {
    this.#stale.add(kind);
    this.#refresh ??= this.#options.clock.setTimeout(() => {
      this.#refresh = undefined;
      void this.#refreshLists();
    }, listDebounceMs);
  }

  async #refreshLists(): Promise<void> {
    const peer = this.replicas[0]?.instance?.peer;
    const names = [...this.#stale].flatMap((kind): (keyof ServerLists)[] =>
      kind === 'resources' ? ['resources', 'templates'] : [kind],
    );
    this.#stale.clear();
    if (!peer) return;
    try {
      const lists = await fetchLists(peer, this.name, names, AbortSignal.timeout(this.config.timeouts.startMs));
      if (peer !== this.replicas[0]?.instance?.peer) return;
      this.#offers = offersOf({ ...this.#offers.sent, ...lists }, this.#options.logger, this.#options.review);
      this.#options.events.onChange();
    } catch (error) {
      this.#options.logger.warn('a changed list could not be fetched', { reason: (error as Error).message });
    }
  }
}

function changedKinds(before: ServerLists, after: ServerLists): ListKind[] {
  const differ = (name: keyof ServerLists) =>
    before[name].length !== after[name].length || before[name].some(({ text }, index) => text !== after[name][index]?.text);
  const kinds: ListKind[] = [];
  if (differ('tools')) kinds.push('tools');
  if (differ('prompts')) kinds.push('prompts');
  if (differ('resources') || differ('templates')) kinds.push('resources');
  return kinds;
}
