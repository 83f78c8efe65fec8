/**
 * Texts of results that were too long for a model, kept whole under their SHA-256 in the cache directory, within a quota and
 * for a time. Who may read one is kept beside it: the callers that got it, as long as they may call the tool it came from.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@switchyard/kit/clock';

/** Where a text came from. */
export interface ResultOrigin {
  caller: string;
  server: string;
  tool: string;
}

interface Entry {
  sizeBytes: number;
  storedAtMs: number;
  origins: ResultOrigin[];
}

export interface ResultStoreOptions {
  /** Folder of the texts, created when first needed. */
  directory: string;
  clock: Clock;
  quotaBytes: number;
  ttlMs: number;
}

export class ResultStore {
  readonly #options: ResultStoreOptions;
  #index: Promise<Map<string, Entry>> | undefined;

  constructor(options: ResultStoreOptions) {
    this.#options = options;
  }

  /** Keeps a text and gives its SHA-256 (hex). Rejects when it cannot be written. */
  async put(text: string, origin: ResultOrigin): Promise<string> {
    const index = await this.#load();
    const bytes = Buffer.from(text, 'utf8');
    const id = createHash('sha256').update(bytes).digest('hex');
    const known = index.get(id);
    const origins = known ? [...known.origins.filter((one) => !sameOrigin(one, origin)), origin] : [origin];
    if (!known) await this.#write(join(this.#options.directory, id), bytes);
    const entry = { sizeBytes: bytes.length, storedAtMs: this.#options.clock.now(), origins };
    index.delete(id);
    index.set(id, entry);
    await this.#write(join(this.#options.directory, `${id}.json`), Buffer.from(JSON.stringify(entry)));
    await this.#evict(index);
    return id;
  }

  /** Where the text came from, for the decision who may read it; undefined when there is none (any more). */
  async origins(id: string): Promise<readonly ResultOrigin[] | undefined> {
    const index = await this.#load();
    await this.#evict(index);
    return index.get(id)?.origins;
  }

  /** The whole text; undefined when it is gone. Ask `origins` first whether it may be read. */
  async text(id: string): Promise<string | undefined> {
    if (!(await this.#load()).has(id)) return undefined;
    return readFile(join(this.#options.directory, id), 'utf8').catch(() => undefined);
  }

  #load(): Promise<Map<string, Entry>> {
    this.#index ??= this.#readIndex();
    return this.#index;
  }

  async #readIndex(): Promise<Map<string, Entry>> {
    const { directory } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const entries: [string, Entry][] = [];
    for (const name of await readdir(directory)) {
      const id = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
      if (id === undefined) continue;
      try {
        const entry = JSON.parse(await readFile(join(directory, name), 'utf8')) as Entry;
        await stat(join(directory, id));
        entries.push([id, entry]);
      } catch {
        await this.#remove(id);
      }
    }
    return new Map(entries.sort(([, a], [, b]) => a.storedAtMs - b.storedAtMs));
  }

  /** Drops what is too old, and the oldest beyond the quota. */
  async #evict(index: Map<string, Entry>): Promise<void> {
    const { clock, ttlMs, quotaBytes } = this.#options;
    let total = 0;
    for (const { sizeBytes } of index.values()) total += sizeBytes;
    for (const [id, { sizeBytes, storedAtMs }] of index) {
      if (storedAtMs + ttlMs > clock.now() && total <= quotaBytes) return;
      index.delete(id);
      total -= sizeBytes;
      await this.#remove(id);
    }
  }

  async #remove(id: string): Promise<void> {
    const file = join(this.#options.directory, id);
    await Promise.all([rm(file, { force: true }), rm(`${file}.json`, { force: true })]);
  }

  /** Whole or not at all: a reader never sees half a file. */
  async #write(file: string, bytes: Buffer): Promise<void> {
    const temporary = `${file}.${randomUUID()}.tmp`;
    await writeFile(temporary, bytes, { mode: 0o600 });
    await rename(temporary, file);
  }
}

function sameOrigin(a: ResultOrigin, b: ResultOrigin): boolean {
  return a.caller === b.caller && a.server === b.server && a.tool === b.tool;
}
