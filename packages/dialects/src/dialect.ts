/**
 * What every dialect can do: read and write requests, whole answers, streams and errors. All of it is pure: text and objects in,
 * text and objects out. A server side uses `parseRequest`, `renderAnswer`, `streamRenderer`, `renderError`; a client side
 * `renderRequest`, `parseAnswer`, `streamParser`, `parseError`.
 */
import type { ModelAnswer, ModelEvent } from './model/answer.ts';
import type { ModelError } from './model/error.ts';
import type { JsonObject } from './model/json.ts';
import type { DialectName, ModelRequest } from './model/request.ts';

/** Something of a request that the target dialect cannot carry. */
export interface Loss {
  /** Path in the model, with its own index where there is one: `sampling.seed`, `messages[3].parts[0]`. */
  field: string;
  /** Dropped, or said in the nearest way the target has. */
  how: 'dropped' | 'approximated';
  /** Why, for people: names the target's limit. */
  why: string;
}

export interface RenderedRequest {
  body: JsonObject;
  losses: Loss[];
}

export interface ParseRequestContext {
  /** Gemini names the model in the path, not in the body. */
  model?: string;
  /** Gemini chooses streaming in the path. */
  stream?: boolean;
}

export interface ParseAnswerOptions {
  /** Makes ids where the dialect has none. Default: random. */
  newId?: (prefix: string) => string;
}

export interface RenderAnswerOptions {
  /** The request as the client's dialect was read: some dialects repeat parts of it, or let it choose what an answer holds. */
  request: ModelRequest;
  /** Milliseconds since 1970, for dialects that date their answers. */
  nowMs: number;
  /** Makes ids where the answer has none that fits. Default: random. */
  newId?: (prefix: string) => string;
}

/** Reads a stream. Never throws: what cannot be read becomes an `error` event, after which it is silent. */
export interface StreamParser {
  /** Decoded text in any split. */
  feed(text: string): void;
  /** The transport ended cleanly. Emits `error` of kind `cut` unless the dialect's own end was seen. */
  end(): void;
}

/** Writes a stream. After `end` or `error` it is silent. Never invents an end: without one of both nothing terminal is written. */
export interface StreamRenderer {
  push(event: ModelEvent): void;
}

export interface Dialect {
  readonly name: DialectName;
  /** How streams are framed. */
  readonly framing: 'sse' | 'ndjson';
  /** Throws DialectError naming the field. Lenient where clients are sloppy and meaning is clear. */
  parseRequest(body: JsonObject, context?: ParseRequestContext): ModelRequest;
  /** Never throws: what cannot be carried is listed. */
  renderRequest(request: ModelRequest): RenderedRequest;
  /** Throws DialectError for a body that is no answer. An error inside a 200 body is thrown as `AnswerError`. */
  parseAnswer(body: JsonObject, options?: ParseAnswerOptions): ModelAnswer;
  renderAnswer(answer: ModelAnswer, options: RenderAnswerOptions): JsonObject;
  /** Reads the body of an error status; `body` is JSON where it was JSON, else its text. Never throws. */
  parseError(status: number, body: unknown): ModelError;
  /** What a client of this dialect expects; the status is one its SDKs understand. */
  renderError(error: ModelError): { status: number; body: JsonObject };
  streamParser(emit: (event: ModelEvent) => void, options?: ParseAnswerOptions): StreamParser;
  streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer;
}

/** An error that came with status 200 (OpenRouter, Ollama). */
export class AnswerError extends Error {
  readonly error: ModelError;
  constructor(error: ModelError) {
    super(error.message);
    this.name = 'AnswerError';
    this.error = error;
  }
}
