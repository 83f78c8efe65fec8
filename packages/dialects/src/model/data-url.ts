/** `data:` URLs, in which OpenAI's dialects carry bytes (RFC 2397, base64 form only). */
import type { Source } from './request.ts';

const header = /^data:([^;,]+);base64,/;

/** The bytes of a base64 `data:` URL; any other URL stays an address. */
export function sourceOfUrl(url: string): Source {
  // Only the head is matched: the rest may be many megabytes.
  const found = header.exec(url.slice(0, 256));
  if (found === null) return { kind: 'url', url };
  return { kind: 'base64', mediaType: found[1] as string, data: url.slice(found[0].length) };
}

/** One URL for bytes or an address; undefined for a file that only its provider knows. */
export function urlOfSource(source: Source): string | undefined {
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`;
  return source.kind === 'url' ? source.url : undefined;
}
