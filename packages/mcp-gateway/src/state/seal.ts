/**
 * Values that leave the gateway and must come back unchanged: parked-call states and session ids. They are readable but
 * signed (HMAC-SHA256), bound to one purpose, and may expire. Nothing secret belongs into them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export class Seal {
  readonly #key: Buffer;

  /** `key`: at least 32 random bytes; kept across restarts, so that what clients hold stays valid. */
  constructor(key: Buffer) {
    if (key.length < 32) throw new Error(`a seal key needs at least 32 bytes, this one has ${key.length}`);
    this.#key = key;
  }

  /** Signs a JSON value for one purpose. The answer is URL-safe ASCII: `purpose.payload.signature`. */
  seal(purpose: string, value: unknown): string {
    const body = `${purpose}.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
    return `${body}.${this.#sign(body)}`;
  }

  /** The value of a sealed text of that purpose, or undefined when it is not ours, altered, or meant for something else. */
  open(purpose: string, text: string): unknown {
    const end = text.lastIndexOf('.');
    if (end === -1 || !text.startsWith(`${purpose}.`)) return undefined;
    const body = text.slice(0, end);
    const given = Buffer.from(text.slice(end + 1), 'base64url');
    const wanted = Buffer.from(this.#sign(body), 'base64url');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    try {
      return JSON.parse(Buffer.from(body.slice(purpose.length + 1), 'base64url').toString());
    } catch {
      return undefined;
    }
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#key).update(body).digest('base64url');
  }
}
