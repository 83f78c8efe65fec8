/**
 * Writes a file so that at every moment it is the old one or the new one, whole: a temporary file beside it, flushed to the
 * disk, then renamed over it.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface WriteOptions {
  /** Mode of a file that is not there yet. Default 0600. */
  newMode?: number;
  /** Mode that the file gets whatever it had. */
  mode?: number;
  /** Called when the new text is on the disk, right before it takes the old one's place; what it throws leaves the old one. */
  beforeSwap?: () => void;
}

const mark = '.switchyard-';

/**
 * Replaces or creates the file. An existing one keeps its mode, and its owner when we are root. The folder must be there.
 * Throws what the file system throws; then the old file is untouched and nothing is left beside it.
 */
export function writeAtomically(file: string, text: string, options: WriteOptions = {}): void {
  const folder = dirname(file);
  sweep(folder, basename(file));
  const old = statSync(file, { throwIfNoEntry: false });
  const mode = options.mode ?? (old === undefined ? (options.newMode ?? 0o600) : old.mode & 0o7777);
  const temporary = join(folder, `.${basename(file)}${mark}${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    // Nobody else may read it, whatever it will be: it may hold a token.
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (old !== undefined && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
    chmodSync(temporary, mode);
    options.beforeSwap?.();
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  flushFolder(folder);
}

/** Removes what writers of this file left behind when they were killed. */
function sweep(folder: string, name: string): void {
  const prefix = `.${name}${mark}`;
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(prefix)) continue;
    const pid = Number.parseInt(entry.slice(prefix.length), 10);
    if (!isRunning(pid)) rmSync(join(folder, entry), { force: true });
  }
}

/** Whether a process of that id is there, of whatever user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The rename itself must survive a power cut. Windows cannot open folders. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
