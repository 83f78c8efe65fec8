/** Gathers OpenRouter's `reasoning_details` from a stream, where one entry comes in many fragments. */
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { Opaque } from '../model/opaque.ts';
import { opaqueOfDetail, textOfDetail } from './reasoning.ts';

export class DetailCollector {
  #open: JsonObject[] = [];

  /** Takes the entries of one chunk and returns their readable words. */
  add(details: readonly JsonValue[]): string {
    let words = '';
    for (const detail of details) {
      if (!isObject(detail)) continue;
      words += textOfDetail(detail);
      this.#merge(detail);
    }
    return words;
  }

  /** Fragments of text or summary with the same index continue the last entry; anything else is an entry of its own. */
  #merge(detail: JsonObject): void {
    const last = this.#open.at(-1);
    const isMore =
      last !== undefined &&
      last.type === detail.type &&
      last.index === detail.index &&
      (detail.type === 'reasoning.text' || detail.type === 'reasoning.summary');
    if (!isMore) {
      this.#open.push({ ...detail });
      return;
    }
    for (const key in detail) {
      const value = detail[key];
      if (value === null || value === undefined) continue;
      const before = last[key];
      const grows = (key === 'text' || key === 'summary') && typeof before === 'string' && typeof value === 'string';
      last[key] = grows ? before + value : value;
    }
  }

  /** The entries that are complete now, each as it must be given back. */
  take(): Opaque[] {
    const opaques = this.#open.map(opaqueOfDetail);
    this.#open = [];
    return opaques;
  }
}
