/** What a server offers, fetched page by page and kept as it was sent: each entry's own text beside its parsed value. */

import { memberText, scanArray } from '@switchyard/kit/json-scan';
import { allRights, type RunningCall } from '../call/call.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { gatewayInfo } from '../protocol/revision.ts';
import { objectOf, type Peer } from './peer.ts';

export interface ListEntry {
  /** Tool or prompt name, resource URI, or URI template. */
  key: string;
  /** The entry exactly as the server wrote it. */
  text: string;
  value: JsonObject;
}

export interface ServerLists {
  tools: readonly ListEntry[];
  prompts: readonly ListEntry[];
  resources: readonly ListEntry[];
  templates: readonly ListEntry[];
}

export const emptyLists: ServerLists = { tools: [], prompts: [], resources: [], templates: [] };

/** A server that never stops paging is cut off here. */
const maxPages = 200;

interface ListKindDetails {
  method: string;
  member: string;
  key: string;
  capability: string;
}

const kinds: Readonly<Record<keyof ServerLists, ListKindDetails>> = {
  tools: { method: 'tools/list', member: 'tools', key: 'name', capability: 'tools' },
  prompts: { method: 'prompts/list', member: 'prompts', key: 'name', capability: 'prompts' },
  resources: { method: 'resources/list', member: 'resources', key: 'uri', capability: 'resources' },
  templates: { method: 'resources/templates/list', member: 'resourceTemplates', key: 'uriTemplate', capability: 'resources' },
};

/** Fetches the named lists; the ones a server does not offer are empty. Throws RpcError, LinkError, AbortedError. */
export async function fetchLists(
  peer: Peer,
  server: string,
  names: readonly (keyof ServerLists)[],
  signal: AbortSignal,
): Promise<Partial<ServerLists>> {
  const fetched = await Promise.all(
    names.map(async (name) => [name, await fetchList(peer, server, kinds[name], signal)] as const),
  );
  return Object.fromEntries(fetched);
}

async function fetchList(peer: Peer, server: string, kind: ListKindDetails, signal: AbortSignal): Promise<ListEntry[]> {
  if (peer.facts.capabilities[kind.capability] === undefined) return [];
  const entries: ListEntry[] = [];
  let cursor: unknown;
  for (let page = 0; page < maxPages; page += 1) {
    let text: string;
    try {
      ({ text } = await peer.call(ownCall(server, kind.method, cursor === undefined ? {} : { cursor }, signal)));
    } catch (error) {
      // Servers that declare `resources` often know no templates, and some declare more than they have.
      if (error instanceof RpcError && error.code === errorCodes.methodNotFound) return [];
      throw error;
    }
    for (const entry of scanArray(memberText(text, kind.member) ?? '[]')) {
      const value = objectOf(JSON.parse(entry));
      const key = value[kind.key];
      if (typeof key === 'string') entries.push({ key, text: entry, value });
    }
    const next = memberText(text, 'nextCursor');
    cursor = next === undefined ? undefined : JSON.parse(next);
    if (typeof cursor !== 'string') return entries;
  }
  return entries;
}

/** A request that the gateway makes for itself. */
export function ownCall(server: string, method: string, params: JsonObject, signal: AbortSignal): RunningCall {
  return {
    via: 'gateway',
    server,
    method,
    params: JSON.stringify(params),
    meta: {},
    caller: { id: 'gateway', rights: allRights },
    // The newest revision of either era does: whichever connection this goes to puts in its own.
    client: { protocolVersion: '', info: gatewayInfo, capabilities: {} },
    requestId: '',
    signal,
    abort: () => {},
    trace: { queueMs: 0, resultBytes: 0, shortened: false },
  };
}
