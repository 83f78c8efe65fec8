/** Finds out what kind of machine this is (facts of 2026-11: WSL's own marks, and NixOS's). */
import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import type { EnvironmentName, Machine } from './machine.ts';

/** What detection looks at; tests give their own. */
export interface Signs {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  /** Whether a path exists. */
  exists(path: string): boolean;
  /** Text of a small file; the empty string when there is none. */
  text(path: string): string;
}

export const realSigns: Signs = {
  platform: process.platform,
  env: process.env,
  exists: existsSync,
  text: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  },
};

/** Whether this is a WSL distribution: any of the marks that its versions have. */
export function isWsl({ platform, env, exists, text }: Signs): boolean {
  if (platform !== 'linux') return false;
  return (
    (env.WSL_DISTRO_NAME ?? '') !== '' ||
    exists('/proc/sys/fs/binfmt_misc/WSLInterop') ||
    exists('/proc/sys/fs/binfmt_misc/WSLInterop-late') ||
    /microsoft/i.test(text('/proc/version'))
  );
}

/** The kind of this machine. A WSL distribution that is not NixOS is plain `linux`. */
export function detectEnvironment(signs: Signs = realSigns): EnvironmentName {
  if (signs.platform === 'win32') return 'windows';
  if (signs.platform === 'darwin') return 'macos';
  const isNixos = signs.exists('/etc/NIXOS') || /^ID="?nixos"?$/m.test(signs.text('/etc/os-release'));
  if (!isNixos) return 'linux';
  return isWsl(signs) ? 'nixos-wsl' : 'nixos';
}

/** Raised when the machine cannot be described; says which flag is missing. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}

export interface MachineChoices {
  /** Overrides detection. */
  environment?: EnvironmentName | undefined;
  /** Default: the current folder. */
  projectRoot: string;
  /** Of a Windows host seen from WSL: `/mnt/c/Users/NAME`. */
  windowsHome?: string | undefined;
  /** Of WSL, as `wsl -l -q` shows it. Default: `$WSL_DISTRO_NAME`, then `NixOS`. */
  distro?: string | undefined;
}

/** Describes this machine, or the Windows host that it runs on. Throws EnvironmentError. */
export function describeMachine(choices: MachineChoices, signs: Signs = realSigns): Machine {
  const { projectRoot } = choices;
  const environment = choices.environment ?? detectEnvironment(signs);
  if (environment === 'windows' && signs.platform !== 'win32') {
    if (choices.windowsHome === undefined)
      throw new EnvironmentError(
        'environment windows: the home folder of the Windows user is not known here; name it with --windows-home (in WSL: /mnt/c/Users/NAME)',
      );
    const distro = choices.distro ?? (signs.env.WSL_DISTRO_NAME || 'NixOS');
    return { environment, home: choices.windowsHome, projectRoot, env: {}, wsl: { distro, user: userInfo().username } };
  }
  return { environment, home: signs.env.HOME || homedir(), projectRoot, env: signs.env };
}
