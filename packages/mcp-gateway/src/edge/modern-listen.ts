/** `subscriptions/listen` (2026-07-28, Patterns › Subscriptions): an answer that stays open and brings what was asked for. */
import type { Caller } from '../call/call.ts';
import {
  errorCodes,
  type Incoming,
  type JsonObject,
  notificationText,
  RpcError,
  resultResponseText,
} from '../jsonrpc/message.ts';
import { metaKeys } from '../protocol/revision.ts';
import type { ListKind } from '../upstream/peer.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint } from './endpoint.ts';
import type { Reply } from './reply.ts';

const maxWatchedUris = 1000;
const kinds: readonly ListKind[] = ['tools', 'prompts', 'resources'];

/** Ends of all open listen streams: called when the gateway stops, so that clients know it was on purpose. */
const closers = new Set<() => void>();

/** Ends every listen stream gracefully, with the result that says so. */
export function endListenStreams(): void {
  for (const close of [...closers]) close();
}

/** Opens the stream and returns; it ends when the client leaves or the gateway stops. Throws RpcError on a malformed filter. */
export async function serveListen(endpoint: Endpoint, message: Incoming, reply: Reply, caller: Caller): Promise<void> {
  if (!reply.mayStream)
    throw new RpcError(errorCodes.invalidRequest, 'subscriptions/listen needs Accept: text/event-stream', { httpStatus: 400 });
  const id = message.id as string | number;
  const filter = message.params?.notifications;
  if (filter === null || typeof filter !== 'object')
    throw new RpcError(errorCodes.invalidParams, '"notifications" must be an object', { httpStatus: 400 });
  const { uris, wanted } = readFilter(filter as JsonObject);
  const { facts } = await endpoint.discover();
  const offered = (kind: ListKind) => objectOf(facts.capabilities[kind]).listChanged === true;
  const honouredKinds = kinds.filter((kind) => wanted.has(kind) && offered(kind));

  const tag = { [metaKeys.subscriptionId]: id };
  const send = (method: string, params: JsonObject) =>
    reply.send(notificationText(method, { ...params, _meta: { ...objectOf(params._meta), ...tag } }));
  const watched = new Set<string>();
  const held: (() => void)[] = [];
  let acknowledged = false;
  const early: (() => void)[] = [];
  held.push(
    endpoint.listen((event) => {
      const deliver = () => {
        // The token was revoked or has expired since: nothing more is told, and coming back means showing a good one.
        if (caller.isValid?.() === false) return close();
        if (event.type === 'list-changed' && honouredKinds.includes(event.kind))
          send(`notifications/${event.kind}/list_changed`, {});
        if (event.type === 'resource-updated' && watched.has(event.uri)) send('notifications/resources/updated', event.params);
      };
      if (acknowledged) deliver();
      else early.push(deliver);
    }),
  );
  let gone = false;
  const release = () => {
    gone = true;
    closers.delete(close);
    for (const end of held.splice(0)) end();
  };
  const close = () => {
    release();
    reply.end(resultResponseText(id, JSON.stringify({ resultType: 'complete', _meta: tag })));
  };
  reply.onGone(release);
  closers.add(close);

  const endings = await Promise.all(
    uris.map((uri) =>
      endpoint.watch(uri).then(
        (end) => ({ uri, end }),
        () => undefined,
      ),
    ),
  );
  for (const ending of endings) {
    if (!ending) continue;
    watched.add(ending.uri);
    held.push(ending.end);
  }
  if (gone) return release();
  const honoured = {
    ...Object.fromEntries(honouredKinds.map((kind) => [`${kind}ListChanged`, true])),
    ...(watched.size > 0 && { resourceSubscriptions: [...watched] }),
  };
  send('notifications/subscriptions/acknowledged', { notifications: honoured });
  acknowledged = true;
  for (const deliver of early) deliver();
}

function readFilter(filter: JsonObject): { uris: string[]; wanted: Set<ListKind> } {
  const uris = filter.resourceSubscriptions ?? [];
  if (!Array.isArray(uris) || uris.some((uri) => typeof uri !== 'string')) {
    throw new RpcError(errorCodes.invalidParams, '"notifications.resourceSubscriptions" must be an array of URIs', {
      httpStatus: 400,
    });
  }
  if (uris.length > maxWatchedUris)
    throw new RpcError(errorCodes.invalidParams, `at most ${maxWatchedUris} resources can be watched by one stream`, {
      httpStatus: 400,
    });
  return { uris: [...new Set(uris as string[])], wanted: new Set(kinds.filter((kind) => filter[`${kind}ListChanged`] === true)) };
}
