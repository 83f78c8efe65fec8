/** One try: a request to one provider, its answer led to the client, or a failure of which the client has heard nothing. */
import type { Transform } from 'node:stream';
import {
  type Dialect,
  isObject,
  type JsonObject,
  kindOfStatus,
  type ModelError,
  type ModelRequest,
  parseObject,
} from '@switchyard/dialects';
import type { Flow } from '@switchyard/kit/answer';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Deadlines } from '@switchyard/kit/deadlines';
import type { AnswerSink, Exchange, HttpClient, HttpTarget, TransportError } from '@switchyard/kit/http-client';
import type { AccountReading, Headers } from '../providers/provider.ts';
import { headerOf } from '../providers/provider.ts';
import type { Provider } from '../providers/provider-set.ts';
import { type Failure, retryAfterMs } from '../routing/failure.ts';
import type { ClientAnswer } from './client-answer.ts';
import { decoderOf } from './decode.ts';
import type { AnswerReader, Learnt } from './readers/answer-reader.ts';
import { PassThroughReader } from './readers/pass-through.ts';
import { TranslatingReader } from './readers/translating.ts';
import { WholeReader } from './readers/whole.ts';

export interface AttemptTimeouts {
  firstTokenMs: number;
  gapMs: number;
  totalMs: number;
}

export interface AttemptOptions {
  provider: Provider;
  target: HttpTarget;
  headers: Record<string, string>;
  stream: boolean;
  client: Dialect;
  upstream: Dialect;
  request(): ModelRequest;
  stripUsage: boolean;
  answer: ClientAnswer;
  httpClient: HttpClient;
  timeouts: AttemptTimeouts;
  answerLimitBytes: number;
  clock: Clock;
  deadlines: Deadlines;
  /** Hears what the headers say of the account, also of a failed request. */
  onAccount(reading: AccountReading): void;
  /** The provider answers, and not with an error status. */
  onAnswered(): void;
}

/** How a try ended. */
export type AttemptResult = { learnt: Learnt; firstTokenMs?: number; servedModel?: string; status?: number } & (
  | { outcome: 'ok' }
  | { outcome: 'aborted' }
  /** `heard`: the client was already told, within its stream. Otherwise `raw` is the provider's own error body, if it is fit for the client. */
  | { outcome: 'error'; failure: Failure; heard: boolean; raw?: { status: number; body: Buffer } }
);

const errorLimitBytes = 1024 * 1024;

export class Attempt implements AnswerSink, Flow {
  readonly #options: AttemptOptions;
  readonly #settle: (result: AttemptResult) => void;
  /** Resolves when all is over. Never rejects. */
  readonly result: Promise<AttemptResult>;
  readonly #startedAt: number;
  #firstTokenTimer: Timer | undefined;
  #totalTimer: Timer | undefined;
  #exchange: Exchange | undefined;
  #decoder: Transform | undefined;
  #reader: AnswerReader | undefined;
  #status = 0;
  #headers: Headers = {};
  #errorChunks: Buffer[] = [];
  #errorBytes = 0;
  #firstTokenMs: number | undefined;
  #servedModel: string | undefined;
  #done = false;

  constructor(options: AttemptOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    this.result = promise;
    this.#settle = resolve;
    this.#startedAt = options.clock.monotonicMs();
  }

  /** `body`: bytes, or a text that is all ASCII. It is not kept: answers can take minutes, and what was asked can be large. */
  start(body: Buffer | string): void {
    const { target, headers, httpClient, timeouts, stream, deadlines } = this.#options;
    const { firstTokenMs, totalMs } = timeouts;
    if (stream && firstTokenMs < totalMs)
      this.#firstTokenTimer = deadlines.after(firstTokenMs, () =>
        this.#late(`no part of an answer came within ${firstTokenMs} ms`),
      );
    this.#totalTimer = deadlines.after(totalMs, () => this.#late(`the answer was not complete after ${totalMs} ms`));
    this.#exchange = httpClient.exchange(
      { target, method: 'POST', headers, body, headersTimeoutMs: 0, bodyTimeoutMs: stream ? timeouts.gapMs : 0 },
      this,
    );
  }

  /** The client left: the provider need not go on. */
  abort(): void {
    if (this.#done) return;
    this.#exchange?.abort();
    this.#decoder?.destroy();
    this.#finish({ outcome: 'aborted', ...this.#facts() });
  }

  pause(): void {
    if (this.#decoder) this.#decoder.pause();
    this.#exchange?.pause();
  }

  resume(): void {
    if (this.#decoder) this.#decoder.resume();
    this.#exchange?.resume();
  }

  head(status: number, headers: Headers): void {
    const { provider } = this.#options;
    this.#status = status;
    this.#headers = headers;
    const reading = provider.profile.readAccount?.(headers);
    if (reading) {
      this.#servedModel = reading.servedModel;
      this.#options.onAccount(reading);
    }
    try {
      this.#decoder = decoderOf(headerOf(headers, 'content-encoding'));
    } catch (error) {
      return this.#fail({ kind: 'malformed', message: (error as Error).message });
    }
    if (status >= 200 && status < 300) {
      this.#reader = this.#readerFor(headerOf(headers, 'content-type'));
      this.#options.onAnswered();
    }
    this.#decoder
      ?.on('data', (chunk: Buffer) => this.#take(chunk))
      .once('end', () => this.#over())
      .once('error', () => this.#fail({ kind: 'malformed', message: 'its compressed answer is broken' }));
  }

  data(chunk: Buffer): void {
    if (this.#decoder) this.#decoder.write(chunk);
    else this.#take(chunk);
  }

  end(): void {
    if (this.#decoder) this.#decoder.end();
    else this.#over();
  }

  error(error: TransportError): void {
    const isLate =
      error.code === 'UND_ERR_BODY_TIMEOUT' ||
      error.code === 'UND_ERR_HEADERS_TIMEOUT' ||
      error.code === 'UND_ERR_CONNECT_TIMEOUT';
    const kind = isLate ? 'timeout' : this.#reader ? 'cut' : 'transport';
    // The message of a transport error begins with the URL, which a client has no business knowing.
    const message = error.message.replace(/^\S+: /, '');
    this.#fail({ kind, message });
  }

  #take(chunk: Buffer): void {
    if (this.#done) return;
    if (this.#reader) return this.#reader.data(chunk);
    this.#errorBytes += chunk.length;
    if (this.#errorBytes <= errorLimitBytes) this.#errorChunks.push(chunk);
  }

  #over(): void {
    if (this.#done) return;
    if (this.#reader) this.#reader.end();
    else this.#refused();
  }

  #readerFor(contentType: string | undefined): AnswerReader {
    const { answer, client, upstream, request, stream, clock, answerLimitBytes, stripUsage } = this.#options;
    const options = {
      answer,
      client,
      upstream,
      request,
      clock,
      flow: this,
      limitBytes: answerLimitBytes,
      stripUsage,
      contentType,
      onContent: () => this.#onContent(),
      onDone: (error?: ModelError) => {
        if (!error) return this.#finish({ outcome: 'ok', ...this.#facts() });
        this.#exchange?.abort();
        const failure = this.#failureOf(error);
        this.#finish({ outcome: 'error', failure, heard: answer.committed, ...this.#facts() });
      },
    };
    const isStream = stream && !/^application\/json\b/i.test(contentType ?? '');
    if (!isStream) return new WholeReader({ ...options, asStream: stream });
    return client === upstream ? new PassThroughReader(options) : new TranslatingReader(options);
  }

  #onContent(): void {
    this.#firstTokenTimer?.cancel();
    this.#firstTokenMs = this.#options.stream ? this.#options.clock.monotonicMs() - this.#startedAt : undefined;
  }

  #late(message: string): void {
    this.#exchange?.abort();
    this.#fail({ kind: 'timeout', message });
  }

  /** Ends it with an error: through the reader where the client may have to be told. */
  #fail(error: ModelError): void {
    if (this.#done) return;
    if (this.#reader) return this.#reader.fail(error);
    this.#exchange?.abort();
    this.#finish({ outcome: 'error', failure: this.#failureOf(error), heard: false, ...this.#facts() });
  }

  /** The provider answered with an error status. */
  #refused(): void {
    const { provider, upstream, client } = this.#options;
    const bytes = Buffer.concat(this.#errorChunks);
    const text = bytes.toString('utf8');
    const body = parseObject(text);
    const told = upstream.parseError(this.#status, body ?? text);
    // What is no JSON is no answer of a model's server but of something in front of it.
    const plain: ModelError = body
      ? told
      : {
          kind: this.#status >= 500 ? 'transport' : kindOfStatus(this.#status),
          message: `it answered ${this.#status} without JSON`,
          status: this.#status,
        };
    const error = provider.profile.refineError?.(plain, this.#status, this.#headers, body ?? {}) ?? plain;
    const failure = this.#failureOf({ ...error, status: this.#status });
    const isFit = body !== undefined && client === upstream && isErrorOf(client, body);
    this.#finish({
      outcome: 'error',
      failure,
      heard: false,
      ...(isFit && { raw: { status: this.#status, body: bytes } }),
      ...this.#facts(),
    });
  }

  #failureOf(error: ModelError): Failure {
    const fromHeader = retryAfterMs(this.#headers, this.#options.clock.now());
    const ms = fromHeader ?? error.retryAfterMs;
    const retryAfter = headerOf(this.#headers, 'retry-after');
    return {
      error: { ...error, message: `${this.#options.provider.name}: ${error.message}` },
      ...(ms !== undefined && { retryAfterMs: ms }),
      ...(retryAfter !== undefined && { retryAfter }),
    };
  }

  #facts() {
    return {
      learnt: this.#reader?.learnt ?? {},
      ...(this.#firstTokenMs !== undefined && { firstTokenMs: this.#firstTokenMs }),
      ...(this.#servedModel !== undefined && { servedModel: this.#servedModel }),
      ...(this.#status > 0 && { status: this.#status }),
    };
  }

  #finish(result: AttemptResult): void {
    if (this.#done) return;
    this.#done = true;
    this.#firstTokenTimer?.cancel();
    this.#totalTimer?.cancel();
    this.#settle(result);
  }
}

/** Whether a client of this dialect can read a body as an error: not every server that speaks it does so when it fails. */
function isErrorOf({ name }: Dialect, { type, error }: JsonObject): boolean {
  if (!isObject(error) || typeof error.message !== 'string') return false;
  if (name === 'anthropic') return type === 'error' && typeof error.type === 'string';
  return name !== 'gemini' || typeof error.status === 'string';
}
