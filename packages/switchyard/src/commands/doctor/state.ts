/** The folder of what must survive a restart. */
import { accessSync, constants, statSync } from 'node:fs';
import { placesOf } from '../../places.ts';
import { bad, type Check, note, ok } from './finding.ts';

export const checkState: Check = async ({ env }) => {
  const { stateDirectory } = placesOf(env);
  const stat = statSync(stateDirectory, { throwIfNoEntry: false });
  if (!stat) return [note('state-missing', `no state yet in ${stateDirectory}`, '`switchyard up` creates it')];
  if (!stat.isDirectory())
    return [
      bad('state-not-folder', `${stateDirectory} is not a folder`, `move it away: mv ${stateDirectory} ${stateDirectory}.old`),
    ];
  if ((stat.mode & 0o002) !== 0)
    return [bad('state-open', `every user of this machine may write to ${stateDirectory}`, `chmod 700 ${stateDirectory}`)];
  try {
    accessSync(stateDirectory, constants.R_OK | constants.W_OK);
    return [ok('state', `state in ${stateDirectory}`)];
  } catch {
    return [bad('state-not-writable', `${stateDirectory} is not writable by this user`, `chown -R "$USER" ${stateDirectory}`)];
  }
};
