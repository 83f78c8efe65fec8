/** The events of a Responses stream: numbered without gaps, and with the items that the last event repeats. */
import type { JsonObject } from '../model/json.ts';

/** Numbers events and items, and keeps the items that are done for the last event. */
export class EventWriter {
  readonly output: JsonObject[] = [];
  readonly newId: (prefix: string) => string;
  readonly #write: (text: string) => void;
  #sequence = 0;
  #nextOutput = 0;

  constructor(write: (text: string) => void, newId: (prefix: string) => string) {
    this.#write = write;
    this.newId = newId;
  }

  /** Writes an event; `fields` is the JSON text of what follows its type and number. */
  text(type: string, fields: string): void {
    this.#write(`event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#sequence},${fields}}\n\n`);
    this.#sequence += 1;
  }

  event(type: string, fields: JsonObject): void {
    this.text(type, JSON.stringify(fields).slice(1, -1));
  }

  /** Announces an item and returns its index. */
  added(item: JsonObject): number {
    const index = this.#nextOutput;
    this.#nextOutput += 1;
    this.event('response.output_item.added', { output_index: index, item });
    return index;
  }

  done(index: number, item: JsonObject): void {
    this.output[index] = item;
    this.event('response.output_item.done', { output_index: index, item });
  }

  /** An item that comes whole. */
  whole(item: JsonObject): void {
    this.done(this.added(item), item);
  }
}
