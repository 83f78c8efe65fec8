/**
 * Writes a stream for clients of Gemini: chunks that are answers in pieces, as server-sent events (`alt=sse`) or as one JSON
 * array. The last chunk has `finishReason` and the counts; after an error there is none of both.
 */
import type { RenderAnswerOptions, StreamRenderer } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import { fieldsOf } from '../model/bag.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import { ClientParts } from './client-parts.ts';
import { renderError } from './error.ts';
import { renderStop } from './stop.ts';
import { renderUsage } from './usage.ts';

/** Server-sent events, with the line ends of Google's servers. */
export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  return new GeminiStream((chunk) => write(`data: ${JSON.stringify(chunk)}\r\n\r\n`), options);
}

/** The form without `alt=sse`: one JSON array, element by element. It is closed after an end and after an error. */
export function geminiArrayStream(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  let isBegun = false;
  return new GeminiStream(
    (chunk) => {
      write(`${isBegun ? '\r\n,' : '['}${JSON.stringify(chunk)}`);
      isBegun = true;
    },
    options,
    () => write(isBegun ? '\r\n]' : '[]'),
  );
}

type ToolStart = Extract<ModelEvent, { type: 'tool-start' }>;

class GeminiStream implements StreamRenderer {
  readonly #send: (chunk: JsonObject) => void;
  readonly #close: (() => void) | undefined;
  readonly #options: RenderAnswerOptions;
  readonly #parts: ClientParts;
  #isOver = false;
  #id = '';
  #model: string;
  /** Calls by index: Gemini's calls are whole, so that each waits for its end. */
  readonly #calls = new Map<number, { start: ToolStart; json: string }>();
  /** Words of a thought that the client is not shown; its token may need to know that there were some. */
  #unshown = '';
  #stop: Stop | undefined;
  #usage: Usage | undefined;
  #ofCandidate: JsonObject = {};
  #ofChunk: JsonObject = {};

  constructor(send: (chunk: JsonObject) => void, options: RenderAnswerOptions, close?: () => void) {
    this.#send = send;
    this.#close = close;
    this.#options = options;
    this.#parts = new ClientParts(options.request);
    this.#model = options.request.model;
  }

  push(event: ModelEvent): void {
    if (this.#isOver) return;
    switch (event.type) {
      case 'start':
        this.#id = event.id;
        if (event.model !== '') this.#model = event.model;
        if (event.usage !== undefined) this.#usage = event.usage;
        return this.#note(fieldsOf(event.bag, 'gemini'));
      case 'text':
        return this.#content(
          this.#parts.render({ type: 'text', text: event.text, ...(event.opaque && { opaque: event.opaque }) }),
        );
      case 'refusal':
        return this.#content([{ text: event.text }]);
      case 'reasoning':
        if (this.#parts.showsThoughts) this.#content(this.#parts.thought(event.text, []));
        else this.#unshown += event.text;
        return;
      case 'reasoning-end':
        return this.#endThought(event.opaque ?? []);
      case 'tool-start':
        this.#calls.set(event.index, { start: event, json: '' });
        return;
      case 'tool-arguments': {
        const call = this.#calls.get(event.index);
        if (call !== undefined) call.json += event.text;
        return;
      }
      case 'tool-end':
        return this.#endCall(event.index, event.opaque);
      case 'part':
        return this.#content(this.#parts.render(event.part));
      case 'usage':
        this.#usage = { ...this.#usage, ...event.usage };
        return;
      case 'stop':
        this.#stop = event.stop;
        return;
      case 'extra':
        return this.#extra(fieldsOf(event.bag, 'gemini'));
      case 'ping':
        // Some of Google's SDKs stumble over comment lines: a chunk that says nothing is not worth it.
        return;
      case 'error':
        return this.#fail(event);
      case 'end':
        return this.#end();
    }
  }

  #content(parts: JsonObject[]): void {
    if (parts.length === 0) return;
    this.#chunk({ candidates: [{ content: { parts, role: 'model' }, index: 0 }] });
  }

  #chunk(fields: JsonObject): void {
    if (this.#id === '') this.#id = (this.#options.newId ?? randomId)('');
    this.#send({ ...fields, modelVersion: this.#model, responseId: this.#id });
  }

  #endThought(opaque: readonly Opaque[]): void {
    const hidden = this.#unshown;
    this.#unshown = '';
    if (opaque.length === 0) return;
    // The words went out before: this thought holds the tokens only.
    this.#content(this.#parts.thought(hidden, opaque));
  }

  #endCall(index: number, opaque: Opaque | undefined): void {
    const call = this.#calls.get(index);
    if (call === undefined) return;
    this.#calls.delete(index);
    const signed = opaque ?? call.start.opaque;
    this.#content([this.#parts.call({ ...call.start, arguments: call.json, ...(signed && { opaque: signed }) })]);
  }

  #extra(fields: JsonObject): void {
    // A part that only Gemini knows, out of a whole answer (model/replay.ts), has no notes.
    if (fields.$candidate === undefined && fields.$chunk === undefined)
      this.#content(Object.keys(fields).length > 0 ? [fields] : []);
    else this.#note({ ...(isObject(fields.$chunk) && fields.$chunk), $candidate: fields.$candidate });
  }

  /** What Gemini says beside content goes into the last chunk: of the candidate, and of the chunk itself. */
  #note(fields: JsonObject): void {
    if (isObject(fields.$candidate)) this.#ofCandidate = { ...this.#ofCandidate, ...fields.$candidate };
    unpack(this.#ofChunk, fields);
  }

  #end(): void {
    for (const index of [...this.#calls.keys()]) this.#endCall(index, undefined);
    const isBlocked = isObject(this.#ofChunk.promptFeedback) && this.#ofChunk.promptFeedback.blockReason !== undefined;
    const candidate: JsonObject = {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: renderStop(this.#stop),
      index: 0,
    };
    this.#chunk({
      ...(!isBlocked && { candidates: [unpack(candidate, this.#ofCandidate)] }),
      ...(this.#usage !== undefined && { usageMetadata: renderUsage(this.#usage) }),
      ...this.#ofChunk,
    });
    this.#isOver = true;
    this.#close?.();
  }

  #fail(event: Extract<ModelEvent, { type: 'error' }>): void {
    this.#isOver = true;
    this.#send(renderError(event.error).body);
    this.#close?.();
  }
}
