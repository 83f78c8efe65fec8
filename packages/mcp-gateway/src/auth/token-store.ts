/**
 * Issued tokens, in the state database: what each may do and how long, never the token itself. Several processes use it at
 * the same time: the daemon reads, the command line creates and revokes.
 */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Grant } from './grant.ts';

export interface TokenRecord {
  id: string;
  name: string;
  grant: Grant;
  /** Epoch ms, like the other times here. */
  createdAt: number;
  /** Undefined: never. */
  expiresAt: number | undefined;
  revokedAt: number | undefined;
  /** To the minute; undefined when it was never used. */
  lastUsedAt: number | undefined;
}

const schema = `
  CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, "grant" TEXT NOT NULL,
    createdAt INTEGER NOT NULL, expiresAt INTEGER, revokedAt INTEGER, lastUsedAt INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS tokenName ON token (name) WHERE revokedAt IS NULL;
`;
/** A token that another process revokes works for this long at most. Looking at each request would be a seventh of its cost. */
const lookMs = 20;
const columns = 'id, name, "grant", createdAt, expiresAt, revokedAt, lastUsedAt';

export class TokenStore {
  readonly #database: DatabaseSync;
  readonly #version: StatementSync;
  readonly #byHash: StatementSync;
  #ownChanges = 0;
  #seenVersion = 0;
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
    this.#version = database.prepare('PRAGMA data_version');
    this.#version.setReturnArrays(true);
    this.#byHash = database.prepare(`SELECT ${columns} FROM token WHERE hash = ?`);
  }

  /** A number that is another one after anybody changed the database: at once for this process, within `lookMs` for others (SQLite, PRAGMA data_version). */
  get version(): number {
    const now = performance.now();
    if (now - this.#seenAt >= lookMs) {
      [this.#seenVersion] = this.#version.get() as unknown as [number];
      this.#seenAt = now;
    }
    return this.#seenVersion + this.#ownChanges;
  }

  /** The token of that hash, whatever its state. */
  find(hash: string): TokenRecord | undefined {
    const row = this.#byHash.get(hash);
    return row && toRecord(row);
  }

  /** All tokens ever issued, oldest first. */
  list(): TokenRecord[] {
    return this.#database.prepare(`SELECT ${columns} FROM token ORDER BY createdAt, id`).all().map(toRecord);
  }

  /** Whether any token could be used now. */
  hasUsable(now: number): boolean {
    const sql = 'SELECT 1 FROM token WHERE revokedAt IS NULL AND (expiresAt IS NULL OR expiresAt > ?) LIMIT 1';
    return this.#database.prepare(sql).get(now) !== undefined;
  }

  /** The token of that id, or the one of that name that is not revoked. */
  named(idOrName: string): TokenRecord | undefined {
    const sql = `SELECT ${columns} FROM token WHERE id = ?1 OR (name = ?1 AND revokedAt IS NULL) ORDER BY id = ?1 DESC LIMIT 1`;
    const row = this.#database.prepare(sql).get(idOrName);
    return row && toRecord(row);
  }

  /** Keeps a new token; one of the same name that has expired makes room. Undefined when the name is in use. */
  add(
    token: Pick<TokenRecord, 'name' | 'grant' | 'expiresAt'> & { hash: string; replaces?: string },
    now: number,
  ): TokenRecord | undefined {
    const { name, grant, hash, expiresAt, replaces } = token;
    const id = randomBytes(4).toString('hex');
    return this.#change(() => {
      const free = 'UPDATE token SET revokedAt = ?1 WHERE name = ?2 AND revokedAt IS NULL AND (expiresAt <= ?1 OR id = ?3)';
      this.#database.prepare(free).run(now, name, replaces ?? null);
      const sql =
        'INSERT INTO token (id, name, hash, "grant", createdAt, expiresAt) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING';
      const { changes } = this.#database.prepare(sql).run(id, name, hash, JSON.stringify(grant), now, expiresAt ?? null);
      return changes === 1 ? this.find(hash) : undefined;
    });
  }

  /** Ends a token for good. False when it has been revoked before. */
  revoke(id: string, now: number): boolean {
    const sql = 'UPDATE token SET revokedAt = ? WHERE id = ? AND revokedAt IS NULL';
    return this.#change(() => this.#database.prepare(sql).run(now, id).changes === 1);
  }

  /** Notes when tokens were used last. No change that anybody has to look at. */
  touch(uses: ReadonlyMap<string, number>): void {
    const update = this.#database.prepare('UPDATE token SET lastUsedAt = ? WHERE id = ?');
    this.#transaction(() => {
      for (const [id, at] of uses) update.run(at, id);
    });
  }

  #change<T>(action: () => T): T {
    this.#ownChanges += 1;
    return this.#transaction(action);
  }

  #transaction<T>(action: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = action();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function toRecord(row: Record<string, unknown>): TokenRecord {
  const { id, name, createdAt, expiresAt, revokedAt, lastUsedAt } = row;
  const grant = JSON.parse(row.grant as string) as Grant;
  return {
    id: id as string,
    name: name as string,
    grant: { ...grant, ratePerMinute: grant.ratePerMinute },
    createdAt: createdAt as number,
    expiresAt: (expiresAt as number | null) ?? undefined,
    revokedAt: (revokedAt as number | null) ?? undefined,
    lastUsedAt: (lastUsedAt as number | null) ?? undefined,
  };
}
