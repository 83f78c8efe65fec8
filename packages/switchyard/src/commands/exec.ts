/**
 * `switchyard exec`: reads secrets from files, sets them as variables of one program, and starts it. What agents' files then
 * hold is the path of a secret. Starts nothing when a secret is not as it should be.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { SecretError, Secrets } from '@switchyard/kit/secrets';
import { namedSource, referenceOf } from '../bridge/header-source.ts';
import { type Command, CommandError } from '../command.ts';
import { readFlags } from '../flags.ts';

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export const command: Command = {
  usage: `exec [--credential NAME=SOURCE]… -- PROGRAM [ARGUMENTS]

Starts PROGRAM with each variable NAME set to what SOURCE holds: a path, file:PATH, credential:NAME
($CREDENTIALS_DIRECTORY) or env:NAME. No shell is involved. PROGRAM is not started when a file is missing, empty, or
readable by others (chmod 600), except below /run/credentials and $CREDENTIALS_DIRECTORY.`,
  ownsFlags: true,
  async run(args) {
    const end = args.indexOf('--');
    const own = end < 0 ? args : args.slice(0, end);
    if (own.includes('--help') || own.includes('-h')) {
      console.log(`Usage: switchyard ${command.usage}`);
      return 0;
    }
    const { values, positionals } = readFlags(own, { credential: { type: 'string', multiple: true } } as const);
    const [program, ...rest] = end < 0 ? [] : args.slice(end + 1);
    if (program === undefined || positionals.length > 0)
      throw new CommandError('which program? It stands behind "--": switchyard exec --credential NAME=/path -- PROGRAM', 64);
    return start(program, rest, { ...process.env, ...variablesOf(values.credential ?? []) });
  },
};

function variablesOf(credentials: readonly string[]): Record<string, string> {
  const secrets = new Secrets();
  return Object.fromEntries(
    credentials.map((text) => {
      const { name, source } = namedSource(text, '--credential');
      const reference = referenceOf(source, name, '--credential');
      try {
        const file = /^\$\{file:(.*)\}$/s.exec(reference)?.[1];
        if (file !== undefined) refuseOpenFile(file, name);
        return [name, secrets.resolve(reference, `credential ${name}`)];
      } catch (error) {
        if (error instanceof SecretError) throw new CommandError(error.message, 78);
        throw error;
      }
    }),
  );
}

/** A secret that others may read is none. Folders of credentials have their own guard. */
function refuseOpenFile(file: string, name: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || process.platform === 'win32') return;
  const folders = ['/run/credentials', process.env.CREDENTIALS_DIRECTORY].filter((folder) => folder !== undefined);
  if (folders.some((folder) => dirname(file) === folder || dirname(file).startsWith(`${folder}/`))) return;
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0)
    throw new CommandError(
      `credential ${name}: file ${file} may be read by others (mode 0${mode.toString(8)}); run chmod 600 on it`,
      78,
    );
}

/** Starts the program on our own input and output; its exit code, or 128 + the number of the signal that ended it. */
function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, [...args], { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of forwarded) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new CommandError(`the program "${program}" was not found on PATH`, 127)
          : new CommandError(`the program "${program}" could not be started: ${error.message}`, 126),
      ),
    );
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
