/**
 * What is made of a provider's answer: whole or stream, in the client's dialect already or to be translated. A reader is fed
 * with bytes, never throws, and says by `onDone` how it ended.
 */
import type { Dialect, ModelError, ModelRequest, RenderAnswerOptions, Stop, Usage } from '@switchyard/dialects';
import type { Flow } from '@switchyard/kit/answer';
import type { Clock } from '@switchyard/kit/clock';
import type { ClientAnswer } from '../client-answer.ts';

const streamTypes = { sse: 'text/event-stream; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

/** The Content-Type of a dialect's streams; Gemini's array form is JSON. */
export function streamTypeOf({ framing, streamType }: Dialect & { streamType?: string }): string {
  return streamType ?? streamTypes[framing];
}

/** What was learnt from an answer on its way. */
export interface Learnt {
  model?: string;
  usage?: Usage;
  stop?: Stop;
}

/** Takes an answer of a provider. */
export interface AnswerReader {
  readonly learnt: Learnt;
  data(chunk: Buffer): void;
  /** The provider ended in order. */
  end(): void;
  /** The connection broke, or time was up. */
  fail(error: ModelError): void;
}

export interface ReaderHandlers {
  /** The first sign of content. */
  onContent(): void;
  /** It is over. `error`: it went wrong; whether the client has heard of it says `answer.committed`. */
  onDone(error?: ModelError): void;
}

export interface ReaderOptions extends ReaderHandlers {
  answer: ClientAnswer;
  client: Dialect;
  upstream: Dialect;
  /** The request as the client's dialect was read; only translation needs it. */
  request(): ModelRequest;
  clock: Clock;
  flow: Flow;
  limitBytes: number;
  /** A usage chunk was asked for that the client does not expect. */
  stripUsage: boolean;
  contentType: string | undefined;
  /** How long the beginning of a stream may be held back. Default 5000. */
  holdMs?: number;
}

/** What a renderer has to know of the request: all but what was said, which may be large, and a stream long. */
export function renderOptions({ request, clock }: ReaderOptions): RenderAnswerOptions {
  return { request: { ...request(), messages: [] }, nowMs: clock.now() };
}
