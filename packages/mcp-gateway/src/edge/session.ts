/**
 * Sessions of handshake-era clients. The id itself carries, signed, what the handshake agreed on, so a session outlives a
 * restart of the gateway: an id that is not known is opened again instead of refused.
 */

import { randomUUID } from 'node:crypto';
import type { Cancel, CancelSignal } from '@switchyard/kit/cancel';
import { ChurnMap } from '@switchyard/kit/churn-map';
import type { Clock } from '@switchyard/kit/clock';
import type { Caller, ClientFacts, Question } from '../call/call.ts';
import { errorCodes, type Incoming, type JsonObject, notificationText, RpcError, requestText } from '../jsonrpc/message.ts';
import { type LogLevel, reachesLevel } from '../protocol/revision.ts';
import type { Seal } from '../state/seal.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint, EndpointEvent } from './endpoint.ts';
import type { EventStream } from './reply.ts';

const purpose = 'session1';
/** Ids longer than this would not pass every proxy: such a session is known only as long as the process lives. */
const maxIdChars = 3000;
const idleMs = 3600_000;
const maxQueued = 100;
/** How long a client may take to answer a question: people think. */
const answerTimeoutMs = 600_000;

interface Agreed {
  /** Random, so that no two sessions share an id. */
  nonce: string;
  caller: string;
  path: string;
  protocolVersion: string;
  info: JsonObject;
  capabilities: JsonObject;
}

export class Session {
  readonly id: string;
  /** As of the last request, for a token may have been replaced by another one of the same name. */
  caller: Caller;
  readonly endpoint: Endpoint;
  readonly client: ClientFacts;
  /** Running requests by the id the client gave them, for `notifications/cancelled`. */
  readonly running = new ChurnMap<string | number, Cancel>();
  lastUsedAt: number;
  logLevel: LogLevel | undefined;
  readonly #streams = new Set<EventStream>();
  readonly #queued: string[] = [];
  readonly #questions = new Map<string | number, PromiseWithResolvers<JsonObject>>();
  readonly #watched = new Map<string, Promise<() => void>>();
  readonly #unlisten: () => void;
  #lastQuestionId = 0;

  constructor(id: string, caller: Caller, endpoint: Endpoint, client: ClientFacts, now: number) {
    this.id = id;
    this.caller = { ...caller, session: id };
    this.endpoint = endpoint;
    this.client = client;
    this.lastUsedAt = now;
    this.#unlisten = endpoint.listen((event) => this.#hear(event));
  }

  get idle(): boolean {
    return this.#streams.size === 0 && this.running.size === 0;
  }

  /** Adds the client's GET stream; what was said before it came is told now. */
  attach(stream: EventStream): void {
    this.#streams.add(stream);
    stream.onClose(() => this.#streams.delete(stream));
    for (const text of this.#queued.splice(0)) stream.send(text);
  }

  /** Asks the client over `send`, which is the stream of the call the question belongs to. */
  ask(question: Question, send: (text: string) => void, signal: CancelSignal): Promise<JsonObject> {
    const id = `switchyard-${++this.#lastQuestionId}`;
    const answer = Promise.withResolvers<JsonObject>();
    this.#questions.set(id, answer);
    const timer = setTimeout(
      () => answer.reject(new RpcError(errorCodes.internalError, 'the client did not answer in time')),
      answerTimeoutMs,
    );
    const onAbort = () => answer.reject(new RpcError(errorCodes.internalError, 'the call was cancelled'));
    signal.addEventListener('abort', onAbort, { once: true });
    send(requestText(id, question.method, question.params === undefined ? undefined : JSON.stringify(question.params)));
    return answer.promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#questions.delete(id);
    });
  }

  /** Takes the client's answer to a question. */
  answer(message: Incoming): void {
    const id = message.id;
    const question = id === undefined || id === null ? undefined : this.#questions.get(id);
    if (message.error) question?.reject(new RpcError(message.error.code, message.error.message, { data: message.error.data }));
    else question?.resolve(objectOf(message.result));
  }

  /** Subscribes to a resource; a second time does nothing. Throws RpcError when the server refuses. */
  async subscribe(uri: string): Promise<void> {
    const known = this.#watched.get(uri);
    if (known) return void (await known);
    const ending = this.endpoint.watch(uri);
    this.#watched.set(uri, ending);
    await ending.catch((error: unknown) => {
      this.#watched.delete(uri);
      throw error;
    });
  }

  async unsubscribe(uri: string): Promise<void> {
    const ending = this.#watched.get(uri);
    this.#watched.delete(uri);
    (await ending)?.();
  }

  end(): void {
    this.#unlisten();
    for (const uri of [...this.#watched.keys()]) this.unsubscribe(uri).catch(() => {});
    for (const controller of this.running.values()) controller.abort(new Error('the session ended'));
    for (const question of this.#questions.values()) question.reject(new RpcError(errorCodes.internalError, 'the session ended'));
    for (const stream of this.#streams) stream.end();
  }

  #hear(event: EndpointEvent): void {
    // The token was revoked or has expired since: what happens now is not for its holder any more.
    if (this.caller.isValid?.() === false) {
      for (const stream of this.#streams) stream.end();
      return;
    }
    if (event.type === 'list-changed') this.#tell(notificationText(`notifications/${event.kind}/list_changed`));
    else if (event.type === 'resource-updated') {
      if (this.#watched.has(event.uri)) this.#tell(notificationText('notifications/resources/updated', event.params));
    } else if (this.logLevel === undefined || reachesLevel(event.params.level, this.logLevel)) {
      this.#tell(notificationText('notifications/message', event.params));
    }
  }

  /** To one stream only (2025-11-25, Transports: a message MUST NOT be broadcast to several), kept for later when there is none. */
  #tell(text: string): void {
    for (const stream of this.#streams) {
      if (!stream.closed) return stream.send(text);
    }
    this.#queued.push(text);
    if (this.#queued.length > maxQueued) this.#queued.shift();
  }
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #ended = new Set<string>();
  readonly #seal: Seal;
  readonly #clock: Clock;

  constructor(seal: Seal, clock: Clock) {
    this.#seal = seal;
    this.#clock = clock;
    this.#sweepLater();
  }

  get size(): number {
    return this.#sessions.size;
  }

  create(caller: Caller, endpoint: Endpoint, client: ClientFacts): Session {
    const { protocolVersion, info, capabilities } = client;
    const agreed: Agreed = { nonce: randomUUID(), caller: caller.id, path: endpoint.path, protocolVersion, info, capabilities };
    const sealed = this.#seal.seal(purpose, agreed);
    return this.#add(sealed.length <= maxIdChars ? sealed : randomUUID(), caller, endpoint, client);
  }

  /** The session of that id for this caller at this endpoint; undefined when it ended, is damaged, or is somebody else's. */
  find(id: string, caller: Caller, endpoint: Endpoint): Session | undefined {
    const known = this.#sessions.get(id);
    if (known) {
      if (known.caller.id !== caller.id || known.endpoint.path !== endpoint.path) return undefined;
      known.lastUsedAt = this.#clock.now();
      if (known.caller.rights !== caller.rights || known.caller.isValid !== caller.isValid)
        known.caller = { ...caller, session: id };
      // Endpoints differ by rights: with other ones the session has to be opened anew from its id.
      if (known.endpoint === endpoint) return known;
      this.#sessions.delete(id);
      known.end();
    }
    if (this.#ended.has(id)) return undefined;
    const agreed = this.#seal.open(purpose, id) as Agreed | undefined;
    if (!agreed || agreed.caller !== caller.id || agreed.path !== endpoint.path) return undefined;
    const { protocolVersion, info, capabilities } = agreed;
    return this.#add(id, caller, endpoint, { protocolVersion, info, capabilities });
  }

  end(session: Session): void {
    this.#sessions.delete(session.id);
    this.#ended.add(session.id);
    if (this.#ended.size > 10_000) this.#ended.delete(this.#ended.values().next().value as string);
    session.end();
  }

  /** Ends every stream without ending the sessions: their clients come back to the next process. */
  stop(): void {
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
  }

  #add(id: string, caller: Caller, endpoint: Endpoint, client: ClientFacts): Session {
    const session = new Session(id, caller, endpoint, client, this.#clock.now());
    this.#sessions.set(id, session);
    return session;
  }

  /** Forgets sessions nobody used for an hour; their ids stay good. */
  #sweepLater(): void {
    this.#clock.setTimeout(
      () => {
        const before = this.#clock.now() - idleMs;
        for (const session of [...this.#sessions.values()]) {
          if (session.lastUsedAt > before || !session.idle) continue;
          this.#sessions.delete(session.id);
          session.end();
        }
        this.#sweepLater();
      },
      60_000,
      { unref: true },
    );
  }
}
