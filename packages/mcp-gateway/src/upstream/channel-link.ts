/** The link over a channel: gives requests ids, finds the request that an answer belongs to, hands everything else on. */
import { ChurnMap } from '@switchyard/kit/churn-map';
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
import type { Channel } from './channel.ts';
import type { OversizedLine } from './lines.ts';
import { AbortedError, type Link, LinkError, type LinkEvents, type LinkRequest } from './link.ts';

export interface ChannelLinkOptions extends LinkEvents {
  /** A text that is not a JSON-RPC message (some servers print greetings to stdout). */
  onNoise?(text: string): void;
}

interface Pending {
  resolve(message: Incoming): void;
  reject(error: Error): void;
  unlisten?: () => void;
}

export class ChannelLink implements Link {
  readonly #channel: Channel;
  readonly #options: ChannelLinkOptions;
  readonly #pending = new ChurnMap<JsonId, Pending>();
  #lastId = 0;
  #closed: Error | undefined;

  constructor(channel: Channel, options: ChannelLinkOptions) {
    this.#channel = channel;
    this.#options = options;
    channel.start({
      onText: (text) => this.#receive(text),
      onOversized: (message) => this.#receiveOversized(message),
      onEnd: (reason) => this.#end(reason, true),
    });
  }

  get target(): string {
    return this.#channel.target;
  }

  get pid(): number | undefined {
    return this.#channel.pid;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  request({ id, method, params, signal }: LinkRequest): Promise<Incoming> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(new AbortedError(signal.reason));
    return new Promise((resolve, reject) => {
      const pending: Pending = { resolve, reject };
      this.#pending.set(id, pending);
      if (signal) {
        const onAbort = () => {
          this.#pending.delete(id);
          reject(new AbortedError(signal.reason));
        };
        signal.addEventListener('abort', onAbort, { once: true });
        pending.unlisten = () => signal.removeEventListener('abort', onAbort);
      }
      this.#send(requestText(id, method, params));
    });
  }

  notify(method: string, params?: unknown): void {
    this.#send(notificationText(method, params));
  }

  respond(id: JsonId, outcome: { result: unknown } | { error: RpcErrorObject }): void {
    this.#send(
      'error' in outcome ? errorResponseText(id, outcome.error) : resultResponseText(id, JSON.stringify(outcome.result)),
    );
  }

  async close(): Promise<void> {
    this.#end(new LinkError('the connection was closed by the gateway'), false);
    await this.#channel.stop();
  }

  #send(text: string): void {
    if (!this.#closed) this.#channel.send(text);
  }

  #receive(text: string): void {
    let message: Incoming;
    try {
      message = readMessage(text);
    } catch (error) {
      this.#receiveBroken(text, error as Error);
      return;
    }
    if (message.method !== undefined) this.#hand(message);
    else if (message.id !== undefined && message.id !== null) this.#take(message.id)?.resolve(message);
  }

  /** What a server says outside of an answer must not end us, whatever it holds: there is nobody else who would catch it. */
  #hand(message: Incoming): void {
    try {
      this.#options.onMessage(message);
    } catch (error) {
      this.#options.onNoise?.(`${message.text.slice(0, 500)} … (${(error as Error).message})`);
    }
  }

  #take(id: JsonId): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    pending.unlisten?.();
    return pending;
  }

  /** A text that cannot be used: the request it answers, if that can be told, fails at once instead of timing out. */
  #receiveBroken(text: string, error: Error): void {
    const pending = this.#pendingNamedIn(text.slice(0, 4096), text.slice(-4096));
    if (pending) pending.reject(new LinkError(`the server sent a broken answer: ${error.message}`));
    else this.#options.onNoise?.(text);
  }

  #receiveOversized(message: OversizedLine): void {
    const pending = this.#pendingNamedIn(message.head, message.tail);
    const why = `the server sent a message of ${message.sizeChars} characters, which is over the limit`;
    if (pending) pending.reject(new LinkError(why));
    else this.#options.onNoise?.(`${message.head.slice(0, 200)} … (${why})`);
  }

  /** Servers write the id first or last; whichever end names one of our pending requests decides. */
  #pendingNamedIn(head: string, tail: string): Pending | undefined {
    const match =
      /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)\s*,/.exec(head) ??
      /,\s*"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(tail);
    return match ? this.#take(Number(match[1])) : undefined;
  }

  #end(reason: Error, report: boolean): void {
    if (this.#closed) return;
    this.#closed = reason;
    for (const id of this.#pending.keys()) this.#take(id)?.reject(reason);
    if (report) this.#options.onClose(reason);
  }
}
