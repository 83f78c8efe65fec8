/**
 * Writes a chat completions stream. The role comes with the first chunk, the finish reason and (if asked for) usage last, then
 * `[DONE]`. After an error there is no `[DONE]`: the chunk with `error` and `finish_reason: "error"` is OpenRouter's form, the
 * only one in use for an error inside a stream.
 */
import type { RenderAnswerOptions, StreamRenderer } from '../dialect.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import { fieldsOf, wireFieldsOf } from '../model/bag.ts';
import { customInputOf } from '../model/custom-tools.ts';
import type { ModelError } from '../model/error.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import type { Part } from '../model/request.ts';
import { formatSseComment } from '../sse.ts';
import { callOfClient, lostReason, renderFinish } from './answer.ts';
import { renderPart } from './content.ts';
import { errorObject } from './error.ts';
import { BlockCounter, detailsOfThought, isGeminiSignature, ourDetail } from './reasoning.ts';
import { isLegacyRequest } from './tools.ts';
import { renderUsage } from './usage.ts';

const dialect = 'openai-chat';

interface OpenCall {
  id: string;
  isNativeCustom: boolean;
  /** The call is a function upstream but a custom tool to the client, so its text is only known when it is whole. */
  held: string | undefined;
  /** A custom call that the client knows as a function. */
  isWrapped: boolean;
  isEmpty: boolean;
  block: number;
}

export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  return new ChatStreamRenderer(write, options);
}

class ChatStreamRenderer implements StreamRenderer {
  readonly #write: (text: string) => void;
  readonly #options: RenderAnswerOptions;
  readonly #isLegacy: boolean;
  #isDone = false;
  /** The part of a chunk that is the same in all of them. */
  #head = '';
  #usage: Usage | undefined;
  #stop: Stop | undefined;
  #isRefusal = false;
  #thought = '';
  readonly #count = new BlockCounter();
  readonly #calls: (OpenCall | undefined)[] = [];

  constructor(write: (text: string) => void, options: RenderAnswerOptions) {
    this.#write = write;
    this.#options = options;
    this.#isLegacy = isLegacyRequest(options.request);
  }

  push(event: ModelEvent): void {
    if (this.#isDone) return;
    switch (event.type) {
      case 'start':
        return this.#start(event);
      case 'text':
        return this.#text(event.text, event.opaque);
      case 'refusal':
        this.#isRefusal = true;
        return this.#delta(`{"refusal":${JSON.stringify(event.text)}}`);
      case 'reasoning':
        this.#thought += event.text;
        return this.#delta(`{"reasoning_content":${JSON.stringify(event.text)}}`);
      case 'reasoning-end':
        return this.#details(detailsOfThought(this.#takeThought(), event.opaque, this.#count));
      case 'tool-start':
        return this.#toolStart(event);
      case 'tool-arguments':
        return this.#toolArguments(event.index, event.text);
      case 'tool-end':
        return this.#toolEnd(event.index, event.opaque);
      case 'part':
        return this.#part(event.part);
      case 'usage':
        this.#usage = this.#usage === undefined ? event.usage : { ...this.#usage, ...event.usage };
        return;
      case 'stop':
        this.#stop = event.stop;
        return;
      case 'ping':
        return this.#write(formatSseComment(' ping'));
      case 'extra':
        return this.#extra(fieldsOf(event.bag, dialect));
      case 'error':
        return this.#error(event.error);
      case 'end':
        return this.#end();
    }
  }

  #begin(id: string, model: string, createdAtMs: number, fields: JsonObject): void {
    const created = Math.floor(createdAtMs / 1000);
    const head = JSON.stringify({ id, object: 'chat.completion.chunk', created, model, ...fields });
    this.#head = `data: ${head.slice(0, -1)},`;
  }

  #start(event: Extract<ModelEvent, { type: 'start' }>): void {
    if (this.#head !== '') return;
    if (event.usage !== undefined) this.#usage = event.usage;
    this.#begin(event.id, event.model, event.createdAtMs ?? this.#options.nowMs, wireFieldsOf(event.bag, dialect));
    this.#delta('{"role":"assistant","content":""}');
  }

  /** Writes a chunk around the JSON text of its delta. */
  #delta(delta: string): void {
    this.#ensureStart();
    this.#write(`${this.#head}"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":null}]}\n\n`);
  }

  #ensureStart(): void {
    if (this.#head !== '') return;
    const newId = this.#options.newId ?? randomId;
    this.#start({ type: 'start', id: newId('chatcmpl-'), model: this.#options.request.model });
  }

  #details(details: JsonObject[]): void {
    if (details.length > 0) this.#delta(JSON.stringify({ reasoning_details: details }));
  }

  #takeThought(): string {
    const text = this.#thought;
    this.#thought = '';
    return text;
  }

  #text(text: string, opaque: Opaque | undefined): void {
    this.#thought = '';
    const block = this.#count.text();
    if (isGeminiSignature(opaque)) this.#delta(JSON.stringify({ content: text, thought_signature: opaque.value }));
    else if (text !== '') this.#delta(`{"content":${JSON.stringify(text)}}`);
    if (opaque !== undefined && !isGeminiSignature(opaque)) this.#details([ourDetail(opaque, block, 'part')]);
  }

  #toolStart(event: Extract<ModelEvent, { type: 'tool-start' }>): void {
    this.#thought = '';
    const { name, isCustom, isNative } = callOfClient(event, this.#options.request.tools);
    const call: OpenCall = {
      id: event.id,
      isNativeCustom: isNative,
      held: isCustom && (!isNative || !event.isCustom) ? '' : undefined,
      isWrapped: isCustom && !isNative,
      isEmpty: true,
      block: this.#count.next(),
    };
    this.#calls[event.index] = call;
    if (this.#isLegacy) return this.#delta(JSON.stringify({ function_call: { name, arguments: '' } }));
    const written: JsonObject = { index: event.index, id: event.id };
    if (isNative) Object.assign(written, { type: 'custom', custom: { name, input: '' } });
    else Object.assign(written, { type: 'function', function: { name, arguments: '' } });
    if (isGeminiSignature(event.opaque)) written.extra_content = { google: { thought_signature: event.opaque.value } };
    this.#delta(JSON.stringify({ tool_calls: [written] }));
    if (event.opaque !== undefined && !isGeminiSignature(event.opaque)) {
      this.#details([ourDetail(event.opaque, call.block, event.id)]);
    }
  }

  #toolArguments(index: number, text: string): void {
    const call = this.#calls[index];
    if (call === undefined || text === '') return;
    call.isEmpty = false;
    if (call.held !== undefined) call.held += text;
    else this.#fragment(index, call, text);
  }

  #fragment(index: number, call: OpenCall, text: string): void {
    const json = JSON.stringify(text);
    if (this.#isLegacy) this.#delta(`{"function_call":{"arguments":${json}}}`);
    else if (call.isNativeCustom) this.#delta(`{"tool_calls":[{"index":${index},"custom":{"input":${json}}}]}`);
    else this.#delta(`{"tool_calls":[{"index":${index},"function":{"arguments":${json}}}]}`);
  }

  #toolEnd(index: number, opaque: Opaque | undefined): void {
    const call = this.#calls[index];
    if (call === undefined) return;
    this.#calls[index] = undefined;
    if (call.held !== undefined) {
      this.#fragment(index, call, call.isWrapped ? JSON.stringify({ input: call.held }) : customInputOf(call.held));
    } else if (call.isEmpty && !call.isNativeCustom) this.#fragment(index, call, '{}');
    if (isGeminiSignature(opaque)) {
      this.#delta(JSON.stringify({ tool_calls: [{ index, extra_content: { google: { thought_signature: opaque.value } } }] }));
    } else if (opaque !== undefined) this.#details([ourDetail(opaque, call.block, call.id)]);
  }

  #part(part: Part): void {
    const block = this.#count.next();
    if (part.type !== 'image') return;
    const image = renderPart(part, '', []);
    if (image !== undefined) this.#delta(JSON.stringify({ images: [image] }));
    if (part.opaque !== undefined) this.#details([ourDetail(part.opaque, block, 'part')]);
  }

  /** What only chat has a place for: fields of the delta, of the choice, of the chunk, and other choices. */
  #extra(fields: JsonObject): void {
    let chunk: JsonObject | undefined;
    let choices: JsonValue[] | undefined;
    for (const key in fields) {
      const value = fields[key];
      if (key === '$delta' && isObject(value)) this.#delta(JSON.stringify(value));
      else if (key === '$choice') choices = [{ index: 0, delta: {}, finish_reason: null, ...(isObject(value) ? value : {}) }];
      else if (key === '$choices' && Array.isArray(value)) choices = value;
      else if (!key.startsWith('$')) chunk = { ...chunk, [key]: value };
    }
    if (chunk !== undefined || choices !== undefined) this.#chunk({ choices: choices ?? [], ...chunk });
  }

  #chunk(fields: JsonObject): void {
    this.#ensureStart();
    this.#write(`${this.#head}${JSON.stringify(fields).slice(1)}\n\n`);
  }

  #error(error: ModelError): void {
    if (this.#head === '') {
      const newId = this.#options.newId ?? randomId;
      this.#begin(newId('chatcmpl-'), this.#options.request.model, this.#options.nowMs, {});
    }
    this.#chunk({ error: errorObject(error), choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }] });
    this.#isDone = true;
  }

  #end(): void {
    for (const index of this.#calls.keys()) this.#toolEnd(index, undefined);
    const stop: Stop = this.#stop ?? { reason: 'stop' };
    const choice: JsonObject = { index: 0, delta: {}, logprobs: null };
    choice.finish_reason = renderFinish(stop, this.#isRefusal, this.#isLegacy);
    const lost = lostReason(stop);
    if (lost !== undefined) choice.native_finish_reason = lost;
    this.#chunk({ choices: [choice] });
    if (this.#options.request.includeUsage && this.#usage !== undefined)
      this.#chunk({ choices: [], ...renderUsage(this.#usage) });
    this.#write('data: [DONE]\n\n');
    this.#isDone = true;
  }
}
