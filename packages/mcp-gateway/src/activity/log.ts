/**
 * The activity log: every call and every refusal as a row of an SQLite file of its own, bounded by age and size. Rows are
 * gathered and written together, so that a call pays microseconds.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { CallRecord, Outcome } from './activity.ts';
import { redact } from './redact.ts';

/** A row as it is shown. */
export interface ActivityRow {
  id: string;
  /** ISO 8601. */
  time: string;
  caller: string;
  via: string;
  protocolVersion: string;
  server: string;
  method: string;
  name: string;
  queueMs: number;
  runMs: number;
  argumentBytes: number;
  resultBytes: number;
  shortened: boolean;
  outcome: Outcome;
  error?: string;
  traceparent?: string;
  /** Redacted arguments, as JSON text that may be cut. */
  arguments?: string;
  /** Redacted beginning of the result. */
  resultPreview?: string;
}

export interface ActivityFilter {
  server?: string | undefined;
  name?: string | undefined;
  caller?: string | undefined;
  outcome?: string | undefined;
  /** Epoch ms, inclusive. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Position after which to go on, from an earlier answer. */
  cursor?: number | undefined;
  limit: number;
}

export interface ActivityLogOptions {
  /** Folder of the file; undefined keeps everything in memory. */
  directory: string | undefined;
  clock: Clock;
  logger: Logger;
  mask(text: string): string;
  retentionMs: number;
  maxBytes: number;
  /** What is kept of arguments and results: nothing, their redacted beginning, or the whole with known secrets hidden. */
  keep: 'none' | 'redacted' | 'full';
}

const flushMs = 250;
/** Rows that wait are copied at each collection of garbage: few cost less than the transactions they save. */
const flushRows = 64;
const pruneMs = 60_000;
const argumentChars = 2000;
const previewChars = 500;
/** A longer text is cut even when everything is kept. */
const fullChars = 1024 * 1024;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA auto_vacuum = INCREMENTAL;
  CREATE TABLE IF NOT EXISTS activity (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL, timeMs INTEGER NOT NULL, caller TEXT NOT NULL, via TEXT NOT NULL,
    protocolVersion TEXT NOT NULL, server TEXT NOT NULL, method TEXT NOT NULL, name TEXT NOT NULL, queueMs REAL NOT NULL, runMs REAL NOT NULL,
    argumentBytes INTEGER NOT NULL, resultBytes INTEGER NOT NULL, shortened INTEGER NOT NULL, outcome TEXT NOT NULL, error TEXT, traceparent TEXT,
    arguments TEXT, resultPreview TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS activity_id ON activity (id);
  CREATE INDEX IF NOT EXISTS activity_time ON activity (timeMs);
`;

const columns = [
  'id',
  'timeMs',
  'caller',
  'via',
  'protocolVersion',
  'server',
  'method',
  'name',
  'queueMs',
  'runMs',
  'argumentBytes',
  'resultBytes',
  'shortened',
  'outcome',
  'error',
  'traceparent',
  'arguments',
  'resultPreview',
] as const;

export class ActivityLog {
  readonly #options: ActivityLogOptions;
  readonly #database: DatabaseSync;
  readonly #insert;
  readonly #listeners = new Set<(row: ActivityRow) => void>();
  #waiting: CallRecord[] = [];
  #flush: Timer | undefined;
  #prunedAtMs = 0;

  /** Opens `activity.sqlite`. Throws when the folder cannot be used. */
  constructor(options: ActivityLogOptions) {
    this.#options = options;
    const { directory } = options;
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = directory === undefined ? ':memory:' : join(directory, 'activity.sqlite');
    this.#database = new DatabaseSync(file);
    if (directory !== undefined) chmodSync(file, 0o600);
    this.#database.exec(schema);
    this.#insert = this.#database.prepare(
      `INSERT INTO activity (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
  }

  /** Takes a record; it is written within a quarter of a second. */
  add(record: CallRecord): void {
    this.#waiting.push(record);
    if (this.#waiting.length >= flushRows) this.flush();
    else this.#flush ??= this.#options.clock.setTimeout(() => this.flush(), flushMs, { unref: true });
  }

  /** Writes what waits. A log that cannot be written is said once per attempt and never fails a call. */
  flush(): void {
    this.#flush?.cancel();
    this.#flush = undefined;
    const records = this.#waiting;
    if (records.length === 0) return;
    this.#waiting = [];
    try {
      this.#database.exec('BEGIN');
      for (const record of records) this.#write(record);
      this.#database.exec('COMMIT');
      this.#prune();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#options.logger.error('activity could not be written', { error, lost: records.length });
    }
  }

  /** Rows that match, newest first, and where to go on for older ones. */
  list(filter: ActivityFilter): { rows: ActivityRow[]; cursor?: number } {
    this.flush();
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    where('server = ?', filter.server);
    where('name = ?', filter.name);
    where('caller = ?', filter.caller);
    where('outcome = ?', filter.outcome);
    where('timeMs >= ?', filter.sinceMs);
    where('timeMs <= ?', filter.untilMs);
    where('position < ?', filter.cursor);
    const clause = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    const found = this.#database
      .prepare(`SELECT * FROM activity ${clause} ORDER BY position DESC LIMIT ?`)
      .all(...values, filter.limit + 1);
    const rows = found.slice(0, filter.limit);
    const last = rows.at(-1);
    return { rows: rows.map(toRow), ...(found.length > filter.limit && last && { cursor: last.position as number }) };
  }

  /** The rows of one request, oldest first: a request that went through rounds has several. */
  get(id: string): ActivityRow[] {
    this.flush();
    return this.#database.prepare('SELECT * FROM activity WHERE id = ? ORDER BY position LIMIT 100').all(id).map(toRow);
  }

  /** Hears each row as it is written, until the returned function is called. */
  listen(listener: (row: ActivityRow) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.flush();
    this.#database.close();
  }

  #write(record: CallRecord): void {
    const { mask } = this.#options;
    const row: Record<(typeof columns)[number], SQLInputValue> = {
      id: record.id,
      timeMs: record.timeMs,
      caller: record.caller,
      via: record.via,
      protocolVersion: record.protocolVersion,
      server: record.server,
      method: record.method,
      name: record.name,
      queueMs: record.queueMs,
      runMs: record.runMs,
      argumentBytes: record.argumentBytes,
      resultBytes: record.resultBytes,
      outcome: record.outcome,
      shortened: Number(record.shortened),
      error: record.error === undefined ? null : redact(record.error, 1000, mask),
      traceparent: record.traceparent ?? null,
      arguments: this.#kept(record.paramsText, argumentChars),
      resultPreview: record.resultText === '' ? null : this.#kept(record.resultText, previewChars),
    };
    // One by one: a list of eighteen values made anew for each row would cost more than binding them.
    this.#insert.run(
      row.id,
      row.timeMs,
      row.caller,
      row.via,
      row.protocolVersion,
      row.server,
      row.method,
      row.name,
      row.queueMs,
      row.runMs,
      row.argumentBytes,
      row.resultBytes,
      row.shortened,
      row.outcome,
      row.error,
      row.traceparent,
      row.arguments,
      row.resultPreview,
    );
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener(toRow(row));
  }

  #kept(text: string, limitChars: number): string | null {
    const { keep, mask } = this.#options;
    if (keep === 'none') return null;
    if (keep === 'redacted') return redact(text, limitChars, mask);
    return mask(text.length > fullChars ? `${text.slice(0, fullChars)}…` : text);
  }

  /** Drops what is too old and, beyond the size, the oldest tenth. */
  #prune(): void {
    const { clock, retentionMs, maxBytes } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#prunedAtMs < pruneMs) return;
    this.#prunedAtMs = nowMs;
    this.#database.prepare('DELETE FROM activity WHERE timeMs < ?').run(nowMs - retentionMs);
    const pragma = (name: string) => Number(Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
    if ((pragma('page_count') - pragma('freelist_count')) * pragma('page_size') > maxBytes) {
      this.#database.exec(
        'DELETE FROM activity WHERE position <= (SELECT min(position) + (max(position) - min(position)) / 10 FROM activity)',
      );
    }
    this.#database.exec('PRAGMA incremental_vacuum(1000)');
  }
}

function toRow(row: Record<string, unknown>): ActivityRow {
  const { position: _position, timeMs, shortened, error, traceparent, arguments: args, resultPreview, ...rest } = row;
  return {
    ...(rest as unknown as ActivityRow),
    time: new Date(timeMs as number).toISOString(),
    shortened: shortened === 1,
    queueMs: round(row.queueMs),
    runMs: round(row.runMs),
    ...(typeof error === 'string' && { error }),
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(typeof args === 'string' && { arguments: args }),
    ...(typeof resultPreview === 'string' && { resultPreview }),
  };
}

function round(value: unknown): number {
  return Math.round((value as number) * 1000) / 1000;
}
