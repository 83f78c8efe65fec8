/**
 * Runs the program of a secret manager (op, sops, age) and gives what it printed. No shell; arguments hold references and
 * paths, never values; the child gets only the variables it needs; its error text is masked.
 */
import { execFile } from 'node:child_process';
import type { SourceContext } from './source.ts';
import { SourceAnswerError, SourceUnreachableError } from './source-error.ts';

/** What any program needs. */
const plainVariables = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR'];
const largestOutputBytes = 4 * 1024 * 1024;

export interface Program {
  command: string;
  args: readonly string[];
  /** For messages: the file or reference that is read. */
  origin: string;
  /** Begins of the names of further variables the program may see. */
  variables: readonly string[];
  /** What to do when the program is not there. */
  install: string;
  /** What to do when it fails. */
  remedy: string;
}

/** Its standard output. Throws SourceUnreachableError (not installed, too slow) and SourceAnswerError (it failed). */
export function runProgram(program: Program, context: SourceContext): Promise<string> {
  const { command, args, origin, install, remedy } = program;
  return new Promise((resolve, reject) => {
    const options = {
      env: environmentFor(program, context.env),
      timeout: context.timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: largestOutputBytes,
      encoding: 'utf8' as const,
    };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (error.code === 'ENOENT')
        return reject(new SourceUnreachableError(origin, `the program "${command}" is not on PATH`, install));
      if (error.code === 'EACCES')
        return reject(new SourceUnreachableError(origin, `the program "${command}" may not be executed`, install));
      if (error.killed && error.signal === 'SIGKILL') {
        const waited = `"${command}" did not end within ${context.timeoutMs / 1000} s`;
        return reject(new SourceUnreachableError(origin, waited, 'is it waiting for a sign-in or a PIN? use a token instead'));
      }
      const said = context.secrets.mask(stderr.trim()) || `it ended with code ${error.code ?? error.signal}`;
      reject(new SourceAnswerError(origin, `"${command}" failed: ${said}`, remedy));
    });
    child.stdin?.end();
  });
}

function environmentFor({ variables }: Program, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passes = (name: string) => plainVariables.includes(name) || variables.some((begin) => name.startsWith(begin));
  return Object.fromEntries(Object.entries(env).filter(([name]) => passes(name)));
}
