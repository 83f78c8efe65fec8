/** Ids for what a dialect leaves without one. */
import { randomBytes } from 'node:crypto';

/** The prefix and 24 random characters of `[0-9a-f]`. */
export function randomId(prefix: string): string {
  return prefix + randomBytes(12).toString('hex');
}
