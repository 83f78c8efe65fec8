/**
 * Which entries in agents' files are ours: kept in a file of our own (`$XDG_STATE_HOME/switchyard/agents.json`), as hashes of
 * what we wrote. An entry is ours as long as it is what we wrote; agents' files carry no mark.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, parseConfig, parseJson } from '@switchyard/kit/config';
import { z } from 'zod';
import { type AgentName, agentNames } from './agents/names.ts';
import { isRunning, writeAtomically } from './files/atomic-write.ts';
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

/**
 * Changes the record, with mode 0600, while no other process does. Throws ConfigError when another one holds it for too long,
 * and what the file system throws.
 */
export function changeOwnership(file: string, change: (ownership: Ownership) => void): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const release = hold(`${file}.lock`);
  try {
    const ownership = readOwnership(file);
    change(ownership);
    const files = Object.entries(ownership.files).flatMap(([path, records]) => {
      const kept = records.filter(({ entries }) => Object.keys(entries).length > 0);
      return kept.length > 0 ? [[path, kept]] : [];
    });
    writeAtomically(file, `${JSON.stringify({ version: 1, files: Object.fromEntries(files) }, null, 2)}\n`, { mode: 0o600 });
  } finally {
    release();
  }
}

const lockMs = 10_000;

/** Waits until no living process holds the lock, and takes it; gives what releases it. */
function hold(lock: string): () => void {
  for (const end = performance.now() + lockMs; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!isHeld(lock)) rmSync(lock, { force: true });
    else if (performance.now() > end)
      throw new ConfigError(lock, [
        { path: '', message: 'is held by another run of `switchyard config`; wait for it, or remove the file' },
      ]);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

/** A process that was killed holds nothing; one that just made the file has not written its id yet. */
function isHeld(lock: string): boolean {
  try {
    const text = readFileSync(lock, 'utf8');
    return text === '' ? Date.now() - statSync(lock).mtimeMs < 1000 : isRunning(Number(text));
  } catch {
    return false;
  }
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
