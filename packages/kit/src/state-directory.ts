/** Where a daemon keeps what must survive a restart, unless its configuration says otherwise. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$STATE_DIRECTORY` under systemd, else a folder for `daemon` in the XDG state folder of the user. */
export function defaultStateDirectory(daemon: string, env: NodeJS.ProcessEnv): string {
  if (env.STATE_DIRECTORY) return env.STATE_DIRECTORY.split(':', 1)[0] as string;
  return join(env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state'), 'switchyard', daemon);
}
