/** Task Master in the current project, where it is used. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseText } from '@switchyard/agent-config/format';
import { taskMasterFile } from '@switchyard/agent-config/taskmaster';
import { bad, type Check, type Finding, note } from './finding.ts';

export const checkTaskMaster: Check = async ({ choices }) => {
  const path = join(resolve(choices.project ?? '.'), taskMasterFile);
  if (!existsSync(path)) return [];
  return [...writable(path), ...content(path)];
};

function writable(path: string): Finding[] {
  try {
    accessSync(path, constants.W_OK);
    return [];
  } catch {
    return [
      bad(
        'taskmaster-read-only',
        `${path} can not be written, and Task Master rewrites it on use`,
        `replace it by a copy: cp --remove-destination "$(readlink -f ${path})" ${path}`,
      ),
    ];
  }
}

function content(path: string): Finding[] {
  try {
    const { global } = (parseText('json', readFileSync(path, 'utf8')) ?? {}) as { global?: { anonymousTelemetry?: boolean } };
    if (global?.anonymousTelemetry === false) return [];
    return [
      note(
        'taskmaster-telemetry',
        `${path}: Task Master sends prompts and answers to its makers`,
        'switch it off: `switchyard config taskmaster`',
      ),
    ];
  } catch (error) {
    const { message, line, column } = error as Error & { line?: number; column?: number };
    return [
      bad(
        'taskmaster-broken',
        `${path}:${line ?? 1}:${column ?? 1}: ${message}`,
        'mend that place, or remove the file and run `switchyard config taskmaster`',
      ),
    ];
  }
}
