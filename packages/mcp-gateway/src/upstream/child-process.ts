/**
 * A spawned stdio server as a line stream. The child leads its own process group, so that ending it ends whatever it
 * started: stdin is closed first, SIGTERM and SIGKILL to the whole group follow.
 */
import { spawn } from 'node:child_process';
import type { LineStreams } from './channel.ts';
import { guardian } from './guardian.ts';
import { LinkError } from './link.ts';
import type { StderrTail } from './stderr-tail.ts';

export interface ChildProcessOptions {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd?: string | undefined;
  stderr: StderrTail;
  onStderrLine?: (line: string) => void;
  /** How long each step of an orderly end may take: after closing stdin, and after SIGTERM. */
  stopGraceMs: number;
}

/** Starts the server. Resolves once the process exists; rejects with a LinkError that says why it could not be started. */
export function spawnServer(options: ChildProcessOptions): Promise<LineStreams> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.command, [...options.args], {
      env: options.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
    });
    let ended = false;
    let endedWith: (reason: Error) => void = () => {};
    const endedPromise = new Promise<Error>((resolveEnded) => {
      endedWith = resolveEnded;
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const reason = spawnError(options, error);
      if (child.pid === undefined) reject(reason);
      else endedWith(reason);
    });
    child.once('spawn', () => {
      guardian().watch(child.pid as number);
      options.stderr.attach(child.stderr, options.onStderrLine);
      resolve({
        target: `pid ${child.pid}`,
        pid: child.pid,
        input: child.stdout,
        output: child.stdin,
        ended: endedPromise,
        stop: () => stop(),
      });
    });
    // 'exit' may come before the last output is read, 'close' may never come when a grandchild keeps the pipe open.
    child.once('exit', (code, signal) => {
      ended = true;
      guardian().forget(child.pid as number);
      const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
      const report = () => endedWith(new LinkError(`the server process (${options.command}) ${how}${lastWords(options.stderr)}`));
      const timer = setTimeout(report, 200);
      child.once('close', () => {
        clearTimeout(timer);
        report();
      });
      killGroup(child.pid, 'SIGKILL');
    });

    const stop = async (): Promise<void> => {
      if (ended) return;
      const gone = new Promise<void>((resolveGone) => child.once('exit', () => resolveGone()));
      child.stdin.end();
      if (await within(gone, options.stopGraceMs)) return;
      killGroup(child.pid, 'SIGTERM');
      if (await within(gone, options.stopGraceMs)) return;
      killGroup(child.pid, 'SIGKILL');
      await gone;
    };
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

function within(promise: Promise<void>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function lastWords(stderr: StderrTail): string {
  const last = stderr.lines().at(-1);
  return last === undefined ? '' : `; its last words: ${last.slice(0, 300)}`;
}

function spawnError(options: ChildProcessOptions, error: NodeJS.ErrnoException): LinkError {
  const why =
    error.code === 'ENOENT'
      ? options.cwd === undefined
        ? `the program was not found on PATH (${options.env.PATH ?? 'PATH is empty'})`
        : `the program was not found on PATH, or cwd ${options.cwd} does not exist`
      : error.code === 'EACCES'
        ? 'the file is not executable by this user'
        : error.message;
  return new LinkError(`cannot start ${options.command}: ${why}`, { cause: error });
}
