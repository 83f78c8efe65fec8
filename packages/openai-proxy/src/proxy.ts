/**
 * One request through the proxy: admitted, its model's alias resolved, sent to the router without the app's credentials, and the
 * answer led back piece by piece. The router speaks every dialect; the proxy never translates.
 */
import { type Dialect, DialectError, type DialectName, type ModelError } from '@switchyard/dialects';
import { anthropic } from '@switchyard/dialects/anthropic/index';
import { clientProtocol, type Endpoint, getEndpoint, postEndpoint } from '@switchyard/dialects/endpoints';
import { FrameSplitter } from '@switchyard/dialects/frames';
import { gemini } from '@switchyard/dialects/gemini/index';
import { valueFor } from '@switchyard/dialects/model-name';
import { openaiChat } from '@switchyard/dialects/openai-chat/index';
import { openaiCompletions } from '@switchyard/dialects/openai-completions/index';
import { openaiResponses } from '@switchyard/dialects/openai-responses/index';
import { streamErrorFrame } from '@switchyard/dialects/stream-error';
import type { Access } from '@switchyard/kit/access';
import { Answer, type Flow } from '@switchyard/kit/answer';
import { BodyCutError, BodyTooLargeError, readBody } from '@switchyard/kit/body';
import { refusalOf } from '@switchyard/kit/guard';
import {
  type AnswerSink,
  type Exchange,
  type ExchangeRequest,
  type HttpClient,
  parseTarget,
  type TransportError,
} from '@switchyard/kit/http-client';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import { JsonBody, JsonBodyError } from '@switchyard/kit/json-body';
import type { Logger } from '@switchyard/kit/logger';
import { childTraceparent, requestIdFrom } from '@switchyard/kit/request-id';
import { SecretError, type Secrets } from '@switchyard/kit/secrets';
import type { ProxyConfig } from './config.ts';
import type { ProxyFigures } from './metrics.ts';

const clientDialects: Readonly<Partial<Record<DialectName, Dialect>>> = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-completions': openaiCompletions,
  anthropic,
  gemini,
};

/** What an app may tell beside its body. Its credentials, cookies and telemetry marks (sentry-trace, baggage) are not among it. */
const passedUp = [
  'anthropic-version',
  'anthropic-beta',
  'openai-beta',
  'x-session-id',
  'x-session-affinity',
  // Who may read the prompt: a mark that got lost here would send it to somebody who may not.
  'x-switchyard-privacy',
  'x-goog-api-client',
] as const;
/** What the router says about this hop alone. */
const notPassedDown = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
  'server',
  'x-request-id',
]);

export interface ProxyOptions {
  config: ProxyConfig;
  access: Access;
  httpClient: HttpClient;
  secrets: Secrets;
  logger: Logger;
  figures: ProxyFigures;
}

/** A request of an app. */
interface Asked {
  endpoint: Endpoint;
  path: string;
  query: string;
  request: InboundRequest;
  answer: Answer;
  dialect: Dialect;
  requestId: string;
  refuse(error: ModelError): void;
}

type Sending = Pick<ExchangeRequest, 'target' | 'headers' | 'body'>;

export class ModelProxy {
  #options: ProxyOptions;
  #base: string;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#base = baseOf(options.config.upstream.url);
  }

  get config(): ProxyConfig {
    return this.#options.config;
  }

  /** Takes a new configuration; requests on their way go on as they began. */
  reload(config: ProxyConfig): void {
    this.#options = { ...this.#options, config };
    this.#base = baseOf(config.upstream.url);
  }

  /** Answers a request to one of the model endpoints; false when the path is none. */
  handle(request: InboundRequest, response: OutboundResponse): Promise<void> | false {
    const { url = '/', method = 'GET' } = request;
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const query = mark === -1 ? '' : url.slice(mark + 1);
    const endpoint = method === 'POST' ? postEndpoint(path, query) : method === 'GET' ? getEndpoint(path) : undefined;
    return endpoint === undefined ? false : this.#serve(endpoint, path, query, request, response);
  }

  /** Where the router answers whether it is there. */
  get healthUrl(): string {
    return `${this.#base}/health/ready`;
  }

  async #serve(
    endpoint: Endpoint,
    path: string,
    query: string,
    request: InboundRequest,
    response: OutboundResponse,
  ): Promise<void> {
    const { config, logger, figures, httpClient } = this.#options;
    const requestId = requestIdFrom(request.headers);
    const answer = new Answer(response, { 'x-request-id': requestId });
    const dialect = dialectOf(endpoint, request, path);
    const refuse = (error: ModelError) => {
      const { status, body } = dialect.renderError(error);
      figures.count(dialect.name, 'refused');
      answer.whole(status, JSON.stringify(body));
    };
    try {
      const begun = this.#sendingOf({ endpoint, path, query, request, answer, dialect, requestId, refuse });
      const sending = begun instanceof Promise ? await begun : begun;
      if (!sending) return;
      await new Promise<void>((resolve) => {
        const relay = new Relay({
          answer,
          dialect,
          figures,
          resolve,
          asArray: endpoint.operation === 'chat' && endpoint.asArray === true,
        });
        response.once('close', () => {
          if (!response.writableFinished) relay.abort();
        });
        relay.exchange = httpClient.exchange(
          { ...sending, method: request.method ?? 'GET', headersTimeoutMs: config.silenceMs, bodyTimeoutMs: config.silenceMs },
          relay,
        );
        // An answer may take minutes, and what was asked can be large.
        delete sending.body;
      });
    } catch (error) {
      if (error instanceof BodyCutError) return;
      const told = errorOf(error);
      if (told.kind === 'server') logger.error('a request failed', { error, requestId });
      if (answer.committed) answer.cut();
      else refuse(told);
    }
  }

  /** What the router is to be sent; undefined when the app was refused, and told so. Throws or rejects for a body that is none. */
  #sendingOf(asked: Asked): Sending | undefined | Promise<Sending | undefined> {
    const { config } = this.#options;
    const read = readBody(asked.request, config.bodyLimitBytes);
    return read instanceof Promise ? read.then((bytes) => this.#admit(asked, bytes)) : this.#admit(asked, read);
  }

  #admit({ endpoint, path, query, request, answer, dialect, requestId, refuse }: Asked, bytes: Buffer): Sending | undefined {
    const { config, access, secrets } = this.#options;
    const refusal = refusalOf(request, config);
    if (refusal !== undefined) return void refuse({ kind: 'permission', message: refusal });
    const admission = access.admit(request);
    if (admission.refusal !== undefined) return void refuse({ kind: 'authentication', message: admission.refusal });
    const { origin } = request.headers;
    if (origin !== undefined) {
      answer.set('access-control-allow-origin', origin);
      answer.set('vary', 'Origin');
    }
    const sent = this.#translateModel(endpoint, path, bytes);
    const headers: Record<string, string> = {
      'accept-encoding': 'identity',
      'x-request-id': requestId,
      traceparent: childTraceparent(request.headers.traceparent as string | undefined),
    };
    if (request.method === 'POST') headers['content-type'] = 'application/json';
    for (const name of passedUp) {
      const value = request.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    // The router tells protocols of GET /v1/models apart by it; what it holds is nobody's key.
    if (dialect === gemini && headers['x-goog-api-client'] === undefined) headers['x-goog-api-client'] = 'switchyard';
    // Believed where the router has this proxy's key among its delegates.
    if (admission.caller !== 'anonymous') headers['x-switchyard-app'] = admission.caller;
    if (config.upstream.key !== undefined)
      headers.authorization = `Bearer ${secrets.resolve(config.upstream.key, 'upstream.key')}`;
    const target = parseTarget(`${this.#base}${sent.path}${withoutKey(query)}`);
    return { target, headers, ...(sent.body && { body: sent.body }) };
  }

  /** The path and body as the router is to see them. */
  #translateModel(endpoint: Endpoint, path: string, bytes: Buffer): { path: string; body?: Buffer | string } {
    const { aliases } = this.#options.config;
    if (endpoint.operation === 'models') {
      // Some clients look their model up before they use it.
      const alias = endpoint.model === undefined ? undefined : valueFor(endpoint.model, aliases);
      if (alias === undefined) return { path };
      return { path: path.slice(0, path.indexOf('/models/') + '/models/'.length) + encodeURIComponent(alias) };
    }
    // A body that is no JSON is refused here and not passed on.
    const body = new JsonBody(bytes);
    if (endpoint.model !== undefined) {
      const alias = valueFor(endpoint.model, aliases);
      const verb = path.slice(path.lastIndexOf(':'));
      return { path: alias === undefined ? path : `/v1beta/models/${encodeURIComponent(alias)}${verb}`, body: bytes };
    }
    const model = body.member('model');
    const alias = typeof model === 'string' ? valueFor(model, aliases) : undefined;
    return { path, body: alias === undefined ? bytes : body.changed({ set: { model: alias } }) };
  }
}

interface RelayOptions {
  answer: Answer;
  dialect: Dialect;
  figures: ProxyFigures;
  asArray: boolean;
  resolve(): void;
}

/** Leads one answer of the router to the app. A stream that breaks ends with an error in the app's dialect. */
class Relay implements AnswerSink, Flow {
  readonly #options: RelayOptions;
  exchange: Exchange | undefined;
  #frames: FrameSplitter | undefined;
  #isWhole = false;
  #whole: Buffer[] = [];
  #status = 0;
  #contentType = 'application/json';
  #done = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  pause(): void {
    this.exchange?.pause();
  }

  resume(): void {
    this.exchange?.resume();
  }

  abort(): void {
    if (this.#done) return;
    this.exchange?.abort();
    this.#finish('aborted');
  }

  head(status: number, headers: Record<string, string | string[]>): void {
    const { answer, dialect, asArray } = this.#options;
    this.#status = status;
    for (const name in headers)
      if (!notPassedDown.has(name) && name !== 'content-type') answer.set(name, headers[name] as string);
    this.#contentType = String(headers['content-type'] ?? 'application/json');
    // Whole answers are held until they are whole: a broken one becomes an error and not half an answer.
    this.#isWhole = !asArray && !/event-stream|ndjson/.test(this.#contentType);
    if (this.#isWhole) return;
    answer.beginStream(this.#contentType, status);
    if (!asArray) this.#frames = new FrameSplitter(dialect.framing);
  }

  data(chunk: Buffer): void {
    if (this.#isWhole) {
      this.#whole.push(chunk);
      return;
    }
    const piece = this.#frames ? this.#frames.push(chunk) : chunk;
    if (piece) this.#options.answer.write(piece, this);
  }

  end(): void {
    const { answer } = this.#options;
    if (this.#isWhole)
      answer.whole(
        this.#status,
        this.#whole.length === 1 ? (this.#whole[0] as Buffer) : Buffer.concat(this.#whole),
        this.#contentType,
      );
    else {
      const rest = this.#frames?.rest;
      if (rest) answer.write(rest, this);
      answer.end();
    }
    this.#finish(this.#status < 400 ? 'ok' : 'error');
  }

  error({ code, message }: TransportError): void {
    const { answer, dialect } = this.#options;
    const began = this.#status > 0;
    const what = message.replace(/^\S+: /, '');
    const error: ModelError = began
      ? { kind: 'cut', message: `the router's answer broke off: ${what}` }
      : {
          kind: code === 'ECONNREFUSED' || code === 'ENOENT' ? 'overloaded' : 'transport',
          message: `the router (ai-inference) cannot be reached: ${what}`,
        };
    if (!answer.committed) {
      const { status, body } = dialect.renderError(error);
      answer.whole(status, JSON.stringify(body));
    } else if (this.#frames) {
      answer.write(streamErrorFrame(dialect, error), this);
      answer.end();
    } else answer.cut();
    this.#finish('error');
  }

  #finish(outcome: 'ok' | 'error' | 'aborted'): void {
    if (this.#done) return;
    this.#done = true;
    this.#options.figures.count(this.#options.dialect.name, outcome);
    this.#options.resolve();
  }
}

/** The dialect in which a client of the endpoint understands errors. */
function dialectOf(endpoint: Endpoint, { headers }: InboundRequest, path: string): Dialect {
  if (endpoint.operation === 'models') {
    const protocol = clientProtocol(headers, path);
    return protocol === 'openai' ? openaiChat : protocol === 'gemini' ? gemini : anthropic;
  }
  if (endpoint.operation === 'embeddings') return endpoint.format === 'gemini' ? gemini : openaiChat;
  return clientDialects[endpoint.dialect] ?? openaiChat;
}

/** Gemini's clients may send their key in the URL. */
function withoutKey(query: string): string {
  if (query === '') return '';
  const parameters = new URLSearchParams(query);
  parameters.delete('key');
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

/** The router's URL, ready for a path to be put behind it. */
function baseOf(url: string): string {
  const base = url.replace(/\/+$/, '');
  return base.startsWith('unix:') && !/:\//.test(base.slice('unix:'.length)) ? `${base}:` : base;
}

function errorOf(error: unknown): ModelError {
  if (error instanceof DialectError) return error.toModelError();
  if (error instanceof JsonBodyError) return new DialectError(error.key, error.message).toModelError();
  if (error instanceof BodyTooLargeError)
    return { kind: 'too-large', message: `${error.message}; raise "bodyLimitBytes" if that is meant to be` };
  if (error instanceof SecretError) return { kind: 'server', message: 'the key for the router cannot be read' };
  return { kind: 'server', message: 'the proxy failed while answering this request; its log has the reason' };
}
