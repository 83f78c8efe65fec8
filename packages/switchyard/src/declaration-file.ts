/** Adds servers to the declaration on the disk, in place: order and everything else stay as they are. */
import { type DeclaredServer, parseDeclaration } from '@switchyard/agent-config/declaration';
import { AgentFileError, readAgentFile, writeAgentFile } from '@switchyard/agent-config/files';
import { parseText, readEntries, withEntry } from '@switchyard/agent-config/format';
import { ConfigError } from '@switchyard/kit/config';
import { CommandError } from './command.ts';

/** Where servers are in it. */
const place = { root: ['mcpServers'], shape: 'map' } as const;

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

/** Writes the servers into `file`, which is made when it is not there. An unchanged file is not touched. Throws CommandError (78). */
export function addServers(
  file: string,
  servers: Readonly<Record<string, DeclaredServer>>,
  { replace, dryRun }: AddChoices,
): { additions: Addition[]; changed: boolean } {
  try {
    const before = readAgentFile(file);
    const old = before.text ?? '';
    const declared = readEntries('json', old, place);
    let text = old;
    const additions = Object.entries(servers).map(([name, server]): Addition => {
      if (declared.has(name) && !replace) return { name, outcome: 'kept' };
      const next = withEntry('json', text, place, name, server);
      const outcome = !declared.has(name) ? 'added' : next === text ? 'same' : 'changed';
      text = next;
      return { name, outcome };
    });
    if (text !== old) parseDeclaration(parseText('json', text), file);
    if (text !== old && !dryRun) writeAgentFile(before, text, false);
    return { additions, changed: text !== old };
  } catch (error) {
    if (error instanceof AgentFileError || error instanceof ConfigError) throw new CommandError(error.message, 78);
    const { name, message, line, column } = error as Error & { line?: number; column?: number };
    if (name === 'TextError') throw new CommandError(`${file}:${line}:${column}: ${message}`, 78);
    throw error;
  }
}
