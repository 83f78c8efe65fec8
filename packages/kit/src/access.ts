/**
 * Who may use a daemon that gives every caller the same rights: programs of this machine without a key, others by a key that is
 * held as a secret reference. A daemon whose callers differ in rights has a door of its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { InboundRequest } from './inbound.ts';
import { isLoopback, type ListenSpec } from './listen.ts';
import { isLocalPeer, proxyMarkOf } from './peer.ts';
import type { Secrets } from './secrets.ts';

/** What an app may be called, and how that is said. */
export const appName = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;
export const appNameRule = 'must have 1 to 64 letters, digits, "-", "_", "." or "@"';

export const accessSchema = z.strictObject({
  anonymous: z
    .enum(['loopback', 'never', 'always'])
    .default('loopback')
    .describe(
      'Who may do without a key: `loopback`, programs of this machine that come directly and not through a proxy; `never`, nobody; `always`, whoever reaches a loopback port or Unix socket, also through a proxy, which then has to know who they are.',
    ),
  keys: z
    .record(z.string().regex(appName, appNameRule), z.string().min(1))
    .default({})
    .describe(
      'Name of an app → its key, as a secret reference such as `${credential:roo}`. Sent as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.',
    ),
});

export type AccessSettings = z.output<typeof accessSchema>;

/** What is wrong with listening at these addresses under these settings, as setting and message; undefined when nothing is. */
export function exposureOf(
  specs: readonly ListenSpec[],
  { anonymous, keys }: AccessSettings,
): { path: string; message: string } | undefined {
  const host = specs.find((spec) => spec.port !== undefined && !isLoopback(spec.host ?? '127.0.0.1'))?.host;
  if (host === undefined) return undefined;
  if (anonymous === 'always')
    return {
      path: 'access.anonymous',
      message: `"always" would let everyone who reaches ${host} in; set "loopback" or "never", or listen on 127.0.0.1`,
    };
  if (Object.keys(keys).length > 0) return undefined;
  return {
    path: 'listen.host',
    message: `${host} can be reached from other machines, and nobody could say who they are: set "access.keys", or listen on 127.0.0.1`,
  };
}

/** The caller: the name of its key, or `anonymous`. */
export type Admission = { caller: string; refusal?: undefined } | { caller?: undefined; refusal: string };

const anonymous: Admission = { caller: 'anonymous' };

/** Admits requests. Keys are read at the moment of use, so that they rotate without a restart. */
export class Access {
  readonly #settings: AccessSettings;
  readonly #secrets: Secrets;
  readonly #names: readonly string[];

  constructor(settings: AccessSettings, secrets: Secrets) {
    this.#settings = settings;
    this.#secrets = secrets;
    this.#names = Object.keys(settings.keys);
  }

  /** Throws SecretError when a key cannot be read. */
  admit(request: InboundRequest): Admission {
    const key = this.#names.length === 0 ? undefined : presentedKey(request);
    if (key !== undefined) {
      const caller = this.#nameOf(key);
      if (caller !== undefined) return { caller };
      // On this machine a client may have a key of a provider in its environment that was never meant for us.
      if (!this.#isWelcomeWithoutKey(request)) return { refusal: 'the key is not among "access.keys"' };
      return anonymous;
    }
    if (this.#isWelcomeWithoutKey(request)) return anonymous;
    return { refusal: 'a key is needed here: send "Authorization: Bearer KEY" with one of "access.keys"' };
  }

  #nameOf(key: string): string | undefined {
    const digest = digestOf(key);
    let found: string | undefined;
    for (const name of this.#names) {
      const expected = this.#secrets.resolve(this.#settings.keys[name] as string, `access.keys.${name}`);
      if (timingSafeEqual(digest, digestOf(expected))) found = name;
    }
    return found;
  }

  #isWelcomeWithoutKey(request: InboundRequest): boolean {
    const policy = this.#settings.anonymous;
    if (policy === 'never' || !isLocalPeer(request.socket)) return false;
    return policy === 'always' || proxyMarkOf(request) === undefined;
  }
}

function presentedKey({ headers, url = '' }: InboundRequest): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim();
  if (bearer) return bearer;
  for (const name of ['x-api-key', 'x-goog-api-key']) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  const at = url.indexOf('?');
  return at === -1 ? undefined : (new URLSearchParams(url.slice(at + 1)).get('key') ?? undefined);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
