/**
 * Who is behind a JWT of the configured authorization server: signature, issuer, audience and times are checked (RFC 9068,
 * RFC 8707), its scopes say what it may do. jose is loaded by the first one.
 */
import { hash } from 'node:crypto';
import type { Clock } from '@switchyard/kit/clock';
import type { HttpClient } from '@switchyard/kit/http-client';
import { Problem, unavailable } from '@switchyard/kit/problem';
import type { JWTPayload, RemoteJWKSet } from 'jose';
import type { Caller, Operation } from '../call/call.ts';
import { bearerChallenge } from './challenge.ts';
import { rightsOf } from './grant.ts';
import { IssuerKeysError, issuerKeys } from './issuer-keys.ts';
import { metadataUrlOf, resourceOf } from './resource.ts';
import { grantOfScopes, neededScopes, scopesOf } from './scopes.ts';
import type { OAuthSettings } from './settings.ts';

/** Signatures only: a MAC (HS…) would make everyone who can check a token able to make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const leewaySeconds = 60;
/** A verified token is believed this long before it is looked at again: keys get withdrawn. */
const believeMs = 60_000;
const maxBelieved = 1000;

export interface JwtCallersOptions {
  settings: OAuthSettings;
  publicUrl: string;
  clock: Clock;
  httpClient: () => Promise<HttpClient>;
}

export class JwtCallers {
  readonly #options: JwtCallersOptions;
  readonly #believed = new Map<string, { caller: Caller; until: number }>();
  #keys: Promise<RemoteJWKSet> | undefined;

  constructor(options: JwtCallersOptions) {
    this.#options = options;
  }

  /** The caller of a token on a request path. Throws Problem 401, 403 or 503 (the issuer's keys cannot be had). */
  async find(jwt: string, path: string): Promise<Caller> {
    const { publicUrl, clock } = this.#options;
    const resource = resourceOf(publicUrl, path);
    const key = `${hash('sha256', jwt, 'base64url')} ${resource}`;
    const now = clock.now();
    const believed = this.#believed.get(key);
    if (believed && believed.until > now) return believed.caller;
    this.#believed.delete(key);
    const claims = await this.#verify(jwt, resource);
    const caller = this.#callerOf(claims, resource);
    if (this.#believed.size >= maxBelieved) this.#believed.clear();
    this.#believed.set(key, { caller, until: Math.min(now + believeMs, endOf(claims)) });
    return caller;
  }

  async #verify(jwt: string, resource: string): Promise<JWTPayload> {
    const { settings, publicUrl, clock } = this.#options;
    const gateway = resourceOf(publicUrl, '');
    const whole = settings.audience === undefined ? [gateway, `${gateway}/`] : [settings.audience].flat();
    try {
      const { jwtVerify } = await import('jose');
      const { payload } = await jwtVerify(jwt, await this.#issuerKeys(), {
        algorithms,
        issuer: settings.issuer,
        audience: [...whole, resource],
        clockTolerance: leewaySeconds,
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
      // Bound to a key of its holder (RFC 9449, RFC 8705): taken as a bare token it would lose that protection.
      if (payload.cnf !== undefined) throw this.#refusal('it is bound to a key, which is not supported here', resource);
      return payload;
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (isKeysTrouble(error)) throw unavailable(`tokens cannot be checked just now: ${(error as Error).message}`, 5);
      throw this.#refusal(whyWrong(error as { code?: string; claim?: string }, settings.issuer, resource), resource);
    }
  }

  #issuerKeys(): Promise<RemoteJWKSet> {
    const { settings, httpClient } = this.#options;
    this.#keys ??= httpClient()
      .then((client) => issuerKeys(settings.issuer, settings.jwksUrl, client))
      .catch((error: unknown) => {
        this.#keys = undefined;
        throw error;
      });
    return this.#keys;
  }

  #callerOf(claims: JWTPayload, resource: string): Caller {
    const { settings, clock } = this.#options;
    const subject = [claims.sub, claims.client_id, claims.azp].find((one) => typeof one === 'string' && one !== '');
    if (subject === undefined) throw this.#refusal('it names no subject ("sub")', resource);
    const granted = grantOfScopes(scopesOf(claims, settings.scopes), settings.ratePerMinute);
    const challenge = (operation: Operation) =>
      bearerChallenge({
        error: 'insufficient_scope',
        scope: neededScopes(operation, granted?.limited ?? false, settings.scopes),
        resourceMetadata: metadataUrlOf(resource),
      });
    if (!granted) {
      const detail = `the token has none of the scopes that this gateway knows; it needs at least ${neededScopes({}, false, settings.scopes)}`;
      throw new Problem(403, { detail, headers: { 'www-authenticate': challenge({}) } });
    }
    const until = endOf(claims);
    return {
      id: `oauth:${subject}`,
      rights: rightsOf(granted.grant),
      isValid: () => clock.now() < until,
      challenge,
    };
  }

  #refusal(why: string, resource: string): Problem {
    const header = bearerChallenge({
      error: 'invalid_token',
      description: why,
      resourceMetadata: metadataUrlOf(resource),
    });
    return new Problem(401, { detail: `the token is not accepted: ${why}`, headers: { 'www-authenticate': header } });
  }
}

function endOf({ exp = 0 }: JWTPayload): number {
  return (exp + leewaySeconds) * 1000;
}

function isKeysTrouble(error: unknown): boolean {
  const { code } = error as { code?: string };
  return error instanceof IssuerKeysError || code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JWKS_INVALID';
}

/** What is wrong, in words that tell the caller nothing about keys. */
function whyWrong({ code, claim }: { code?: string; claim?: string }, issuer: string, resource: string): string {
  if (code === 'ERR_JWT_EXPIRED') return 'it has expired';
  if (code === 'ERR_JOSE_ALG_NOT_ALLOWED' || code === 'ERR_JOSE_NOT_SUPPORTED')
    return 'its signature is of a kind not accepted here';
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    if (claim === 'aud') return `its "aud" is not ${resource}`;
    if (claim === 'iss') return `its "iss" is not ${issuer}`;
    if (claim === 'nbf') return 'it is not valid yet';
    return `its "${claim}" is missing or wrong`;
  }
  return 'its signature could not be verified';
}
