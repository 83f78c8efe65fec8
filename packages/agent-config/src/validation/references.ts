/** The references to secrets that a declared server holds. Pure. */
import type { DeclaredServer } from '../declaration.ts';
import { normalizeReferences } from '../server-entry.ts';

export interface Reference {
  /** `${env:X}` as it is written once clients' spellings are folded. */
  text: string;
  kind: 'env' | 'file' | 'credential';
  /** What stands after the colon. */
  name: string;
  /** The field that holds it, such as `headers.Authorization`. */
  field: string;
}

const pattern = /(?<!\$)\$\{(env|file|credential):([^{}]*)\}/g;

/** Every text of the server that may hold a reference, with its field. References in clients' spellings are folded into ours. */
export function textsOf(server: DeclaredServer, env: NodeJS.ProcessEnv): { field: string; text: string }[] {
  const { env: variables = {}, headers = {}, credentials = {}, args = [], url, httpUrl, serverUrl, command } = server;
  const named = (group: string, record: Record<string, string>) =>
    Object.entries(record).map(([name, text]) => ({ field: `${group}.${name}`, text }));
  const single = Object.entries({ url, httpUrl, serverUrl, command }).flatMap(([field, text]) =>
    text === undefined ? [] : [{ field, text }],
  );
  const all = [
    ...single,
    ...args.map((text, index) => ({ field: `args[${index}]`, text })),
    ...named('env', variables),
    ...named('headers', headers),
    // A bare path is short for the file's reference.
    ...named('credentials', credentials).map(({ field, text }) => ({
      field,
      text: text.includes('${') ? text : `\${file:${text}}`,
    })),
  ];
  return all.map(({ field, text }) => ({ field, text: normalizeReferences(text, env) }));
}

/** A server's fields with every reference replaced by `meaning`, which gives undefined where it can not. For starting it. */
export function withValues(
  server: DeclaredServer,
  env: NodeJS.ProcessEnv,
  meaning: (reference: string) => string | undefined,
): DeclaredServer {
  const filled = new Map(
    textsOf(server, env).map(({ field, text }) => [
      field,
      text.replace(pattern, (whole) => meaning(whole) ?? whole).replaceAll('$${', '${'),
    ]),
  );
  const record = (group: string) =>
    Object.fromEntries(
      [...filled]
        .filter(([field]) => field.startsWith(`${group}.`))
        .map(([field, text]) => [field.slice(group.length + 1), text]),
    );
  const at = (field: string) => (filled.has(field) ? { [field]: filled.get(field) } : {});
  return {
    ...server,
    ...at('url'),
    ...at('httpUrl'),
    ...at('serverUrl'),
    ...at('command'),
    ...(server.args && { args: server.args.map((_, index) => filled.get(`args[${index}]`) ?? '') }),
    ...(server.headers && { headers: record('headers') }),
    ...((server.env || server.credentials) && { env: { ...record('env'), ...record('credentials') } }),
    credentials: undefined,
  };
}

/** The references of a server, in the order of its fields. */
export function referencesOf(server: DeclaredServer, env: NodeJS.ProcessEnv): Reference[] {
  return textsOf(server, env).flatMap(({ field, text }) =>
    [...text.matchAll(pattern)].map(([whole, kind, name]) => ({
      text: whole,
      kind: kind as Reference['kind'],
      name: name ?? '',
      field,
    })),
  );
}
