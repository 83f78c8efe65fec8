/** Bearer tokens as text: how one is made, recognised and hashed, and when it ends. Pure but for the randomness. */
import { hash, randomBytes } from 'node:crypto';

/** What every token begins with, so that scanners for leaked secrets find it. */
const prefix = 'sy_';
const randomBytesOfToken = 32;
const lengthChars = prefix.length + Math.ceil((randomBytesOfToken * 8) / 6);

/** A new token: `sy_` and 256 random bits. */
export function newToken(): string {
  return prefix + randomBytes(randomBytesOfToken).toString('base64url');
}

/** Whether a credential looks like one of our tokens. */
export function isToken(text: string): boolean {
  return text.length === lengthChars && text.startsWith(prefix);
}

/** What is kept of a token. 256 random bits need no salt and no slow hash: there is nothing to guess. */
export function hashOfToken(token: string): string {
  return hash('sha256', token, 'base64url');
}

const units = { m: 60_000, h: 3600_000, d: 86_400_000, w: 7 * 86_400_000, y: 365 * 86_400_000 } as const;

/**
 * When a token ends: `never` (undefined), a span from now such as `30d` (m, h, d, w, y), or a date (ISO 8601; a bare day ends
 * at its first moment in UTC). Throws RangeError with the sentence to show.
 */
export function parseExpiry(text: string, nowMs: number): number | undefined {
  if (text === 'never') return undefined;
  const span = /^(\d{1,6})([mhdwy])$/.exec(text);
  const at = span ? nowMs + Number(span[1]) * units[span[2] as keyof typeof units] : parseDate(text);
  if (Number.isNaN(at))
    throw new RangeError(`"${text}" is no expiry: give a span such as 12h, 30d or 1y, a date such as 2027-01-31, or never`);
  if (at <= nowMs) throw new RangeError(`"${text}" is in the past`);
  return at;
}

function parseDate(text: string): number {
  return /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(text) : Number.NaN;
}
