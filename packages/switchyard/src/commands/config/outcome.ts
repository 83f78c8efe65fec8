/** Carries a run's changes out, or only shows them, and says in words and in an exit code what came of it. */
import { homedir } from 'node:os';
import { agents } from '@switchyard/agent-config/agents';
import { unifiedDiff } from '@switchyard/agent-config/diff';
import { AgentFileError } from '@switchyard/agent-config/files';
import { BrokenFileError, type Change, changesOf, type FileChange, type SyncScope } from '@switchyard/agent-config/sync';
import { ConfigError } from '@switchyard/kit/config';
import { CommandError } from '../../command.ts';
import type { Declared } from './declared.ts';

export interface RunChoices {
  /** `write` changes files; `diff` shows differences; `check` names the files. The last two write nothing. */
  how: 'write' | 'diff' | 'check';
  force: boolean;
  json: boolean;
  /** Whether a change that was only shown is a failure (`diff`, `sync --check`). */
  failOnChange: boolean;
}

interface Report {
  agent: string;
  path: string;
  outcome: 'changed' | 'would change' | 'up to date' | 'failed';
  changes: Change[];
  /** What the user has to see to, once. */
  notes?: string[];
  problem?: string;
  diff?: string;
}

/** Runs over all planned files; gives the exit code: 1 for a conflict, a file that failed, or a change where none may be. */
export function carryOut(declared: Declared, choices: RunChoices): number {
  const { file, machine, agents: names, plans, stateFile, masked } = declared;
  const scope: SyncScope = { machine, declaration: file, stateFile, agents: names, force: choices.force };
  const reports = changesIn(plans, scope).map((change) => reportOf(change, choices, masked));
  if (choices.json) console.log(JSON.stringify(reports, null, 2));
  else for (const line of reports.flatMap((report) => linesOf(report, choices))) console.log(line);
  if (!choices.json && reports.length === 0) console.log('no agent is declared, and none was found on this machine');
  const isBad = ({ outcome, changes }: Report) =>
    outcome === 'failed' ||
    changes.some(({ kind }) => kind === 'conflict') ||
    (choices.failOnChange && outcome === 'would change');
  return reports.some(isBad) ? 1 : 0;
}

/** As `changesOf`; our own record being broken is the user's to mend. */
export function changesIn(plans: Declared['plans'], scope: SyncScope): (FileChange | BrokenFileError)[] {
  try {
    return changesOf(plans, scope);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(
      `${error.message}\nMend or remove that file; without it, entries of earlier runs count as made by hand (--force takes them over)`,
      78,
    );
  }
}

function reportOf(change: FileChange | BrokenFileError, { how }: RunChoices, masked: (text: string) => string): Report {
  if (change instanceof BrokenFileError)
    return { agent: '', path: '', outcome: 'failed', changes: [], problem: masked(change.message) };
  const { agent, path, before, after, changes } = change;
  const base = { agent, path, changes: changes.filter(({ kind }) => kind !== 'same') };
  const isChanged = after !== (before ?? '');
  if (how !== 'write') {
    if (!isChanged) return { ...base, outcome: 'up to date' };
    const diff = how === 'diff' ? { diff: masked(unifiedDiff(path, before, after)) } : {};
    return { ...base, outcome: 'would change', ...diff };
  }
  try {
    change.apply();
    const isNew = changes.some(({ kind }) => kind === 'add');
    return { ...base, outcome: isChanged ? 'changed' : 'up to date', ...(isNew && { notes: change.notes }) };
  } catch (error) {
    if (error instanceof AgentFileError) return { ...base, outcome: 'failed', problem: masked(error.message) };
    throw error;
  }
}

const verbs = { add: 'added', update: 'updated', remove: 'removed', same: 'kept', conflict: 'left alone' } as const;

function linesOf({ agent, path, outcome, changes, notes = [], problem, diff }: Report, { how }: RunChoices): string[] {
  if (problem !== undefined) return [`failed: ${problem}`];
  const known = agents[agent as keyof typeof agents];
  const title = `${known.title}: ${tilde(path)}`;
  const conflicts = changes.flatMap(({ name, kind, why }) =>
    kind === 'conflict' ? [`  left alone: "${name}": ${why} (--force takes it over)`] : [],
  );
  if (diff !== undefined) return [diff.trimEnd(), ...conflicts];
  const done = changes.filter(({ kind }) => kind !== 'conflict').map(({ name, kind }) => `${verbs[kind]} ${name}`);
  const what = outcome === 'up to date' ? 'up to date' : how === 'write' ? done.join(', ') : `would change: ${done.join(', ')}`;
  return [`${title}: ${what}`, ...conflicts, ...notes.map((note) => `  ${note}`)];
}

/** A path below the home with `~`. */
export function tilde(path: string): string {
  const home = process.env.HOME || homedir();
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
