/**
 * Writes a stream of the Messages API out of model events: one `message_start`, blocks numbered without gaps, each opened
 * with its own type before its first delta, one at a time.
 */
import type { RenderAnswerOptions, StreamRenderer } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import { fieldsOf } from '../model/bag.ts';
import { isObject, type JsonObject, objectOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import { blocksOfPart, callNameFor } from './answer.ts';
import { callId } from './block-render.ts';
import { type ThoughtView, viewedThought, viewOfThoughts } from './client-thought.ts';
import { renderError } from './error.ts';
import { renderStop } from './stop.ts';
import { blockOfCallToken, blockOfTextToken, blocksOfThought, redactedBlock, signatureOf } from './thought.ts';
import { renderUsage } from './usage.ts';

type StartEvent = Extract<ModelEvent, { type: 'start' }>;

/** After `end` or `error` it is silent; an error is the last event, without `message_stop`. */
export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  return new AnthropicStream(write, options);
}

class AnthropicStream implements StreamRenderer {
  readonly #write: (text: string) => void;
  readonly #options: RenderAnswerOptions;
  readonly #view: ThoughtView;
  #isOver = false;
  #isStarted = false;
  #blocks = 0;
  #open: 'text' | 'thinking' | 'tool' | undefined;
  /** Of an open tool block: its place among the calls; events of other calls wait until it is closed. */
  #call = -1;
  #waiting: ModelEvent[] = [];
  /** Words of a thought whose token decides whether the client gets them. */
  #unshown = '';
  #isThought = false;
  #has = { calls: false, refusal: false };
  #stop: Stop | undefined;
  #usage: Usage | undefined;
  /** What Anthropic itself said beside the last delta, and beside the next tool call. */
  #atEnd: JsonObject = {};
  #ofCall: JsonObject = {};

  constructor(write: (text: string) => void, options: RenderAnswerOptions) {
    this.#write = write;
    this.#options = options;
    this.#view = viewOfThoughts(options.request);
  }

  push(event: ModelEvent): void {
    if (this.#isOver) return;
    if (event.type === 'error') return this.#fail(event);
    if (this.#open === 'tool' && mustWait(event, this.#call)) {
      this.#waiting.push(event);
      return;
    }
    this.#render(event);
  }

  #render(event: ModelEvent): void {
    switch (event.type) {
      case 'start':
        return this.#start(event);
      case 'text':
        return this.#text(event.text, event.opaque);
      case 'refusal':
        this.#has.refusal = true;
        return this.#text(event.text, undefined);
      case 'reasoning':
        return this.#think(event.text);
      case 'reasoning-end':
        return this.#endThought(event.opaque ?? []);
      case 'tool-start':
        return this.#startCall(event);
      case 'tool-arguments':
        if (this.#open === 'tool') this.#delta({ type: 'input_json_delta', partial_json: event.text });
        return;
      case 'tool-end':
        return this.#endCall(event.opaque);
      case 'part':
        return this.#part(event);
      case 'usage':
        this.#usage = { ...this.#usage, ...event.usage };
        return;
      case 'stop':
        this.#stop = event.stop;
        return;
      case 'ping':
        if (this.#isStarted) this.#event('ping', { type: 'ping' });
        return;
      case 'extra':
        return this.#extra(fieldsOf(event.bag, 'anthropic'));
      case 'end':
        return this.#end();
    }
  }

  #event(name: string, data: JsonObject): void {
    this.#write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #start(event?: StartEvent): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (event?.usage !== undefined) this.#usage = { ...event.usage, ...this.#usage };
    const id = event === undefined || event.id === '' ? (this.#options.newId ?? randomId)('msg_') : event.id;
    const message: JsonObject = {
      id,
      type: 'message',
      role: 'assistant',
      model: event === undefined || event.model === '' ? this.#options.request.model : event.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: renderUsage(this.#usage),
    };
    this.#event('message_start', { type: 'message_start', message: unpack(message, fieldsOf(event?.bag, 'anthropic')) });
  }

  /** Opens a block; the one before it is closed. */
  #openBlock(kind: 'text' | 'thinking' | 'tool', block: JsonObject): void {
    this.#close();
    this.#start();
    this.#event('content_block_start', { type: 'content_block_start', index: this.#blocks, content_block: block });
    this.#open = kind;
  }

  #delta(delta: JsonObject): void {
    this.#event('content_block_delta', { type: 'content_block_delta', index: this.#blocks, delta });
  }

  #close(): void {
    this.#dropThought();
    this.#closeBlock();
  }

  #closeBlock(): void {
    if (this.#open === undefined) return;
    this.#event('content_block_stop', { type: 'content_block_stop', index: this.#blocks });
    this.#blocks += 1;
    this.#open = undefined;
    this.#call = -1;
  }

  /** A block that comes whole: begun with what has no delta of its own, and closed at once. */
  #wholeBlock(block: JsonObject): void {
    this.#close();
    this.#start();
    const deltas: JsonObject[] = [];
    const start = { ...block };
    if (block.type === 'thinking') {
      start.thinking = '';
      start.signature = '';
      if (block.thinking !== '') deltas.push({ type: 'thinking_delta', thinking: block.thinking });
      deltas.push({ type: 'signature_delta', signature: block.signature });
    } else if (block.type === 'text') {
      start.text = '';
      deltas.push({ type: 'text_delta', text: block.text });
    } else if (typeof block.type === 'string' && block.type.endsWith('tool_use') && isObject(block.input)) {
      start.input = {};
      deltas.push({ type: 'input_json_delta', partial_json: JSON.stringify(block.input) });
    }
    this.#event('content_block_start', { type: 'content_block_start', index: this.#blocks, content_block: start });
    for (const delta of deltas) this.#delta(delta);
    this.#event('content_block_stop', { type: 'content_block_stop', index: this.#blocks });
    this.#blocks += 1;
  }

  /**
   * The token of a text can only go before it. Behind it, where Gemini's streams have it, a block of thought would be the last of
   * the answer, which clients take for its result; Gemini asks for tokens of texts but does not demand them.
   */
  #text(text: string, opaque: Opaque | undefined): void {
    if (opaque !== undefined && this.#open !== 'text' && text !== '') this.#wholeBlock(blockOfTextToken(opaque));
    if (text === '') return;
    if (this.#open !== 'text') this.#openBlock('text', { type: 'text', text: '' });
    this.#delta({ type: 'text_delta', text });
  }

  #think(text: string): void {
    this.#isThought = true;
    if (this.#view !== 'shown') {
      this.#unshown += text;
      return;
    }
    if (this.#open !== 'thinking') {
      this.#openBlock('thinking', { type: 'thinking', thinking: '', signature: '' });
      this.#isThought = true;
    }
    if (text !== '') this.#delta({ type: 'thinking_delta', thinking: text });
  }

  #endThought(opaque: readonly Opaque[]): void {
    if (this.#open === 'thinking') {
      this.#isThought = false;
      const [first, ...more] = opaque;
      if (first !== undefined) this.#delta({ type: 'signature_delta', signature: signatureOf(first) });
      this.#closeBlock();
      for (const one of more) this.#wholeBlock(redactedBlock(one));
      return;
    }
    const text = this.#unshown;
    this.#unshown = '';
    this.#isThought = false;
    const thought = text === '' && opaque.length === 0 ? undefined : viewedThought(this.#view, text, opaque);
    if (thought === undefined) return;
    for (const block of blocksOfThought(thought.text, thought.opaque)) this.#wholeBlock(block);
  }

  /** A thought that another kind of block ended: it has no token. */
  #dropThought(): void {
    this.#unshown = '';
    this.#isThought = false;
  }

  #startCall(event: Extract<ModelEvent, { type: 'tool-start' }>): void {
    this.#has.calls = true;
    const id = callId(event.id);
    if (event.opaque !== undefined) this.#wholeBlock(blockOfCallToken(event.opaque, id));
    const name = callNameFor(event, this.#options.request);
    this.#openBlock('tool', { type: 'tool_use', id, name, input: {}, ...this.#ofCall });
    this.#ofCall = {};
    this.#call = event.index;
    this.#callId = id;
  }

  #callId = '';

  #endCall(opaque: Opaque | undefined): void {
    if (this.#open !== 'tool') return;
    this.#closeBlock();
    if (opaque !== undefined) this.#wholeBlock(blockOfCallToken(opaque, this.#callId));
    this.#replay();
  }

  /** What waited for the open call: in order, until the next call is open. */
  #replay(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.push(event);
  }

  #part(event: Extract<ModelEvent, { type: 'part' }>): void {
    if (event.part.type === 'reasoning') {
      const thought = viewedThought(this.#view, event.part.text, event.part.opaque);
      if (thought !== undefined) for (const block of blocksOfThought(thought.text, thought.opaque)) this.#wholeBlock(block);
      return;
    }
    if (event.part.type === 'tool-call') this.#has.calls = true;
    if (event.part.type === 'refusal') this.#has.refusal = true;
    for (const block of blocksOfPart(event.part, this.#options.request)) this.#wholeBlock(block);
  }

  /** What this dialect's own parser noted (stream-parse.ts). */
  #extra(fields: JsonObject): void {
    if (fields.$block === 'text') this.#openBlock('text', { type: 'text', text: '' });
    else if (isObject(fields.$delta)) {
      if (this.#open === undefined) this.#openBlock('text', { type: 'text', text: '' });
      this.#delta(fields.$delta);
    } else if (isObject(fields.$call)) this.#ofCall = fields.$call;
    else if (isObject(fields.$message)) this.#atEnd = fields.$message;
    else if (isObject(fields.$event) && typeof fields.$event.type === 'string') this.#event(fields.$event.type, fields.$event);
    // A block that only Anthropic knows, out of a whole answer (model/replay.ts).
    else if (typeof fields.type === 'string') this.#wholeBlock(fields);
  }

  #finishBlocks(): void {
    while (this.#open === 'tool' && this.#waiting.length > 0) {
      this.#closeBlock();
      this.#replay();
    }
    if (this.#isThought && this.#open !== 'thinking') this.#endThought([]);
    this.#close();
  }

  #end(): void {
    this.#finishBlocks();
    this.#start();
    const { delta, ...beside } = this.#atEnd;
    this.#event('message_delta', {
      type: 'message_delta',
      ...beside,
      delta: { ...renderStop(this.#stop, this.#has), ...objectOf(delta) },
      usage: renderUsage(this.#usage),
    });
    this.#event('message_stop', { type: 'message_stop' });
    this.#isOver = true;
  }

  #fail(event: Extract<ModelEvent, { type: 'error' }>): void {
    this.#isOver = true;
    this.#event('error', renderError(event.error).body);
  }
}

/** Whether an event has to wait while the call with this index is being written. */
function mustWait(event: ModelEvent, call: number): boolean {
  switch (event.type) {
    case 'tool-arguments':
    case 'tool-end':
      return event.index !== call;
    case 'usage':
    case 'stop':
    case 'ping':
    case 'end':
      return false;
    case 'extra':
      return fieldsOf(event.bag, 'anthropic').$message === undefined;
    default:
      return true;
  }
}
