/**
 * The door: who is behind a request, or why it is sent away. A credential that is given decides alone; without one the
 * connection may say who it is (a declared socket), and else anonymous callers are let in as the configuration wants it.
 */
import type { Clock } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { InboundRequest } from '@switchyard/kit/inbound';
import type { ListenSpec } from '@switchyard/kit/listen';
import type { Logger } from '@switchyard/kit/logger';
import { proxyMarkOf } from '@switchyard/kit/peer';
import { Problem } from '@switchyard/kit/problem';
import type { Secrets } from '@switchyard/kit/secrets';
import { allRights, type Caller } from '../call/call.ts';
import { bearerChallenge } from './challenge.ts';
import { type Origin, Origins } from './connection.ts';
import { DeclaredTokens } from './declared-tokens.ts';
import { JwtCallers } from './jwt-callers.ts';
import { metadataUrlOf, resourceOf } from './resource.ts';
import { generalScopes } from './scopes.ts';
import type { AuthSettings } from './settings.ts';
import { isToken } from './token.ts';
import { TokenCallers } from './token-callers.ts';
import type { TokenStore } from './token-store.ts';

/** The caller without a name, who may do everything. */
const anonymous: Caller = { id: 'anonymous', rights: allRights };

export interface DoorOptions {
  settings: AuthSettings;
  /** URL of the gateway; always there when OAuth is configured. */
  publicUrl: string | undefined;
  tokens: TokenStore;
  /** Callers by the address they come in at. */
  socketCallers: ReadonlyMap<ListenSpec, Caller>;
  clock: Clock;
  logger: Logger;
  /** Resolves declared tokens, and is told good ones, to keep them out of logs. */
  secrets: Pick<Secrets, 'resolve' | 'remember'>;
  httpClient(): Promise<HttpClient>;
}

/** Why requests were sent away. */
export type RefusalReason =
  | 'address'
  | 'anonymous'
  | 'malformed'
  | 'unknown'
  | 'revoked'
  | 'expired'
  | 'jwt'
  | 'scope'
  | 'issuer';

const words = {
  unknown: 'it is not known here',
  revoked: 'it was revoked',
  expired: 'it has expired',
} as const;

/** 401 of our own, with what it is counted as. */
class Refusal extends Problem {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, detail: string, challenge: string) {
    super(401, { detail, headers: { 'www-authenticate': challenge } });
    this.reason = reason;
  }
}

export class Door {
  /** How many requests were sent away so far, by reason. */
  readonly refusals = new Map<RefusalReason, number>();
  readonly #options: DoorOptions;
  readonly #origins: Origins;
  readonly #tokens: TokenCallers;
  readonly #declared: DeclaredTokens;
  readonly #jwts: JwtCallers | undefined;

  constructor(options: DoorOptions) {
    const { settings, publicUrl, tokens, socketCallers, clock, logger, secrets, httpClient } = options;
    this.#options = options;
    this.#origins = new Origins({ allowedAddresses: settings.allowedAddresses, callers: socketCallers });
    this.#tokens = new TokenCallers(tokens, clock, (secret) => secrets.remember(secret));
    this.#declared = new DeclaredTokens(settings.tokens, { secrets, clock, logger });
    if (settings.oauth && publicUrl !== undefined)
      this.#jwts = new JwtCallers({ settings: settings.oauth, publicUrl, clock, httpClient });
  }

  /** Why nothing at all is answered to the address a request came from (403); undefined for welcome ones. */
  addressRefusal(request: InboundRequest): string | undefined {
    const { refusal } = this.#origins.of(request);
    if (refusal !== undefined) this.#count('address');
    return refusal;
  }

  /** Who is behind a request to `path`; a promise only where a JWT has to be looked at. Throws Problem 401, 403, 503; counts these. */
  admit(request: InboundRequest, path: string): Caller | Promise<Caller> {
    try {
      const caller = this.#find(request, path);
      return caller instanceof Promise ? caller.catch((error: unknown) => this.#refuse(error)) : caller;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  /** Who is behind a request, when that is known without waiting and nothing speaks against it; counts nothing. */
  admitAtOnce(request: InboundRequest, path: string): Caller | undefined {
    if (this.#origins.of(request).refusal !== undefined) return undefined;
    try {
      const caller = this.#find(request, path);
      return caller instanceof Promise ? undefined : caller;
    } catch {
      return undefined;
    }
  }

  /** Who is behind a request, where that makes a difference only; undefined for those who would be sent away. */
  async identify(request: InboundRequest, path: string): Promise<Caller | undefined> {
    try {
      return await this.#find(request, path);
    } catch {
      return undefined;
    }
  }

  #find(request: InboundRequest, path: string): Caller | Promise<Caller> {
    const { authorization } = request.headers;
    if (authorization !== undefined) return this.#admitBearer(authorization, path);
    const origin = this.#origins.of(request);
    if (origin.caller) return origin.caller;
    const why = this.#strangerBecause(origin, request);
    if (why === undefined) return anonymous;
    throw this.#unauthorized(
      'anonymous',
      path,
      `${why}; send "Authorization: Bearer …" (\`switchyard token create\` makes a token)`,
    );
  }

  /** Writes down what is known in memory only; call it before the state closes. */
  close(): void {
    try {
      this.#tokens.flush();
    } catch (error) {
      this.#options.logger.warn('the last uses of tokens could not be written down', { error });
    }
  }

  #admitBearer(authorization: string, path: string): Caller | Promise<Caller> {
    const credential = /^bearer +([^\s,]+) *$/i.exec(authorization)?.[1];
    if (credential === undefined)
      throw this.#wrongToken('malformed', path, 'the Authorization header must be "Bearer" and a token');
    const declared = this.#declared.find(credential);
    if (declared === 'expired') throw this.#wrongToken('expired', path, words.expired);
    if (declared) return declared;
    if (isToken(credential)) {
      const found = this.#tokens.find(credential);
      if (typeof found !== 'string') return found;
      throw this.#wrongToken(found, path, words[found]);
    }
    if (!this.#jwts || credential.split('.').length !== 3) throw this.#wrongToken('unknown', path, words.unknown);
    return this.#jwts.find(credential, path);
  }

  /** Why a request without a credential is nobody's; undefined when anonymous callers are welcome that way. */
  #strangerBecause({ local }: Origin, request: InboundRequest): string | undefined {
    const policy = this.#options.settings.anonymous;
    if (policy === 'never') return 'this gateway wants to know who calls';
    if (!local) return 'callers from other machines have to say who they are';
    const mark = policy === 'always' ? undefined : proxyMarkOf(request);
    return mark && `the request came through a proxy (${mark}), so that it may be from anywhere`;
  }

  #wrongToken(reason: RefusalReason, path: string, why: string): Problem {
    return this.#unauthorized(reason, path, `the token is not accepted: ${why}`, why);
  }

  /** 401. `wrong`: what is wrong with the token that was sent. */
  #unauthorized(reason: RefusalReason, path: string, detail: string, wrong?: string): Problem {
    const { publicUrl, settings } = this.#options;
    const oauth = settings.oauth && publicUrl !== undefined;
    const header = bearerChallenge({
      ...(wrong !== undefined && { error: 'invalid_token', description: wrong }),
      ...(oauth && {
        scope: generalScopes(settings.oauth?.scopes ?? {})[0],
        resourceMetadata: metadataUrlOf(resourceOf(publicUrl, path)),
      }),
    });
    return new Refusal(reason, detail, header);
  }

  #refuse(error: unknown): never {
    if (error instanceof Refusal) this.#count(error.reason);
    else if (error instanceof Problem) this.#count(error.status === 403 ? 'scope' : error.status === 401 ? 'jwt' : 'issuer');
    throw error;
  }

  #count(reason: RefusalReason): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }
}
