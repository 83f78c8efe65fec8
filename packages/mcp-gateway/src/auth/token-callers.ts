/**
 * Who is behind a token. Known ones are kept by their hash until anything in the database changes, which is looked up on
 * every request: what the command line revokes or creates counts from the next request on.
 */
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Caller } from '../call/call.ts';
import { rightsOf } from './grant.ts';
import { hashOfToken } from './token.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';

/** Why a token is no good. */
export type TokenFault = 'unknown' | 'revoked' | 'expired';

interface Known {
  id: string;
  caller: Caller;
  expiresAt: number;
}

/** How often the last uses are written down. */
const touchEveryMs = 60_000;

export class TokenCallers {
  readonly #store: TokenStore;
  readonly #clock: Clock;
  readonly #onFirstUse: (token: string) => void;
  readonly #known = new Map<string, Known>();
  readonly #uses = new Map<string, number>();
  #version = -1;
  #timer: Timer | undefined;

  /** `onFirstUse` hears every good token once in a while, to keep its text out of logs. */
  constructor(store: TokenStore, clock: Clock, onFirstUse: (token: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onFirstUse = onFirstUse;
  }

  /** The caller that the token stands for, or why it is no good. */
  find(token: string): Caller | TokenFault {
    const hash = hashOfToken(token);
    const known = this.#current(hash) ?? this.#load(hash, token);
    if (typeof known === 'string') return known;
    const now = this.#clock.now();
    if (known.expiresAt <= now) return 'expired';
    this.#uses.set(known.id, now);
    this.#timer ??= this.#clock.setTimeout(() => this.flush(), touchEveryMs, { unref: true });
    return known.caller;
  }

  /** Writes down the last uses; call it before the database closes. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#uses.size > 0) this.#store.touch(this.#uses);
    this.#uses.clear();
  }

  #current(hash: string): Known | undefined {
    const { version } = this.#store;
    if (version !== this.#version) {
      this.#known.clear();
      this.#version = version;
    }
    return this.#known.get(hash);
  }

  #load(hash: string, token: string): Known | TokenFault {
    const record = this.#store.find(hash);
    if (!record) return 'unknown';
    if (record.revokedAt !== undefined) return 'revoked';
    this.#onFirstUse(token);
    const known = { id: record.id, caller: this.#callerOf(record, hash), expiresAt: record.expiresAt ?? Infinity };
    this.#known.set(hash, known);
    return known;
  }

  #callerOf({ name, grant }: TokenRecord, hash: string): Caller {
    const isValid = () => {
      const known = this.#current(hash);
      if (known) return known.expiresAt > this.#clock.now();
      const record = this.#store.find(hash);
      return record !== undefined && record.revokedAt === undefined && (record.expiresAt ?? Infinity) > this.#clock.now();
    };
    return { id: `token:${name}`, rights: rightsOf(grant), isValid };
  }
}
