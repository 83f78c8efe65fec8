/**
 * Whole answers to requests that will always be answered alike: same app, same dialect, same bytes, temperature 0. Opt-in, in memory,
 * bounded by bytes; the least recently used one goes first.
 */
import { createHash } from 'node:crypto';
import { isObject } from '@switchyard/dialects';
import type { JsonBody } from '@switchyard/kit/json-body';
import type { CallRecord } from './record.ts';

export interface CacheSettings {
  /** `routes`: only routes that say so; `all`: every request. */
  scope: 'routes' | 'all';
  ttlMs: number;
  maxBytes: number;
  /** False shares answers between apps. */
  perApp: boolean;
}

export interface CachedAnswer {
  body: Buffer;
  provider: string;
  model: string;
  /** What it did cost, where that is known. */
  usd: number | undefined;
}

export class AnswerCache {
  #settings: CacheSettings;
  readonly #entries = new Map<string, CachedAnswer & { untilMs: number }>();
  #bytes = 0;

  constructor(settings: CacheSettings) {
    this.#settings = settings;
  }

  /** Takes new settings. What was cached under others is forgotten. */
  reload(settings: CacheSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    this.#entries.clear();
    this.#bytes = 0;
  }

  /**
   * The name of a request's answer; undefined when it is not to be cached. `parts`: what else makes a difference (dialect, model, headers
   * that are passed on).
   */
  keyOf(
    route: { cache: boolean } | undefined,
    stream: boolean,
    app: string,
    body: JsonBody,
    parts: () => readonly string[],
  ): string | undefined {
    if (!(route?.cache || this.#settings.scope === 'all') || stream || temperatureOf(body) !== 0) return undefined;
    const hash = createHash('sha256');
    for (const part of [this.ownerOf(app), ...parts()]) hash.update(`${part.length}:${part}`);
    return hash.update(body.bytes).digest('base64');
  }

  /** Whose answers a request may be given: its own app's, unless they are shared. */
  ownerOf(app: string): string {
    return this.#settings.perApp ? app : '';
  }

  get(key: string, nowMs: number): CachedAnswer | undefined {
    const found = this.#entries.get(key);
    if (!found) return undefined;
    this.#drop(key);
    if (found.untilMs <= nowMs) return undefined;
    // Behind all others: a map keeps the order of insertion.
    this.#keep(key, found);
    return found;
  }

  put(key: string, answer: CachedAnswer, nowMs: number): void {
    const { maxBytes, ttlMs } = this.#settings;
    if (answer.body.length > maxBytes / 4) return;
    this.#drop(key);
    this.#keep(key, { ...answer, untilMs: nowMs + ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= maxBytes) break;
      this.#drop(oldest);
    }
  }

  #keep(key: string, entry: CachedAnswer & { untilMs: number }): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.body.length + entryBytes;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.body.length + entryBytes;
  }
}

/** Of an entry beside its answer, about. */
const entryBytes = 300;

/** Absent is not 0: providers then choose one of their own. */
function temperatureOf(body: JsonBody): unknown {
  const own = body.member('temperature');
  if (own !== undefined) return own;
  const gemini = body.member('generationConfig');
  return isObject(gemini) ? gemini.temperature : undefined;
}

/** What is cached of a call that went well; undefined when there is nothing to cache. */
export function cachedOf(record: CallRecord, body: Buffer | undefined): CachedAnswer | undefined {
  const last = record.attempts.at(-1);
  if (record.outcome !== 'ok' || !last || !body) return undefined;
  return { body, provider: last.provider, model: last.model, usd: last.costUsd };
}
