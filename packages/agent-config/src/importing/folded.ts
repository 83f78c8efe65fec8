/** Many findings as one declaration: the same server under several names or agents once, and conflicts explained. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../agents/entry.ts';
import type { DeclaredServer } from '../declaration.ts';
import { declarable, type MovedSecret } from './declared-server.ts';
import type { FoundServer } from './found-server.ts';

export interface Imported {
  mcpServers: Record<string, DeclaredServer>;
  secrets: MovedSecret[];
  /** Sentences for the user; they hold no value. */
  notes: string[];
}

/**
 * Folds findings into a declaration. `taken`: names that a declaration has already, with what they are; a server of the same
 * target is not imported again. `place` gives the reference for a secret's file.
 */
export function foldServers(
  found: readonly FoundServer[],
  taken: Readonly<Record<string, DeclaredServer>>,
  place: (file: string) => string,
): Imported {
  const imported: Imported = { mcpServers: {}, secrets: [], notes: [] };
  const groups = new Map<string, FoundServer[]>();
  for (const each of found) {
    const key = targetKey(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  for (const [key, group] of groups) {
    const [first] = group as [FoundServer];
    const known = Object.entries(taken).find(([, server]) => declaredKey(server) === key);
    if (known) {
      imported.notes.push(`"${first.name}" of ${whoOf(first)} is declared already, as "${known[0]}"`);
      continue;
    }
    const name = freeName(nameOf(group), first, imported, taken);
    imported.notes.push(...duplicateNotes(name, group));
    const files = new Set(imported.secrets.map(({ file }) => file));
    const parts = group.map((each) => declarable(name, each.agent, each.entry, place));
    const servers = parts.map(({ server }) => server) as [DeclaredServer, ...DeclaredServer[]];
    imported.mcpServers[name] = servers.reduce((all, each) => joined(all, each));
    // Equal values of a second agent have the same field and need no second file.
    const moved = parts.flatMap(({ secrets }) => secrets);
    for (const secret of moved) {
      if (imported.secrets.some(({ field }) => field === secret.field)) continue;
      if (files.has(secret.file))
        imported.notes.push(`${secret.field}: shares the file ${secret.file} with another server; look at it`);
      imported.secrets.push(secret);
    }
    imported.notes.push(...differenceNotes(name, group), ...leftNotes(name, group));
  }
  return imported;
}

/** How the server is reached, apart from its variables and headers. A secret in it counts as one, whatever its value. */
function targetKey({ agent, entry }: FoundServer): string {
  return declaredKey(declarable('', agent, entry, () => '${file:}').server);
}

function declaredKey({ command, args = [], url, httpUrl, serverUrl }: DeclaredServer): string {
  const address = url ?? httpUrl ?? serverUrl;
  const key = address === undefined ? JSON.stringify(['program', command, ...args]) : `url ${address.replace(/\/$/, '')}`;
  return key.replace(/\$\{file:[^{}]*\}/g, '${file:}');
}

/** The name most of them have; the first of those. */
function nameOf(group: readonly FoundServer[]): string {
  const counts = new Map<string, number>();
  for (const { name } of group) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

function freeName(
  wanted: string,
  first: FoundServer,
  { mcpServers, notes }: Imported,
  taken: Readonly<Record<string, DeclaredServer>>,
): string {
  const isFree = (name: string) => !Object.hasOwn(mcpServers, name) && !Object.hasOwn(taken, name);
  if (isFree(wanted)) return wanted;
  const base = `${wanted}-${first.agent ?? 'imported'}`;
  let name = base;
  for (let count = 2; !isFree(name); count++) name = `${base}-${count}`;
  notes.push(`"${wanted}" of ${whoOf(first)} reaches something else than the "${wanted}" before it: it is called "${name}"`);
  return name;
}

function duplicateNotes(name: string, group: readonly FoundServer[]): string[] {
  if (group.length < 2) return [];
  const places = group.map((each) => whoOf(each) + (each.name === name ? '' : ` (as "${each.name}")`));
  return [`"${name}" is there ${group.length} times and taken once: ${[...new Set(places)].join(', ')}`];
}

function differenceNotes(name: string, group: readonly FoundServer[]): string[] {
  const [first, ...others] = group as [FoundServer, ...FoundServer[]];
  const fields = (entry: Entry) => (entry.kind === 'stdio' ? entry.env : entry.headers);
  const differing = others.flatMap(({ entry }) =>
    Object.entries(fields(entry)).flatMap(([field, text]) => {
      const kept = fields(first.entry)[field];
      return kept !== undefined && kept !== text ? [field] : [];
    }),
  );
  const target = (entry: Entry) => (entry.kind === 'stdio' ? JSON.stringify(entry.args) : entry.url.replace(/\/$/, ''));
  if (others.some(({ entry }) => target(entry) !== target(first.entry))) differing.push('the secret in its arguments or address');
  return [...new Set(differing)].map((field) => `"${name}": ${field} differs between agents; the one of ${whoOf(first)} is kept`);
}

/** Fields that nobody is known to read have no place in a declaration. */
function leftNotes(name: string, group: readonly FoundServer[]): string[] {
  return group.flatMap(({ agent, path, entry: { own } }) =>
    agent === undefined && own !== undefined
      ? [`"${name}": ${Object.keys(own).join(', ')} of ${path} left out: whose they are is not known`]
      : [],
  );
}

/** What the first says stays; what only others say is added. */
function joined(first: DeclaredServer, other: DeclaredServer): DeclaredServer {
  const both = (field: 'env' | 'headers' | 'credentials' | 'agentFields') => {
    const known = Object.keys({ ...first.env, ...first.credentials });
    const added = Object.entries(other[field] ?? {}).filter(([key]) => field === 'agentFields' || !known.includes(key));
    const all = { ...Object.fromEntries(added), ...first[field] };
    return Object.keys(all).length > 0 ? { [field]: all } : {};
  };
  if (isDeepStrictEqual(first, other)) return first;
  return { ...other, ...first, ...both('env'), ...both('headers'), ...both('credentials'), ...both('agentFields') };
}

function whoOf({ agent, path }: FoundServer): string {
  return agent ?? path;
}
