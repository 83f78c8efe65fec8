/**
 * The HTTP+SSE transport of revision 2024-11-05: one GET event stream brings every message, its first event names the
 * URL to which ours are posted. Deprecated since 2025-03-26 and still common.
 */
import { SseParser } from '@switchyard/dialects/sse';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Channel, ChannelEvents } from './channel.ts';
import { LinkError } from './link.ts';

export interface SseChannelOptions {
  url: string;
  headers: () => Record<string, string>;
  client: HttpClient;
  limitBytes: number;
  /** How long the server may take to name its endpoint. */
  startTimeoutMs: number;
}

/** Opens the stream and waits for the endpoint event. Rejects with a LinkError that says what was answered instead. */
export async function openSseChannel(options: SseChannelOptions): Promise<Channel> {
  const closing = new AbortController();
  const target = `${new URL(options.url).origin}${new URL(options.url).pathname}`;
  let events: ChannelEvents | undefined;
  const early: string[] = [];
  let ended: Error | undefined;
  const end = (reason: Error) => {
    if (ended) return;
    ended = reason;
    closing.abort(reason);
    events?.onEnd(reason);
  };

  const response = await options.client.request(options.url, {
    method: 'GET',
    headers: { ...options.headers(), accept: 'text/event-stream' },
    signal: closing.signal,
    headersTimeoutMs: options.startTimeoutMs,
    bodyTimeoutMs: 0,
  });
  const type = String(response.headers['content-type'] ?? '');
  if (response.status !== 200 || !type.startsWith('text/event-stream')) {
    closing.abort();
    throw new LinkError(
      `${target} answered ${response.status} (${type || 'no content type'}) where an event stream was expected`,
      { status: response.status },
    );
  }

  const endpoint = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new LinkError(`${target} named no endpoint within ${options.startTimeoutMs} ms`));
      closing.abort();
    }, options.startTimeoutMs);
    const parser = new SseParser({
      limitChars: options.limitBytes,
      onEvent: ({ event, data }) => {
        if (event === 'endpoint') {
          clearTimeout(timer);
          resolve(data);
        } else if (event === 'message') {
          if (events) events.onText(data);
          else early.push(data);
        }
      },
    });
    response.body.setEncoding('utf8');
    response.body.on('data', (text: string) => {
      try {
        parser.feed(text);
      } catch (error) {
        end(new LinkError(`${target}: ${(error as Error).message}`));
      }
    });
    const onEnd = () => {
      clearTimeout(timer);
      const reason = new LinkError(`${target} ended the event stream`);
      reject(reason);
      end(reason);
    };
    response.body.once('end', onEnd);
    response.body.once('error', onEnd);
    response.body.once('close', onEnd);
  });

  // The endpoint must be on the server we were told to trust: our headers hold its credentials.
  const postUrl = new URL(endpoint, options.url);
  if (postUrl.origin !== new URL(options.url).origin) {
    closing.abort();
    throw new LinkError(`${target} named an endpoint on another origin (${postUrl.origin})`);
  }

  return {
    target,
    start(given) {
      events = given;
      for (const text of early.splice(0)) given.onText(text);
      if (ended) given.onEnd(ended);
    },
    send(text) {
      options.client
        .request(postUrl, {
          method: 'POST',
          body: text,
          headers: { ...options.headers(), 'content-type': 'application/json' },
          signal: closing.signal,
          headersTimeoutMs: 60_000,
          bodyTimeoutMs: 60_000,
        })
        .then(
          (answer) => {
            answer.body.resume();
            if (answer.status >= 400)
              end(new LinkError(`${target} answered ${answer.status} to a message`, { status: answer.status }));
          },
          (error: Error) => end(new LinkError(`${target}: ${error.message}`)),
        );
    },
    async stop() {
      end(new LinkError('the connection was closed by the gateway'));
    },
  };
}
