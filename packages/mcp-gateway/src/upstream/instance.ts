/**
 * One running instance of a server: up to two connections to it, one per protocol era. Each caller is served over the one
 * of its own era when the server offers it ("era affinity"); the second is made when first needed. An instance is
 * connected once and never comes back: `replica.ts` makes a new one.
 */
import type { Clock } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { Call, CallResult, RunningCall } from '../call/call.ts';
import { type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { eraOfRevision } from '../protocol/revision.ts';
import type { Store } from '../state/store.ts';
import { type Connected, type ConnectOptions, connectAs, connectProbing } from './connect.ts';
import { LegacyPeer } from './legacy-peer.ts';
import { AbortedError, LinkError } from './link.ts';
import type { Links, OpenedLink } from './links.ts';
import { ownCall } from './lists.ts';
import { ModernPeer } from './modern-peer.ts';
import type { Peer, ServerFacts } from './peer.ts';

/** A verdict "handshake only" is asked anew after a week: servers get updated. */
const verdictTtlMs = 7 * 24 * 3600 * 1000;

export interface InstanceOptions {
  name: string;
  links: Links;
  /** `auto` asks the server which era it speaks. */
  protocol: 'auto' | 'legacy' | 'modern';
  /** Under which the era verdict is remembered: equal for equal targets. */
  verdictKey: string;
  store: Store;
  clock: Clock;
  logger: Logger;
  connect: Omit<ConnectOptions, 'links'>;
}

/** The server forgot the session (it was restarted) and refused the request without reading it: it may be sent again. */
export class SessionLostError extends LinkError {}

export class Instance {
  readonly #options: InstanceOptions;
  readonly #primary: Peer;
  /** Links that were opened for this instance: closed with it, whatever state they are in. */
  readonly #opened: Set<OpenedLink>;
  #handshake: Promise<LegacyPeer | undefined> | undefined;
  #watched: ReadonlySet<string> = new Set();
  #closed = false;
  /** Resolves when the primary connection broke by itself. */
  readonly broken: Promise<Error>;

  private constructor(options: InstanceOptions, { peer, broken }: Connected, opened: Set<OpenedLink>) {
    this.#options = options;
    this.#primary = peer;
    this.broken = broken;
    this.#opened = opened;
  }

  /** Connects; aborting ends whatever was started. Throws RpcError, LinkError, SecretError. */
  static async connect(options: InstanceOptions, signal: AbortSignal): Promise<Instance> {
    const opened = new Set<OpenedLink>();
    const connectOptions = { ...options.connect, links: recording(options.links, opened, signal) };
    const onAbort = () => void closeAll(opened);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const connected = await open(options, connectOptions);
      if (signal.aborted) throw new LinkError('the start was called off');
      return new Instance(options, connected, opened);
    } catch (error) {
      await closeAll(opened);
      if (error instanceof AbortedError)
        throw new LinkError(`it did not answer within ${options.connect.startTimeoutMs} ms (timeouts.startMs)`);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  get peer(): Peer {
    return this.#primary;
  }

  get facts(): ServerFacts {
    return this.#primary.facts;
  }

  /** The server's own answer to `server/discover`; undefined for a server of the handshake era. */
  get discoverText(): string | undefined {
    return this.#primary instanceof ModernPeer ? this.#primary.discoverText : undefined;
  }

  /** Throws RpcError, LinkError (SessionLostError when it may be sent again), AbortedError. */
  async call(call: RunningCall): Promise<CallResult> {
    const peer = this.#wantsPrimary(call.client.protocolVersion) ? this.#primary : await this.#peerOfHandshake();
    try {
      return await peer.call(call);
    } catch (error) {
      if (error instanceof LinkError && isLostSession(error, peer))
        throw new SessionLostError(error.message, { status: error.status ?? 404 });
      throw error;
    }
  }

  /** The whole answer to the handshake for a client of that revision, or one made of the server's facts. */
  async handshakeResult(protocolVersion: string): Promise<JsonObject> {
    const peer = this.#wantsPrimary(protocolVersion) ? this.#primary : await this.#peerOfHandshake();
    if (peer instanceof LegacyPeer) return peer.initializeResult;
    const { info, capabilities, instructions } = peer.facts;
    return { capabilities, serverInfo: info, ...(instructions !== undefined && { instructions }) };
  }

  /** Makes `uris` the resources whose updates are wanted; resolves once the server agreed. */
  async watchResources(uris: ReadonlySet<string>): Promise<void> {
    this.#watched = uris;
    const handshake = await this.#handshake;
    await Promise.all([this.#primary.watchResources(uris), handshake?.watchResources(uris)]);
  }

  async wantLogs(client: Call['client']): Promise<void> {
    (await this.#handshake)?.wantLogs(client);
    this.#primary.wantLogs(client);
  }

  /** Asks for a sign of life. Throws when none comes within the time. */
  async check(timeoutMs: number): Promise<void> {
    const method = this.#primary.era === 'legacy' ? 'ping' : 'server/discover';
    await this.#primary.call(ownCall(this.#options.name, method, {}, AbortSignal.timeout(timeoutMs)));
  }

  /** Ends every connection and resolves when nothing is left of them. */
  async close(): Promise<void> {
    this.#closed = true;
    const handshake = await this.#handshake?.catch(() => undefined);
    await Promise.all([this.#primary.close(), handshake?.close()]);
    await closeAll(this.#opened);
  }

  #wantsPrimary(protocolVersion: string): boolean {
    return this.#primary.era === 'legacy' || protocolVersion === '' || eraOfRevision(protocolVersion) === 'modern';
  }

  /** The peer for handshake-era callers of a stateless server: a connection of their own era if the server takes one. */
  async #peerOfHandshake(): Promise<Peer> {
    if (this.#options.protocol !== 'auto') return this.#primary;
    this.#handshake ??= this.#connectHandshake();
    return (await this.#handshake) ?? this.#primary;
  }

  async #connectHandshake(): Promise<LegacyPeer | undefined> {
    const { store, clock, logger, verdictKey, connect, links } = this.#options;
    const verdict = store.eraVerdict(verdictKey);
    if (verdict?.handshake === false && clock.now() - verdict.at < verdictTtlMs) return undefined;
    try {
      const recorded = recording(links, this.#opened, new AbortController().signal);
      const { peer, broken } = await connectAs('legacy', { ...connect, links: recorded });
      if (this.#closed) {
        await peer.close();
        return undefined;
      }
      store.putEraVerdict(verdictKey, { era: 'modern', handshake: true, at: clock.now() });
      void broken.then((reason) => {
        this.#handshake = undefined;
        if (!this.#closed) logger.warn('the connection for handshake-era clients ended', { reason: reason.message });
      });
      if (this.#watched.size > 0) peer.watchResources(this.#watched).catch(() => {});
      return peer as LegacyPeer;
    } catch (error) {
      // Only the server's own refusal is a verdict; a broken connection is asked again next time.
      if (error instanceof RpcError || (error instanceof LinkError && error.rpcError)) {
        store.putEraVerdict(verdictKey, { era: 'modern', handshake: false, at: clock.now() });
      } else this.#handshake = undefined;
      return undefined;
    }
  }
}

async function open({ protocol, store, clock, verdictKey }: InstanceOptions, options: ConnectOptions): Promise<Connected> {
  if (protocol !== 'auto') return connectAs(protocol, options);
  const verdict = store.eraVerdict(verdictKey);
  const fresh = verdict !== undefined && (verdict.era === 'modern' || clock.now() - verdict.at < verdictTtlMs);
  const connected = await (fresh && options.links.target.kind !== 'sse'
    ? openAsKnown(verdict.era, store, verdictKey, options)
    : connectProbing(options));
  if (store.eraVerdict(verdictKey)?.era !== connected.peer.era)
    store.putEraVerdict(verdictKey, { era: connected.peer.era, at: clock.now() });
  return connected;
}

async function openAsKnown(
  era: 'legacy' | 'modern',
  store: Store,
  verdictKey: string,
  options: ConnectOptions,
): Promise<Connected> {
  try {
    return await connectAs(era, options);
  } catch (error) {
    // The server may have changed its era since; the next try asks again.
    store.deleteEraVerdict(verdictKey);
    if (error instanceof RpcError || (error instanceof LinkError && error.status !== undefined)) return connectProbing(options);
    throw error;
  }
}

/** Opens links like `links`, remembering each, and none any more once the signal fired. */
function recording(links: Links, opened: Set<OpenedLink>, signal: AbortSignal): ConnectOptions['links'] {
  return {
    target: links.target,
    async open(how) {
      const link = await links.open(how);
      opened.add(link);
      void link.broken.then(() => opened.delete(link));
      if (signal.aborted) {
        await link.link.close();
        throw new LinkError('the start was called off');
      }
      return link;
    },
  };
}

async function closeAll(opened: Set<OpenedLink>): Promise<void> {
  await Promise.all([...opened].map(({ link }) => link.close()));
  opened.clear();
}

function isLostSession(error: LinkError, peer: Peer): boolean {
  if (peer.era !== 'legacy') return false;
  return error.status === 404 || (error.status === 400 && /session|not initialized/i.test(error.message));
}
