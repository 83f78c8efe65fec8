/** Changes the declaration on the disk, in place: order, layout and everything else stay as they are. */
import { type DeclaredServer, parseDeclaration } from '@switchyard/agent-config/declaration';
import { AgentFileError, readAgentFile, writeAgentFile } from '@switchyard/agent-config/files';
import { parseText, readEntries, withEntry } from '@switchyard/agent-config/format';
import { ConfigError } from '@switchyard/kit/config';
import { CommandError } from './command.ts';

/** Where servers are in it. */
const serversPlace = { root: ['mcpServers'], shape: 'map' } as const;
const agentsPlace = { root: ['agents'], shape: 'map' } as const;

/** What became of a server. `kept`: one of that name was there. */
export interface Addition {
  name: string;
  outcome: 'added' | 'changed' | 'same' | 'kept';
}

export interface AddChoices {
  /** Whether a server that is there is written anew. */
  replace: boolean;
  /** Whether nothing is written. */
  dryRun: boolean;
}

/** Writes the servers into `file`. An unchanged file is not touched. Throws CommandError (78). */
export function addServers(
  file: string,
  servers: Readonly<Record<string, DeclaredServer>>,
  { replace, dryRun }: AddChoices,
): { additions: Addition[]; changed: boolean } {
  let additions: Addition[] = [];
  const { before, after } = editDeclaration(file, dryRun, (text) => {
    const added = withServers(text, servers, replace);
    ({ additions } = added);
    return added.text;
  });
  return { additions, changed: before !== after };
}

/** The text of a declaration with servers. One that is there stays, unless `replace`. Throws TextError. */
export function withServers(
  text: string,
  servers: Readonly<Record<string, DeclaredServer>>,
  replace: boolean,
): { text: string; additions: Addition[] } {
  const declared = readEntries('json', text, serversPlace);
  let next = text;
  const additions = Object.entries(servers).map(([name, server]): Addition => {
    if (declared.has(name) && !replace) return { name, outcome: 'kept' };
    const changed = withEntry('json', next, serversPlace, name, server);
    const outcome = !declared.has(name) ? 'added' : changed === next ? 'same' : 'changed';
    next = changed;
    return { name, outcome };
  });
  return { text: next, additions };
}

/** The text with that mode for these agents; their other choices stay. Throws TextError. */
export function withAgents(text: string, names: readonly string[], mode: string): string {
  const declared = readEntries('json', text, agentsPlace);
  return names.reduce((next, name) => withEntry('json', next, agentsPlace, name, { ...declared.get(name), mode }), text);
}

/**
 * Changes the text of `file`, which is made when it is not there. The result must be a declaration; otherwise, and with
 * `dryRun`, nothing is written. `edit` may throw TextError. Throws CommandError (78) that names file and place.
 */
export function editDeclaration(
  file: string,
  dryRun: boolean,
  edit: (text: string) => string,
): { before: string; after: string } {
  try {
    const found = readAgentFile(file);
    const before = found.text ?? '';
    const after = edit(before);
    if (after !== before) parseDeclaration(parseText('json', after), file);
    if (after !== before && !dryRun) writeAgentFile(found, after, false);
    return { before, after };
  } catch (error) {
    if (error instanceof AgentFileError || error instanceof ConfigError) throw new CommandError(error.message, 78);
    const { name, message, line, column } = error as Error & { line?: number; column?: number };
    if (name === 'TextError') throw new CommandError(`${file}:${line}:${column}: ${message}`, 78);
    throw error;
  }
}
