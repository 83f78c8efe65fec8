/** What all readers of streams do alike. */
import { StringDecoder } from 'node:string_decoder';
import type { ModelError, ModelEvent, StreamParser } from '@switchyard/dialects';
import { mergeUsage } from '@switchyard/dialects/model/replay';
import type { Timer } from '@switchyard/kit/clock';
import type { AnswerReader, Learnt, ReaderOptions } from './answer-reader.ts';

/**
 * How long the beginning of a stream is held back: it may still be followed by an error, for which another provider could be
 * asked. After that the client's own patience counts more.
 */
const defaultHoldMs = 5000;

/** What both kinds of stream share: the upstream's parser watches, content is noticed, the end is told. */
export abstract class StreamReader implements AnswerReader {
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
