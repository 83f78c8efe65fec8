/** Shortens the text of a tool result to its head and tail, and says where the whole is. Pure. */

import { memberText, rewriteObject, scanArray } from '@switchyard/kit/json-scan';
import type { JsonObject } from '../jsonrpc/message.ts';

/** Texts that were taken out of a result, in the order of their blocks. */
export interface Shortening {
  /** Texts to be kept. */
  texts: string[];
  /** The result with shortened texts, given the id under which each text is kept. */
  render(ids: readonly string[]): string;
}

interface Block {
  /** JSON text of the content block. */
  source: string;
  /** Its text, or undefined for blocks without one. */
  text: string | undefined;
  /** Text inside of an embedded resource instead of the block itself. */
  embedded: boolean;
}

/** What a link and its sentence need at most. */
const noticeBytes = 512;
const headShare = 0.6;

/**
 * Finds out whether the texts of a result together exceed `limitBytes` and, if so, which have to be shortened: the longest
 * first, until the rest fits. structuredContent and what is not text stay as they are.
 */
export function shortening(result: string, limitBytes: number): Shortening | undefined {
  if (result.length <= limitBytes / 3) return undefined;
  const content = memberText(result, 'content');
  if (content === undefined || !content.startsWith('[')) return undefined;
  const blocks = scanArray(content).map(readBlock);
  const sizes = blocks.map(({ text }) => (text === undefined ? 0 : Buffer.byteLength(text)));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  if (total <= limitBytes) return undefined;

  const chosen = new Map<number, number>();
  const bySize = sizes.map((size, index) => ({ size, index })).sort((a, b) => b.size - a.size);
  for (const { size, index } of bySize) {
    if (total <= limitBytes || size === 0) break;
    // What the others leave; at least enough to see what it is about.
    const rest = total - size;
    const keep = Math.max(1024, limitBytes - rest - noticeBytes);
    if (keep >= size) break;
    chosen.set(index, keep);
    total = rest + keep + noticeBytes;
  }
  const indexes = [...chosen.keys()].sort((a, b) => a - b);
  return {
    texts: indexes.map((index) => blocks[index]?.text as string),
    render(ids) {
      const links: string[] = [];
      const rendered = blocks.map((block, index) => {
        const position = indexes.indexOf(index);
        const id = ids[position];
        if (id === undefined) return block.source;
        links.push(link(id, sizes[index] ?? 0));
        return replaceText(block, headAndTail(block.text as string, chosen.get(index) as number, id));
      });
      return rewriteObject(result, { content: `[${[...rendered, ...links].join(',')}]` });
    },
  };
}

function readBlock(source: string): Block {
  const block = JSON.parse(source) as JsonObject;
  if (block?.type === 'text' && typeof block.text === 'string') return { source, text: block.text, embedded: false };
  const resource = block?.type === 'resource' ? (block.resource as JsonObject | undefined) : undefined;
  if (typeof resource?.text === 'string') return { source, text: resource.text, embedded: true };
  return { source, text: undefined, embedded: false };
}

function replaceText({ source, embedded }: Block, text: string): string {
  if (!embedded) return rewriteObject(source, { text: JSON.stringify(text) });
  return rewriteObject(source, {
    resource: rewriteObject(memberText(source, 'resource') ?? '{}', { text: JSON.stringify(text) }),
  });
}

/** URI under which a kept text is read. */
export function resultUri(id: string): string {
  return `result://${id}`;
}

function link(id: string, sizeBytes: number): string {
  return JSON.stringify({
    type: 'resource_link',
    uri: resultUri(id),
    name: 'full result',
    description: `The whole text, ${sizeBytes} bytes. Read it in pieces with the tool result_read.`,
    mimeType: 'text/plain',
    size: sizeBytes,
  });
}

function headAndTail(text: string, keepBytes: number, id: string): string {
  const bytes = Buffer.from(text, 'utf8');
  const headEnd = characterStart(bytes, Math.floor(keepBytes * headShare));
  const tailStart = characterStart(bytes, bytes.length - (keepBytes - headEnd));
  const omitted = tailStart - headEnd;
  const notice = `\n\n[… ${omitted} of ${bytes.length} bytes left out. The whole text: resource ${resultUri(id)}, or in pieces: tool result_read with {"id": "${id}", "offset": ${headEnd}} or {"id": "${id}", "grep": "words"} …]\n\n`;
  return bytes.toString('utf8', 0, headEnd) + notice + bytes.toString('utf8', tailStart);
}

/** The start of the UTF-8 character that covers this position. */
export function characterStart(bytes: Buffer, position: number): number {
  let at = Math.min(position, bytes.length);
  while (at > 0 && at < bytes.length && ((bytes[at] as number) & 0xc0) === 0x80) at -= 1;
  return at;
}
