// Child processes of a benchmark: started with a port announced or waited for, measured by /proc, ended by their ids.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const children = new Set<ChildProcess>();

/** Whether processes can be kept to a core (util-linux; Linux only). */
export const canPin = spawnSync('taskset', ['--version']).status === 0;

/** Keeps all threads of processes to these cores, as `taskset` writes them: `0`, `0-1`. */
export function keepTo(cores: string, pids: readonly number[]): void {
  for (const pid of pids) {
    const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`taskset: ${stderr.trim()}`);
  }
}

export function start(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): ChildProcess {
  const child = spawn(command, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    detached: true,
  });
  children.add(child);
  child.stderr?.resume();
  child.once('exit', () => children.delete(child));
  return child;
}

/** The port that a program of ours names on its first line. */
export async function announcedPort(child: ChildProcess): Promise<number> {
  let text = '';
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    text += String(chunk);
    const line = /^(.*)\n/.exec(text)?.[1];
    if (line !== undefined) {
      child.stdout?.resume();
      return (JSON.parse(line) as { port: number }).port;
    }
  }
  throw new Error('the program ended before it named its port');
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Waits until `isUp` holds; throws after the time. */
export async function until(isUp: () => Promise<boolean>, limitMs: number, what: string): Promise<void> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    if (await isUp().catch(() => false)) return;
    await sleep(5);
  }
  throw new Error(`${what} was not up within ${limitMs} ms`);
}

/** CPU time of one process so far, in µs (utime + stime of /proc/PID/stat, in ticks of 10 ms). */
export function cpuUs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN) / 1024;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  signal(child, 'SIGTERM');
  await Promise.race([gone, sleep(5000)]);
  signal(child, 'SIGKILL');
  await gone;
}

export async function endAll(): Promise<void> {
  await Promise.all([...children].map(end));
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), name);
  } catch {
    // Its group is gone.
  }
}
