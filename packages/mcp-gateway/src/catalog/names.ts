/**
 * Names on aggregated endpoints: `{server}__{tool}` in `[A-Za-z0-9_-]`, at most 64 characters (what LLM APIs accept).
 * A name depends on its server and tool alone, never on which others exist, so it stays when the membership changes.
 */
import { createHash } from 'node:crypto';

export const maxNameChars = 64;
const separator = '__';
const hashChars = 8;

/**
 * The public name of a server's tool or prompt. Plain when that is short, made of legal characters and can only be read
 * one way; else shortened or cleaned and given a hash of the full pair.
 */
export function publicName(server: string, name: string): string {
  const plain = `${server}${separator}${name}`;
  // "a_" + "__" + "b" and "a" + "__" + "_b" would read the same: a server name must not hold or touch the separator.
  const unambiguous = !server.includes(separator) && !server.endsWith('_');
  if (unambiguous && plain.length <= maxNameChars && /^[A-Za-z0-9_-]+$/.test(plain)) return plain;
  const digest = createHash('sha256').update(`${server}\0${name}`).digest();
  const hash = [...digest.subarray(0, hashChars)].map((byte) => 'abcdefghijklmnopqrstuvwxyz0123456789'[byte % 36]).join('');
  const clean = plain.replace(/[^A-Za-z0-9_-]+/g, '_');
  return `${clean.slice(0, maxNameChars - hashChars - 1)}_${hash}`;
}
