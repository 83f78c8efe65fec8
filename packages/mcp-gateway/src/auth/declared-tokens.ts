/**
 * Tokens that the configuration declares by reference: their values are secrets like any other, read at the moment of use, so that one
 * that is rotated counts from then on and the old one no more. For those that the command line makes see `token-callers.ts`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { Secrets } from '@switchyard/kit/secrets';
import type { Caller } from '../call/call.ts';
import { grantOf, rightsOf } from './grant.ts';
import type { DeclaredTokenSettings } from './settings.ts';

/** Shorter ones can be guessed. */
const fewestChars = 20;

interface Current {
  value: string;
  digest: Buffer;
  caller: Caller;
}

export class DeclaredTokens {
  readonly #tokens: readonly (readonly [name: string, settings: DeclaredTokenSettings])[];
  readonly #secrets: Pick<Secrets, 'resolve'>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #current = new Map<string, Current>();
  readonly #complained = new Map<string, string>();

  constructor(
    tokens: Readonly<Record<string, DeclaredTokenSettings>>,
    { secrets, clock, logger }: { secrets: Pick<Secrets, 'resolve'>; clock: Clock; logger: Logger },
  ) {
    this.#tokens = Object.entries(tokens);
    this.#secrets = secrets;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The caller that a token stands for; `expired`, or undefined for one that is not declared. */
  find(token: string): Caller | 'expired' | undefined {
    if (this.#tokens.length === 0) return undefined;
    const digest = digestOf(token);
    let found: Caller | 'expired' | undefined;
    for (const [name, settings] of this.#tokens) {
      const current = this.#now(name, settings);
      if (current && timingSafeEqual(digest, current.digest)) found = this.#hasExpired(settings) ? 'expired' : current.caller;
    }
    return found;
  }

  #now(name: string, settings: DeclaredTokenSettings): Current | undefined {
    const value = this.#read(name, settings);
    if (value === undefined) return undefined;
    const known = this.#current.get(name);
    if (known?.value === value) return known;
    const isValid = () => !this.#hasExpired(settings) && this.#read(name, settings) === value;
    const caller: Caller = { id: `token:${name}`, rights: rightsOf(grantOf(settings)), isValid };
    const current = { value, digest: digestOf(value), caller };
    this.#current.set(name, current);
    return current;
  }

  /** The value as it is now; undefined, and said once, where it cannot be used. */
  #read(name: string, settings: DeclaredTokenSettings): string | undefined {
    let problem: string;
    try {
      const value = this.#secrets.resolve(settings.token, `auth.tokens.${name}.token`);
      if (value.length >= fewestChars) {
        this.#complained.delete(name);
        return value;
      }
      problem = `has less than ${fewestChars} characters: make one with \`openssl rand -base64 32\``;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (this.#complained.get(name) !== problem)
      this.#logger.warn('a declared token cannot be used', { setting: `auth.tokens.${name}.token`, problem });
    this.#complained.set(name, problem);
    return undefined;
  }

  #hasExpired({ expiresAt }: DeclaredTokenSettings): boolean {
    return expiresAt !== undefined && Date.parse(expiresAt) <= this.#clock.now();
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
