/**
 * Reads a Responses stream. Only `response.completed`, `.incomplete` and `.failed` (or `error`) end it. What a server leaves
 * out of the deltas is taken from the `done` events, and from the final response when there were no items at all.
 */
import type { ParseAnswerOptions, StreamParser } from '../dialect.ts';
import type { ModelEvent } from '../model/answer.ts';
import type { ModelError } from '../model/error.ts';
import { arrayOf, fieldsBeside, isObject, type JsonObject, numberOf, objectOf, parseObject, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import { parseError } from '../openai-chat/error.ts';
import { type SseEvent, SseParser } from '../sse.ts';
import { knownOfResponse } from './answer.ts';
import { imageOf } from './item-parse.ts';
import { stopOf } from './response.ts';
import { dialect, readThought } from './thought.ts';
import { parseUsage } from './usage.ts';

interface Item {
  type: string;
  /** What came of it so far: text, arguments, or words of a thought. */
  hasText: boolean;
  /** Index of the tool call. */
  call: number;
  callId: string;
  summaryIndex: number;
}

export function streamParser(emit: (event: ModelEvent) => void, options: ParseAnswerOptions = {}): StreamParser {
  return new ResponsesStreamParser(emit, options);
}

class ResponsesStreamParser implements StreamParser {
  readonly #emit: (event: ModelEvent) => void;
  readonly #newId: (prefix: string) => string;
  readonly #sse: SseParser;
  readonly #items = new Map<number, Item>();
  /** Tokens of calls that have not ended yet. */
  readonly #tokens = new Map<string, Opaque>();
  #isDone = false;
  #isStarted = false;
  /** Items that are whole, in the order they ended: what is paid apart is found among them. */
  readonly #done: JsonObject[] = [];
  #callCount = 0;
  #isRefusal = false;

  constructor(emit: (event: ModelEvent) => void, options: ParseAnswerOptions) {
    this.#emit = emit;
    this.#newId = options.newId ?? randomId;
    this.#sse = new SseParser({
      onEvent: (event) => this.#event(event),
      onComment: () => {
        if (!this.#isDone) this.#emit({ type: 'ping' });
      },
    });
  }

  feed(text: string): void {
    if (this.#isDone) return;
    try {
      this.#sse.feed(text);
    } catch (error) {
      this.#fail({ kind: 'malformed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  end(): void {
    this.#fail({ kind: 'cut', message: 'the stream of the provider stopped before its end' });
  }

  #fail(error: ModelError): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#emit({ type: 'error', error });
  }

  #event(sse: SseEvent): void {
    if (this.#isDone || sse.data === '[DONE]') return;
    const event = parseObject(sse.data);
    if (event === undefined) {
      return this.#fail({ kind: 'malformed', message: `the provider sent an event that is no JSON: ${sse.data.slice(0, 100)}` });
    }
    this.#typed(stringOf(event.type) ?? sse.event, event);
  }

  #typed(type: string, event: JsonObject): void {
    switch (type) {
      case 'response.created':
        return this.#start(objectOf(event.response));
      case 'response.output_text.delta':
        return this.#text(event);
      case 'response.refusal.delta':
        this.#isRefusal = true;
        return this.#delta(event, (text) => this.#emit({ type: 'refusal', text }));
      case 'response.reasoning_summary_text.delta':
        return this.#summary(event);
      case 'response.reasoning_text.delta':
      // The older name, still sent by vLLM and others.
      case 'response.reasoning.delta':
        return this.#delta(event, (text) => this.#emit({ type: 'reasoning', text }));
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.#arguments(event);
      case 'response.output_item.added':
        return this.#added(event, objectOf(event.item));
      case 'response.output_item.done':
        return this.#itemDone(event, objectOf(event.item));
      case 'response.output_text.annotation.added':
        return this.#emit({ type: 'extra', bag: { dialect, fields: { $annotation: event.annotation } } });
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
        return this.#complete(objectOf(event.response), type);
      case 'response.failed':
        return this.#fail(parseError(undefined, { error: objectOf(event.response).error ?? { message: 'the response failed' } }));
      case 'error':
        return this.#fail(parseError(undefined, isObject(event.error) ? { error: event.error } : { error: event }));
      case 'response.queued':
      case 'response.in_progress':
        return this.#emit({ type: 'ping' });
    }
  }

  #start(response: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const event: ModelEvent = {
      type: 'start',
      id: stringOf(response.id) || this.#newId('resp_'),
      model: stringOf(response.model) ?? '',
    };
    const created = numberOf(response.created_at);
    if (created !== undefined) event.createdAtMs = created * 1000;
    this.#emit(event);
  }

  /** The item an event speaks of; one that was never announced is taken for what the event says. */
  #itemOf(event: JsonObject, type: string): Item {
    const index = numberOf(event.output_index) ?? 0;
    let item = this.#items.get(index);
    if (item === undefined) {
      this.#start({});
      item = { type, hasText: false, call: -1, callId: '', summaryIndex: 0 };
      this.#items.set(index, item);
    }
    return item;
  }

  #delta(event: JsonObject, emit: (text: string) => void): void {
    if (typeof event.delta !== 'string' || event.delta === '') return;
    this.#itemOf(event, '').hasText = true;
    emit(event.delta);
  }

  #text(event: JsonObject): void {
    this.#delta(event, (text) => this.#emit({ type: 'text', text }));
    if (Array.isArray(event.logprobs) && event.logprobs.length > 0) {
      this.#emit({ type: 'extra', bag: { dialect, fields: { $logprobs: event.logprobs } } });
    }
  }

  /** Parts of a summary are paragraphs. */
  #summary(event: JsonObject): void {
    if (typeof event.delta !== 'string' || event.delta === '') return;
    const item = this.#itemOf(event, 'reasoning');
    const part = numberOf(event.summary_index) ?? 0;
    if (item.hasText && part > item.summaryIndex) this.#emit({ type: 'reasoning', text: '\n\n', isSummary: true });
    item.summaryIndex = part;
    item.hasText = true;
    this.#emit({ type: 'reasoning', text: event.delta, isSummary: true });
  }

  #arguments(event: JsonObject): void {
    const item = this.#itemOf(event, 'function_call');
    if (item.call === -1 || typeof event.delta !== 'string' || event.delta === '') return;
    item.hasText = true;
    this.#emit({ type: 'tool-arguments', index: item.call, text: event.delta });
  }

  #added(event: JsonObject, item: JsonObject): void {
    const type = stringOf(item.type) ?? '';
    const known = this.#itemOf(event, type);
    known.type = type;
    if (type === 'function_call' || type === 'custom_tool_call') this.#startCall(known, item);
  }

  #startCall(known: Item, item: JsonObject): void {
    if (known.call !== -1) return;
    known.call = this.#callCount;
    this.#callCount += 1;
    known.callId = stringOf(item.call_id) ?? stringOf(item.id) ?? this.#newId('call_');
    const event: ModelEvent = { type: 'tool-start', index: known.call, id: known.callId, name: stringOf(item.name) ?? '' };
    if (typeof item.namespace === 'string') event.namespace = item.namespace;
    if (item.type === 'custom_tool_call') event.isCustom = true;
    const opaque = this.#takeToken(known.callId);
    if (opaque !== undefined) event.opaque = opaque;
    this.#emit(event);
  }

  #takeToken(callId: string): Opaque | undefined {
    const opaque = this.#tokens.get(callId);
    this.#tokens.delete(callId);
    return opaque;
  }

  #itemDone(event: JsonObject, item: JsonObject): void {
    this.#done.push(item);
    const type = stringOf(item.type) ?? '';
    const known = this.#itemOf(event, type);
    known.type = type;
    if (type === 'message') {
      if (!known.hasText) this.#wholeMessage(item);
    } else if (type === 'reasoning') this.#endThought(known, item);
    else if (type === 'function_call' || type === 'custom_tool_call') {
      this.#startCall(known, item);
      const text = stringOf(item.type === 'custom_tool_call' ? item.input : item.arguments);
      if (!known.hasText && text !== undefined && text !== '') this.#emit({ type: 'tool-arguments', index: known.call, text });
      const opaque = this.#takeToken(known.callId);
      this.#emit({ type: 'tool-end', index: known.call, ...(opaque !== undefined && { opaque }) });
    } else this.#emit({ type: 'part', part: imageOf(item) ?? { type: 'unknown', bag: { dialect, fields: item } } });
  }

  /** A message whose deltas never came. */
  #wholeMessage(item: JsonObject): void {
    for (const part of arrayOf(item.content)) {
      const { text, refusal } = objectOf(part);
      if (typeof text === 'string' && text !== '') this.#emit({ type: 'text', text });
      if (typeof refusal !== 'string' || refusal === '') continue;
      this.#isRefusal = true;
      this.#emit({ type: 'refusal', text: refusal });
    }
  }

  #endThought(known: Item, item: JsonObject): void {
    const { part, ofText, ofCalls } = readThought(item);
    for (const [callId, opaque] of ofCalls) this.#tokens.set(callId, opaque);
    if (ofText !== undefined) this.#emit({ type: 'text', text: '', opaque: ofText });
    if (part === undefined) return;
    if (!known.hasText && part.text !== '') {
      this.#emit({ type: 'reasoning', text: part.text, ...(part.isSummary && { isSummary: true }) });
    }
    this.#emit({ type: 'reasoning-end', ...(part.opaque && { opaque: part.opaque }) });
  }

  #complete(response: JsonObject, type: string): void {
    this.#start(response);
    if (this.#items.size === 0) {
      arrayOf(response.output).forEach((item, index) => {
        if (isObject(item)) this.#itemDone({ output_index: index }, item);
      });
    }
    const usage = parseUsage(response.usage, this.#done);
    if (usage !== undefined) this.#emit({ type: 'usage', usage });
    const extra = fieldsBeside(response, knownOfResponse);
    if (extra !== undefined) this.#emit({ type: 'extra', bag: { dialect, fields: { $response: extra } } });
    const status = stringOf(response.status) ?? type.slice('response.'.length);
    const stop = stopOf({ status }, objectOf(response.incomplete_details), this.#callCount > 0, this.#isRefusal);
    this.#emit({ type: 'stop', stop });
    this.#isDone = true;
    this.#emit({ type: 'end' });
  }
}
