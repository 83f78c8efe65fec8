/** What spawned servers are confined with. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Check, note, ok } from './finding.ts';

export const checkSandbox: Check = async ({ env }) => {
  const found = (env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'bwrap')));
  if (found) return [ok('sandbox', 'bubblewrap is there: spawned servers can be sandboxed')];
  return [
    note(
      'sandbox-missing',
      'bubblewrap (bwrap) is not on PATH: spawned servers run unsandboxed',
      'install the package "bubblewrap"',
    ),
  ];
};
