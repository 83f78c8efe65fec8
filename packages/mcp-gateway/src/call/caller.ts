/** Finds out who is behind a request, from the connection alone. */
import type { IncomingMessage } from 'node:http';
import type { Caller } from './call.ts';

const anonymous: Caller = { id: 'anonymous' };

/** The caller of a request: unauthenticated loopback clients are all `anonymous`. */
export function callerOf(_request: IncomingMessage): Caller {
  return anonymous;
}
