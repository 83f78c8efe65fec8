/** An agent's file on the disk: read as it is, refused where it must not be written, replaced with a backup beside it. */

import { isUtf8 } from 'node:buffer';
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from './atomic-write.ts';

/** A file that cannot be read or must not be written. The message names it and the remedy. */
export class AgentFileError extends Error {
  override name = 'AgentFileError';
}

/** What was found at a path. */
export interface AgentFile {
  /** Where the agent looks for it. */
  path: string;
  /** What is written: the target of a link. */
  target: string;
  /** Undefined when there is no file yet. */
  text: string | undefined;
}

/** Reads a file, through links. Throws AgentFileError for one that is no UTF-8 text, no file, or not readable. */
export function readAgentFile(path: string): AgentFile {
  const target = targetOf(path);
  try {
    const bytes = readFileSync(target);
    if (!isUtf8(bytes)) throw new AgentFileError(`${path}: is not UTF-8 text; convert it first`);
    return { path, target, text: bytes.toString('utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { path, target, text: undefined };
    if (error instanceof AgentFileError) throw error;
    if (code === 'EISDIR') throw new AgentFileError(`${path}: is a folder, not a file`);
    if (code === 'EACCES' || code === 'EPERM') throw new AgentFileError(`${path}: may not be read by this user`);
    if (code === 'ENOTDIR') throw new AgentFileError(`${path}: a part of its path is a file and not a folder`);
    throw new AgentFileError(`${path}: cannot be read: ${message}`);
  }
}

/** Name of the backup that a change leaves: the text right before the change. */
export function backupOf(target: string): string {
  return `${target}.bak-switchyard`;
}

/**
 * Replaces the text of a file that was read before, or creates it with mode 0600. `secret`: the new text holds a secret, so
 * the mode becomes 0600 in any case. Throws AgentFileError; also when the file was changed in the meantime.
 */
export function writeAgentFile(file: AgentFile, text: string, secret: boolean): void {
  refuseStore(file);
  try {
    if (file.text === undefined) mkdirSync(dirname(file.target), { recursive: true, mode: 0o700 });
    refuseReadOnly(file);
    if (file.text !== undefined) backUp(file.target, file.text);
    writeAtomically(file.target, text, {
      ...(secret && { mode: 0o600 }),
      beforeSwap: () => {
        if (readAgentFile(file.path).text !== file.text)
          throw new AgentFileError(`${file.path}: was changed by somebody else meanwhile; run this again`);
      },
    });
  } catch (error) {
    if (error instanceof AgentFileError) throw error;
    throw new AgentFileError(`${file.path}: ${remedyOf(error as NodeJS.ErrnoException)}`);
  }
}

/** Takes a file that holds a secret from everybody but its user, where it is open. Throws AgentFileError. */
export function closeAgentFile({ path, target }: AgentFile): void {
  if (process.platform === 'win32' || (statSync(target).mode & 0o077) === 0) return;
  try {
    chmodSync(target, 0o600);
  } catch (error) {
    throw new AgentFileError(`${path}: holds a token and can be read by others: ${(error as Error).message}`);
  }
}

/** The file that a path stands for; for a link that leads nowhere, an error that says so. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') throw new AgentFileError(`${path}: is a link in a circle; remove it`);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw new AgentFileError(`${path}: ${message}`);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new AgentFileError(`${path}: is a link to a file that does not exist; create that file or remove the link`);
    return path;
  }
}

function refuseStore({ path, target }: AgentFile): void {
  if (!target.startsWith('/nix/store/')) return;
  throw new AgentFileError(
    `${path}: leads into the Nix store (${target}), which nobody can write; declare the servers where this file is made (home-manager or the NixOS module), or remove the link`,
  );
}

function refuseReadOnly({ path, target, text }: AgentFile): void {
  const isWritable = (each: string) => {
    try {
      accessSync(each, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  };
  if (text !== undefined && (!isWritable(target) || (statSync(target).mode & 0o222) === 0))
    throw new AgentFileError(
      `${path}: is read-only; whoever made it so may make it anew: change it there, or run chmod u+w on ${target}`,
    );
  if (!isWritable(dirname(target)))
    throw new AgentFileError(
      `${path}: the folder ${dirname(target)} is not writable by this user, so the file cannot be replaced safely`,
    );
}

/** Once for each content: a second run of the same change leaves it alone. */
function backUp(target: string, text: string): void {
  const backup = backupOf(target);
  try {
    if (readFileSync(backup, 'utf8') === text) return;
  } catch {
    // There is none yet.
  }
  writeAtomically(backup, text, { mode: 0o600 });
}

function remedyOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EROFS':
      return 'is on a read-only file system; name another file with `agents.NAME.file`';
    case 'EACCES':
    case 'EPERM':
      return 'may not be written by this user (see the owner of the file and of its folder)';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left; the old file is untouched';
    default:
      return `cannot be written: ${error.message}`;
  }
}
