/** A found entry as a declared server, and the other way round what of it is secret. Pure. */

import type { Entry } from '../agents/entry.ts';
import type { AgentName } from '../agents/names.ts';
import type { DeclaredServer } from '../declaration.ts';
import type { Fields } from '../files/entries.ts';
import { isKeyLike } from '../key-shapes.ts';

/** A secret that stood in a file, and where it belongs. */
export interface MovedSecret {
  /** `mcpServers.github.env.GITHUB_TOKEN`. */
  field: string;
  /** Name of the file that is to hold it. */
  file: string;
  /** Never shown. */
  value: string;
}

/** What an entry becomes, with references in the place of secrets. */
export interface Declarable {
  server: DeclaredServer;
  secrets: MovedSecret[];
}

/** `place` gives the reference for a secret by the name of its file: `${file:/…/NAME}`. */
export function declarable(
  name: string,
  agent: AgentName | undefined,
  entry: Entry,
  place: (file: string) => string,
): Declarable {
  const secrets: MovedSecret[] = [];
  const move = (field: string, value: string): string => {
    const file = fileName(name, field);
    secrets.push({ field: `mcpServers.${name}.${field}`, file, value });
    return place(file);
  };
  const shared = {
    ...(entry.disabled === true && { disabled: true }),
    ...(entry.own !== undefined && agent !== undefined && { agentFields: { [agent]: ownFields(entry.own, move) } }),
  };
  if (entry.kind !== 'stdio') {
    const headers = Object.entries(entry.headers).map(([header, text]) => [header, movedHeader(header, text, move)]);
    return {
      server: {
        type: entry.kind,
        url: movedUrl(entry.url, move),
        ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
        ...shared,
      },
      secrets,
    };
  }
  const { command, env, cwd } = entry;
  const plain = Object.entries(env).filter(([variable, text]) => !isKeyLike(text, variable));
  const secret = Object.entries(env).filter(([variable, text]) => isKeyLike(text, variable));
  const credentials = secret.map(([variable, text]) => [variable, move(`env.${variable}`, text)]);
  const args = entry.args.map((text, index) => movedArgument(text, entry.args[index - 1], index, move));
  return {
    server: {
      command,
      ...(args.length > 0 && { args }),
      ...(plain.length > 0 && { env: Object.fromEntries(plain) }),
      ...(cwd !== undefined && { cwd }),
      ...(credentials.length > 0 && { credentials: Object.fromEntries(credentials) }),
      ...shared,
    },
    secrets,
  };
}

type Move = (field: string, value: string) => string;

function movedHeader(header: string, text: string, move: Move): string {
  if (!isKeyLike(text, header)) return text;
  const [, scheme = '', value = text] = /^((?:Bearer|Basic|token)\s+)(.*)$/is.exec(text) ?? [];
  return scheme + move(`headers.${header}`, value);
}

/** `--api-key VALUE`, `--api-key=VALUE`, `API_KEY=VALUE`, or a value that shows what it is. */
function movedArgument(text: string, before: string | undefined, index: number, move: Move): string {
  const [, flag, value] = /^(-{0,2}[\w-]+=)(.+)$/s.exec(text) ?? [];
  if (flag !== undefined && value !== undefined && isKeyLike(value, flag.replace(/^-*|=$/g, '')))
    return flag + move(`args[${index}]`, value);
  if (text.startsWith('-')) return text;
  const name = before?.startsWith('-') ? before.replace(/^-+/, '') : '';
  return isKeyLike(text, name) ? move(`args[${index}]`, text) : text;
}

/** Secrets in a query or before the host. */
function movedUrl(url: string, move: Move): string {
  return url
    .replace(/([?&]([^=&#]+)=)([^&#]+)/g, (whole, start: string, name: string, value: string) =>
      isKeyLike(value, name) ? start + move(`url.${name}`, value) : whole,
    )
    .replace(/^(\w+:\/\/[^\s/:@]+:)([^\s/@]+)(?=@)/, (whole, start: string, value: string) =>
      value.includes('${') ? whole : start + move('url.password', value),
    );
}

/** Fields of the agent's own are kept, and looked through. */
function ownFields(fields: Fields, move: Move, path = 'agentFields'): Fields {
  const each = (key: string, value: unknown): unknown => {
    if (typeof value === 'string' && isKeyLike(value, key)) return move(`${path}.${key}`, value);
    if (Array.isArray(value)) return value.map((member, index) => each(String(index), member));
    return typeof value === 'object' && value !== null ? ownFields(value as Fields, move, `${path}.${key}`) : value;
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, each(key, value)]));
}

/** `github` and `env.GITHUB_TOKEN` as `github-github-token`. */
function fileName(server: string, field: string): string {
  const last = field.replace(/^(?:env|headers|agentFields)\./, '');
  return `${server}-${last}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
