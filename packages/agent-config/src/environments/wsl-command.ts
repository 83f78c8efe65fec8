/**
 * A program of a WSL distribution as agents of the Windows host start it. `-e` starts it without a shell, so nothing is
 * expanded and no profile writes to its output; its path is absolute, because there is no login that would set PATH.
 */
import { isAbsolute } from 'node:path/posix';

export interface WslProgram {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd?: string | undefined;
}

/** Raised for a program that cannot be started from Windows. */
export class WslCommandError extends Error {
  override name = 'WslCommandError';
}

/**
 * The `command` and `args` of an entry. Variables go through `/usr/bin/env` on the Linux side (Windows passes none on), so
 * they are seen in the process list there: secrets belong in the wrapper. Throws WslCommandError for a relative program.
 */
export function wslCommand(
  { command, args, env, cwd }: WslProgram,
  { distro, user }: { distro: string; user: string },
): { command: 'wsl.exe'; args: string[] } {
  if (!isAbsolute(command))
    throw new WslCommandError(`"${command}" must be an absolute path to be started from Windows (no login sets PATH there)`);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const program = variables.length === 0 ? [command, ...args] : ['/usr/bin/env', ...variables, command, ...args];
  return { command: 'wsl.exe', args: ['-d', distro, '-u', user, '--cd', cwd ?? '~', '-e', ...program] };
}
