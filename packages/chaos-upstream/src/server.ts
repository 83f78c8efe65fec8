/** The server: records each request, decides what it is answered and how it is to go wrong. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject } from '@switchyard/dialects';
import { type Ask, Refusal, type Reply, type Wire } from './ask.ts';
import { type Delivery, sendStream, sendWhole } from './delivery.ts';
import { errorShape, type Provider } from './error-shapes.ts';
import { answerTo } from './fake-model.ts';
import { type Fault, faultOfModel, Script, type ScriptLine } from './fault.ts';
import { FailureGuard } from './guard.ts';
import { errorBodyFor, flavourOf, type Incoming, type Route, refusalBody, routeOf } from './routes.ts';
import type { ChatFlavour } from './wires/chat.ts';

export interface ChaosOptions {
  /** Default: a free port. */
  port?: number;
  /** What lists of models hold. Any name is answered all the same. Default `chaos-1`. */
  models?: string[];
  /** How OpenAI-like paths speak that do not say whose they are. Default `openai`. */
  flavour?: ChatFlavour;
  /** A key that must be shown (`Authorization: Bearer`, `x-api-key`, `x-goog-api-key`); default: any or none. */
  key?: string;
  /** Blocks for `windowMs` after more than `most` failures within it, on paths of Venice. Default: off. */
  veniceGuard?: boolean | { windowMs?: number; most?: number };
  /** Added to what scripts and model names say. */
  fault?: Fault;
}

export interface RecordedRequest {
  method: string;
  /** As it came, with the query. */
  url: string;
  path: string;
  headers: Record<string, string>;
  /** Undefined when it was no JSON object. */
  body: JsonObject | undefined;
  text: string;
  model: string;
  provider: Provider | undefined;
  fault: Fault | undefined;
  status: number | undefined;
  /** Events of a stream that were handed to the socket. */
  events: number;
  /** By `performance.now()`, which all of this process share. */
  receivedAt: number;
  finishedAt: number | undefined;
  /** When the client went away before the answer was complete. */
  abortedAt: number | undefined;
}

export interface ChaosUpstream {
  /** `http://127.0.0.1:port` */
  url: string;
  requests: RecordedRequest[];
  guard: FailureGuard | undefined;
  /** Faults for the next requests, in order. */
  script(...lines: (Fault | ScriptLine)[]): void;
  clearScript(): void;
  /** Resolves once `count` requests were recorded. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startChaosUpstream(options: ChaosOptions = {}): Promise<ChaosUpstream> {
  const chaos = new Chaos(options);
  await chaos.listen();
  return chaos;
}

class Chaos implements ChaosUpstream {
  url = '';
  readonly requests: RecordedRequest[] = [];
  readonly guard: FailureGuard | undefined;
  readonly #options: ChaosOptions;
  readonly #script = new Script();
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => {
    void this.#serve(request, response).catch((error: unknown) => {
      // A fault of this server must be seen, not be taken for one that was asked for.
      if (!response.headersSent) response.writeHead(599);
      response.end(String(error));
    });
  });
  #answers = 0;
  #watchers: (() => void)[] = [];

  constructor(options: ChaosOptions) {
    this.#options = options;
    const guard = options.veniceGuard;
    this.guard = guard === undefined || guard === false ? undefined : new FailureGuard(guard === true ? {} : guard);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port ?? 0, '127.0.0.1', () => resolve());
    });
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  script(...lines: (Fault | ScriptLine)[]): void {
    this.#script.add(...lines);
  }

  clearScript(): void {
    this.#script.clear();
  }

  async received(count: number): Promise<void> {
    while (this.requests.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://chaos');
    const record = this.#record(request, url.pathname);
    const gone = new AbortController();
    let isKilled = false;
    response.on('close', () => {
      if (response.headersSent) record.status = response.statusCode;
      if (response.writableFinished) record.finishedAt = performance.now();
      else if (!isKilled && !this.#closing.signal.aborted) record.abortedAt = performance.now();
      gone.abort();
    });
    record.text = await textOf(request).catch(() => '');
    if (gone.signal.aborted) return;
    record.body = objectIn(record.text);
    const incoming: Incoming = {
      method: record.method,
      path: record.path,
      query: url.searchParams,
      headers: record.headers,
      models: this.#options.models ?? ['chaos-1'],
      flavour: flavourOf(record.path, this.#options.flavour ?? 'openai'),
    };
    const route = routeOf(incoming);
    record.provider = route?.provider;
    record.model =
      route !== undefined && 'model' in route && route.model !== undefined ? route.model : String(record.body?.model ?? '');
    const fault = this.#faultFor(record);
    record.fault = fault;
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const onEvent = () => {
      record.events += 1;
    };
    const onKill = () => {
      isKilled = true;
    };
    await this.#answer(record, route, { response, fault: fault ?? {}, signal, onEvent, onKill });
    if (response.headersSent) record.status = response.statusCode;
    this.#count(record);
  }

  #record(request: IncomingMessage, path: string): RecordedRequest {
    const headers: Record<string, string> = {};
    for (const name in request.headers) headers[name] = String(request.headers[name]);
    const record: RecordedRequest = {
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      path,
      headers,
      body: undefined,
      text: '',
      model: '',
      provider: undefined,
      fault: undefined,
      status: undefined,
      events: 0,
      receivedAt: performance.now(),
      finishedAt: undefined,
      abortedAt: undefined,
    };
    this.requests.push(record);
    for (const watcher of this.#watchers.splice(0)) watcher();
    return record;
  }

  #faultFor(record: RecordedRequest): Fault | undefined {
    const { path, model, headers, body } = record;
    const scripted = this.#script.take({ path, model, headers, body });
    const named = faultOfModel(model);
    if (scripted === undefined && named === undefined) return this.#options.fault;
    return { ...this.#options.fault, ...named, ...scripted };
  }

  #count(record: RecordedRequest): void {
    if (record.provider === 'venice' && record.status !== undefined && record.status >= 400) this.guard?.fail(performance.now());
  }

  async #answer(record: RecordedRequest, route: Route | undefined, delivery: Delivery): Promise<void> {
    const { fault } = delivery;
    const provider = route?.provider ?? flavourOf(record.path, this.#options.flavour ?? 'openai');
    const refuse = (status: number, body: JsonObject | string, headers: Record<string, string> = {}) =>
      this.#refuse({ ...delivery, fault: { ...fault, headers: { ...headers, ...fault.headers } } }, status, body);
    if (provider === 'venice' && this.guard?.isBlocked(performance.now())) {
      return await refuse(429, { error: 'Too many failed requests. Please try again later.' });
    }
    if (fault.shape !== undefined) {
      const shape = errorShape(fault.shape);
      return await refuse(shape.status, fault.body ?? shape.body, shape.headers);
    }
    if (fault.status !== undefined) {
      return await refuse(fault.status, fault.body ?? errorBodyFor(provider, fault.status, `chaos says ${fault.status}`));
    }
    if (fault.body !== undefined) return await refuse(200, fault.body);
    if (this.#options.key !== undefined && keyIn(record.headers) !== this.#options.key) {
      return await refuse(401, errorBodyFor(provider, 401, 'the key is wrong'));
    }
    if (route === undefined) return await refuse(404, errorBodyFor(provider, 404, `nothing is served at ${record.path}`));
    try {
      await this.#deliver(record, route, delivery);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await refuse(error.status, refusalBody(provider, error));
    }
  }

  async #deliver(record: RecordedRequest, route: Route, delivery: Delivery): Promise<void> {
    const body = record.body;
    if ('plain' in route) return await sendWhole(delivery, 200, JSON.stringify(route.plain(body ?? {})), 'application/json');
    if (body === undefined) throw new Refusal(400, 'the body is no JSON object');
    const { model, stream } = route;
    const ask = route.wire.read(body, { ...(model !== undefined && { model }), ...(stream !== undefined && { stream }) });
    const fault = delivery.fault;
    this.#answers += 1;
    const reply = answerTo(ask, String(this.#answers).padStart(6, '0'), record.text.length);
    if (fault.errorInside) {
      const inside = route.wire.errorInside('the provider failed');
      return await sendWhole(delivery, 200, JSON.stringify(inside), 'application/json');
    }
    if (!ask.stream)
      return await sendWhole(delivery, 200, JSON.stringify(wholeOf(route.wire, reply, ask, fault)), 'application/json');
    const events = route.wire.stream(reply, ask, fault.usage ?? 'normal');
    await sendStream(delivery, events, route.wire.errorEvent('the provider failed'), route.wire.contentType);
  }

  async #refuse(delivery: Delivery, status: number, body: JsonObject | string): Promise<void> {
    const contentType = typeof body === 'string' ? 'text/plain' : 'application/json';
    await sendWhole(delivery, status, typeof body === 'string' ? body : JSON.stringify(body), contentType);
  }
}

function wholeOf(wire: Wire, reply: Reply, ask: Ask, fault: Fault): JsonObject {
  const whole = wire.whole(reply, ask);
  if (fault.usage !== 'missing') return whole;
  const { usage: _, usageMetadata: __, prompt_eval_count: ___, eval_count: ____, ...uncounted } = whole;
  return uncounted;
}

function keyIn(headers: Record<string, string>): string | undefined {
  return headers['x-api-key'] ?? headers['x-goog-api-key'] ?? /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
