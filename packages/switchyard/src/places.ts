/** Where the suite keeps its files when it is run by a user: the XDG base directories. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Places {
  /** Things of the user: the shared folder, the memory file. */
  dataDirectory: string;
  /** Things that must survive a restart, and logs. */
  stateDirectory: string;
}

export function placesOf(env: NodeJS.ProcessEnv): Places {
  const home = env.HOME ?? homedir();
  return {
    dataDirectory: join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'switchyard'),
    stateDirectory: join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'switchyard'),
  };
}
