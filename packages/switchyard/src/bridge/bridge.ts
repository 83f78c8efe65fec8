/**
 * MCP over standard input and output on one side, Streamable HTTP on the other, for clients that cannot send headers or know
 * no HTTP. Messages of every era pass untouched; the bridge only keeps the session, and answers for a server that is away.
 */
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpClient, HttpResponse } from '@switchyard/kit/http-client';
import { TransportError } from '@switchyard/kit/http-client';
import { linesOf, writeLine } from './json-lines.ts';
import { answeredIds, errorAnswer, type Head, headOf, negotiatedVersion } from './message.ts';
import { ParamHeaders } from './param-headers.ts';
import { eventsOf } from './sse-events.ts';

export interface BridgeOptions {
  url: string;
  /** Headers of every request, read anew each time: a token may have been replaced. Throws with a message for the user. */
  headers(): Record<string, string>;
  client: HttpClient;
  input: Readable;
  output: Writable;
  /** A line for people: standard error. */
  tell(line: string): void;
  /** Ends the bridge as the end of the input does. */
  signal: AbortSignal;
}

/** Pauses between attempts to reach a server that is away, in ms: doubled each time up to the longest. */
const pauseMs = { first: 200, longest: 10_000 };
/** How long the first message waits for a server that is still starting. */
const startMs = 15_000;
/** How long the farewell may take. */
const farewellMs = 2_000;
const serverError = -32000;
const parseError = -32700;

/** Carries messages until the input ends or the signal comes; then cancels what is open and ends the session. */
export async function runBridge(options: BridgeOptions): Promise<void> {
  const bridge = new Bridge(options);
  const ended = new Promise<void>((resolve) => options.signal.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([bridge.carry(), ended]);
  await bridge.leave();
}

class Bridge {
  readonly #options: BridgeOptions;
  readonly #open = new Map<AbortController, Head>();
  readonly #stop = new AbortController();
  readonly #params = new ParamHeaders();
  #session: string | undefined;
  #version: string | undefined;
  /** Kept to begin a session anew when the server has forgotten it. */
  #initialize: { request: string; initialized: string | undefined } | undefined;
  #renewal: Promise<boolean> | undefined;
  #listening = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  async carry(): Promise<void> {
    for await (const line of linesOf(this.#options.input)) {
      if (line.trim() === '') continue;
      const head = headOf(line);
      if (head === undefined) {
        await this.#say(errorAnswer(null, parseError, 'what came is no JSON-RPC message; it was not passed on'));
        continue;
      }
      const sent = this.#send(line, head);
      // Nothing may overtake what opens the session.
      if (head.isInitialize) await sent;
    }
  }

  /** Cancels what is open, and ends the session. */
  async leave(): Promise<void> {
    const open = [...this.#open];
    this.#stop.abort();
    const farewell = AbortSignal.timeout(farewellMs);
    const legacy = open.flatMap(([, { ids, modern, isInitialize }]) => (modern || isInitialize ? [] : ids));
    for (const [controller] of open) controller.abort();
    const cancel = (requestId: string | number) =>
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason: 'the client ended' } });
    // For the 2026 era the broken connection says it.
    await Promise.allSettled(legacy.map((id) => this.#post(cancel(id), undefined, farewell).then(drain)));
    if (this.#session !== undefined) await this.#request('DELETE', { signal: farewell }).then(drain, () => {});
  }

  async #send(text: string, head: Head): Promise<void> {
    const controller = new AbortController();
    this.#open.set(controller, head);
    try {
      if (head.isInitialize) this.#initialize = { request: text, initialized: undefined };
      else if (head.method === 'notifications/initialized' && this.#initialize) this.#initialize.initialized = text;
      await this.#exchange(text, head, controller.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) await this.#fail(head, reasonOf(error));
    } finally {
      this.#open.delete(controller);
    }
  }

  async #exchange(text: string, head: Head, signal: AbortSignal): Promise<void> {
    const opens = head.isInitialize || head.method === 'server/discover';
    let response = await this.#patiently(() => this.#post(text, head, signal), opens ? startMs : 0, signal);
    if (response.status === 404 && this.#session !== undefined && !head.isInitialize && head.modern === undefined) {
      await drain(response);
      if (!(await this.#renew())) throw new Error('the server has forgotten the session, and a new one could not be opened');
      response = await this.#post(text, head, signal);
    }
    if (head.isInitialize) this.#session = headerOf(response, 'mcp-session-id');
    await this.#answer(response, head, signal);
    if (head.method === 'notifications/initialized') void this.#listen();
  }

  /** Repeats what certainly was not sent, until the time is over. */
  async #patiently(attempt: () => Promise<HttpResponse>, forMs: number, signal: AbortSignal): Promise<HttpResponse> {
    const end = performance.now() + forMs;
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.longest)) {
      try {
        return await attempt();
      } catch (error) {
        const isAway = error instanceof TransportError && !error.maybeSent;
        if (!isAway || performance.now() + pause > end) throw error;
        await sleep(pause, undefined, { signal });
      }
    }
  }

  async #answer(response: HttpResponse, head: Head, signal: AbortSignal): Promise<void> {
    const left = new Set(head.ids);
    const take = async (text: string) => {
      if (head.isInitialize) this.#version = negotiatedVersion(text) ?? this.#version;
      for (const id of answeredIds(text)) left.delete(id);
      this.#params.learn(text);
      await this.#say(text);
    };
    const type = headerOf(response, 'content-type') ?? '';
    if (type.startsWith('text/event-stream')) await this.#follow(response, take, () => left.size === 0, signal);
    else {
      const text = await wholeText(response);
      // An error of HTTP may have a JSON-RPC error in its body: that is for the client.
      if (type.startsWith('application/json') && headOf(text) !== undefined && /"jsonrpc"/.test(text) && left.size > 0)
        await take(answeredIds(text).length > 0 ? text : withId(text, head.ids[0] as string | number));
      else if (response.status >= 400) throw new Error(httpReason(response.status, text));
    }
    if (left.size > 0)
      throw new Error('the connection ended before the answer came; it is not known whether the call was carried out');
  }

  /** Reads a stream of events; one that breaks and has ids is taken up where it broke. */
  async #follow(
    first: HttpResponse,
    take: (text: string) => Promise<void>,
    isDone: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    let response = first;
    let lastId: string | undefined;
    let pause = pauseMs.first;
    for (let attempts = 0; attempts < 5; attempts++) {
      try {
        for await (const { data, id, retryMs } of eventsOf(response.body)) {
          lastId = id ?? lastId;
          pause = retryMs ?? pause;
          if (data !== '') await take(data);
        }
      } catch (error) {
        if (signal.aborted || lastId === undefined) throw error;
      }
      if (isDone() || lastId === undefined || this.#session === undefined) return;
      await sleep(pause, undefined, { signal });
      response = await this.#request('GET', { signal, headers: { 'last-event-id': lastId } });
      if (response.status !== 200) return drain(response);
    }
  }

  /** Messages that the server begins: a stream that is opened again whenever it ends. */
  async #listen(): Promise<void> {
    if (this.#listening || this.#session === undefined) return;
    this.#listening = true;
    const { signal } = this.#stop;
    let lastId: string | undefined;
    let pause = pauseMs.first;
    while (!signal.aborted) {
      try {
        const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId };
        const response = await this.#request('GET', { signal, headers });
        if (response.status >= 400 && response.status < 500) {
          await drain(response);
          // 405 and its like: this server never begins. A token may be replaced, and a limit passes.
          const mayPass = [401, 408, 429].includes(response.status) || (response.status === 404 && (await this.#renew()));
          if (!mayPass) break;
        }
        if (response.status === 200) pause = pauseMs.first;
        for await (const { data, id } of eventsOf(response.body)) {
          lastId = id ?? lastId;
          if (data !== '') await this.#say(data);
        }
      } catch {
        // The server is away; it is tried again.
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, pauseMs.longest);
    }
    this.#listening = false;
  }

  /** Opens the session again with the client's own words, once for all who ask. */
  #renew(): Promise<boolean> {
    this.#renewal ??= this.#reopen().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #reopen(): Promise<boolean> {
    const { request, initialized } = this.#initialize ?? {};
    if (request === undefined) return false;
    this.#session = undefined;
    const head = headOf(request) as Head;
    const response = await this.#post(request, head, this.#stop.signal);
    await drain(response);
    if (response.status !== 200) return false;
    this.#session = headerOf(response, 'mcp-session-id');
    if (initialized !== undefined) await this.#post(initialized, headOf(initialized), this.#stop.signal).then(drain);
    this.#options.tell('the server had forgotten the session; a new one was opened');
    return true;
  }

  #post(body: string, head: Head | undefined, signal: AbortSignal): Promise<HttpResponse> {
    const { modern, call } = head ?? {};
    const mirrored = modern && call ? this.#params.headersFor(call.tool, call.args) : {};
    return this.#request('POST', { signal, body, headers: { 'content-type': 'application/json', ...modern, ...mirrored } });
  }

  #request(
    method: string,
    { signal, body, headers }: { signal: AbortSignal; body?: string; headers?: Record<string, string> },
  ): Promise<HttpResponse> {
    const { client, url } = this.#options;
    return client.request(url, {
      method,
      signal,
      ...(body !== undefined && { body }),
      headers: {
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        ...(this.#session !== undefined && { 'mcp-session-id': this.#session }),
        ...(this.#version !== undefined && { 'mcp-protocol-version': this.#version }),
        ...this.#options.headers(),
        ...headers,
      },
      // The server's own timers decide how long a call may take.
      headersTimeoutMs: 0,
      bodyTimeoutMs: 0,
    });
  }

  async #fail({ ids, method }: Head, reason: string): Promise<void> {
    for (const id of ids) await this.#say(errorAnswer(id, serverError, reason));
    if (ids.length === 0) this.#options.tell(`${method ?? 'an answer'} could not be passed on: ${reason}`);
  }

  async #say(text: string): Promise<void> {
    await writeLine(this.#options.output, text);
  }
}

function headerOf({ headers }: HttpResponse, name: string): string | undefined {
  return [headers[name]].flat()[0];
}

async function wholeText({ body }: HttpResponse): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

async function drain(response: HttpResponse): Promise<void> {
  await wholeText(response).catch(() => {});
}

/** A JSON-RPC error that names no request, as the answer to one. */
function withId(text: string, id: string | number): string {
  return JSON.stringify({ ...(JSON.parse(text) as object), id });
}

function httpReason(status: number, text: string): string {
  const remedy =
    status === 401
      ? ' (the token is missing, wrong or expired: see --token-file and --token-env; `switchyard token create` makes one)'
      : status === 403
        ? ' (the token may not do this)'
        : '';
  return `the server answered ${status}${remedy}: ${text.slice(0, 300)}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
