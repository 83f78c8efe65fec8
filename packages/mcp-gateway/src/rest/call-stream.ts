/** A running call as an event stream: `progress` events, then one `result` or one `error`; comments keep it alive meanwhile. */
import { formatSseComment, formatSseEvent } from '@switchyard/dialects/sse';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { JsonObject } from '../jsonrpc/message.ts';

const keepAliveMs = 15_000;
/** A caller that reads slower than this many waiting events misses progress, which the next one makes up for. */
const waitingEvents = 100;

export interface CallStreamOptions {
  clock: Clock;
  /** Starts the call; gives the text of its result. */
  run(onProgress: (params: JsonObject) => void): Promise<string>;
  /** The problem object that a failed call ends with. */
  problem(error: unknown): object;
  /** Called when the caller stops reading. */
  onCancel(): void;
}

/** The body of the answer: UTF-8 server-sent events. */
export function callStream({ clock, run, problem, onCancel }: CallStreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let timer: Timer | undefined;
  let open = true;
  return new ReadableStream({
    start(controller) {
      const write = (text: string) => open && controller.enqueue(encoder.encode(text));
      const keepAlive = () => {
        timer = clock.setTimeout(
          () => {
            write(formatSseComment());
            keepAlive();
          },
          keepAliveMs,
          { unref: true },
        );
      };
      const end = (event: string, data: string) => {
        timer?.cancel();
        write(formatSseEvent({ event, data }));
        if (open) controller.close();
        open = false;
      };
      // Something to send makes the headers leave at once.
      write(formatSseComment());
      keepAlive();
      run((params) => {
        if ((controller.desiredSize ?? 0) > -waitingEvents)
          write(formatSseEvent({ event: 'progress', data: JSON.stringify(params) }));
      }).then(
        (text) => end('result', text),
        (error: unknown) => end('error', JSON.stringify(problem(error))),
      );
    },
    cancel() {
      open = false;
      timer?.cancel();
      onCancel();
    },
  });
}
