/**
 * A lock that ends with its process, however that ends: the kernel gives it back. It is SQLite's own lock on an empty file, because Node
 * has no other that says this. A process id would not do: another process may have it by now, and units do not see each other's.
 */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface AliveLock {
  /** Gives it back and removes the file. */
  release(): void;
}

/** Takes the lock; the file is made. Throws when it cannot be made or another process holds it. */
export function takeAliveLock(file: string): AliveLock {
  const database = lockOf(file);
  return {
    release() {
      database.close();
      rmSync(file, { force: true });
    },
  };
}

/** Whether a process that is alive holds it. Not for a lock of this process: looking would give it back (see POSIX on `fcntl` locks). */
export function isAliveLockHeld(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    lockOf(file).close();
    return false;
  } catch {
    // Also when it cannot be looked at: who may be alive is not to be counted as dead.
    return true;
  }
}

function lockOf(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
