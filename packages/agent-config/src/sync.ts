/** Brings agents' files in line with a plan: reads, decides, writes, and remembers what is ours. */

import type { AgentName } from './agents/names.ts';
import { agents } from './agents.ts';
import { type Change, changeText } from './change.ts';

export type { Change } from './change.ts';

import type { Machine } from './environments/machine.ts';
import { type AgentFile, closeAgentFile, readAgentFile, writeAgentFile } from './files/agent-file.ts';
import { TextError } from './files/entries.ts';
import { parseText } from './files/format.ts';
import { changeOwnership, newOwnedFile, type OwnedFile, type Ownership, ownedBy, readOwnership } from './ownership.ts';
import type { Plan } from './plan.ts';

/** What a run is about, beside the plans. */
export interface SyncScope {
  machine: Machine;
  /** The declaration's file: entries that another declaration asked for are not this run's to remove. */
  declaration: string;
  /** Our record of entries. */
  stateFile: string;
  /** Agents of this run; files of others are left alone. */
  agents: readonly AgentName[];
  /** Take over entries that somebody else made or edited. */
  force: boolean;
}

/** What a run does to one file. */
export interface FileChange {
  agent: AgentName;
  path: string;
  before: string | undefined;
  after: string;
  changes: Change[];
  /** What the user has to see to, once. */
  notes: string[];
  /** Writes it, and remembers. Throws AgentFileError. */
  apply(): void;
}

/** A file that cannot be understood: `FILE:LINE:COLUMN: what is wrong`. */
export class BrokenFileError extends Error {
  override name = 'BrokenFileError';
}

/** A file that is planned for, or one where we left entries that are planned no longer. */
type Job = Plan;

/**
 * The changes of a run, one file after another; nothing is written before `apply`. Yields for each file, so that a broken one
 * does not keep the others from their turn: what goes wrong with it is given in its place.
 */
export function changesOf(plans: readonly Plan[], scope: SyncScope): (FileChange | BrokenFileError)[] {
  const ownership = readOwnership(scope.stateFile);
  const planned = plans.map(({ path }) => readTarget(path));
  const left = leftJobs(ownership, planned, scope);
  return [...plans, ...left].map((job) => {
    try {
      return changeOf(job, ownership, scope);
    } catch (error) {
      if (error instanceof TextError)
        return new BrokenFileError(`${job.path}:${error.line}:${error.column}: ${error.message}; nothing was changed`);
      if (error instanceof Error && error.name === 'AgentFileError') return new BrokenFileError(error.message);
      throw error;
    }
  });
}

function changeOf(job: Job, ownership: Ownership, scope: SyncScope): FileChange {
  const { agent, path, entries } = job;
  const file = readAgentFile(path);
  const record = ownedBy(ownership, file.target, scope.declaration);
  // A file that is not there stays so when nothing is to be in it.
  const before = file.text ?? '';
  const { changes, text, owned } =
    entries.length === 0 && file.text === undefined
      ? { changes: [], text: before, owned: {} }
      : changeText(agent, before, job.at, entries, record?.entries ?? {}, scope.force);
  return {
    agent: agent.name,
    path,
    before: file.text,
    after: text,
    changes,
    notes: job.notes,
    apply: () => {
      const root = job.at(parseText(agent.format, text)).root;
      const { home, projectRoot } = scope.machine;
      const who = { home, projectRoot, declaration: scope.declaration };
      const next: OwnedFile = { ...newOwnedFile(agent.name, job.scope, root, who), entries: hashes(owned, record, changes) };
      if (text === before) {
        if (job.secret) closeAgentFile(file);
        return remember(scope.stateFile, file, next);
      }
      // First both may be ours, so that a kill between the two writes leaves no entry without an owner.
      remember(scope.stateFile, file, { ...next, entries: joined(next.entries, record?.entries ?? {}) });
      writeAgentFile(file, text, job.secret);
      remember(scope.stateFile, file, next);
    },
  };
}

/** Entries that were ours and are in a conflict stay known: with --force, or once mended, they are ours again. */
function hashes(owned: Record<string, string>, record: OwnedFile | undefined, changes: readonly Change[]): OwnedFile['entries'] {
  const known = record?.entries ?? {};
  const disputed = changes.filter(({ name, kind }) => kind === 'conflict' && Object.hasOwn(known, name));
  return {
    ...Object.fromEntries(disputed.map(({ name }) => [name, known[name] ?? []])),
    ...Object.fromEntries(Object.entries(owned).map(([name, hash]) => [name, [hash]])),
  };
}

function joined(next: OwnedFile['entries'], old: OwnedFile['entries']): OwnedFile['entries'] {
  const names = new Set([...Object.keys(next), ...Object.keys(old)]);
  return Object.fromEntries([...names].map((name) => [name, [...new Set([...(next[name] ?? []), ...(old[name] ?? [])])]]));
}

/** Read anew each time: what else a run of another process wrote is kept. */
function remember(stateFile: string, { target }: AgentFile, record: OwnedFile): void {
  const current = ownedBy(readOwnership(stateFile), target, record.declaration);
  if (current === undefined && Object.keys(record.entries).length === 0) return;
  if (JSON.stringify(current) === JSON.stringify(record)) return;
  changeOwnership(stateFile, ({ files }) => {
    const others = (files[target] ?? []).filter(({ declaration }) => declaration !== record.declaration);
    files[target] = [...others, record];
  });
}

/** Files with entries of ours that this declaration asked for and plans no longer. */
function leftJobs(ownership: Ownership, planned: readonly string[], { machine, declaration, agents: names }: SyncScope): Job[] {
  return Object.keys(ownership.files).flatMap((path): Job[] => {
    const record = ownedBy(ownership, path, declaration);
    if (record === undefined || planned.includes(path)) return [];
    const isOurs =
      record.home === machine.home &&
      names.includes(record.agent) &&
      (record.scope === 'user' || record.projectRoot === machine.projectRoot);
    if (!isOurs) return [];
    const agent = agents[record.agent];
    const at = { ...agent.entries, root: record.root };
    return [{ agent, path, scope: record.scope, at: () => at, entries: [], secret: false, notes: [] }];
  });
}

/** Where a path leads; the path itself when that cannot be told (reading it will say why). */
function readTarget(path: string): string {
  try {
    return readAgentFile(path).target;
  } catch {
    return path;
  }
}
