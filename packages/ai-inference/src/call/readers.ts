/**
 * What is made of a provider's answer: whole or stream, in the client's dialect already or to be translated. A reader is fed
 * with bytes, never throws, and says in `outcome` how it ended.
 */
import { StringDecoder } from 'node:string_decoder';
import {
  AnswerError,
  type Dialect,
  DialectError,
  type ModelAnswer,
  type ModelError,
  type ModelEvent,
  type ModelRequest,
  parseObject,
  type RenderAnswerOptions,
  type Stop,
  type StreamParser,
  type StreamRenderer,
  type Usage,
} from '@switchyard/dialects';
import { FrameSplitter, framesOf } from '@switchyard/dialects/frames';
import { eventsOf, mergeUsage } from '@switchyard/dialects/model/replay';
import { streamErrorFrame } from '@switchyard/dialects/stream-error';
import type { Flow } from '@switchyard/kit/answer';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { ClientAnswer } from './client-answer.ts';

const streamTypes = { sse: 'text/event-stream; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

/** The Content-Type of a dialect's streams; Gemini's array form is JSON. */
function streamTypeOf({ framing, streamType }: Dialect & { streamType?: string }): string {
  return streamType ?? streamTypes[framing];
}

/** What was learnt from an answer on its way. */
export interface Learnt {
  model?: string;
  usage?: Usage;
  stop?: Stop;
}

/**
 * How long the beginning of a stream is held back: it may still be followed by an error, for which another provider could be
 * asked. After that the client's own patience counts more.
 */
const defaultHoldMs = 5000;

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

/** A whole answer; also for a client who wants a stream, when the provider gives none. */
export class WholeReader implements AnswerReader {
  readonly learnt: Learnt = {};
  readonly #options: ReaderOptions & { asStream: boolean };
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #done = false;

  constructor(options: ReaderOptions & { asStream: boolean }) {
    this.#options = options;
  }

  data(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#options.limitBytes)
      return this.fail({ kind: 'malformed', message: `the provider's answer is larger than ${this.#options.limitBytes} bytes` });
    this.#chunks.push(chunk);
  }

  fail(error: ModelError): void {
    if (this.#done) return;
    this.#done = true;
    this.#chunks.length = 0;
    this.#options.onDone(error);
  }

  end(): void {
    if (this.#done) return;
    const { answer, client, upstream, asStream, flow } = this.#options;
    const [only] = this.#chunks;
    const bytes = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    const body = parseObject(bytes.toString('utf8'));
    if (!body) return this.fail({ kind: 'malformed', message: "the provider's answer is not a JSON object" });
    let read: ModelAnswer;
    try {
      read = upstream.parseAnswer(body);
    } catch (error) {
      if (error instanceof AnswerError) return this.fail(error.error);
      const message = error instanceof DialectError ? error.message : 'it cannot be understood';
      return this.fail({ kind: 'malformed', message: `the provider's answer: ${message}` });
    }
    this.#done = true;
    this.learnt.model = read.model;
    this.learnt.stop = read.stop;
    if (read.usage) this.learnt.usage = read.usage;
    this.#options.onContent();
    if (asStream) streamWhole(read, client, answer, flow, renderOptions(this.#options));
    else if (client === upstream) answer.whole(200, bytes);
    else answer.whole(200, JSON.stringify(client.renderAnswer(read, renderOptions(this.#options))));
    this.#options.onDone();
  }
}

/** Tells a whole answer as the stream that the client asked for. */
export function streamWhole(
  read: ModelAnswer,
  client: Dialect,
  answer: ClientAnswer,
  flow: Flow,
  options: RenderAnswerOptions,
): void {
  answer.beginStream(streamTypeOf(client));
  const renderer = client.streamRenderer((text) => answer.write(text, flow), options);
  for (const event of eventsOf(read)) renderer.push(event);
  answer.end();
}

/** What both kinds of stream share: the upstream's parser watches, content is noticed, the end is told. */
abstract class StreamReader implements AnswerReader {
  readonly learnt: Learnt = {};
  protected readonly options: ReaderOptions;
  protected readonly parser: StreamParser;
  readonly #decoder = new StringDecoder('utf8');
  #ended: 'end' | ModelError | undefined;
  #sawContent = false;
  #done = false;
  #release: Timer | undefined;

  constructor(options: ReaderOptions) {
    this.options = options;
    this.parser = options.upstream.streamParser((event) => this.#watch(event));
  }

  #watch(event: ModelEvent): void {
    switch (event.type) {
      case 'ping':
        break;
      case 'start':
        this.learnt.model = event.model;
        if (event.usage) this.learnt.usage = mergeUsage(this.learnt.usage, event.usage);
        break;
      case 'usage':
        this.learnt.usage = mergeUsage(this.learnt.usage, event.usage);
        break;
      case 'stop':
        this.learnt.stop = event.stop;
        break;
      case 'error':
        this.#ended ??= event.error;
        break;
      case 'end':
        this.#ended ??= 'end';
        break;
      default:
        if (!this.#sawContent) {
          this.#sawContent = true;
          this.options.onContent();
        }
    }
    this.seen(event);
  }

  protected feed(chunk: Buffer): void {
    this.parser.feed(this.#decoder.write(chunk));
  }

  /** The error that the stream itself told. */
  protected get toldError(): ModelError | undefined {
    return typeof this.#ended === 'object' ? this.#ended : undefined;
  }

  protected get isDone(): boolean {
    return this.#done;
  }

  /** Has what is held back sent when it has waited long enough, also when the provider says nothing more. */
  protected holdUntilLate(release: () => void): void {
    const { clock, holdMs = defaultHoldMs } = this.options;
    this.#release ??= clock.setTimeout(release, holdMs, { unref: true });
  }

  protected finish(error?: ModelError): void {
    this.#release?.cancel();
    if (this.#done) return;
    this.#done = true;
    this.options.onDone(error);
  }

  protected abstract seen(event: ModelEvent): void;
  abstract data(chunk: Buffer): void;

  end(): void {
    if (this.#done) return;
    this.parser.end();
    // The parser has said `end` or `error` by now.
    this.fail({ kind: 'cut', message: 'the provider ended the stream before the answer was complete' });
  }

  /** The transfer is over. What the stream itself said of its end counts more than how the connection went. */
  fail(error: ModelError): void {
    if (this.#done) return;
    if (this.#ended === 'end') this.complete();
    else this.broken(this.#ended ?? error);
  }

  /** The provider's stream is whole. */
  protected abstract complete(): void;
  /** It is not. */
  protected abstract broken(error: ModelError): void;
}

/** The client speaks the upstream's dialect: whole events pass as they are, each as it comes. */
export class PassThroughReader extends StreamReader {
  readonly #frames: FrameSplitter;
  /** Frames that came before anything that says whether the answer is one. */
  #held: Buffer[] = [];
  #decided = false;
  #errorPassed = false;

  constructor(options: ReaderOptions) {
    super(options);
    this.#frames = new FrameSplitter(options.upstream.framing);
  }

  protected override seen(event: ModelEvent): void {
    if (event.type !== 'ping' && event.type !== 'error' && event.type !== 'start') this.#decided = true;
  }

  override data(chunk: Buffer): void {
    if (this.isDone) return;
    let frames: Buffer | undefined;
    try {
      frames = this.#frames.push(chunk);
    } catch (error) {
      return this.broken({ kind: 'malformed', message: (error as Error).message });
    }
    this.feed(chunk);
    if (frames === undefined) return;
    if (this.toldError) return this.#failed(frames, this.toldError);
    if (!this.#decided) {
      this.#held.push(frames);
      this.holdUntilLate(() => {
        this.#decided = true;
        this.#pass(Buffer.alloc(0));
      });
      return;
    }
    this.#pass(frames);
  }

  /** An error is among these frames: the provider's own, which goes on as it is, or a frame that no client could read. */
  #failed(frames: Buffer, error: ModelError): void {
    const { answer, upstream } = this.options;
    if (answer.committed) {
      const isOurs = error.kind === 'malformed' && error.code === undefined;
      const all = [...framesOf(frames, upstream.framing)];
      const broken = isOurs ? all.findIndex((frame) => !isReadable(frame)) : -1;
      const passed = broken === -1 ? frames : Buffer.concat(all.slice(0, broken));
      this.#pass(Buffer.from(answer.mask(passed.toString('utf8'))));
      this.#errorPassed = !isOurs;
    }
    this.broken(error);
  }

  #pass(frames: Buffer): void {
    const { answer, client, flow, contentType } = this.options;
    if (!answer.committed) {
      answer.beginStream(contentType ?? streamTypeOf(client));
      for (const held of this.#held) answer.write(held, flow);
      this.#held = [];
    }
    const wanted = this.options.stripUsage ? withoutUsageChunk(frames) : frames;
    if (wanted.length > 0) answer.write(wanted, flow);
  }

  protected override complete(): void {
    const { rest } = this.#frames;
    if (!this.options.answer.committed) this.#pass(Buffer.alloc(0));
    if (rest && rest.length > 0) this.options.answer.write(rest, this.options.flow);
    this.options.answer.end();
    this.finish();
  }

  protected override broken(error: ModelError): void {
    if (this.isDone) return;
    const { answer, client } = this.options;
    if (answer.committed) {
      if (!this.#errorPassed) answer.write(answer.mask(streamErrorFrame(client, error)), this.options.flow);
      answer.end();
    }
    this.finish(error);
  }
}

/** The client speaks another dialect: events go through the model. */
export class TranslatingReader extends StreamReader {
  #renderer: StreamRenderer | undefined;
  #early: ModelEvent[] = [];

  protected override seen(event: ModelEvent): void {
    if (this.isDone || event.type === 'error' || event.type === 'end') return;
    if (this.#renderer) return this.#renderer.push(event);
    if (event.type !== 'ping') this.#early.push(event);
    if (event.type === 'start' || event.type === 'ping') {
      this.holdUntilLate(() => {
        if (!this.#renderer) this.#begin();
        this.#flush();
      });
      return;
    }
    this.#begin();
  }

  #begin(): StreamRenderer {
    const { answer, client } = this.options;
    answer.beginStream(streamTypeOf(client));
    const renderer = client.streamRenderer((text) => this.#pieces.push(text), renderOptions(this.options));
    this.#renderer = renderer;
    for (const event of this.#early) renderer.push(event);
    this.#early = [];
    return renderer;
  }

  /** What one chunk of the upstream makes is sent as one chunk. */
  #pieces: string[] = [];

  #flush(): void {
    if (this.#pieces.length === 0) return;
    const text = this.#pieces.length === 1 ? (this.#pieces[0] as string) : this.#pieces.join('');
    this.#pieces = [];
    this.options.answer.write(text, this.options.flow);
  }

  override data(chunk: Buffer): void {
    if (this.isDone) return;
    this.feed(chunk);
    this.#flush();
    if (this.toldError) this.broken(this.toldError);
  }

  protected override complete(): void {
    const renderer = this.#renderer ?? this.#begin();
    renderer.push({ type: 'end' });
    this.#flush();
    this.options.answer.end();
    this.finish();
  }

  protected override broken(error: ModelError): void {
    if (this.isDone) return;
    const { answer } = this.options;
    if (answer.committed && this.#renderer) {
      this.#renderer.push({ type: 'error', error: { ...error, message: answer.mask(error.message) } });
      this.#flush();
      answer.end();
    }
    this.finish(error);
  }
}

function renderOptions({ request, clock }: ReaderOptions): RenderAnswerOptions {
  return { request: request(), nowMs: clock.now() };
}

/** Whether the data of a frame is JSON, or the mark of an end. */
function isReadable(frame: Buffer): boolean {
  const data = frame
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? (line.startsWith('{') ? line : []))
    .join('\n');
  return data === '' || data === '[DONE]' || parseObject(data) !== undefined;
}

/** Takes out the chunk that holds nothing but usage (`"choices":[]`), which the client did not ask for and may stumble over. */
function withoutUsageChunk(frames: Buffer): Buffer {
  if (!frames.includes('"usage"') || !/"choices"\s*:\s*\[\s*\]/.test(frames.toString('latin1'))) return frames;
  const kept = [...framesOf(frames, 'sse')].filter((frame) => {
    const text = frame.toString('latin1');
    return !(/"choices"\s*:\s*\[\s*\]/.test(text) && /"usage"\s*:\s*\{/.test(text));
  });
  return Buffer.concat(kept);
}
