/** Writes a stream for clients of Ollama: lines of JSON, the last with `done: true` and the counts; after an error there is none. */
import type { RenderAnswerOptions, StreamRenderer } from '../dialect.ts';
import { unpack } from '../fields.ts';
import type { ModelEvent, Stop, Usage } from '../model/answer.ts';
import { fieldsOf } from '../model/bag.ts';
import type { JsonObject } from '../model/json.ts';
import { renderCall, showsThoughts, textOf } from './answer.ts';
import { renderError } from './error.ts';
import { renderStop, renderUsage } from './usage.ts';

export function streamRenderer(write: (text: string) => void, options: RenderAnswerOptions): StreamRenderer {
  return new OllamaStream(write, options);
}

type ToolStart = Extract<ModelEvent, { type: 'tool-start' }>;

class OllamaStream implements StreamRenderer {
  readonly #write: (text: string) => void;
  readonly #options: RenderAnswerOptions;
  readonly #showsThoughts: boolean;
  readonly #createdAt: string;
  #isOver = false;
  #model: string;
  /** Calls by index: Ollama's calls are whole, so that each waits for its end. */
  readonly #calls = new Map<number, { start: ToolStart; json: string }>();
  #stop: Stop | undefined;
  #usage: Usage | undefined;

  constructor(write: (text: string) => void, options: RenderAnswerOptions) {
    this.#write = write;
    this.#options = options;
    this.#showsThoughts = showsThoughts(options.request);
    this.#createdAt = new Date(options.nowMs).toISOString();
    this.#model = options.request.model;
  }

  push(event: ModelEvent): void {
    if (this.#isOver) return;
    switch (event.type) {
      case 'start':
        if (event.model !== '') this.#model = event.model;
        if (event.usage !== undefined) this.#usage = event.usage;
        return;
      case 'text':
      case 'refusal':
        return event.text === '' ? undefined : this.#message({ role: 'assistant', content: event.text });
      case 'reasoning':
        if (this.#showsThoughts && event.text !== '') this.#message({ role: 'assistant', content: '', thinking: event.text });
        return;
      case 'tool-start':
        this.#calls.set(event.index, { start: event, json: '' });
        return;
      case 'tool-arguments': {
        const call = this.#calls.get(event.index);
        if (call !== undefined) call.json += event.text;
        return;
      }
      case 'tool-end':
        return this.#endCall(event.index);
      case 'part': {
        const text = textOf(event.part);
        return text === '' ? undefined : this.#message({ role: 'assistant', content: text });
      }
      case 'usage':
        this.#usage = { ...this.#usage, ...event.usage };
        return;
      case 'stop':
        this.#stop = event.stop;
        return;
      case 'extra': {
        const fields = fieldsOf(event.bag, 'ollama');
        if (event.bag.dialect === 'ollama')
          this.#line(unpack({ message: { role: 'assistant', content: '' }, done: false }, fields));
        return;
      }
      case 'reasoning-end':
      case 'ping':
        return;
      case 'error':
        this.#isOver = true;
        return this.#write(`${JSON.stringify(renderError(event.error).body)}\n`);
      case 'end':
        return this.#end();
    }
  }

  #line(fields: JsonObject): void {
    this.#write(`${JSON.stringify({ model: this.#model, created_at: this.#createdAt, ...fields })}\n`);
  }

  #message(message: JsonObject): void {
    this.#line({ message, done: false });
  }

  #endCall(index: number): void {
    const call = this.#calls.get(index);
    if (call === undefined) return;
    this.#calls.delete(index);
    const { type: _, index: __, ...start } = call.start;
    const rendered = renderCall({ type: 'tool-call', ...start, arguments: call.json }, this.#options.request);
    this.#message({ role: 'assistant', content: '', tool_calls: [rendered] });
  }

  #end(): void {
    for (const index of [...this.#calls.keys()]) this.#endCall(index);
    const message = { role: 'assistant', content: '' };
    this.#line({ message, done: true, done_reason: renderStop(this.#stop), ...renderUsage(this.#usage) });
    this.#isOver = true;
  }
}
