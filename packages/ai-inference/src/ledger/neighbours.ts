/**
 * Other processes of this router on the same ledger. While one finishes its streams and another has begun to serve, each tells the other
 * through the ledger what it sets aside and what it did spend, so that both together keep to the budgets. Alone, a process tells nothing.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import { type AliveLock, isAliveLockHeld, takeAliveLock } from './alive-lock.ts';
import type { Ledger } from './ledger.ts';

/** Money of one attempt. */
export interface Spending {
  app: string;
  provider: string;
  /** Epoch ms of its start. */
  timeMs: number;
  usd: number;
}

/** An attempt that has money set aside, until its row is in the ledger. */
export interface OpenAttempt extends Spending {
  model: string;
  /** Unique in this process. */
  id: number;
  /** Where it stands among those that are open. */
  at: number;
}

export interface NeighboursOptions {
  ledger: Ledger;
  /** Folder of the ledger; undefined: it is in memory and nobody else's. */
  directory: string | undefined;
  clock: Clock;
  logger: Logger;
  /** Another process did spend this. */
  onSpent(spending: Spending): void;
}

const everyMs = 1000;
/** A process that begins to stop just after this one began is still seen. */
const attentiveMs = 30_000;

export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #id = randomUUID();
  readonly #open: OpenAttempt[] = [];
  #lastId = 0;
  #lock: AliveLock | undefined;
  /** Last row of the ledger that was looked at. */
  #position = 0;
  #setAside: Spending[] = [];
  #timer: Timer | undefined;
  #stopping = false;

  /** Looks for other processes at once, and for half a minute. */
  constructor(options: NeighboursOptions) {
    this.#options = options;
    if (options.directory === undefined) return;
    this.#watch(options.directory, options.clock.monotonicMs() + attentiveMs);
  }

  /** Whether there are others, or will be: this process stops. */
  get sharing(): boolean {
    return this.#lock !== undefined;
  }

  /** An attempt has money set aside from now on. */
  opened(app: string, provider: string, model: string, usd: number): OpenAttempt {
    this.#lastId += 1;
    const timeMs = Math.round(this.#options.clock.now());
    const attempt = { id: this.#lastId, at: this.#open.length, app, provider, model, usd, timeMs };
    this.#open.push(attempt);
    if (this.sharing) this.#tell([attempt]);
    return attempt;
  }

  /** Its row was given to the ledger, which takes back what others were told when it writes the row. */
  ended(attempt: OpenAttempt): void {
    if (this.#open[attempt.at] !== attempt) return;
    const last = this.#open.pop() as OpenAttempt;
    if (last === attempt) return;
    last.at = attempt.at;
    this.#open[attempt.at] = last;
  }

  /** Runs `work` while no other process can spend, knowing what they did so far. When the ledger fails, without such knowledge. */
  alone<T>(work: () => T): T {
    if (!this.sharing) return work();
    let done: { result: T } | undefined;
    try {
      this.#options.ledger.atomically(() => {
        this.#look();
        done = { result: work() };
      });
    } catch (error) {
      this.#options.logger.error('what other processes of this router spend cannot be read', { error });
    }
    return done ? done.result : work();
  }

  /** What others have set aside. */
  setAsideUsd(isMeant: (spending: Spending) => boolean): number {
    let usd = 0;
    for (const spending of this.#setAside) if (isMeant(spending)) usd += spending.usd;
    return usd;
  }

  /** This process stops: from now on others can see what is open here. Call before it accepts nothing any more. */
  handOver(): void {
    const { directory, logger } = this.#options;
    if (directory === undefined || this.#stopping) return;
    this.#stopping = true;
    this.#timer?.cancel();
    try {
      this.#share(directory);
    } catch (error) {
      logger.error('the next process of this router will not know what is still open here', { error });
    }
  }

  /** The end: what is still open counts as spent. */
  close(): void {
    const { directory, logger } = this.#options;
    this.#stopping = true;
    this.#timer?.cancel();
    if (directory === undefined || !this.sharing) return;
    try {
      this.#bury(this.#id);
      this.#keepToOurselves();
    } catch (error) {
      // Whoever comes next finds it as that of a process that is gone.
      logger.error('what is still open could not be counted', { error });
    }
  }

  /** Looks for others now, and again for as long as there are some or there may soon be. */
  #watch(directory: string, untilMs: number): void {
    const { clock, logger } = this.#options;
    try {
      const alive = this.#others(directory);
      if (alive.length > 0 && !this.sharing) this.#share(directory);
      this.alone(() => {});
      if (alive.length === 0) this.#keepToOurselves();
    } catch (error) {
      logger.error('other processes of this router cannot be looked for', { error });
    }
    if (this.sharing || clock.monotonicMs() < untilMs)
      this.#timer = clock.setTimeout(() => this.#watch(directory, untilMs), everyMs, { unref: true });
  }

  /** Those that are alive. What the others left open is counted as spent. */
  #others(directory: string): string[] {
    const told = this.#options.ledger.atomically((database) =>
      database.prepare('SELECT id FROM process WHERE id <> ?').all(this.#id),
    );
    return told.flatMap(({ id }) => {
      const file = lockFile(directory, String(id));
      if (isAliveLockHeld(file)) return [String(id)];
      this.#bury(String(id));
      rmSync(file, { force: true });
      return [];
    });
  }

  /** From now on others are told everything, and heard. */
  #share(directory: string): void {
    const { ledger } = this.#options;
    if (this.sharing) return;
    // First of all, so that nobody takes this process for a dead one.
    const lock = takeAliveLock(lockFile(directory, this.#id));
    try {
      ledger.atomically((database) => {
        database.prepare('INSERT INTO process (id) VALUES (?)').run(this.#id);
        this.#tell(this.#open);
        this.#position = lastPosition(database);
      });
    } catch (error) {
      lock.release();
      throw error;
    }
    ledger.writer = this.#id;
    this.#lock = lock;
    this.alone(() => {});
  }

  /** There is nobody else any more. */
  #keepToOurselves(): void {
    if (!this.#lock) return;
    const { ledger } = this.#options;
    ledger.atomically((database) => {
      database.prepare('DELETE FROM open_attempt WHERE process = ?').run(this.#id);
      database.prepare('DELETE FROM process WHERE id = ?').run(this.#id);
    });
    ledger.writer = null;
    this.#lock.release();
    this.#lock = undefined;
    this.#setAside = [];
  }

  #tell(attempts: readonly OpenAttempt[]): void {
    this.#options.ledger.atomically((database) => {
      const insert = database.prepare(
        'INSERT INTO open_attempt (process, id, timeMs, app, provider, model, usd) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      for (const { id, timeMs, app, provider, model, usd } of attempts)
        insert.run(this.#id, id, timeMs, app, provider, model, usd);
    });
  }

  /** Takes up what others did: what they set aside as it is now, and each row of theirs once. Within a transaction. */
  #look(): void {
    const { ledger, onSpent } = this.#options;
    ledger.atomically((database) => {
      this.#setAside = database
        .prepare('SELECT app, provider, timeMs, usd FROM open_attempt WHERE process <> ?')
        .all(this.#id) as unknown as Spending[];
      const rows = database
        .prepare(
          `SELECT app, provider, timeMs, coalesce(costUsd, assumedUsd, 0.0) AS usd FROM attempt
           WHERE position > ? AND writer IS NOT NULL AND writer <> ?`,
        )
        .all(this.#position, this.#id) as unknown as Spending[];
      this.#position = lastPosition(database);
      for (const row of rows) onSpent(row);
    });
  }

  /** A process is gone, or goes: what it had set aside counts as spent, once. */
  #bury(process: string): void {
    const { ledger, clock, logger } = this.#options;
    const lost = ledger.atomically((database) => {
      const { changes } = database
        .prepare(
          `INSERT INTO attempt (requestId, timeMs, app, route, provider, modelAsked, costSource, assumedUsd, durationMs, outcome,
             errorKind, writer)
           SELECT process || '/' || id, timeMs, app, model, provider, model, 'unknown', usd, max(0, ? - timeMs), 'error', 'cut', process
           FROM open_attempt WHERE process = ?`,
        )
        .run(Math.round(clock.now()), process);
      database.prepare('DELETE FROM open_attempt WHERE process = ?').run(process);
      database.prepare('DELETE FROM process WHERE id = ?').run(process);
      return changes;
    });
    if (lost > 0)
      logger.warn('a process of this router ended before its requests: what it had set aside counts as spent', {
        requests: lost,
      });
  }
}

function lastPosition(database: DatabaseSync): number {
  return Number(database.prepare('SELECT coalesce(max(position), 0) AS position FROM attempt').get()?.position);
}

function lockFile(directory: string, process: string): string {
  return join(directory, `${process}.lock`);
}
