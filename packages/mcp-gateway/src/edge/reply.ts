/**
 * The answer to one POST: a JSON object when nothing but the result is sent, an event stream from the moment anything
 * else has to be said first (progress, logs, questions, or a sign of life).
 */
import { formatSseComment, formatSseEvent } from '@switchyard/dialects/sse';
import { ChurnMap } from '@switchyard/kit/churn-map';
import type { OutboundResponse } from '@switchyard/kit/inbound';
import { RpcError } from '../jsonrpc/message.ts';

/** After this much silence the stream is opened and a comment sent, so that no proxy or client gives up on a long call. */
const keepAliveMs = 15_000;

const open = new ChurnMap<number, Reply | EventStream>();
let lastTicket = 0;
let sweep: NodeJS.Timeout | undefined;

/** One timer for all open answers: arming one per call would cost more than the call's own bookkeeping. */
function watch(reply: Reply | EventStream): number {
  lastTicket += 1;
  open.set(lastTicket, reply);
  sweep ??= setInterval(() => {
    const now = Date.now();
    for (const one of open.values()) one.keepAlive(now);
    if (open.size === 0) {
      clearInterval(sweep);
      sweep = undefined;
    }
  }, keepAliveMs / 3).unref();
  return lastTicket;
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** An event stream to a client. */
export class EventStream {
  readonly #response: OutboundResponse;
  readonly #ticket: number;
  #lastWriteAt = Date.now();

  constructor(response: OutboundResponse, headers: Record<string, string> = {}) {
    this.#response = response;
    response.writeHead(200, { ...streamHeaders, ...headers });
    response.flushHeaders();
    this.#ticket = watch(this);
    response.once('close', () => open.delete(this.#ticket));
  }

  get closed(): boolean {
    return this.#response.closed || this.#response.writableEnded;
  }

  send(text: string): void {
    this.#lastWriteAt = Date.now();
    if (!this.closed) this.#response.write(formatSseEvent({ event: 'message', data: text }));
  }

  end(): void {
    open.delete(this.#ticket);
    this.#response.end();
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener);
  }

  keepAlive(now: number): void {
    if (now - this.#lastWriteAt < keepAliveMs || this.closed) return;
    this.#lastWriteAt = now;
    this.#response.write(formatSseComment());
  }
}

/** The header that goes with a refusal which a better token would mend (RFC 6750 §3.1: 403 insufficient_scope). */
export function challengeHeader(error: unknown): Record<string, string> {
  return error instanceof RpcError && error.challenge !== undefined ? { 'www-authenticate': error.challenge } : {};
}

export class Reply {
  readonly #response: OutboundResponse;
  readonly #mayStream: boolean;
  readonly #startedAt = Date.now();
  readonly #ticket: number;
  #stream: EventStream | undefined;

  /** `mayStream`: whether the client's Accept header allows an event stream. */
  constructor(response: OutboundResponse, mayStream: boolean) {
    this.#response = response;
    this.#mayStream = mayStream;
    this.#ticket = mayStream ? watch(this) : 0;
  }

  get mayStream(): boolean {
    return this.#mayStream;
  }

  /** Sends a message ahead of the result; lost when the client does not accept streams. */
  send(text: string): void {
    this.#openStream()?.send(text);
  }

  /** Sends the final message. `status` counts only while no stream is open. */
  end(text: string, status = 200, headers: Record<string, string> = {}): void {
    open.delete(this.#ticket);
    if (this.#stream) {
      this.#stream.send(text);
      this.#stream.end();
      return;
    }
    if (this.#response.headersSent || this.#response.closed) return;
    this.#response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    });
    this.#response.end(text);
  }

  /** Ends without a message: the client cancelled and expects none. */
  drop(): void {
    open.delete(this.#ticket);
    if (this.#stream) this.#stream.end();
    else if (!this.#response.headersSent && !this.#response.closed) this.#response.writeHead(202).end();
  }

  keepAlive(now: number): void {
    if (now - this.#startedAt < keepAliveMs) return;
    open.delete(this.#ticket);
    this.#openStream()?.keepAlive(now + keepAliveMs);
  }

  /** Calls the listener when the client left before it had its answer. */
  onGone(listener: () => void): void {
    this.#response.once('close', () => {
      open.delete(this.#ticket);
      if (!this.#response.writableFinished) listener();
    });
  }

  #openStream(): EventStream | undefined {
    if (!this.#mayStream || this.#response.closed || this.#response.writableEnded) return undefined;
    this.#stream ??= new EventStream(this.#response);
    return this.#stream;
  }
}
