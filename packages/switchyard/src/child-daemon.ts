/** A daemon started by `up`: a child process with its own config file and log file, ended in order. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ChildDaemon {
  name: string;
  logFile: string;
  /** Resolves with a description when the process ended. */
  ended: Promise<string>;
  /** Asks the process to drain; kills it when it does not within 20 s. Resolves when it is gone. */
  stop(): Promise<void>;
  /** The last lines of its log: what it said before it failed. */
  lastWords(): string;
}

/**
 * A young generation of 3 × 8 MB. Twice that serves no more requests and costs 20 MB (V8 would let it grow to 3 × 32 MB); in half of it
 * requests of 256 clients outlive two collections and end up among the old (`npm run bench:router`, memory after c = 256). Units use
 * the same flag.
 */
export const daemonNodeFlags: readonly string[] = ['--max-semi-space-size=8'];

const stopLimitMs = 20_000;

/** Starts the daemon on a configuration of its own. `verbose` sends its log to our stderr instead of a file. */
export function startDaemon(name: string, config: unknown, stateDirectory: string, verbose: boolean): ChildDaemon {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const configFile = join(stateDirectory, `${name}.json`);
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  const logFile = join(stateDirectory, `${name}.log`);
  const log = openSync(logFile, 'w', 0o600);
  const main = fileURLToPath(new URL('../bin/switchyard.mjs', import.meta.url));
  const child = spawn(process.execPath, [...daemonNodeFlags, main, 'run', name, '--config', configFile], {
    stdio: ['ignore', verbose ? 'inherit' : log, verbose ? 'inherit' : log, 'ipc'],
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
  });
  return {
    name,
    logFile,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await ended;
      clearTimeout(timer);
    },
    lastWords: () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n'),
  };
}
