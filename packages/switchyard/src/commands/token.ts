/** `switchyard token`: makes, lists and ends the tokens of a gateway on this machine, whether it runs or not. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '@switchyard/kit/config';
import { didYouMean } from '@switchyard/kit/nearest';
import { type IssuedToken, openTokens, parseExpiry, TokenError, type TokenRecord, type Tokens } from '@switchyard/mcp-gateway';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';
import { readSuite } from '../suite.ts';
import { renderTable } from '../table.ts';

const flags = {
  name: { type: 'string' },
  servers: { type: 'string', multiple: true },
  tools: { type: 'string', multiple: true },
  class: { type: 'string' },
  admin: { type: 'boolean' },
  expires: { type: 'string' },
  rate: { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  config: { type: 'string' },
  'state-directory': { type: 'string' },
} as const;

type Flags = ReturnType<typeof readFlags<typeof flags>>['values'];
type Verb = (tokens: Tokens, values: Flags, target: string | undefined) => void;

const verbs: Readonly<Record<string, Verb>> = { create, list, revoke, rotate };

export const command: Command = {
  usage: `token create --name NAME [--servers A,B] [--tools 'github/get_*,…'] [--class read|write|destructive]
                               [--admin] [--expires 30d|DATE|never] [--rate N|none]
       switchyard token list [--all]
       switchyard token revoke ID|NAME
       switchyard token rotate ID|NAME

create   makes a token and shows it, once. Default: all servers, class write, never expires, 100 calls a minute.
         --class write calls what is marked as reading or as not destructive; a tool that says nothing of
         itself counts as destructive.
list     shows the tokens that can be used (--all: also expired and revoked ones), never their text.
revoke   ends a token at once, also in a running gateway.
rotate   gives a token a new text; the old one ends at once.

All: --json, and where the gateway keeps its state: --config FILE (its configuration) or
--state-directory DIR. Default: that of \`switchyard up\`.`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    const [name, target, ...extra] = positionals;
    const verb = name !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    const known = Object.keys(verbs);
    if (!verb) throw new CommandError(`what about tokens? One of: ${known.join(', ')}${didYouMean(name ?? '', known)}`, 64);
    if (extra.length > 0) throw new CommandError(`unexpected argument "${extra[0]}"`, 64);
    const tokens = open(directoryOf(values));
    try {
      verb(tokens, values, target);
    } catch (error) {
      if (error instanceof TokenError) throw new CommandError(error.message);
      if (error instanceof ConfigError || error instanceof RangeError) throw new CommandError(error.message, 64);
      throw error;
    } finally {
      tokens.close();
    }
    return 0;
  },
};

function create(tokens: Tokens, values: Flags, target: string | undefined): void {
  const name = values.name ?? target;
  if (name === undefined) throw new CommandError('which name? --name says who will use the token', 64);
  const issued = tokens.create({
    name,
    ...(values.servers && { servers: listOf(values.servers) }),
    ...(values.tools && { tools: listOf(values.tools) }),
    // A wrong word is refused by the schema, with the right ones.
    ...(values.class !== undefined && { class: values.class as 'read' }),
    ...(values.admin && { admin: true }),
    ...(values.rate !== undefined && { ratePerMinute: rateOf(values.rate) }),
    ...expiryOf(values.expires),
  });
  show(issued, values);
}

function list(tokens: Tokens, values: Flags): void {
  const now = Date.now();
  const shown = tokens.list().filter((record) => values.all || stateOf(record, now) === 'active');
  if (values.json) return console.log(JSON.stringify(shown.map(viewOf), null, 2));
  if (shown.length === 0) return console.log('no tokens; `switchyard token create --name NAME` makes one');
  const head = ['ID', 'NAME', 'STATE', 'CLASS', 'SERVERS', 'TOOLS', 'RATE', 'EXPIRES', 'LAST USED'];
  const rows = shown.map((record) => {
    const { id, name, grant, expiresAt, lastUsedAt } = record;
    const { class: highest, admin, servers, tools, ratePerMinute } = grant;
    return [
      id,
      name,
      stateOf(record, now),
      admin ? `${highest}, admin` : highest,
      servers.join(','),
      tools.join(','),
      ratePerMinute === undefined ? 'none' : `${ratePerMinute}/min`,
      day(expiresAt, 'never'),
      day(lastUsedAt, 'never'),
    ];
  });
  console.log(renderTable(head, rows));
}

function revoke(tokens: Tokens, values: Flags, target: string | undefined): void {
  const record = tokens.revoke(wanted(target));
  console.log(values.json ? JSON.stringify(viewOf(record), null, 2) : `token ${record.id} ("${record.name}") is revoked`);
}

function rotate(tokens: Tokens, values: Flags, target: string | undefined): void {
  show(tokens.rotate(wanted(target)), values);
}

/** The token alone goes to standard output, so that it can be piped into a file or a secret store. */
function show({ token, record }: IssuedToken, { json }: Flags): void {
  if (json) return console.log(JSON.stringify({ token, ...viewOf(record) }, null, 2));
  const { name, grant, expiresAt, id } = record;
  console.error(
    `Token ${id} ("${name}"): ${grant.class}${grant.admin ? ' and admin' : ''} on ${grant.tools.join(', ')} of ${grant.servers.join(', ')}, expires: ${day(expiresAt, 'never')}.\nIt is shown this once; send it as "Authorization: Bearer …".`,
  );
  console.log(token);
}

function viewOf({ grant, createdAt, expiresAt, revokedAt, lastUsedAt, ...rest }: TokenRecord): object {
  const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    ...rest,
    ...grant,
    ratePerMinute: grant.ratePerMinute ?? null,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
    lastUsedAt: iso(lastUsedAt),
  };
}

function stateOf({ revokedAt, expiresAt }: TokenRecord, now: number): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active';
}

function wanted(target: string | undefined): string {
  if (target === undefined) throw new CommandError('which token? Its id or name; `switchyard token list` shows them', 64);
  return target;
}

function expiryOf(text: string | undefined): { expiresAt?: number } {
  const expiresAt = text === undefined ? undefined : parseExpiry(text, Date.now());
  return expiresAt === undefined ? {} : { expiresAt };
}

function rateOf(text: string): number | null {
  if (text === 'none') return null;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new CommandError(`--rate is a number of calls per minute, or none; found "${text}"`, 64);
  return Number(text);
}

function listOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim());
}

function day(ms: number | undefined, otherwise: string): string {
  return ms === undefined ? otherwise : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** The state directory that flags name; undefined for the default one. */
function directoryOf(values: Flags): string | undefined {
  if (values['state-directory'] !== undefined) return values['state-directory'];
  if (values.config === undefined) return undefined;
  const { stateDirectory } = gatewayOf(values.config);
  return typeof stateDirectory === 'string' ? stateDirectory : undefined;
}

/** The gateway's part of a configuration: the gateway's own file, or a suite's. */
function gatewayOf(file: string): Record<string, unknown> {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'));
    if (value !== null && typeof value === 'object' && 'stateDirectory' in value) return value;
  } catch {
    // readSuite says what is wrong with the file.
  }
  return readSuite(file)['mcp-gateway'] ?? {};
}

function open(directory: string | undefined): Tokens {
  try {
    return openTokens(directory);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = code === 'EACCES' || code === 'EPERM' ? ' (run this as the user of the gateway, or as root)' : '';
    throw new CommandError(`${directory ?? 'the default state directory'} cannot be used: ${message}${remedy}`);
  }
}
