/** The public keys of an authorization server, found through its metadata and fetched when needed. */
import type { HttpClient } from '@switchyard/kit/http-client';
import { isLoopback } from '@switchyard/kit/listen';
import type { RemoteJWKSet } from 'jose';

const limitBytes = 512 * 1024;
const timeoutMs = 5000;

/** The keys cannot be had just now; no statement about the token. */
export class IssuerKeysError extends Error {
  override name = 'IssuerKeysError';
}

/** Resolves with the key set that jose verifies with. Throws IssuerKeysError; so does the key set when it fetches. */
export async function issuerKeys(issuer: string, jwksUrl: string | undefined, client: HttpClient): Promise<RemoteJWKSet> {
  const { createRemoteJWKSet, customFetch } = await import('jose');
  const url = jwksUrl ?? (await findJwksUrl(issuer, client));
  return createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    [customFetch]: async (address: string) => new Response(await getText(address, client), { status: 200 }),
  });
}

/** Well-known places of an issuer's metadata (RFC 8414 §3.1; OpenID Connect Discovery §4), most specific first. */
export function metadataUrlsOf(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    ...(path === '' ? [] : [`${origin}/.well-known/openid-configuration${path}`]),
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

async function findJwksUrl(issuer: string, client: HttpClient): Promise<string> {
  const problems: string[] = [];
  for (const url of metadataUrlsOf(issuer)) {
    try {
      const metadata = JSON.parse(await getText(url, client)) as { issuer?: unknown; jwks_uri?: unknown };
      // RFC 8414 §3.3: a document of another issuer must not be used.
      if (metadata.issuer !== issuer) throw new IssuerKeysError(`${url} is about another issuer`);
      if (typeof metadata.jwks_uri !== 'string' || !isSecure(metadata.jwks_uri))
        throw new IssuerKeysError(`${url} names no https "jwks_uri"`);
      return metadata.jwks_uri;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new IssuerKeysError(`the keys of ${issuer} were not found (set "auth.oauth.jwksUrl"): ${problems.join('; ')}`);
}

function isSecure(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

async function getText(url: string, client: HttpClient): Promise<string> {
  try {
    const response = await client.request(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 200) return await response.text(limitBytes);
    response.body.resume();
    throw new IssuerKeysError(`${url} answered ${response.status}`);
  } catch (error) {
    if (error instanceof IssuerKeysError) throw error;
    throw new IssuerKeysError((error as Error).message);
  }
}
