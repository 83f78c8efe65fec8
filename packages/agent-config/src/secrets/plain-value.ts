/** The rules for the text of a secret, the same for every source (kit's `Secrets` has them for files and variables). */
import { SecretUnusableError } from './source-error.ts';

const largestBytes = 64 * 1024;

/** The text without exactly one newline at its end. Throws SecretUnusableError for an empty, binary or oversized one. */
export function plainValue(text: string, origin: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value.trim() === '') throw new SecretUnusableError(origin, 'is empty', 'write the secret first');
  if (value.includes('\0')) throw new SecretUnusableError(origin, 'is binary', 'is it still encrypted?');
  const sizeBytes = Buffer.byteLength(value);
  if (sizeBytes > largestBytes) {
    throw new SecretUnusableError(
      origin,
      `is too large for a secret (${sizeBytes} bytes, at most ${largestBytes})`,
      'is it the right file or field?',
    );
  }
  return value;
}
