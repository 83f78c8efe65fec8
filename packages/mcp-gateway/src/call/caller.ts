/** Finds out who is behind a request, from the connection alone. */
import type { IncomingMessage } from 'node:http';
import { allRights, type Caller } from './call.ts';

const anonymous: Caller = { id: 'anonymous', rights: allRights };

/** The caller of a request: unauthenticated loopback clients are all `anonymous`. */
export function callerOf(_request: IncomingMessage): Caller {
  return anonymous;
}
