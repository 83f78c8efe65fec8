/** Entries that start our own program: the bridge to an address, and the wrapper that reads a program's secrets. Pure. */
import type { Agent } from './agents/agent.ts';
import { InexpressibleError, type StdioEntry } from './agents/entry.ts';
import { writeText } from './agents/interpolation.ts';

/** How `switchyard` is started: the program and its first arguments. */
export type Program = readonly [command: string, ...args: string[]];

export interface Bridge {
  /** Source of the token: `file:PATH`, `env:NAME`, `credential:NAME`. */
  token: string | undefined;
  /** Other headers: name → source, or `text:VALUE`. */
  headers: Readonly<Record<string, string>>;
  agent: Agent;
  program: Program;
  /** False when the agent runs on the Windows host, whose variables do not reach our program. */
  sharesFiles: boolean;
}

/** `switchyard connect`: an address for agents that cannot reach it as it must be reached. */
export function bridgeEntry(url: string, { token, headers, agent, program, sharesFiles }: Bridge): StdioEntry {
  const [command, ...first] = program;
  const named = Object.entries(headers).flatMap(([name, source]) => ['--header', `${name}=${source}`]);
  const args = [...first, 'connect', '--url', url, ...tokenFlags(token), ...named];
  return { kind: 'stdio', command, args, env: passedOn([token, ...Object.values(headers)], agent, sharesFiles) };
}

function tokenFlags(token: string | undefined): string[] {
  if (token === undefined) return [];
  const [, source, name] = /^(\w+):(.*)$/s.exec(token) ?? [];
  if (source === 'file') return ['--token-file', name as string];
  if (source === 'env') return ['--token-env', name as string];
  return ['--header', `Authorization=${token}`];
}

/** `switchyard exec`: reads the secrets, sets the variables, and becomes the program. `secrets`: variable → source. */
export function wrappedEntry(
  entry: StdioEntry,
  secrets: Readonly<Record<string, string>>,
  { agent, program: [command, ...first], sharesFiles }: Pick<Bridge, 'agent' | 'program' | 'sharesFiles'>,
): StdioEntry {
  const flags = Object.entries(secrets).flatMap(([name, source]) => ['--credential', `${name}=${source.replace(/^file:/, '')}`]);
  const rest = Object.fromEntries(Object.entries(entry.env).filter(([name]) => !Object.hasOwn(secrets, name)));
  return {
    ...entry,
    command,
    args: [...first, 'exec', ...flags, '--', entry.command, ...entry.args],
    env: { ...rest, ...passedOn(Object.values(secrets), agent, sharesFiles) },
  };
}

/** Variables that our program reads, for agents that do not pass all of theirs on and can say so. */
function passedOn(sources: readonly (string | undefined)[], agent: Agent, sharesFiles: boolean): Record<string, string> {
  const names = sources.flatMap((source) => (source?.startsWith('env:') ? [source.slice('env:'.length)] : []));
  if (names.length > 0 && !sharesFiles)
    throw new InexpressibleError(
      `variable ${names[0]} of Windows does not reach a program of WSL; keep its value in a file there (gateway.tokenFile, credentials)`,
    );
  const env = Object.fromEntries(names.map((name) => [name, `\${env:${name}}`]));
  const probe: StdioEntry = { kind: 'stdio', command: 'x', args: [], env };
  try {
    agent.write(probe);
    return env;
  } catch (error) {
    if (error instanceof InexpressibleError) return {};
    throw error;
  }
}

/**
 * The source of a text that is one reference and nothing else (`${file:/x}` → `file:/x`), or an absolute path. Throws
 * InexpressibleError for a reference inside a longer text, which our program's flags cannot say.
 */
export function sourceOf(text: string): string {
  const reference = /^\$\{(file|env|credential):([^{}]+)\}$/.exec(text);
  if (reference) return `${reference[1]}:${reference[2]}`;
  if (/^\//.test(text)) return `file:${text}`;
  throw new InexpressibleError(
    'a secret must be a reference by itself (`${file:PATH}`, `${credential:NAME}`, `${env:NAME}`) or the path of a file',
  );
}

/** The source of a header: a reference, or a text without one. */
export function headerSource(text: string): string {
  return /^\$\{/.test(text) ? sourceOf(text) : `text:${writeText(text, undefined)}`;
}
