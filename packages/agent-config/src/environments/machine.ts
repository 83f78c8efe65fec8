/** The machine whose agents are configured: what kind it is, whose home, which project, and how its folders are called. */
import { join } from 'node:path';

export const environmentNames = ['nixos', 'nixos-wsl', 'linux', 'macos', 'windows'] as const;

/** `windows` is also the host of a WSL machine: its agents reach servers through wsl.exe. */
export type EnvironmentName = (typeof environmentNames)[number];

export interface Machine {
  environment: EnvironmentName;
  /** The user's home, as this process reaches it: `/mnt/c/Users/NAME` for the host seen from WSL. */
  home: string;
  /** Folder of projects' files. */
  projectRoot: string;
  /** Variables that move agents' folders (`CODEX_HOME`, `XDG_CONFIG_HOME`, …). Empty for a host seen from WSL: they are not its own. */
  env: Readonly<Record<string, string | undefined>>;
  /** Set when agents of a Windows host use programs of this WSL distribution. */
  wsl?: { distro: string; user: string } | undefined;
}

/** `$XDG_CONFIG_HOME`, which several programs use on macOS as well. */
export function xdgConfig({ env, home }: Machine): string {
  return env.XDG_CONFIG_HOME || join(home, '.config');
}

/** Where desktop programs keep settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`. */
export function appData(machine: Machine): string {
  const { environment, home, env } = machine;
  if (environment === 'macos') return join(home, 'Library', 'Application Support');
  if (environment === 'windows') return env.APPDATA || join(home, 'AppData', 'Roaming');
  return xdgConfig(machine);
}

/** VS Code's folder of the user. */
export function codeUser(machine: Machine): string {
  return join(appData(machine), 'Code', 'User');
}
