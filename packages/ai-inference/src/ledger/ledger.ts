/**
 * Every attempt as a row that is never changed: who asked for what, where it went and why, what came of it and what it cost. Rows are
 * gathered and written together, so that a call pays microseconds.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import { featureNames } from '../policy/features.ts';
import type { Label } from '../policy/score.ts';
import type { CostSource } from './cost.ts';
import { csvOf } from './csv.ts';

export interface LedgerRow {
  requestId: string;
  /** Epoch ms of the attempt's start. */
  timeMs: number;
  /** Name of the app's key, or `anonymous`. */
  app: string;
  /** What the client asked for. */
  route: string;
  /** Why it went where it went, as JSON: score, quantile, propensity, reason. */
  decision: string | null;
  provider: string;
  modelAsked: string;
  modelServed: string | null;
  inputTokens: number | null;
  cachedInputTokens: number | null;
  cacheWriteTokens: number | null;
  outputTokens: number | null;
  reasoningTokens: number | null;
  /** Null: unknown. */
  costUsd: number | null;
  costSource: CostSource;
  /** What budgets count where the cost is unknown. */
  assumedUsd: number | null;
  /** What an answer from the cache would have cost again. */
  savedUsd: number | null;
  firstTokenMs: number | null;
  durationMs: number;
  outcome: string;
  errorKind: string | null;
}

/** A row that is to be written. */
export interface NewRow extends LedgerRow {
  /** The attempt of `neighbours.ts` that it ends, where other processes hear of it. */
  ended?: { id: number } | undefined;
}

const columns = [
  'requestId',
  'timeMs',
  'app',
  'route',
  'decision',
  'provider',
  'modelAsked',
  'modelServed',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'costUsd',
  'costSource',
  'assumedUsd',
  'savedUsd',
  'firstTokenMs',
  'durationMs',
  'outcome',
  'errorKind',
] as const satisfies readonly (keyof LedgerRow)[];

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS attempt (
    position INTEGER PRIMARY KEY, requestId TEXT NOT NULL, timeMs INTEGER NOT NULL, app TEXT NOT NULL, route TEXT NOT NULL, decision TEXT,
    provider TEXT NOT NULL, modelAsked TEXT NOT NULL, modelServed TEXT, inputTokens INTEGER, cachedInputTokens INTEGER,
    cacheWriteTokens INTEGER, outputTokens INTEGER, reasoningTokens INTEGER, costUsd REAL, costSource TEXT NOT NULL,
    assumedUsd REAL, savedUsd REAL, firstTokenMs REAL, durationMs REAL NOT NULL, outcome TEXT NOT NULL, errorKind TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS label (
    requestId TEXT PRIMARY KEY, timeMs INTEGER NOT NULL, app TEXT NOT NULL, route TEXT NOT NULL, features TEXT NOT NULL,
    gain REAL NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS reconciled (
    day TEXT NOT NULL, provider TEXT NOT NULL, ledgerUsd REAL NOT NULL, unknown INTEGER NOT NULL, billUsd REAL, error TEXT,
    checkedAtMs INTEGER NOT NULL, PRIMARY KEY (day, provider)) STRICT;
  CREATE TABLE IF NOT EXISTS process (id TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS open_attempt (
    process TEXT NOT NULL, id INTEGER NOT NULL, timeMs INTEGER NOT NULL, app TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    usd REAL NOT NULL, PRIMARY KEY (process, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS attempt_time ON attempt (timeMs);
`;

/** What usage can be grouped by. */
export const groupings = ['day', 'month', 'app', 'provider', 'model', 'route'] as const;
export type Grouping = (typeof groupings)[number];

const expressions: Readonly<Record<Grouping, string>> = {
  day: "strftime('%Y-%m-%d', timeMs / 1000, 'unixepoch')",
  month: "strftime('%Y-%m', timeMs / 1000, 'unixepoch')",
  app: 'app',
  provider: 'provider',
  model: "provider || '/' || modelAsked",
  route: 'route',
};

export interface UsageFilter {
  sinceMs?: number;
  untilMs?: number;
  app?: string;
  provider?: string;
}

export interface UsageGroup {
  [group: string]: string | number | null;
  attempts: number;
  failures: number;
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  /** Of the attempts whose cost is known. */
  costUsd: number;
  /** Attempts whose cost nobody can say. */
  costUnknown: number;
  /** What answers from the cache would have cost again. */
  savedUsd: number;
}

export interface StoredLabel extends Label {
  requestId: string;
}

/** A day of a provider: what the ledger and what the provider's bill say that it did cost. */
export interface Reconciled {
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  provider: string;
  /** Of the attempts whose cost is known. */
  ledgerUsd: number;
  /** Attempts whose cost nobody can say. */
  unknown: number;
  /** Null: it could not be read, see `error`. */
  billUsd: number | null;
  error: string | null;
  checkedAtMs: number;
}

const flushMs = 250;
/** So many are written at once: more would cost as much each, and hold up everything else for longer. */
const flushRows = 250;
/** How long after a failure the next try is made. */
const retryMs = 5000;
/** What is kept for it. */
const mostKept = 10_000;

export interface LedgerOptions {
  /** Folder of `ledger.sqlite`; undefined keeps it in memory. */
  directory: string | undefined;
  clock: Clock;
  logger: Logger;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #end: StatementSync;
  /** Who writes, while other processes want to tell their rows from ours. */
  writer: string | null = null;
  #waiting: NewRow[] = [];
  #timer: Timer | undefined;
  /** The last try to write did not succeed. */
  #isFailing = false;

  /** Throws when the folder cannot be used. */
  constructor(options: LedgerOptions) {
    this.#options = options;
    const { directory } = options;
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = directory === undefined ? ':memory:' : join(directory, 'ledger.sqlite');
    this.#database = new DatabaseSync(file);
    if (directory !== undefined) chmodSync(file, 0o600);
    this.#database.exec(schema);
    this.#addColumns();
    this.#insert = this.#database.prepare(
      `INSERT INTO attempt (${columns.join(', ')}, writer) VALUES (${columns.map(() => '?').join(', ')}, ?)`,
    );
    this.#end = this.#database.prepare('DELETE FROM open_attempt WHERE process = ? AND id = ?');
  }

  /** Ledgers of earlier versions lack columns. */
  #addColumns(): void {
    const present = this.#database.prepare('PRAGMA table_info(attempt)').all();
    for (const column of ['assumedUsd REAL', 'savedUsd REAL', 'writer TEXT'])
      if (!present.some(({ name }) => column.startsWith(`${name} `)))
        this.#database.exec(`ALTER TABLE attempt ADD COLUMN ${column}`);
  }

  /** Takes a row; it is written within a quarter of a second. */
  add(row: NewRow): void {
    this.#waiting.push(row);
    if (this.#waiting.length >= flushRows && !this.#isFailing) this.flush();
    else this.#flushAfter(flushMs);
  }

  #flushAfter(ms: number): void {
    this.#timer ??= this.#options.clock.setTimeout(() => this.flush(), ms, { unref: true });
  }

  /** Writes what waits. Rows that cannot be written are kept for the next try, up to a bound, and said. */
  flush(): void {
    // Within `atomically` all is written but what `work` itself adds; that has its turn after.
    if (this.#database.isTransaction) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    try {
      this.#transact(() => {
        for (const row of rows) this.#write(row);
      });
      this.#isFailing = false;
    } catch (error) {
      this.#isFailing = true;
      const kept = rows.length < mostKept;
      if (kept) {
        this.#waiting = rows.concat(this.#waiting);
        this.#flushAfter(retryMs);
      }
      this.#options.logger.error('the ledger cannot be written', { error, rows: rows.length, kept });
    }
  }

  /** Runs `work` on the ledger, with every row in it, while no other process can write. Within another such work it is part of that. */
  atomically<T>(work: (database: DatabaseSync) => T): T {
    if (this.#database.isTransaction) return work(this.#database);
    this.flush();
    return this.#transact(() => work(this.#database));
  }

  #transact<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** One by one, in the order of `columns`: a list of their values made anew for each row would cost more than binding them. */
  #write(row: NewRow): void {
    this.#insert.run(
      row.requestId,
      row.timeMs,
      row.app,
      row.route,
      row.decision,
      row.provider,
      row.modelAsked,
      row.modelServed,
      row.inputTokens,
      row.cachedInputTokens,
      row.cacheWriteTokens,
      row.outputTokens,
      row.reasoningTokens,
      row.costUsd,
      row.costSource,
      row.assumedUsd,
      row.savedUsd,
      row.firstTokenMs,
      row.durationMs,
      row.outcome,
      row.errorKind,
      this.writer,
    );
    if (this.writer !== null && row.ended) this.#end.run(this.writer, row.ended.id);
  }

  /** Sums, grouped. */
  usage(by: readonly Grouping[], filter: UsageFilter = {}): UsageGroup[] {
    this.flush();
    const groups = by.map((name) => `${expressions[name]} AS "${name}"`);
    const { clause, values } = where(filter);
    const sql = `SELECT ${[...groups, sums].join(', ')} FROM attempt ${clause} ${by.length > 0 ? `GROUP BY ${by.map((_, index) => index + 1).join(', ')} ORDER BY ${by.map((_, index) => index + 1).join(', ')}` : ''}`;
    return this.#database
      .prepare(sql)
      .all(...values)
      .map((row) => ({ ...row })) as UsageGroup[];
  }

  /** Rows, newest first. */
  rows(filter: UsageFilter & { requestId?: string; limit: number }): LedgerRow[] {
    this.flush();
    const { clause, values } = where(filter);
    return this.#database
      .prepare(`SELECT ${columns.join(', ')} FROM attempt ${clause} ORDER BY position DESC LIMIT ?`)
      .all(...values, filter.limit)
      .map((row) => ({ ...row })) as unknown as LedgerRow[];
  }

  /** All rows of a time as CSV (RFC 4180), oldest first. */
  csv(filter: UsageFilter = {}): string {
    return csvOf(columns, this.rows({ ...filter, limit: 1_000_000 }).reverse());
  }

  /** What budgets count since a time: known costs, and for unknown ones what was set aside. */
  spentUsd(sinceMs: number, filter: Pick<UsageFilter, 'app' | 'provider'> = {}): number {
    this.flush();
    const { clause, values } = where({ ...filter, sinceMs });
    const sum = this.#database.prepare(`SELECT coalesce(sum(coalesce(costUsd, assumedUsd)), 0.0) AS usd FROM attempt ${clause}`);
    return Number(sum.get(...values)?.usd);
  }

  /** Keeps what came of comparing a day; what is known of it already is replaced, but a bill that was read is not by an error. */
  addReconciled({ day, provider, ledgerUsd, unknown, billUsd, error, checkedAtMs }: Reconciled): void {
    this.#database
      .prepare(
        `INSERT INTO reconciled (day, provider, ledgerUsd, unknown, billUsd, error, checkedAtMs) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (day, provider) DO UPDATE SET ledgerUsd = excluded.ledgerUsd, unknown = excluded.unknown,
           billUsd = coalesce(excluded.billUsd, billUsd), error = excluded.error, checkedAtMs = excluded.checkedAtMs
         WHERE excluded.checkedAtMs >= checkedAtMs`,
      )
      .run(day, provider, ledgerUsd, unknown, billUsd, error, Math.round(checkedAtMs));
  }

  /** The days that were compared, newest first. */
  reconciled(filter: { provider?: string } = {}): Reconciled[] {
    const clause = filter.provider === undefined ? '' : 'WHERE provider = ?';
    return this.#database
      .prepare(
        `SELECT day, provider, ledgerUsd, unknown, billUsd, error, checkedAtMs FROM reconciled ${clause} ORDER BY day DESC, provider LIMIT 1000`,
      )
      .all(...(filter.provider === undefined ? [] : [filter.provider]))
      .map((row) => ({ ...row })) as unknown as Reconciled[];
  }

  /** Keeps what a request of a route was worth on the strong side: its features, nothing of its text. */
  addLabel(route: string, app: string, { requestId, features, gain }: StoredLabel): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO label (requestId, timeMs, app, route, features, gain) VALUES (?, ?, ?, ?, ?, ?)')
      .run(requestId, Math.round(this.#options.clock.now()), app, route, JSON.stringify(features), gain);
  }

  /** The latest labels of a route, oldest first. Those of an earlier set of features are left out. */
  labels(route: string, limit: number): StoredLabel[] {
    return this.#database
      .prepare('SELECT requestId, features, gain FROM label WHERE route = ? ORDER BY timeMs DESC, rowid DESC LIMIT ?')
      .all(route, limit)
      .reverse()
      .map((row) => ({
        requestId: row.requestId as string,
        features: JSON.parse(row.features as string) as number[],
        gain: row.gain as number,
      }))
      .filter(({ features }) => features.length === featureNames.length);
  }

  close(): void {
    this.flush();
    this.#database.close();
  }
}

const sums = `count(*) AS attempts, sum(outcome = 'error') AS failures, coalesce(sum(inputTokens), 0) AS inputTokens,
  coalesce(sum(cachedInputTokens), 0) AS cachedInputTokens, coalesce(sum(outputTokens), 0) AS outputTokens,
  coalesce(sum(costUsd), 0.0) AS costUsd, coalesce(sum(costUsd IS NULL), 0) AS costUnknown, coalesce(sum(savedUsd), 0.0) AS savedUsd`;

function where(filter: UsageFilter & { requestId?: string }): { clause: string; values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, value: SQLInputValue | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add('timeMs >= ?', filter.sinceMs);
  add('timeMs < ?', filter.untilMs);
  add('app = ?', filter.app);
  add('provider = ?', filter.provider);
  add('requestId = ?', filter.requestId);
  return { clause: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '', values };
}
