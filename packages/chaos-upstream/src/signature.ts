/** Signatures and their verification: a provider that signs a thought knows on the next turn whether it was changed. */
import { createHash } from 'node:crypto';

/** The signature of something this server said. It follows from what was said: any instance can verify it. */
export function sign(what: string): string {
  return Buffer.from(`chaos:${createHash('sha256').update(what).digest('hex')}`).toString('base64');
}

export function isSignatureOf(signature: unknown, what: string): boolean {
  return signature === sign(what);
}
