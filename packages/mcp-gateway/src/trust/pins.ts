/** What is remembered of tools' definitions, in the state database: one row per tool that was ever seen, all of them in memory as well. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Reason, TrustState } from './decide.ts';
import type { Definition } from './definition.ts';

/** A definition that waits for somebody to accept it. */
export interface Pending extends Definition {
  reason: Reason;
  /** Epoch ms, like the other times here. */
  seenAt: number;
}

export interface Pin {
  server: string;
  tool: string;
  /** The definition trusted last; undefined when none was. */
  trusted: Definition | undefined;
  /** Whether a person accepted it. */
  accepted: boolean;
  /** What the lock file said of the tool when it was trusted ('' for nothing); undefined without one. */
  lockHash: string | undefined;
  firstSeenAt: number;
  state: TrustState;
  pending: Pending | undefined;
  /** When the trusted definition took another one's place, and that one's hash. */
  changedAt: number | undefined;
  previousHash: string | undefined;
  /** Since when the server does not list it any more. */
  goneAt: number | undefined;
}

const columns = [
  'server',
  'tool',
  'hash',
  'definition',
  'accepted',
  'lockHash',
  'firstSeenAt',
  'state',
  'pendingHash',
  'pendingDefinition',
  'pendingReason',
  'pendingSeenAt',
  'changedAt',
  'previousHash',
  'goneAt',
] as const;

const schema = `
  CREATE TABLE IF NOT EXISTS pins (
    server TEXT, tool TEXT, hash TEXT, definition TEXT, accepted INTEGER NOT NULL, lockHash TEXT, firstSeenAt INTEGER NOT NULL,
    state TEXT NOT NULL, pendingHash TEXT, pendingDefinition TEXT, pendingReason TEXT, pendingSeenAt INTEGER,
    changedAt INTEGER, previousHash TEXT, goneAt INTEGER, PRIMARY KEY (server, tool)) STRICT;
  CREATE TABLE IF NOT EXISTS pinnedServer (server TEXT PRIMARY KEY, firstSeenAt INTEGER NOT NULL) STRICT;
`;

export class Pins {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #servers = new Map<string, Map<string, Pin>>();
  readonly #seen: Set<string>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(schema);
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO pins (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    );
    this.#seen = new Set(
      database
        .prepare('SELECT server FROM pinnedServer')
        .all()
        .map(({ server }) => server as string),
    );
    for (const row of database.prepare(`SELECT ${columns.join(', ')} FROM pins`).all()) this.#remember(toPin(row));
  }

  /** Whether this server was ever seen, with tools or without. */
  hasSeen(server: string): boolean {
    return this.#seen.has(server);
  }

  get(server: string, tool: string): Pin | undefined {
    return this.#servers.get(server)?.get(tool);
  }

  /** The tools of a server, sorted by name. */
  of(server: string): Pin[] {
    return [...(this.#servers.get(server)?.values() ?? [])].sort((a, b) => (a.tool < b.tool ? -1 : 1));
  }

  /** Keeps pins of a server that was seen now, all or none. */
  put(server: string, pins: readonly Pin[], now: number): void {
    if (pins.length === 0 && this.#seen.has(server)) return;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database.prepare('INSERT OR IGNORE INTO pinnedServer (server, firstSeenAt) VALUES (?, ?)').run(server, now);
      for (const pin of pins) this.#put.run(...valuesOf(pin));
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#seen.add(server);
    for (const pin of pins) this.#remember(pin);
  }

  #remember(pin: Pin): void {
    let tools = this.#servers.get(pin.server);
    if (!tools) {
      tools = new Map();
      this.#servers.set(pin.server, tools);
    }
    tools.set(pin.tool, pin);
  }
}

/** In the order of `columns`. */
function valuesOf(pin: Pin): SQLInputValue[] {
  const { trusted, pending } = pin;
  return [
    pin.server,
    pin.tool,
    trusted?.hash ?? null,
    trusted?.text ?? null,
    Number(pin.accepted),
    pin.lockHash ?? null,
    pin.firstSeenAt,
    pin.state,
    pending?.hash ?? null,
    pending?.text ?? null,
    pending?.reason ?? null,
    pending?.seenAt ?? null,
    pin.changedAt ?? null,
    pin.previousHash ?? null,
    pin.goneAt ?? null,
  ];
}

function toPin(row: Record<string, unknown>): Pin {
  const text = (column: string) => (row[column] as string | null) ?? undefined;
  const number = (column: string) => (row[column] as number | null) ?? undefined;
  const hash = text('hash');
  const pendingHash = text('pendingHash');
  return {
    server: row.server as string,
    tool: row.tool as string,
    trusted: hash === undefined ? undefined : { hash, text: text('definition') ?? '' },
    accepted: row.accepted === 1,
    lockHash: text('lockHash'),
    firstSeenAt: row.firstSeenAt as number,
    state: row.state as TrustState,
    pending:
      pendingHash === undefined
        ? undefined
        : {
            hash: pendingHash,
            text: text('pendingDefinition') ?? '',
            reason: row.pendingReason as Reason,
            seenAt: number('pendingSeenAt') ?? 0,
          },
    changedAt: number('changedAt'),
    previousHash: text('previousHash'),
    goneAt: number('goneAt'),
  };
}
