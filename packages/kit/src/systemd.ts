/**
 * Talking with systemd: sockets it passes in, and what we tell it (ready, status, watchdog). Outside systemd everything here
 * is a no-op. All variables systemd sets are taken out of `process.env` on first use, so that no child inherits them.
 */
import { execFile } from 'node:child_process';
import { writeSync } from 'node:fs';

/** First passed descriptor (sd_listen_fds(3)). */
const FIRST_FD = 3;

/** What systemd told this process at its start. */
interface Handed {
  fds: Map<string, number>;
  notifySocket: string | undefined;
  watchdogUsec: number;
}

const handedIn = new WeakMap<NodeJS.ProcessEnv, Handed>();

/** Reads and removes the variables, once per environment. */
function take(env: NodeJS.ProcessEnv, pid: number): Handed {
  const known = handedIn.get(env);
  if (known) return known;
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  const handed: Handed = {
    fds: Number(LISTEN_PID) === pid ? nameFds(Number(LISTEN_FDS) || 0, LISTEN_FDNAMES?.split(':') ?? []) : new Map(),
    notifySocket: NOTIFY_SOCKET || undefined,
    watchdogUsec: WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid ? Number(WATCHDOG_USEC) || 0 : 0,
  };
  for (const name of Object.keys(env))
    if (/^(LISTEN_(PID|PIDFDID|FDS|FDNAMES)|NOTIFY_SOCKET|WATCHDOG_(USEC|PID))$/.test(name)) delete env[name];
  handedIn.set(env, handed);
  return handed;
}

function nameFds(count: number, names: string[]): Map<string, number> {
  const fds = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const name = names[index] || 'unknown';
    let unique = name;
    for (let copy = 2; fds.has(unique); copy++) unique = `${name}#${copy}`;
    fds.set(unique, FIRST_FD + index);
  }
  return fds;
}

/**
 * Descriptors passed by systemd, by name (FileDescriptorName= of the socket unit, or the name after the colon of OpenFile=).
 * A further one of the same name is called `name#2`, and so on. Empty when LISTEN_PID is not this process.
 */
export function listenFds(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): Map<string, number> {
  return new Map(take(env, pid).fds);
}

/** Tells systemd about the state of the service (sd_notify(3)). Nothing here throws or blocks. */
export interface Notifier {
  /** The service answers. Ends a start, and a reload. */
  ready(status?: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** A reload has begun; `ready` ends it. */
  reloading(): void;
  /** The service is shutting down. */
  stopping(): void;
  /** Still healthy. Send at least every `watchdogIntervalMs`. */
  watchdog(): void;
  /** Half of WatchdogSec= in milliseconds; 0 without a watchdog. */
  readonly watchdogIntervalMs: number;
  /** Start or stop may take `ms` more from now. */
  extendTimeout(ms: number): void;
  /** Resolves when everything said so far has been handed over. */
  flush(): Promise<void>;
}

/**
 * The way to systemd, the best that is there: a descriptor named `notify` (`OpenFile=/run/systemd/notify:notify`, systemd 253
 * or newer; needs no native code), the optional native package `sd-notify`, the `systemd-notify` program (needs
 * NotifyAccess=all), or nowhere.
 */
export function notifier(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): Notifier {
  const { fds, notifySocket, watchdogUsec } = take(env, pid);
  const fd = fds.get('notify');
  let queue = Promise.resolve();
  const send = (...lines: string[]): void => {
    const state = lines.join('\n');
    if (fd !== undefined) writeDatagram(fd, state);
    else if (notifySocket !== undefined) queue = queue.then(() => sendBySocket(env, notifySocket, state));
  };
  return {
    ready: (status) => send('READY=1', ...(status === undefined ? [] : [statusLine(status)])),
    status: (text) => send(statusLine(text)),
    // Type=notify-reload insists on the time, in CLOCK_MONOTONIC microseconds, which is what hrtime reads.
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    watchdogIntervalMs: Math.floor(watchdogUsec / 2000),
    extendTimeout: (ms) => send(`EXTEND_TIMEOUT_USEC=${Math.round(ms * 1000)}`),
    flush: () => queue,
  };
}

function statusLine(text: string): string {
  return `STATUS=${text.replace(/\s+/g, ' ').slice(0, 1000)}`;
}

function writeDatagram(fd: number, state: string): void {
  try {
    writeSync(fd, state);
  } catch {
    // systemd restarts us when it misses us; there is nobody else to tell.
  }
}

/** The part of the `sd-notify` package that is used. */
interface NativeNotify {
  sendState(state: string): void;
}

let native: Promise<NativeNotify | undefined> | undefined;

async function sendBySocket(env: NodeJS.ProcessEnv, socket: string, state: string): Promise<void> {
  native ??= loadNative();
  const library = await native;
  if (library === undefined) return sendByProgram(env, socket, state);
  // libsystemd reads the variable from the environment at every call.
  env.NOTIFY_SOCKET = socket;
  try {
    library.sendState(state);
  } catch {
    // As above.
  } finally {
    delete env.NOTIFY_SOCKET;
  }
}

async function loadNative(): Promise<NativeNotify | undefined> {
  // A variable, because the package is optional and TypeScript would want its types.
  const name = 'sd-notify';
  try {
    const loaded = (await import(name)) as { default: NativeNotify };
    return typeof loaded.default.sendState === 'function' ? loaded.default : undefined;
  } catch {
    return undefined;
  }
}

function sendByProgram(env: NodeJS.ProcessEnv, socket: string, state: string): Promise<void> {
  return new Promise((resolve) => {
    // It waits until systemd has read the message; a systemd that does not must not hold up the end.
    execFile('systemd-notify', state.split('\n'), { env: { ...env, NOTIFY_SOCKET: socket }, timeout: 2000 }, () => resolve());
  });
}
