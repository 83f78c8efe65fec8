/** What a server offers, with the look-ups that calls need: one immutable value, replaced as a whole. */
import type { Logger } from '@switchyard/kit/logger';
import { type ParamHeader, paramHeadersOf } from '../protocol/param-headers.ts';
import { emptyLists, type ListEntry, type ServerLists } from './lists.ts';

export interface Offers {
  /** What may be shown. */
  lists: ServerLists;
  /** Everything the server sent. */
  sent: ServerLists;
  tools: ReadonlyMap<string, ListEntry>;
  /** Declared `x-mcp-header` parameters of the tools that have any. */
  paramHeaders: ReadonlyMap<string, readonly ParamHeader[]>;
}

export const noOffers: Offers = { lists: emptyLists, sent: emptyLists, tools: new Map(), paramHeaders: new Map() };

/** Says which of a server's tools may be shown. */
export type ReviewTools = (tools: readonly ListEntry[]) => readonly ListEntry[];

/** Reviews and indexes lists; a tool whose header declarations are invalid is kept without them and logged. */
export function offersOf(sent: ServerLists, logger: Logger, review: ReviewTools): Offers {
  const lists = { ...sent, tools: review(sent.tools) };
  const paramHeaders = new Map<string, readonly ParamHeader[]>();
  for (const { key, text, value } of lists.tools) {
    if (!text.includes('x-mcp-header')) continue;
    try {
      paramHeaders.set(key, paramHeadersOf(value.inputSchema));
    } catch (error) {
      logger.warn('tool has an invalid x-mcp-header', { tool: key, reason: (error as Error).message });
    }
  }
  return { lists, sent, tools: new Map(lists.tools.map((entry) => [entry.key, entry])), paramHeaders };
}
