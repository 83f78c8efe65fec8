/**
 * Names on aggregated endpoints: `{server}__{tool}` in `[A-Za-z0-9_-]`, at most 64 characters (what LLM APIs accept).
 * A name depends on its server and tool alone, never on which others exist, so it stays when the membership changes.
 */
import { createHash } from 'node:crypto';

export const maxNameChars = 64;
const separator = '__';
const hashChars = 8;
const minServerChars = 16;

/** How a hash looks: letters and digits by turns, which hardly any name ends with by itself. */
const marked = new RegExp(`_(?:[a-z][0-9]){${hashChars / 2}}$`);

/**
 * The public name of a server's tool or prompt. Plain when that is short, made of legal characters and can only be read
 * one way; else shortened or cleaned and given a hash of the full pair.
 */
export function publicName(server: string, name: string): string {
  const plain = `${server}${separator}${name}`;
  // "a_" + "__" + "b" and "a" + "__" + "_b" would read the same: a server name must not hold or touch the separator.
  const unambiguous = !server.includes(separator) && !server.endsWith('_');
  // A tool must not be able to take the name of another one by ending with that one's hash.
  if (unambiguous && plain.length <= maxNameChars && /^[A-Za-z0-9_-]+$/.test(plain) && !marked.test(plain)) return plain;
  const digest = createHash('sha256').update(`${server}\0${name}`).digest();
  const hash = [...digest.subarray(0, hashChars)]
    .map((byte, index) => (index % 2 === 0 ? 'abcdefghijklmnopqrstuvwxyz'[byte % 26] : String(byte % 10)))
    .join('');
  const room = maxNameChars - hashChars - 1;
  const tool = clean(name);
  // The tool's own name says most to whoever picks one, so a long server name gives way to it.
  const kept = clean(server).slice(0, Math.max(minServerChars, room - separator.length - tool.length));
  return `${`${kept}${separator}${tool}`.slice(0, room)}_${hash}`;
}

function clean(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '_');
}
