/** Issuing tokens, as the command line does it: the state database of a gateway, running or not. */
import { chownSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@switchyard/kit/config';
import { defaultStateDirectory } from '@switchyard/kit/state-directory';
import { z } from 'zod';
import { Store } from '../state/store.ts';
import { grantOf, grantShape } from './grant.ts';
import { hashOfToken, newToken } from './token.ts';
import { type TokenRecord, TokenStore } from './token-store.ts';

const requestSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/,
      'must have 1 to 64 letters, digits, "-", "_", "." or "@" and start with a letter or digit',
    ),
  ...grantShape,
  ratePerMinute: z.int().min(1).max(1_000_000).nullable().default(100),
  /** Epoch ms. */
  expiresAt: z.int().optional(),
});

/** What a new token shall be able to do. `ratePerMinute: null` is no limit. */
export type TokenRequest = z.input<typeof requestSchema>;

/** A token that was just made. `token` is shown now and never again. */
export interface IssuedToken {
  token: string;
  record: TokenRecord;
}

export interface Tokens {
  /** Throws ConfigError for a request that makes no sense, TokenError for a name in use. */
  create(request: TokenRequest): IssuedToken;
  /** All that were ever issued, oldest first. */
  list(): TokenRecord[];
  /** Ends a token at once, by id or name. Throws TokenError when there is none, or it was revoked before. */
  revoke(idOrName: string): TokenRecord;
  /** Gives a token a new text, for as long as the old one was given, which ends at once. Throws like `revoke`. */
  rotate(idOrName: string): IssuedToken;
  close(): void;
}

/** A token cannot be made or found; the message is all there is to say. */
export class TokenError extends Error {
  override name = 'TokenError';
}

/** Opens the tokens of the gateway whose state is in `directory`. Throws when the folder cannot be used. */
export function openTokens(directory: string = defaultStateDirectory('mcp-gateway', process.env)): Tokens {
  const isNew = !existsSync(join(directory, 'state.sqlite'));
  const database = new Store(directory);
  if (isNew) giveToOwner(directory);
  const store = new TokenStore(database.database);
  const active = (idOrName: string): TokenRecord => {
    const record = store.named(idOrName);
    if (!record)
      throw new TokenError(`there is no token "${idOrName}" in ${directory}; \`switchyard token list\` shows those there are`);
    if (record.revokedAt !== undefined)
      throw new TokenError(`token ${record.id} ("${record.name}") was revoked on ${new Date(record.revokedAt).toISOString()}`);
    return record;
  };
  const issue = (request: Pick<TokenRecord, 'name' | 'grant' | 'expiresAt'>, replaces?: string): IssuedToken => {
    const token = newToken();
    const record = store.add({ ...request, hash: hashOfToken(token), ...(replaces !== undefined && { replaces }) }, Date.now());
    if (!record)
      throw new TokenError(
        `a token named "${request.name}" exists; revoke it, rotate it (\`switchyard token rotate ${request.name}\`), or choose another name`,
      );
    return { token, record };
  };
  return {
    create(request) {
      const { name, expiresAt, ratePerMinute, ...grant } = parseConfig(requestSchema, request, 'token');
      return issue({ name, expiresAt, grant: grantOf({ ...grant, ratePerMinute: ratePerMinute ?? undefined }) });
    },
    list: () => store.list(),
    revoke(idOrName) {
      const { id } = active(idOrName);
      store.revoke(id, Date.now());
      return store.named(id) as TokenRecord;
    },
    rotate(idOrName) {
      const { id, name, grant, createdAt, expiresAt } = active(idOrName);
      return issue({ name, grant, expiresAt: expiresAt && Date.now() + expiresAt - createdAt }, id);
    },
    close: () => database.close(),
  };
}

/** Files that root makes in a service's folder belong to the service, or it could not open them. */
function giveToOwner(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  for (const suffix of ['', '-wal', '-shm']) {
    const file = join(directory, `state.sqlite${suffix}`);
    if (existsSync(file)) chownSync(file, uid, gid);
  }
}
