/**
 * The gateway's heart, without any HTTP: the declared servers and their runtime changes, the one way to call them, what
 * is published of them, and who wants to hear of changes.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, sleep } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import { didYouMean } from '@switchyard/kit/nearest';
import { OtlpExporter } from '@switchyard/kit/otlp';
import type { Secrets } from '@switchyard/kit/secrets';
import { CallMetrics } from './activity/call-metrics.ts';
import { ActivityLog } from './activity/log.ts';
import { spanOfCall } from './activity/spans.ts';
import { taskOwners } from './auth/task-owners.ts';
import { authorize } from './call/authorize.ts';
import { Breaker, circuitBreaker } from './call/breaker.ts';
import { allRights, type Call, type CallResult, type Rights, type ToolClass } from './call/call.ts';
import { compose } from './call/pipeline.ts';
import { type FairQueue, fairQueue } from './call/queue.ts';
import { rateLimit } from './call/rate-limit.ts';
import { record } from './call/record.ts';
import { resultLimit } from './call/result-limit.ts';
import { settingsLookup } from './call/settings.ts';
import { timeouts } from './call/timeouts.ts';
import { buildSnapshot, type CatalogSnapshot } from './catalog/catalog.ts';
import { permittedLists } from './catalog/permitted.ts';
import { ResourceWatches } from './catalog/resource-watches.ts';
import { type GatewayConfig, type Group, groupOf, type ServerConfig } from './config.ts';
import { errorCodes, type JsonObject, RpcError } from './jsonrpc/message.ts';
import { gatewayInfo } from './protocol/revision.ts';
import { planReload, type Reloaded } from './reload.ts';
import { ResultReader } from './results/read.ts';
import { ResultStore } from './results/store.ts';
import { RuntimeChanges } from './state/runtime-changes.ts';
import { Seal } from './state/seal.ts';
import type { Store } from './state/store.ts';
import { gate } from './trust/gate.ts';
import { recordOfTrust } from './trust/record.ts';
import { ToolTrust } from './trust/trust.ts';
import { emptyLists, type ServerLists } from './upstream/lists.ts';
import { ParkedCalls } from './upstream/parked-calls.ts';
import { type ListKind, objectOf } from './upstream/peer.ts';
import { Upstream } from './upstream/upstream.ts';

/** Something that happened on a server and that clients may have asked to hear of. */
export type ServerEvent =
  | { type: 'list-announced'; server: string; kind: ListKind }
  | { type: 'lists-published' }
  | { type: 'resource-updated'; server: string; uri: string; params: JsonObject }
  | { type: 'log'; server: string; params: JsonObject };

/** Catalogs kept for different sets of servers and rights. */
const maxSnapshots = 1000;

export type EventListener = (event: ServerEvent) => void;

export interface GatewayOptions {
  config: GatewayConfig;
  store: Store;
  clock: Clock;
  logger: Logger;
  secrets: Secrets;
  /** Folder of the activity log; undefined keeps it in memory. */
  stateDirectory?: string | undefined;
  /** Folder of what may be lost. Default: the system's temporary folder. */
  cacheDirectory?: string;
}

/** How long a list of everything waits for servers that start: long enough for healthy ones, short enough for people. */
const settleMs = 5000;

export class Gateway {
  #config: GatewayConfig;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly #store: Store;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #listeners = new Set<EventListener>();
  readonly #snapshots = new Map<string, CatalogSnapshot>();
  /** Who watches which resource: server → URI → number of watchers. */
  readonly #watches = new ResourceWatches((server, uris) => this.upstream(server).watchResources(uris));
  readonly #breakers = new Map<string, Breaker>();
  readonly #queues = new Map<string, FairQueue>();
  readonly #results: ResultStore;
  /** Reads what was shortened: `result_read` and `result://…`. */
  readonly results: ResultReader;
  readonly activity: ActivityLog;
  /** What was changed at run time. */
  readonly changes: RuntimeChanges;
  /** Which tool definitions are trusted. */
  readonly trust: ToolTrust;
  readonly metrics: CallMetrics;
  readonly #spans: OtlpExporter | undefined;
  readonly #make: (name: string, server: ServerConfig) => Upstream;
  #perform: (call: Call) => Promise<CallResult>;
  #httpClient: Promise<HttpClient> | undefined;

  constructor({ config, store, clock, logger, secrets, stateDirectory, cacheDirectory = tmpdir() }: GatewayOptions) {
    this.#config = config;
    this.clock = clock;
    this.logger = logger;
    this.#store = store;
    this.seal = new Seal(store.key('seal'));
    const parked = new ParkedCalls({ seal: this.seal, clock, ttlMs: config.parkedCallTtlMs });
    this.#results = new ResultStore({ directory: join(cacheDirectory, 'results'), clock, ...config.resultCache });
    this.results = new ResultReader({ store: this.#results, toolClass: (server, tool) => this.toolClass(server, tool) });
    this.metrics = new CallMetrics((server, tool) => this.#upstreams.get(server)?.tool(tool) !== undefined);
    const { arguments: keep, retentionDays, maxBytes } = config.activity;
    this.activity = new ActivityLog({
      directory: stateDirectory,
      clock,
      logger,
      mask: (text) => secrets.mask(text),
      retentionMs: retentionDays * 24 * 3600 * 1000,
      maxBytes,
      keep,
    });
    if (config.otlp) {
      const { endpoint, headers } = config.otlp;
      this.#spans = new OtlpExporter({
        endpoint,
        headers: () =>
          Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, secrets.resolve(value, `otlp.headers.${name}`)]),
          ),
        serviceName: 'mcp-gateway',
        serviceVersion: gatewayInfo.version,
        httpClient: () => this.httpClient(),
        clock,
        logger,
      });
    }
    this.trust = new ToolTrust({
      database: store.database,
      clock,
      logger,
      config,
      tell: (event) => this.activity.add(recordOfTrust(event, this.clock.now())),
      onChange: (server) => this.#upstreams.get(server)?.reviewTools(),
      onDifference: (server) => this.#upstreams.get(server)?.refresh('tools'),
    });
    this.#perform = this.#buildCallPath();
    this.changes = new RuntimeChanges({ store, clock, logger, config: () => this.#config });
    this.#make = (name, server) =>
      new Upstream({
        name,
        config: server,
        enabled: this.changes.enabled(name),
        store,
        clock,
        parked,
        secrets,
        logger: logger.child({ server: name }),
        graceMs: config.graceMs,
        limitBytes: config.messageLimitBytes,
        httpClient: () => this.httpClient(),
        review: (tools) => this.trust.review(name, tools),
        events: {
          onChange: () => this.#publish(),
          onListChanged: (kind) => this.#emit({ type: 'list-announced', server: name, kind }),
          onResourceUpdated: (params) => this.#emit({ type: 'resource-updated', server: name, uri: String(params.uri), params }),
          onLog: (params) => this.#emit({ type: 'log', server: name, params }),
        },
      });
    for (const [name, server] of Object.entries(config.mcpServers)) this.#upstreams.set(name, this.#make(name, server));
  }

  /** The configuration in force. */
  get config(): GatewayConfig {
    return this.#config;
  }

  /**
   * Takes a new configuration: servers that are declared as before keep their processes and calls, changed and removed ones
   * finish theirs first. What can only be changed by a restart is returned by name.
   */
  reload(config: GatewayConfig): Reloaded {
    const plan = planReload(this.#config, config);
    this.trust.configure(config);
    const old = new Map(this.#upstreams);
    this.#config = config;
    this.changes.dropStale();
    this.#upstreams.clear();
    for (const [name, server] of Object.entries(config.mcpServers)) {
      const kept = plan.unchanged.includes(name) ? old.get(name) : undefined;
      const upstream = kept ?? this.#make(name, server);
      this.#upstreams.set(name, upstream);
      if (kept) {
        kept.reviewTools();
        void kept.setEnabled(this.changes.enabled(name));
        continue;
      }
      this.#breakers.delete(name);
      this.#queues.delete(name);
      upstream.start();
    }
    for (const name of [...plan.changed, ...plan.removed]) {
      this.#watches.forget(name);
      void old.get(name)?.retire();
    }
    this.#perform = this.#buildCallPath();
    this.#publish();
    return plan;
  }

  /** Starts every enabled server at once; none waits for another. */
  start(): void {
    for (const upstream of this.#upstreams.values()) upstream.start();
  }

  /** Ends every server and resolves when no process is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.stop()));
    await this.#spans?.flush();
    await (await this.#httpClient)?.close();
    this.activity.close();
    this.#store.close();
  }

  /** Names of all declared servers, in declared order. */
  get serverNames(): string[] {
    return [...this.#upstreams.keys()];
  }

  /** The server of that name. Throws RpcError -32602 with the nearest name. */
  upstream(name: string): Upstream {
    const upstream = this.#upstreams.get(name);
    if (!upstream)
      throw new RpcError(errorCodes.invalidParams, `unknown server "${name}"${didYouMean(name, this.serverNames)}`, {
        httpStatus: 404,
      });
    return upstream;
  }

  /** A group, its servers in declared order. Throws RpcError with the nearest name. */
  group(group: string): Group {
    const written = Object.hasOwn(this.config.groups, group) ? this.config.groups[group] : undefined;
    if (!written) {
      throw new RpcError(
        errorCodes.invalidParams,
        `unknown group "${group}"${didYouMean(group, Object.keys(this.config.groups))}`,
        { httpStatus: 404 },
      );
    }
    const found = groupOf(written);
    return { ...found, servers: this.serverNames.filter((name) => found.servers.includes(name)) };
  }

  /** The one way to a server. Throws RpcError for every refusal and failure, AbortedError when the caller left. */
  call(call: Call): Promise<CallResult> {
    this.upstream(call.server);
    return this.#perform(call);
  }

  /** What a tool does to the world: as its settings say, else as it says itself (MCP, Tools › annotations: destructive unless told otherwise). */
  toolClass(server: string, tool: string): ToolClass {
    const declared = this.config.mcpServers[server]?.toolSettings[tool]?.class;
    if (declared) return declared;
    const annotations = objectOf(this.#upstreams.get(server)?.tool(tool)?.value.annotations);
    if (annotations.readOnlyHint === true) return 'read';
    return annotations.destructiveHint === false ? 'write' : 'destructive';
  }

  #buildCallPath(): (call: Call) => Promise<CallResult> {
    const { clock, config } = this;
    const settingsOf = settingsLookup(config.mcpServers);
    const server = (name: string) => config.mcpServers[name] as ServerConfig;
    return compose(
      gate.reviewed(this.trust, (name) => this.upstream(name))((call) => this.upstream(call.server).call(call)),
      [
        record({
          clock,
          add: (row) => {
            this.metrics.count(
              row.server,
              row.method === 'tools/call' ? row.name : '',
              row.outcome,
              row.runMs,
              row.queueMs,
              row.resultBytes,
            );
            this.activity.add(row);
            this.#spans?.add(spanOfCall(row));
          },
        }),
        authorize((name, tool) => this.toolClass(name, tool)),
        gate.known(this.trust),
        taskOwners(),
        rateLimit(clock),
        resultLimit(this.#results, settingsOf, this.logger),
        fairQueue(clock, this.#queues, (name) => ({ ...server(name), queueMs: server(name).timeouts.queueMs })),
        circuitBreaker(clock, (name) => this.breaker(name)),
        timeouts(clock, settingsOf),
      ],
    );
  }

  /** The queue of a server; undefined before its first call. */
  queue(server: string): FairQueue | undefined {
    return this.#queues.get(server);
  }

  /** The breaker of a server. */
  breaker(server: string): Breaker {
    let breaker = this.#breakers.get(server);
    if (!breaker) {
      breaker = new Breaker((this.config.mcpServers[server] as ServerConfig).breaker);
      this.#breakers.set(server, breaker);
    }
    return breaker;
  }

  /** What is published of these servers as one, to those who have these rights. */
  snapshot(servers: readonly string[], rights: Rights = allRights): CatalogSnapshot {
    const key = `${servers.join('\n')}\n${rights.key}`;
    let snapshot = this.#snapshots.get(key);
    if (!snapshot) {
      snapshot = buildSnapshot(servers.map((name) => ({ name, lists: this.lists(name, rights) })));
      if (this.#snapshots.size >= maxSnapshots) this.#snapshots.clear();
      this.#snapshots.set(key, snapshot);
    }
    return snapshot;
  }

  /** What a server offers to those who have these rights. Throws RpcError for an unknown name. */
  lists(server: string, rights: Rights): ServerLists {
    return permittedLists(server, this.upstream(server).lists, rights, (name, tool) => this.toolClass(name, tool));
  }

  /**
   * Waits for those of these servers that are in their first start, but not for long: what a slow one offers is announced
   * when it comes, and a mute one keeps nobody waiting.
   */
  async settled(servers: readonly string[]): Promise<void> {
    await Promise.all(
      servers.map(async (name) => {
        const upstream = this.upstream(name);
        const leftMs = upstream.since + settleMs - this.clock.now();
        if (upstream.state !== 'starting' || upstream.lists !== emptyLists || leftMs <= 0) return;
        const enough = new AbortController();
        const patience = sleep(leftMs, { clock: this.clock, signal: enough.signal, unref: true });
        await Promise.race([upstream.ready(), patience]).catch(() => {});
        patience.catch(() => {});
        enough.abort();
      }),
    );
  }

  /** Hears every event until the returned function is called. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wants updates of a resource. Resolves, once the server agreed, with the function that ends it. Throws RpcError. */
  watch(server: string, uri: string): Promise<() => void> {
    return this.#watches.begin(server, uri);
  }

  /** Enables or disables a server at run time, as far as `runtimeChanges` allows. Throws Problem 403, RpcError for an unknown name. */
  async setEnabled(name: string, enabled: boolean, who: string): Promise<void> {
    const upstream = this.upstream(name);
    this.changes.setEnabled(name, enabled, who);
    await upstream.setEnabled(enabled);
  }

  #publish(): void {
    this.#snapshots.clear();
    this.#emit({ type: 'lists-published' });
  }

  #emit(event: ServerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The one client for everything that is fetched. */
  httpClient(): Promise<HttpClient> {
    this.#httpClient ??= import('@switchyard/kit/http-client').then(({ createHttpClient }) =>
      createHttpClient({ connections: 128 }),
    );
    return this.#httpClient;
  }
}
