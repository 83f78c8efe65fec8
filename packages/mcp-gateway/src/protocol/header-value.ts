/** Values mirrored into headers (2026-07-28, Streamable HTTP › Value Encoding): plain when safe, else `=?base64?…?=`. */

const sentinel = /^=\?base64\?(.*)\?=$/s;

/** Header text of a body value. */
export function encodeHeaderValue(value: string): string {
  const safe = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/.test(value) && !sentinel.test(value);
  return safe ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Body value of a header text, or undefined when its encoding is broken. */
export function decodeHeaderValue(text: string): string | undefined {
  const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '');
  const match = sentinel.exec(trimmed);
  if (!match) return /^[\x20-\x7e\t]*$/.test(trimmed) ? trimmed : undefined;
  const encoded = match[1] ?? '';
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded) || encoded.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : undefined;
}
