/**
 * An entry without anybody's spelling. Its texts hold references in our notation (`${env:NAME}`, `${file:PATH}`,
 * `${credential:NAME}`; `$${` is a plain `${`), whatever the agent writes.
 */
import type { Fields } from '../files/entries.ts';

export interface StdioEntry {
  kind: 'stdio';
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd?: string | undefined;
}

export interface HttpEntry {
  kind: 'http' | 'sse';
  url: string;
  headers: Record<string, string>;
}

export type Entry = (StdioEntry | HttpEntry) & {
  disabled?: boolean | undefined;
  /** Fields of the agent that say nothing of how the server is reached; kept as they are. */
  own?: Fields | undefined;
};

/** What cannot be said in an agent's file; the message says why, without the entry's name. */
export class InexpressibleError extends Error {
  override name = 'InexpressibleError';
}

/** An entry in a file that nobody can make sense of; the message says which field is wrong. */
export class UnreadableEntryError extends Error {
  override name = 'UnreadableEntryError';
}

/** The entry with every text changed. */
export function mapTexts<T extends Entry>(entry: T, change: (text: string) => string): T {
  const each = (texts: Record<string, string>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
  if (entry.kind !== 'stdio') return { ...entry, url: change(entry.url), headers: each(entry.headers) };
  const { command, args, env, cwd } = entry;
  return {
    ...entry,
    command: change(command),
    args: args.map(change),
    env: each(env),
    ...(cwd !== undefined && { cwd: change(cwd) }),
  };
}
