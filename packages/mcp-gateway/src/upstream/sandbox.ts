/**
 * Puts a spawned server into bubblewrap: the system read-only, an empty home and temporary folder, no network unless
 * allowed, nothing else but what its entry lists. Dies with its parent. Pure, apart from looking at which paths exist.
 */
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { LinkError } from './link.ts';

export interface Sandbox {
  network: boolean;
  readPaths: readonly string[];
  writePaths: readonly string[];
}

export interface SandboxedCommand {
  command: string;
  args: string[];
}

const systemPaths = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc', '/opt', '/nix/store', '/run/current-system'];

/** The command line that runs `command` inside. Throws LinkError when there is no bubblewrap, or a listed path does not exist. */
export function sandboxed(
  command: string,
  args: readonly string[],
  sandbox: Sandbox,
  env: Readonly<Record<string, string>>,
  cwd: string | undefined,
): SandboxedCommand {
  const bwrap = findProgram('bwrap', process.env.PATH ?? '');
  if (bwrap === undefined)
    throw new LinkError('a sandbox is declared, but bwrap is not on PATH; install the package "bubblewrap", or remove "sandbox"');
  const program = isAbsolute(command) ? command : findProgram(command, env.PATH ?? '');
  if (program === undefined)
    throw new LinkError(`cannot start ${command}: the program was not found on PATH (${env.PATH ?? 'PATH is empty'})`);
  const missing = [...sandbox.readPaths, ...sandbox.writePaths].find((path) => !existsSync(path));
  if (missing !== undefined) throw new LinkError(`the path ${missing} in "sandbox" does not exist`);
  const home = env.HOME ?? '/';
  const own = dirname(realpathSync(program));
  return {
    command: bwrap,
    args: [
      '--die-with-parent',
      '--unshare-all',
      ...(sandbox.network ? ['--share-net'] : []),
      ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
      ...systemPaths.flatMap((path) => ['--ro-bind-try', path, path]),
      ...(sandbox.network ? ['--ro-bind-try', '/run/systemd/resolve', '/run/systemd/resolve'] : []),
      ...(home === '/' ? [] : ['--tmpfs', home]),
      ...['--ro-bind', own, own],
      ...(program.startsWith(own) ? [] : ['--ro-bind-try', program, program]),
      ...sandbox.readPaths.flatMap((path) => ['--ro-bind', path, path]),
      ...sandbox.writePaths.flatMap((path) => ['--bind', path, path]),
      ...(cwd === undefined ? ['--chdir', sandbox.writePaths[0] ?? '/'] : ['--chdir', cwd]),
      '--',
      program,
      ...args,
    ],
  };
}

function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder || '.', name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
