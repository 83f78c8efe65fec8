/**
 * The end user as another dialect may be told. Claude Code says a JSON text of some 180 characters with the ids of device, account and
 * session; OpenAI takes 64 characters, OpenRouter 128, and Anthropic refuses what looks like an e-mail address. An id that is
 * not short and plain becomes a hash: the same user has the same one, and nobody is told who it is.
 */
import { createHash } from 'node:crypto';
import type { DialectName, ModelRequest } from './request.ts';

const plain = /^[A-Za-z0-9_-]{1,64}$/;

/** The id for this dialect, which gets its own clients' ids as they are. */
export function userIdFor({ userId, bag }: ModelRequest, dialect: DialectName): string | undefined {
  if (userId === undefined || bag?.dialect === dialect || plain.test(userId)) return userId;
  return createHash('sha256').update(userId).digest('hex');
}
