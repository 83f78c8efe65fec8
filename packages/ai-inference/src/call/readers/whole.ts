/** Answers that come in one piece. */
import { isAscii } from 'node:buffer';
import {
  AnswerError,
  type Dialect,
  DialectError,
  type ModelAnswer,
  type ModelError,
  parseObject,
  type RenderAnswerOptions,
} from '@switchyard/dialects';
import { eventsOf } from '@switchyard/dialects/model/replay';
import type { Flow } from '@switchyard/kit/answer';
import { onePieceBytes } from '@switchyard/kit/http1/one-piece';
import type { ClientAnswer } from '../client-answer.ts';
import { type AnswerReader, type Learnt, type ReaderOptions, renderOptions, streamTypeOf } from './answer-reader.ts';

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
    const text = bytes.toString('utf8');
    const body = parseObject(text);
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
    // What is all ASCII and short is sent for less as the text that is there already.
    else if (client === upstream) answer.whole(200, isAscii(bytes) && bytes.length <= onePieceBytes ? text : bytes);
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
