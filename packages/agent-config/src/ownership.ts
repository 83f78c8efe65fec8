/**
 * Which entries in agents' files are ours: kept in a file of our own (`$XDG_STATE_HOME/switchyard/agents.json`), as hashes of
 * what we wrote. An entry is ours as long as it is what we wrote; agents' files carry no mark.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, parseConfig, parseJson } from '@switchyard/kit/config';
import { z } from 'zod';
import { type AgentName, agentNames } from './agents/names.ts';
import { writeAtomically } from './files/atomic-write.ts';
import type { Fields, KeyPath } from './files/entries.ts';

const ownedFileSchema = z.strictObject({
  agent: z.enum(agentNames),
  scope: z.enum(['user', 'project']),
  root: z.array(z.string()),
  /** Whose machine and project it is, and which declaration asked for it. */
  home: z.string(),
  projectRoot: z.string(),
  declaration: z.string(),
  /** Name → hashes of what the entry may be: two while a change is on its way. */
  entries: z.record(z.string(), z.array(z.string())),
});

/** Path → what we wrote there, for each declaration that asked for something. */
const ownershipSchema = z.strictObject({ version: z.literal(1), files: z.record(z.string(), z.array(ownedFileSchema)) });

/** What we wrote into one file. */
export type OwnedFile = z.infer<typeof ownedFileSchema>;
export type Ownership = z.infer<typeof ownershipSchema>;

/** Reads the record; an empty one when there is none. Throws ConfigError for one that is broken. */
export function readOwnership(file: string): Ownership {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { version: 1, files: {} };
    throw new ConfigError(file, [{ path: '', message: `cannot be read: ${message}` }]);
  }
  return parseConfig(ownershipSchema, parseJson(text, file), file);
}

/** What a declaration has in a file; undefined when it has nothing there. */
export function ownedBy(ownership: Ownership, path: string, declaration: string): OwnedFile | undefined {
  return ownership.files[path]?.find((record) => record.declaration === declaration);
}

/** Writes the record, with mode 0600. Throws what the file system throws. */
export function writeOwnership(file: string, ownership: Ownership): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const files = Object.entries(ownership.files).flatMap(([path, records]) => {
    const kept = records.filter(({ entries }) => Object.keys(entries).length > 0);
    return kept.length > 0 ? [[path, kept]] : [];
  });
  writeAtomically(file, `${JSON.stringify({ version: 1, files: Object.fromEntries(files) }, null, 2)}\n`, { mode: 0o600 });
}

/** The hash of an entry: the same for equal fields in any order. */
export function hashOf(fields: Fields): string {
  return createHash('sha256').update(sorted(fields)).digest('hex').slice(0, 32);
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (value instanceof Date) return JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).join(',')}}`;
}

/** A file's record before anything was written to it. */
export function newOwnedFile(
  agent: AgentName,
  scope: 'user' | 'project',
  root: KeyPath,
  who: Pick<OwnedFile, 'home' | 'projectRoot' | 'declaration'>,
): OwnedFile {
  return { agent, scope, root: [...root], ...who, entries: {} };
}
