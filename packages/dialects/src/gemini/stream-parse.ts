/**
 * Reads a stream of `streamGenerateContent?alt=sse`: chunks that are answers in pieces. Gemini has no last event; a stream is
 * whole when a chunk gave a `finishReason` (or blocked the prompt) and the transport then ended cleanly.
 */
import type { ParseAnswerOptions, StreamParser } from '../dialect.ts';
import type { ModelEvent } from '../model/answer.ts';
import type { ModelError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, objectOf, parseObject, stringOf } from '../model/json.ts';
import { SseParser } from '../sse.ts';
import { namesFor } from './answer.ts';
import { parseErrorObject } from './error.ts';
import { camel, camelObject } from './keys.ts';
import { type CallNames, parseCall, parsePart } from './part-parse.ts';
import { opaqueIn } from './signature.ts';
import { parseStop } from './stop.ts';
import { paidSearches, parseUsage } from './usage.ts';

/** Never throws: what cannot be read becomes an error event, after which the parser is silent. */
export function streamParser(emit: (event: ModelEvent) => void, options: ParseAnswerOptions = {}): StreamParser {
  const reader = new ChunkReader(emit, namesFor(options));
  const sse = new SseParser({ onEvent: (event) => reader.read(event.data), onComment: () => reader.sign() });
  return {
    feed(text) {
      if (reader.isOver) return;
      try {
        sse.feed(text);
      } catch (error) {
        reader.fail({ kind: 'malformed', message: (error as Error).message });
      }
    },
    end: () => reader.end(),
  };
}

const chunkFields = new Set(['candidates', 'usageMetadata', 'modelVersion', 'responseId', 'createTime']);
const candidateFields = new Set(['content', 'finishReason', 'index']);

class ChunkReader {
  isOver = false;
  readonly #emit: (event: ModelEvent) => void;
  readonly #names: CallNames;
  #isStarted = false;
  #isFinished = false;
  #calls = 0;
  #model = '';
  #searches: { webSearches?: number } = {};

  constructor(emit: (event: ModelEvent) => void, names: CallNames) {
    this.#emit = emit;
    this.#names = names;
  }

  fail(error: ModelError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#emit({ type: 'error', error });
  }

  sign(): void {
    if (!this.isOver) this.#emit({ type: 'ping' });
  }

  end(): void {
    if (this.isOver) return;
    if (!this.#isFinished) return this.fail({ kind: 'cut', message: 'the stream of Gemini stopped before a finishReason' });
    this.isOver = true;
    this.#emit({ type: 'end' });
  }

  read(data: string): void {
    if (this.isOver) return;
    const raw = parseObject(data);
    if (raw === undefined) {
      return this.fail({ kind: 'malformed', message: `the stream of Gemini holds what is no JSON: ${data.slice(0, 200)}` });
    }
    const chunk = camel(raw);
    if (isObject(chunk.error)) return this.fail(parseErrorObject(chunk));
    if (!this.#isStarted) this.#start(chunk);
    const candidates = Array.isArray(chunk.candidates) ? chunk.candidates : [];
    for (const one of candidates) {
      const candidate = camelObject(one);
      // Further candidates cross no dialect (request.ts).
      if (candidate !== undefined && (candidate.index === undefined || candidate.index === 0)) this.#candidate(candidate);
    }
    this.#rest(chunk);
    if (isObject(chunk.usageMetadata))
      this.#emit({ type: 'usage', usage: { ...parseUsage(chunk.usageMetadata), ...this.#searches } });
  }

  #start(chunk: JsonObject): void {
    this.#isStarted = true;
    const created = typeof chunk.createTime === 'string' ? Date.parse(chunk.createTime) : Number.NaN;
    this.#model = stringOf(chunk.modelVersion) ?? '';
    this.#emit({
      type: 'start',
      id: stringOf(chunk.responseId) ?? '',
      model: this.#model,
      ...(!Number.isNaN(created) && { createdAtMs: created }),
    });
  }

  #candidate(candidate: JsonObject): void {
    const content = candidate.content;
    const parts = isObject(content) && Array.isArray(content.parts) ? content.parts : [];
    for (const part of parts) if (isObject(part)) this.#part(camel(part));
    const beside = fieldsBeside(candidate, candidateFields);
    if (beside !== undefined) {
      if (beside.groundingMetadata !== undefined) this.#searches = paidSearches(beside, this.#model);
      this.#emit({ type: 'extra', ...bag({ $candidate: beside }) });
    }
    const reason = candidate.finishReason;
    if (typeof reason === 'string' && reason !== '' && reason !== 'FINISH_REASON_UNSPECIFIED') {
      this.#isFinished = true;
      this.#emit({ type: 'stop', stop: parseStop(reason, this.#calls > 0) });
    }
  }

  #part(part: JsonObject): void {
    if (typeof part.text === 'string') {
      const { opaque } = opaqueIn(part.thoughtSignature);
      if (part.thought === true) {
        if (part.text !== '') this.#emit({ type: 'reasoning', text: part.text, isSummary: true });
        if (opaque !== undefined) this.#emit({ type: 'reasoning-end', opaque: [opaque] });
      } else if (part.text !== '' || opaque !== undefined) {
        this.#emit({ type: 'text', text: part.text, ...(opaque && { opaque }) });
      }
      return;
    }
    if (!isObject(part.functionCall)) return this.#emit({ type: 'part', part: parsePart(part, this.#names) });
    const call = parseCall(part, this.#names);
    const index = this.#calls;
    this.#calls += 1;
    this.#emit({ type: 'tool-start', index, id: call.id, name: call.name, ...(call.opaque && { opaque: call.opaque }) });
    this.#emit({ type: 'tool-arguments', index, text: call.arguments });
    this.#emit({ type: 'tool-end', index });
  }

  /** Feedback on the prompt, which may say that it was blocked; and fields that only Gemini knows. */
  #rest(chunk: JsonObject): void {
    const beside = fieldsBeside(chunk, chunkFields);
    if (beside === undefined) return;
    this.#emit({ type: 'extra', ...bag({ $chunk: beside }) });
    const block = objectOf(beside.promptFeedback).blockReason;
    if (typeof block !== 'string' || this.#isFinished) return;
    this.#isFinished = true;
    this.#emit({ type: 'stop', stop: { reason: 'content-filter', raw: block } });
  }
}

function bag(fields: JsonObject): { bag: { dialect: 'gemini'; fields: JsonObject } } {
  return { bag: { dialect: 'gemini', fields } };
}
