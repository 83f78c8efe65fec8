/**
 * What survives a restart, in one SQLite file of the state directory: the runtime overlay (design: immutable declared base
 * ⊕ deltas), the dated era verdicts, and the key that seals what clients hold.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { canonicalJson } from '../jsonrpc/canonical.ts';
import type { Era } from '../protocol/revision.ts';

/** One runtime change: the value that replaces a declared one, and which declared value it replaced. */
export interface OverlayRow {
  server: string;
  field: string;
  value: unknown;
  /** Digest of the declared value at the time; the change dies when it no longer matches. */
  baseHash: string;
  who: string;
  /** ISO 8601, UTC. */
  when: string;
}

/** What was found out about a target's era, and when (epoch ms). */
export interface EraVerdict {
  era: Era;
  /** For a modern server: whether it also accepts the handshake; undefined when never tried. */
  handshake?: boolean | undefined;
  at: number;
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS overlay (server TEXT, field TEXT, value TEXT NOT NULL, baseHash TEXT NOT NULL, who TEXT NOT NULL, "when" TEXT NOT NULL, PRIMARY KEY (server, field)) STRICT;
  CREATE TABLE IF NOT EXISTS era (target TEXT PRIMARY KEY, era TEXT NOT NULL, handshake INTEGER, at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
`;

export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens `state.sqlite` in `directory` (created, mode 0700), or a database in memory without one. Throws when the folder cannot be used. */
  constructor(directory: string | undefined) {
    if (directory === undefined) {
      this.#database = new DatabaseSync(':memory:');
    } else {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = join(directory, 'state.sqlite');
      this.#database = new DatabaseSync(file);
      chmodSync(file, 0o600);
    }
    this.#database.exec(schema);
  }

  /** The open database, for what keeps tables of its own in it. */
  get database(): DatabaseSync {
    return this.#database;
  }

  overlay(): OverlayRow[] {
    return this.#prepare('SELECT * FROM overlay ORDER BY server, field')
      .all()
      .map((row) => ({ ...(row as unknown as OverlayRow), value: JSON.parse(row.value as string) }));
  }

  putOverlay(row: OverlayRow): void {
    this.#prepare('INSERT OR REPLACE INTO overlay (server, field, value, baseHash, who, "when") VALUES (?, ?, ?, ?, ?, ?)').run(
      row.server,
      row.field,
      JSON.stringify(row.value),
      row.baseHash,
      row.who,
      row.when,
    );
  }

  deleteOverlay(server: string, field: string): void {
    this.#prepare('DELETE FROM overlay WHERE server = ? AND field = ?').run(server, field);
  }

  eraVerdict(target: string): EraVerdict | undefined {
    const row = this.#prepare('SELECT era, handshake, at FROM era WHERE target = ?').get(target);
    if (!row) return undefined;
    return { era: row.era as Era, handshake: row.handshake === null ? undefined : row.handshake === 1, at: row.at as number };
  }

  putEraVerdict(target: string, { era, handshake, at }: EraVerdict): void {
    this.#prepare('INSERT OR REPLACE INTO era (target, era, handshake, at) VALUES (?, ?, ?, ?)').run(
      target,
      era,
      handshake === undefined ? null : Number(handshake),
      at,
    );
  }

  deleteEraVerdict(target: string): void {
    this.#prepare('DELETE FROM era WHERE target = ?').run(target);
  }

  /** The key of that name: 32 random bytes, made on first use. */
  key(name: string): Buffer {
    this.#prepare('INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)').run(name, randomBytes(32));
    return Buffer.from(this.#prepare('SELECT value FROM secret WHERE name = ?').get(name)?.value as Uint8Array);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Digest of a declared value, for OverlayRow.baseHash. */
export function baseHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}
