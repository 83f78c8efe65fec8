/** Items of a Responses stream while they are written: messages of text and refusals, and thoughts. */
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Opaque } from '../model/opaque.ts';
import type { EventWriter } from './event-writer.ts';
import { itemOfThought } from './thought.ts';

interface OpenPart {
  type: 'output_text' | 'refusal';
  text: string;
  annotations: JsonValue[];
  logprobs: JsonValue[];
}

/** A message: parts of text and refusal, one after the other. */
export class MessageWriter {
  readonly #events: EventWriter;
  readonly #id: string;
  readonly #outputIndex: number;
  readonly #content: JsonObject[] = [];
  #part: OpenPart | undefined;
  /** Where the open part is, as JSON text. */
  #place = '';

  constructor(events: EventWriter) {
    this.#events = events;
    this.#id = events.newId('msg_');
    this.#outputIndex = events.added(this.#item('in_progress', []));
  }

  #item(status: string, content: JsonObject[]): JsonObject {
    return { type: 'message', id: this.#id, status, role: 'assistant', content };
  }

  text(text: string): void {
    const part = this.#open('output_text');
    part.text += text;
    this.#events.text('response.output_text.delta', `${this.#place},"delta":${JSON.stringify(text)},"logprobs":[]`);
  }

  refusal(text: string): void {
    const part = this.#open('refusal');
    part.text += text;
    this.#events.text('response.refusal.delta', `${this.#place},"delta":${JSON.stringify(text)}`);
  }

  /** A note on the open text, such as a citation. */
  annotation(annotation: JsonObject): void {
    const part = this.#open('output_text');
    const place = `${this.#place},"annotation_index":${part.annotations.length}`;
    this.#events.text('response.output_text.annotation.added', `${place},"annotation":${JSON.stringify(annotation)}`);
    part.annotations.push(annotation);
  }

  logprobs(logprobs: readonly JsonValue[]): void {
    this.#open('output_text').logprobs.push(...logprobs);
  }

  #open(type: 'output_text' | 'refusal'): OpenPart {
    if (this.#part?.type === type) return this.#part;
    this.#closePart();
    this.#part = { type, text: '', annotations: [], logprobs: [] };
    this.#place = `"item_id":"${this.#id}","output_index":${this.#outputIndex},"content_index":${this.#content.length}`;
    this.#events.text('response.content_part.added', `${this.#place},"part":${JSON.stringify(this.#whole())}`);
    return this.#part;
  }

  #whole(): JsonObject {
    const { type, text, annotations, logprobs } = this.#part as OpenPart;
    return type === 'refusal' ? { type, refusal: text } : { type, text, annotations, logprobs };
  }

  #closePart(): void {
    if (this.#part === undefined) return;
    const text = JSON.stringify(this.#part.text);
    if (this.#part.type === 'refusal') this.#events.text('response.refusal.done', `${this.#place},"refusal":${text}`);
    else this.#events.text('response.output_text.done', `${this.#place},"text":${text},"logprobs":[]`);
    const part = this.#whole();
    this.#events.text('response.content_part.done', `${this.#place},"part":${JSON.stringify(part)}`);
    this.#content.push(part);
    this.#part = undefined;
  }

  close(status: string): void {
    this.#closePart();
    this.#events.done(this.#outputIndex, this.#item(status, this.#content));
  }
}

/** A thought: a summary, or the words themselves. */
export class ThoughtWriter {
  readonly isSummary: boolean;
  readonly #events: EventWriter;
  readonly #id: string;
  readonly #outputIndex: number;
  readonly #place: string;
  readonly #partType: string;
  #text = '';

  constructor(events: EventWriter, isSummary: boolean) {
    this.isSummary = isSummary;
    this.#events = events;
    this.#id = events.newId('rs_');
    this.#outputIndex = events.added({ type: 'reasoning', id: this.#id, summary: [] });
    const index = isSummary ? 'summary_index' : 'content_index';
    this.#place = `"item_id":"${this.#id}","output_index":${this.#outputIndex},"${index}":0`;
    this.#partType = isSummary ? 'summary_text' : 'reasoning_text';
  }

  text(text: string): void {
    if (text === '') return;
    if (this.#text === '') this.#part('added', '');
    this.#text += text;
    const type = this.isSummary ? 'response.reasoning_summary_text.delta' : 'response.reasoning_text.delta';
    this.#events.text(type, `${this.#place},"delta":${JSON.stringify(text)}`);
  }

  #part(what: 'added' | 'done', text: string): void {
    const type = this.isSummary ? `response.reasoning_summary_part.${what}` : `response.content_part.${what}`;
    this.#events.text(type, `${this.#place},"part":{"type":"${this.#partType}","text":${JSON.stringify(text)}}`);
  }

  close(opaques: readonly Opaque[]): void {
    if (this.#text !== '') {
      const type = this.isSummary ? 'response.reasoning_summary_text.done' : 'response.reasoning_text.done';
      this.#events.text(type, `${this.#place},"text":${JSON.stringify(this.#text)}`);
      this.#part('done', this.#text);
    }
    this.#events.done(this.#outputIndex, itemOfThought(this.#text, this.isSummary, opaques, this.#id));
  }
}
