/**
 * Reads a chat completions stream. Built for what servers really send: usage on any chunk, tool calls without index or whole
 * in one chunk, thoughts in three fields, errors inside a 200. Only `data: [DONE]` is the end.
 */
import type { ParseAnswerOptions, StreamParser } from '../dialect.ts';
import type { ModelEvent, Usage } from '../model/answer.ts';
import type { ModelError } from '../model/error.ts';
import { arrayOf, isObject, type JsonObject, numberOf, objectOf, parseObject, stringOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import { type SseEvent, SseParser } from '../sse.ts';
import { parseFinish } from './answer.ts';
import { parseImages } from './content.ts';
import { DetailCollector } from './detail-collector.ts';
import { parseError } from './error.ts';
import { argumentsText } from './message-parse.ts';
import { geminiSignature, signatureOfCall } from './reasoning.ts';
import { parseUsage } from './usage.ts';

export interface ChatStreamOptions extends ParseAnswerOptions {
  /** A finish reason and a clean end of the transport count as the end, for servers that never say `[DONE]`. */
  lenientEnd?: boolean;
}

const dialect = 'openai-chat';
const knownOfChunk = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'cost', 'error', 'obfuscation']);
const knownOfDelta = new Set([
  'role',
  'content',
  'refusal',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'tool_calls',
  'function_call',
  'images',
  'thought_signature',
]);
const knownOfChoice = new Set(['index', 'delta', 'finish_reason', 'error', 'text']);

interface Call {
  index: number;
  /** The server's own index; undefined where it sends none. */
  wireIndex: number | undefined;
  id: string;
  name: string;
  isCustom: boolean;
  isStarted: boolean;
  /** Arguments that came before the name. */
  held: string;
  opaque: Opaque | undefined;
}

export function streamParser(emit: (event: ModelEvent) => void, options: ChatStreamOptions = {}): StreamParser {
  return new ChatStreamParser(emit, options);
}

class ChatStreamParser implements StreamParser {
  readonly #emit: (event: ModelEvent) => void;
  readonly #newId: (prefix: string) => string;
  readonly #lenientEnd: boolean;
  readonly #sse: SseParser;
  #isDone = false;
  #isStarted = false;
  #startFields: JsonObject | undefined;
  #finish: string | undefined;
  #inReasoning = false;
  /** The words of this thought come in `reasoning_content` or `reasoning`. */
  #hasThoughtField = false;
  #isRefusal = false;
  readonly #details = new DetailCollector();
  readonly #calls: Call[] = [];

  constructor(emit: (event: ModelEvent) => void, options: ChatStreamOptions) {
    this.#emit = emit;
    this.#newId = options.newId ?? randomId;
    this.#lenientEnd = options.lenientEnd ?? false;
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
    if (this.#isDone) return;
    if (this.#lenientEnd && this.#finish !== undefined) this.#complete();
    else this.#fail({ kind: 'cut', message: 'the stream of the provider stopped before its end' });
  }

  #fail(error: ModelError): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#emit({ type: 'error', error });
  }

  #event(event: SseEvent): void {
    if (this.#isDone) return;
    if (event.data === '[DONE]') return this.#complete();
    const chunk = parseObject(event.data);
    if (chunk === undefined) {
      if (event.event === 'error') return this.#fail(parseError(undefined, event.data));
      return this.#fail({ kind: 'malformed', message: `the provider sent a chunk that is no JSON: ${event.data.slice(0, 100)}` });
    }
    if (event.event === 'error' && chunk.error === undefined) return this.#fail(parseError(undefined, chunk));
    this.#chunk(chunk);
  }

  #chunk(chunk: JsonObject): void {
    const { choices, error } = chunk;
    if (isObject(error) || (typeof error === 'string' && error !== '')) return this.#fail(parseError(undefined, chunk));
    if (!this.#isStarted) this.#start(chunk);
    else this.#extraOfChunk(chunk);
    if (Array.isArray(choices)) for (const choice of choices) if (isObject(choice)) this.#choice(choice);
    if (this.#isDone || (chunk.usage === undefined && chunk.cost === undefined)) return;
    const usage: Usage | undefined = parseUsage(chunk);
    if (usage !== undefined) this.#emit({ type: 'usage', usage });
  }

  #start(chunk: JsonObject): void {
    this.#isStarted = true;
    const event: ModelEvent = {
      type: 'start',
      id: stringOf(chunk.id) || this.#newId('chatcmpl-'),
      model: stringOf(chunk.model) ?? '',
    };
    const created = numberOf(chunk.created);
    if (created !== undefined) event.createdAtMs = created * 1000;
    for (const key in chunk) {
      if (knownOfChunk.has(key)) continue;
      this.#startFields ??= {};
      this.#startFields[key] = chunk[key];
    }
    if (this.#startFields !== undefined) event.bag = { dialect, fields: this.#startFields };
    this.#emit(event);
  }

  /** Fields of a later chunk that the first did not have; what every chunk repeats is said once. */
  #extraOfChunk(chunk: JsonObject): void {
    let extra: JsonObject | undefined;
    for (const key in chunk) {
      if (knownOfChunk.has(key) || chunk[key] === null || chunk[key] === this.#startFields?.[key]) continue;
      extra ??= {};
      extra[key] = chunk[key];
    }
    if (extra !== undefined) this.#emit({ type: 'extra', bag: { dialect, fields: extra } });
  }

  #choice(choice: JsonObject): void {
    if (choice.index !== undefined && choice.index !== 0) {
      // The model holds one answer; the others are only for a client of the same dialect.
      return this.#emit({ type: 'extra', bag: { dialect, fields: { $choices: [choice] } } });
    }
    if (isObject(choice.delta)) this.#delta(choice.delta);
    this.#extraOf(choice, knownOfChoice, '$choice');
    const finish = choice.finish_reason;
    if (choice.error !== undefined && choice.error !== null) return this.#fail(parseError(undefined, { error: choice.error }));
    if (finish === 'error') return this.#fail({ kind: 'server', message: 'the provider ended the answer with an error' });
    if (typeof finish !== 'string') return;
    this.#finish ??= finish;
    this.#closeReasoning();
  }

  #extraOf(object: JsonObject, known: ReadonlySet<string>, note: string): void {
    let extra: JsonObject | undefined;
    for (const key in object) {
      const value = object[key];
      if (value === null || known.has(key) || (Array.isArray(value) && value.length === 0)) continue;
      extra ??= {};
      extra[key] = value;
    }
    if (extra !== undefined) this.#emit({ type: 'extra', bag: { dialect, fields: { [note]: extra } } });
  }

  #delta(delta: JsonObject): void {
    this.#thought(delta);
    const { content, tool_calls: calls } = delta;
    if (typeof content === 'string') this.#text(content, delta);
    else if (Array.isArray(content)) for (const part of content) this.#contentPart(objectOf(part));
    if (typeof delta.refusal === 'string' && delta.refusal !== '') {
      this.#closeReasoning();
      this.#isRefusal = true;
      this.#emit({ type: 'refusal', text: delta.refusal });
    }
    if (delta.images !== undefined) for (const part of parseImages(delta.images)) this.#emit({ type: 'part', part });
    if (Array.isArray(calls)) for (const call of calls) if (isObject(call)) this.#call(call);
    if (isObject(delta.function_call)) this.#call({ index: 0, id: 'legacy', function: delta.function_call });
    this.#messageSignature(delta);
    this.#extraOf(delta, knownOfDelta, '$delta');
  }

  #thought(delta: JsonObject): void {
    const details = arrayOf(delta.reasoning_details);
    let text = stringOf(delta.reasoning_content) || stringOf(delta.reasoning) || '';
    let words = '';
    if (details.length > 0) {
      words = this.#details.add(details);
      this.#inReasoning = true;
    }
    // Where the words stand in a field of their own, a detail that comes later only repeats them.
    if (text !== '') this.#hasThoughtField = true;
    else if (!this.#hasThoughtField) text = words;
    if (text === '') return;
    this.#inReasoning = true;
    this.#emit({ type: 'reasoning', text });
  }

  #closeReasoning(): void {
    if (!this.#inReasoning) return;
    this.#inReasoning = false;
    this.#hasThoughtField = false;
    const opaque = this.#details.take();
    this.#emit(opaque.length > 0 ? { type: 'reasoning-end', opaque } : { type: 'reasoning-end' });
  }

  #text(text: string, delta: JsonObject): void {
    const opaque = delta.tool_calls === undefined ? geminiSignature(delta.thought_signature) : undefined;
    if (text === '' && opaque === undefined) return;
    this.#closeReasoning();
    this.#emit(opaque === undefined ? { type: 'text', text } : { type: 'text', text, opaque });
  }

  /** Mistral streams arrays of parts, thoughts among them. */
  #contentPart(part: JsonObject): void {
    if (typeof part.text === 'string') this.#text(part.text, {});
    for (const inner of arrayOf(part.thinking)) this.#thought({ reasoning: objectOf(inner).text });
  }

  /** Venice's signature of the message, when no text took it: it belongs to the call of this chunk, or to the text before. */
  #messageSignature(delta: JsonObject): void {
    if (delta.thought_signature === undefined || (typeof delta.content === 'string' && delta.tool_calls === undefined)) return;
    const opaque = geminiSignature(delta.thought_signature);
    const call = this.#calls[0];
    if (opaque === undefined) return;
    if (call === undefined) this.#emit({ type: 'text', text: '', opaque });
    else call.opaque ??= opaque;
  }

  #call(fragment: JsonObject): void {
    this.#closeReasoning();
    const isCustom = isObject(fragment.custom);
    const inner = objectOf(isCustom ? fragment.custom : fragment.function);
    const call = this.#callOf(fragment, inner);
    if (isCustom) call.isCustom = true;
    const signature = signatureOfCall(fragment);
    if (signature !== undefined) call.opaque = signature;
    if (!call.isStarted) {
      if (call.name === '') call.name = stringOf(inner.name) ?? '';
      if (call.id === '' && fragment.id !== 'legacy') call.id = stringOf(fragment.id) ?? '';
    }
    const text = argumentsText(isCustom ? inner.input : inner.arguments);
    if (!call.isStarted && call.name === '') {
      call.held += text;
      return;
    }
    if (!call.isStarted) this.#startCall(call);
    if (text !== '') this.#emit({ type: 'tool-arguments', index: call.index, text });
  }

  #startCall(call: Call): void {
    call.isStarted = true;
    if (call.id === '') call.id = this.#newId('call_');
    const event: ModelEvent = { type: 'tool-start', index: call.index, id: call.id, name: call.name };
    if (call.isCustom) event.isCustom = true;
    if (call.opaque !== undefined) {
      event.opaque = call.opaque;
      call.opaque = undefined;
    }
    this.#emit(event);
    if (call.held !== '') this.#emit({ type: 'tool-arguments', index: call.index, text: call.held });
  }

  /**
   * The call a fragment belongs to. `index` joins, except that some servers give each of several whole calls the index 0:
   * another id together with a name is another call. Without index the id joins, and without both it is the last call.
   */
  #callOf(fragment: JsonObject, inner: JsonObject): Call {
    const wireIndex = numberOf(fragment.index);
    const id = stringOf(fragment.id) ?? '';
    let found: Call | undefined;
    if (wireIndex !== undefined) found = this.#calls.findLast((call) => call.wireIndex === wireIndex);
    else if (id !== '') found = this.#calls.findLast((call) => call.id === id);
    else if (typeof inner.name !== 'string') found = this.#calls.at(-1);
    const isOther =
      found?.isStarted && id !== '' && id !== 'legacy' && id !== found.id && typeof inner.name === 'string' && inner.name !== '';
    if (found !== undefined && !isOther) return found;
    const call: Call = {
      index: this.#calls.length,
      wireIndex,
      id: '',
      name: '',
      isCustom: false,
      isStarted: false,
      held: '',
      opaque: undefined,
    };
    this.#calls.push(call);
    return call;
  }

  #complete(): void {
    this.#closeReasoning();
    // A detail may follow the text it belongs to; it comes as a thought without words.
    for (const call of this.#calls) {
      if (!call.isStarted) continue;
      this.#emit(
        call.opaque === undefined
          ? { type: 'tool-end', index: call.index }
          : { type: 'tool-end', index: call.index, opaque: call.opaque },
      );
    }
    if (this.#finish !== undefined) {
      this.#emit({ type: 'stop', stop: parseFinish(this.#finish, this.#calls.length > 0, this.#isRefusal) });
    }
    this.#isDone = true;
    this.#emit({ type: 'end' });
  }
}
