/** Reads a stream of the Messages API. Source: "Streaming messages": events, deltas, and `error` as a last event. */
import type { StreamParser } from '../dialect.ts';
import type { ModelEvent } from '../model/answer.ts';
import { bagOf } from '../model/bag.ts';
import type { ModelError } from '../model/error.ts';
import { fieldsBeside, isObject, type JsonObject, objectOf, parseObject, stringOf } from '../model/json.ts';
import { type Opaque, unwrapOpaque } from '../model/opaque.ts';
import { type SseEvent, SseParser } from '../sse.ts';
import { parseBlock } from './block-parse.ts';
import { parseErrorObject } from './error.ts';
import { parseStop } from './stop.ts';
import { isTextToken, opaqueOfSignature, withoutItem } from './thought.ts';
import { joinUsage, parseUsage } from './usage.ts';

/** The block that is open. `kind` decides where its deltas go. */
interface OpenBlock {
  kind: 'text' | 'thinking' | 'redacted' | 'tool' | 'other';
  start: JsonObject;
  /** Of a tool: its place among the calls. */
  callIndex: number;
  hasDelta: boolean;
  signature: string | undefined;
  hasText: boolean;
  /** Of other blocks: the JSON text of `input`. */
  json: string;
}

const messageFields = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage']);
const callFields = new Set(['type', 'id', 'name', 'input']);
const stopFields = new Set(['stop_reason', 'stop_sequence']);
const deltaFields = new Set(['type', 'delta', 'usage']);

/** Never throws: what cannot be read becomes an error event, after which the parser is silent. */
export function streamParser(emit: (event: ModelEvent) => void): StreamParser {
  const reader = new EventReader(emit);
  const sse = new SseParser({ onEvent: (event) => reader.read(event), onComment: () => reader.sign() });
  return {
    feed(text) {
      if (reader.isOver) return;
      try {
        sse.feed(text);
      } catch (error) {
        reader.fail({ kind: 'malformed', message: (error as Error).message });
      }
    },
    end() {
      if (!reader.isOver) reader.fail({ kind: 'cut', message: 'the stream of Anthropic stopped before message_stop' });
    },
  };
}

class EventReader {
  isOver = false;
  readonly #emit: (event: ModelEvent) => void;
  /** Blocks by their index; one at a time at Anthropic, several at some compatible servers. */
  readonly #blocks = new Map<number, OpenBlock>();
  #calls = 0;
  #usage: JsonObject = {};
  #isStarted = false;
  #wasText = false;
  /** A token that belongs to a tool call which has not begun yet. */
  #tokenAhead: Opaque | undefined;

  constructor(emit: (event: ModelEvent) => void) {
    this.#emit = emit;
  }

  fail(error: ModelError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#emit({ type: 'error', error });
  }

  /** A comment: someone is there. */
  sign(): void {
    if (!this.isOver) this.#emit({ type: 'ping' });
  }

  read(event: SseEvent): void {
    if (this.isOver) return;
    const data = parseObject(event.data);
    if (data === undefined) {
      // An unknown event may hold anything; a known one that cannot be read is the end of trust.
      if (event.event === 'message' && event.data.trim() === '[DONE]') return;
      return this.fail({
        kind: 'malformed',
        message: `the stream of Anthropic holds what is no JSON: ${event.data.slice(0, 200)}`,
      });
    }
    const type = stringOf(data.type) ?? event.event;
    switch (type) {
      case 'message_start':
        return this.#start(objectOf(data.message));
      case 'content_block_start':
        return this.#startBlock(indexOf(data), objectOf(data.content_block));
      case 'content_block_delta':
        return this.#delta(indexOf(data), objectOf(data.delta));
      case 'content_block_stop':
        return this.#stopBlock(indexOf(data));
      case 'message_delta':
        return this.#messageDelta(data);
      case 'message_stop':
        return this.#end();
      case 'ping':
        return this.#emit({ type: 'ping' });
      case 'error':
        return this.fail(parseErrorObject(data));
      default:
        if (isObject(data.error)) return this.fail(parseErrorObject(data));
        return this.#emit({ type: 'extra', bag: { dialect: 'anthropic', fields: { $event: data } } });
    }
  }

  #start(message: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (isObject(message.usage)) this.#usage = message.usage;
    this.#emit({
      type: 'start',
      id: stringOf(message.id) ?? '',
      model: stringOf(message.model) ?? '',
      ...(isObject(message.usage) && { usage: parseUsage(message.usage) }),
      ...bagOf('anthropic', fieldsBeside(message, messageFields)),
    });
  }

  #startBlock(index: number, start: JsonObject): void {
    const open: OpenBlock = {
      kind: 'other',
      start,
      callIndex: -1,
      hasDelta: false,
      signature: undefined,
      hasText: false,
      json: '',
    };
    this.#blocks.set(index, open);
    const type = start.type;
    const wasText = this.#wasText;
    this.#wasText = type === 'text';
    if (type !== 'tool_use' && type !== 'thinking') this.#releaseToken();
    if (type === 'text') {
      open.kind = 'text';
      // Two blocks of text in a row (citations cut them) would else be one.
      if (wasText) this.#emit({ type: 'extra', bag: { dialect: 'anthropic', fields: { $block: 'text' } } });
      if (typeof start.text === 'string' && start.text !== '') this.#emit({ type: 'text', text: start.text });
    } else if (type === 'thinking') {
      open.kind = 'thinking';
      open.signature = stringOf(start.signature);
      if (typeof start.thinking === 'string' && start.thinking !== '') this.#think(open, start.thinking);
    } else if (type === 'redacted_thinking') {
      open.kind = 'redacted';
      const opaque = unwrapOpaque(stringOf(start.data) ?? '', { origin: 'anthropic', kind: 'redacted' });
      this.#emit({ type: 'reasoning-end', opaque: [opaque] });
    } else if (type === 'tool_use') {
      open.kind = 'tool';
      open.callIndex = this.#calls;
      this.#calls += 1;
      this.#startCall(open.callIndex, start);
    }
  }

  #startCall(index: number, start: JsonObject): void {
    const id = stringOf(start.id) ?? '';
    const isSigned = this.#tokenAhead?.itemId === id;
    const opaque = isSigned ? withoutItem(this.#tokenAhead as Opaque) : undefined;
    if (isSigned) this.#tokenAhead = undefined;
    else this.#releaseToken();
    const rest = fieldsBeside(start, callFields);
    if (rest !== undefined) this.#emit({ type: 'extra', bag: { dialect: 'anthropic', fields: { $call: rest } } });
    this.#emit({ type: 'tool-start', index, id, name: stringOf(start.name) ?? '', ...(opaque && { opaque }) });
  }

  #delta(index: number, delta: JsonObject): void {
    const open = this.#blocks.get(index);
    if (open === undefined) return this.fail({ kind: 'malformed', message: `a delta for block ${index}, which was never begun` });
    switch (delta.type) {
      case 'text_delta':
        if (typeof delta.text === 'string' && delta.text !== '') this.#emit({ type: 'text', text: delta.text });
        return;
      case 'thinking_delta':
        if (typeof delta.thinking === 'string' && delta.thinking !== '') this.#think(open, delta.thinking);
        return;
      case 'signature_delta':
        open.signature = stringOf(delta.signature) ?? open.signature;
        return;
      case 'input_json_delta': {
        const text = stringOf(delta.partial_json) ?? '';
        if (text === '') return;
        open.hasDelta = true;
        if (open.kind === 'tool') this.#emit({ type: 'tool-arguments', index: open.callIndex, text });
        else open.json += text;
        return;
      }
      default:
        this.#emit({ type: 'extra', bag: { dialect: 'anthropic', fields: { $delta: delta } } });
    }
  }

  #think(open: OpenBlock, text: string): void {
    this.#releaseToken();
    open.hasText = true;
    this.#emit({ type: 'reasoning', text });
  }

  #stopBlock(index: number): void {
    const open = this.#blocks.get(index);
    if (open === undefined) return;
    this.#blocks.delete(index);
    if (open.kind === 'thinking') this.#endThought(open);
    else if (open.kind === 'tool') this.#endCall(open);
    else if (open.kind === 'other') {
      const input = open.json === '' ? undefined : parseObject(open.json);
      const part = parseBlock(input === undefined ? open.start : { ...open.start, input });
      this.#emit({ type: 'part', part });
    }
  }

  #endThought(open: OpenBlock): void {
    const opaque = opaqueOfSignature(open.signature);
    const isForeign = opaque !== undefined && opaque.origin !== 'anthropic';
    if (isForeign && !open.hasText && opaque.itemId !== undefined) {
      this.#releaseToken();
      this.#tokenAhead = opaque;
      return;
    }
    this.#releaseToken();
    this.#emit({ type: 'reasoning-end', ...(opaque !== undefined && { opaque: [opaque] }) });
  }

  /** A token that belonged to no call after all: a thought without words, or the signature of a text (see thought.ts). */
  #releaseToken(): void {
    const opaque = this.#tokenAhead;
    if (opaque === undefined) return;
    this.#tokenAhead = undefined;
    if (isTextToken(opaque)) this.#emit({ type: 'text', text: '', opaque: withoutItem(opaque) });
    else this.#emit({ type: 'reasoning-end', opaque: [opaque] });
  }

  #endCall(open: OpenBlock): void {
    // Without deltas the arguments stand in the start: `{}` for none, all of them at some compatible servers.
    if (!open.hasDelta) {
      this.#emit({ type: 'tool-arguments', index: open.callIndex, text: JSON.stringify(open.start.input ?? {}) });
    }
    this.#emit({ type: 'tool-end', index: open.callIndex });
  }

  #messageDelta(data: JsonObject): void {
    this.#releaseToken();
    const delta = objectOf(data.delta);
    if (isObject(data.usage)) {
      this.#usage = joinUsage(this.#usage, data.usage);
      this.#emit({ type: 'usage', usage: parseUsage(this.#usage) });
    }
    const beside = fieldsBeside(data, deltaFields);
    const inside = fieldsBeside(delta, stopFields);
    if (beside !== undefined || inside !== undefined) {
      const fields: JsonObject = { $message: { ...beside, ...(inside !== undefined && { delta: inside }) } };
      this.#emit({ type: 'extra', bag: { dialect: 'anthropic', fields } });
    }
    if (typeof delta.stop_reason === 'string') this.#emit({ type: 'stop', stop: parseStop(delta) });
  }

  #end(): void {
    for (const index of [...this.#blocks.keys()]) this.#stopBlock(index);
    this.#releaseToken();
    this.isOver = true;
    this.#emit({ type: 'end' });
  }
}

function indexOf(data: JsonObject): number {
  return typeof data.index === 'number' ? data.index : 0;
}
