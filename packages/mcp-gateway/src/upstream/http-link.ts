/**
 * The link over Streamable HTTP: every message is a POST, an answer is one JSON object or an event stream
 * (2025-03-26 … 2026-07-28). Sessions and the GET stream of the handshake revisions are switched on by the legacy peer.
 */

import { SseParser } from '@switchyard/dialects/sse';
import { abortSignalOf, type CancelSignal } from '@switchyard/kit/cancel';
import { sleep } from '@switchyard/kit/clock';
import type { HttpClient, HttpResponse } from '@switchyard/kit/http-client';
import {
  errorResponseText,
  type Incoming,
  type JsonId,
  notificationText,
  type RpcErrorObject,
  readMessage,
  requestText,
  resultResponseText,
} from '../jsonrpc/message.ts';
import { AbortedError, type Link, LinkError, type LinkEvents, type LinkRequest } from './link.ts';

export interface HttpLinkOptions extends LinkEvents {
  url: string;
  /** The configured headers with secrets resolved; read anew for every request, so that a rotated key is used at once. */
  headers: () => Record<string, string>;
  client: HttpClient;
  /** Largest answer or event, in bytes. */
  limitBytes: number;
}

const maxErrorBodyBytes = 64 * 1024;

export class HttpLink implements Link {
  readonly #options: HttpLinkOptions;
  readonly #closing = new AbortController();
  #lastId = 0;
  /** Value of MCP-Protocol-Version on every message once the revision is known. */
  protocolVersion: string | undefined;
  /** Session the server gave us in its answer to `initialize`. */
  sessionId: string | undefined;

  constructor(options: HttpLinkOptions) {
    this.#options = options;
  }

  get target(): string {
    const url = new URL(this.#options.url);
    return `${url.origin}${url.pathname}`;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  async request(request: LinkRequest): Promise<Incoming> {
    if (request.signal?.aborted) throw new AbortedError(request.signal.reason);
    const response = await this.#post(requestText(request.id, request.method, request.params), request.headers, request.signal);
    if (request.method === 'initialize') this.sessionId = headerOf(response, 'mcp-session-id');
    try {
      if (contentType(response) === 'text/event-stream') return await this.#readStream(response, request);
      return readMessage(await response.text(this.#options.limitBytes));
    } catch (error) {
      throw this.#asLinkError(error, request.signal);
    }
  }

  notify(method: string, params?: unknown): void {
    this.#postAndForget(notificationText(method, params));
  }

  respond(id: JsonId, outcome: { result: unknown } | { error: RpcErrorObject }): void {
    this.#postAndForget(
      'error' in outcome ? errorResponseText(id, outcome.error) : resultResponseText(id, JSON.stringify(outcome.result)),
    );
  }

  /**
   * Opens the GET stream on which a handshake-era server sends what belongs to no request, and keeps it open.
   * A server that has none answers 405 and is left alone.
   */
  async keepListening(): Promise<void> {
    const signal = this.#closing.signal;
    for (let delayMs = 1000; !signal.aborted; delayMs = Math.min(delayMs * 2, 30_000)) {
      try {
        const response = await this.#send('GET', undefined, { accept: 'text/event-stream' }, signal);
        if (response.status !== 200 || contentType(response) !== 'text/event-stream') {
          response.body.resume();
          if (response.status === 404 && this.sessionId !== undefined)
            this.#options.onClose(new LinkError('the server ended the session', { status: 404 }));
          if (response.status < 500) return;
        } else {
          delayMs = 500;
          await this.#readStream(response, undefined);
        }
      } catch {
        // The stream broke; the next round opens a new one.
      }
      await sleep(delayMs, { signal, unref: true }).catch(() => {});
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const sessionId = this.sessionId;
    if (sessionId !== undefined) {
      await this.#send('DELETE', undefined, {}, AbortSignal.timeout(2000)).then(
        (response) => response.body.resume(),
        () => {},
      );
    }
    this.#closing.abort(new LinkError('the connection was closed by the gateway'));
  }

  async #post(
    text: string,
    headers: Record<string, string> | undefined,
    signal: CancelSignal | undefined,
  ): Promise<HttpResponse> {
    const response = await this.#send(
      'POST',
      text,
      { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      signal,
    );
    if (response.status >= 200 && response.status < 300) return response;
    throw await failedAnswer(response, this.target);
  }

  async #send(
    method: string,
    body: string | undefined,
    headers: Record<string, string>,
    signal: CancelSignal | undefined,
  ): Promise<HttpResponse> {
    const closing = this.#closing.signal;
    if (closing.aborted && method !== 'DELETE') throw closing.reason;
    const all: Record<string, string> = { ...this.#options.headers(), ...headers };
    if (this.protocolVersion !== undefined) all['mcp-protocol-version'] ??= this.protocolVersion;
    if (this.sessionId !== undefined) all['mcp-session-id'] = this.sessionId;
    try {
      return await this.#options.client.request(this.#options.url, {
        method,
        headers: all,
        ...(body !== undefined && { body }),
        signal: signal ? AbortSignal.any([abortSignalOf(signal), closing]) : closing,
        headersTimeoutMs: 0,
        bodyTimeoutMs: 0,
      });
    } catch (error) {
      throw this.#asLinkError(error, signal);
    }
  }

  #postAndForget(text: string): void {
    this.#post(text, undefined, undefined).then(
      (response) => response.body.resume(),
      () => {},
    );
  }

  /** Reads an event stream until the answer to `request` came; without a request until the stream ends. */
  async #readStream(response: HttpResponse, request: LinkRequest | undefined): Promise<Incoming> {
    let answer: Incoming | undefined;
    const parser = new SseParser({
      limitChars: this.#options.limitBytes,
      onEvent: ({ event, data }) => {
        if (event !== 'message' || data === '') return;
        const message = readMessage(data);
        if (message.method !== undefined) {
          if (request?.onMessage) request.onMessage(message);
          else this.#options.onMessage(message);
        } else if (request && message.id === request.id) answer = message;
      },
    });
    response.body.setEncoding('utf8');
    for await (const text of response.body) {
      parser.feed(text as string);
      if (answer) {
        // Destroying would cut a connection that is worth keeping; the rest of a finished stream is its end.
        response.body.resume();
        return answer;
      }
    }
    throw new LinkError(`${this.target} ended the stream before it answered`);
  }

  #asLinkError(error: unknown, signal: CancelSignal | undefined): Error {
    if (signal?.aborted) return new AbortedError(signal.reason);
    if (this.#closing.signal.aborted) return this.#closing.signal.reason as Error;
    if (error instanceof LinkError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new LinkError(reason.startsWith(this.target) ? reason : `${this.target}: ${reason}`, { cause: error });
  }
}

function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function contentType(response: HttpResponse): string {
  return (headerOf(response, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Turns an answer outside 2xx into an error that keeps the status and, when the body is one, the JSON-RPC error. */
async function failedAnswer(response: HttpResponse, target: string): Promise<LinkError> {
  let rpcError: RpcErrorObject | undefined;
  let body = '';
  try {
    body = await response.text(maxErrorBodyBytes);
    rpcError = readMessage(body).error;
  } catch {
    // Not JSON-RPC: the status has to do.
  }
  const detail = rpcError?.message ?? body.replace(/\s+/g, ' ').trim().slice(0, 200);
  return new LinkError(`${target} answered ${response.status}${detail === '' ? '' : `: ${detail}`}`, {
    status: response.status,
    rpcError,
  });
}
