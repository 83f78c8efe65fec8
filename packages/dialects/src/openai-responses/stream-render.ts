/**
 * Writes a Responses stream: every item is announced, filled and done, `sequence_number`, `output_index` and `content_index`
 * run without gaps, and the last event holds the whole response again. There is no `[DONE]`; Codex waits for
 * `response.completed`, `.incomplete` or `.failed`.
 */
import type { RenderAnswerOptions, StreamRenderer } from '../dialect.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import { fieldsOf } from '../model/bag.ts';
import { customInputOf } from '../model/custom-tools.ts';
import type { ModelError } from '../model/error.ts';
import { isObject, type JsonObject, objectOf } from '../model/json.ts';
import { randomId } from '../model/new-id.ts';
import type { Opaque } from '../model/opaque.ts';
import type { Part } from '../model/request.ts';
import { errorObject } from '../openai-chat/error.ts';
import { formatSseComment } from '../sse.ts';
import { imageItem } from './answer.ts';
import { type ClientCall, clientCall, itemOfCall } from './client-call.ts';
import { EventWriter } from './event-writer.ts';
import { ownItem } from './item-render.ts';
import { MessageWriter, ThoughtWriter } from './item-writers.ts';
import { echoOf, incompleteReason, type ResponseState, responseId, stateFields, wantsSummary } from './response.ts';
import { dialect, itemOfCallToken, itemOfTextToken } from './thought.ts';

interface OpenCall {
  call: ClientCall;
  callId: string;
  itemId: string;
  outputIndex: number;
  text: string;
}

export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  return new ResponsesStreamRenderer(write, options);
}

class ResponsesStreamRenderer implements StreamRenderer {
  readonly #write: (text: string) => void;
  readonly #options: RenderAnswerOptions;
  readonly #events: EventWriter;
  readonly #isSummary: boolean;
  readonly #calls: (OpenCall | undefined)[] = [];
  /** What the request says, as JSON text: three events repeat it. */
  #echo = '';
  #state: ResponseState | undefined;
  #extra: JsonObject | undefined;
  #usage: Usage | undefined;
  #stop: Stop = { reason: 'stop' };
  #isDone = false;
  #isRefusal = false;
  #message: MessageWriter | undefined;
  #thought: ThoughtWriter | undefined;

  constructor(write: (text: string) => void, options: RenderAnswerOptions) {
    this.#write = write;
    this.#options = options;
    this.#events = new EventWriter(write, options.newId ?? randomId);
    this.#isSummary = wantsSummary(options);
  }

  push(event: ModelEvent): void {
    if (this.#isDone) return;
    if (this.#state === undefined && event.type !== 'start' && event.type !== 'ping') this.#start(undefined);
    switch (event.type) {
      case 'start':
        return this.#start(event);
      case 'text':
        return this.#text(event.text, event.opaque);
      case 'refusal':
        this.#isRefusal = true;
        return this.#openMessage().refusal(event.text);
      case 'reasoning':
        return this.#reasoning(event.text, event.isSummary === true || this.#isSummary);
      case 'reasoning-end':
        return this.#reasoningEnd(event.opaque ?? []);
      case 'tool-start':
        return this.#toolStart(event);
      case 'tool-arguments':
        return this.#toolArguments(event.index, event.text);
      case 'tool-end':
        return this.#toolEnd(event.index, event.opaque, 'completed');
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
        return this.#extraFields(fieldsOf(event.bag, dialect));
      case 'error':
        return this.#error(event.error);
      case 'end':
        return this.#end();
    }
  }

  #start(event: Extract<ModelEvent, { type: 'start' }> | undefined): void {
    if (this.#state !== undefined) return;
    if (event?.usage !== undefined) this.#usage = event.usage;
    this.#echo = JSON.stringify(echoOf(this.#options.request)).slice(1, -1);
    this.#state = {
      id: responseId(event?.id ?? this.#events.newId('resp_')),
      model: event?.model ?? this.#options.request.model,
      createdAtMs: event?.createdAtMs ?? this.#options.nowMs,
      status: 'in_progress',
      output: [],
    };
    this.#response('response.created', this.#state);
    this.#response('response.in_progress', this.#state);
  }

  #response(type: string, state: ResponseState): void {
    const fields = JSON.stringify(stateFields(state)).slice(0, -1);
    const extra = this.#extra === undefined ? '' : `,${JSON.stringify(this.#extra).slice(1, -1)}`;
    this.#events.text(type, `"response":${fields},${this.#echo}${extra}}`);
  }

  /** Ends what stands open beside the calls. */
  #close(status = 'completed'): void {
    this.#thought?.close([]);
    this.#thought = undefined;
    this.#message?.close(status);
    this.#message = undefined;
  }

  #openMessage(): MessageWriter {
    if (this.#message === undefined) {
      this.#close();
      this.#message = new MessageWriter(this.#events);
    }
    return this.#message;
  }

  #text(text: string, opaque: Opaque | undefined): void {
    if (text !== '') this.#openMessage().text(text);
    if (opaque === undefined) return;
    this.#close();
    this.#events.whole(itemOfTextToken(opaque, this.#events.newId('rs_')));
  }

  #reasoning(text: string, isSummary: boolean): void {
    if (this.#thought?.isSummary !== isSummary) {
      this.#close();
      this.#thought = new ThoughtWriter(this.#events, isSummary);
    }
    this.#thought.text(text);
  }

  #reasoningEnd(opaques: readonly Opaque[]): void {
    if (this.#thought === undefined) {
      if (opaques.length === 0) return;
      this.#close();
      this.#thought = new ThoughtWriter(this.#events, true);
    }
    this.#thought.close(opaques);
    this.#thought = undefined;
  }

  #toolStart(event: Extract<ModelEvent, { type: 'tool-start' }>): void {
    this.#close();
    if (event.opaque !== undefined) this.#events.whole(itemOfCallToken(event.opaque, event.id, this.#events.newId('rs_')));
    const call = clientCall(event, this.#options.request.tools);
    const itemId = this.#events.newId(call.isCustom ? 'ctc_' : 'fc_');
    const outputIndex = this.#events.added(itemOfCall(call, itemId, event.id, '', 'in_progress'));
    this.#calls[event.index] = { call, callId: event.id, itemId, outputIndex, text: '' };
  }

  #toolArguments(index: number, text: string): void {
    const open = this.#calls[index];
    if (open === undefined || text === '') return;
    open.text += text;
    // The text of a stand-in function is only known when its JSON is whole.
    if (!open.call.isUnwrapped) this.#argumentsDelta(open, text);
  }

  #argumentsDelta(open: OpenCall, text: string): void {
    const type = open.call.isCustom ? 'response.custom_tool_call_input.delta' : 'response.function_call_arguments.delta';
    this.#events.text(type, `"item_id":"${open.itemId}","output_index":${open.outputIndex},"delta":${JSON.stringify(text)}`);
  }

  #toolEnd(index: number, opaque: Opaque | undefined, status: string): void {
    const open = this.#calls[index];
    if (open === undefined) return;
    this.#calls[index] = undefined;
    if (opaque !== undefined) this.#events.whole(itemOfCallToken(opaque, open.callId, this.#events.newId('rs_')));
    const { call, itemId, outputIndex } = open;
    if (call.isUnwrapped) this.#argumentsDelta(open, customInputOf(open.text));
    else if (open.text === '' && !call.isCustom) {
      open.text = '{}';
      this.#argumentsDelta(open, open.text);
    }
    const item = itemOfCall(call, itemId, open.callId, open.text, status);
    const done = call.isCustom ? 'response.custom_tool_call_input.done' : 'response.function_call_arguments.done';
    const text = call.isCustom ? { input: item.input } : { name: call.name, arguments: item.arguments };
    this.#events.event(done, { item_id: itemId, output_index: outputIndex, ...text });
    this.#events.done(outputIndex, item);
  }

  #part(part: Part): void {
    this.#close();
    if (part.type === 'image') this.#events.whole(imageItem(part, this.#events.newId));
    else if (part.type === 'unknown' && part.bag.dialect === dialect) this.#events.whole(ownItem(part));
  }

  #extraFields(fields: JsonObject): void {
    if (isObject(fields.$response)) this.#extra = { ...this.#extra, ...fields.$response };
    else if (isObject(fields.$annotation)) this.#message?.annotation(fields.$annotation);
    else if (Array.isArray(fields.$logprobs)) this.#message?.logprobs(fields.$logprobs);
    // An item that came outside a stream (model/replay.ts).
    else if (typeof fields.type === 'string') this.#part({ type: 'unknown', bag: { dialect, fields } });
  }

  #final(status: ResponseState['status'], more: Partial<ResponseState>): void {
    const state = this.#state as ResponseState;
    // An item that was never done leaves a hole.
    const output = this.#events.output.filter((item) => item !== undefined);
    this.#response(`response.${status}`, { ...state, status, output, usage: this.#usage, ...more });
    this.#isDone = true;
  }

  #error(error: ModelError): void {
    const { code, message } = objectOf(errorObject(error));
    this.#final('failed', { error: { code: code ?? 'server_error', message } });
  }

  #end(): void {
    const reason = incompleteReason(this.#stop, this.#isRefusal);
    const status = reason === undefined ? 'completed' : 'incomplete';
    this.#close(status);
    for (const index of this.#calls.keys()) this.#toolEnd(index, undefined, status);
    this.#final(status, { completedAtMs: this.#options.nowMs, ...(reason !== undefined && { incompleteReason: reason }) });
  }
}
