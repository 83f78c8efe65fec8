/** What a check found, and what a check is given. */
import type { DeclaredValues } from '../config/declared.ts';

export interface Finding {
  level: 'ok' | 'note' | 'bad';
  /** What it is, for programs: the same for the same fault. */
  code: string;
  /** What was found. */
  what: string;
  /** What to do about it. There whenever the level is `bad`. */
  remedy?: string;
}

/** What is looked at. */
export interface Scene {
  env: NodeJS.ProcessEnv;
  /** Addresses, without a slash at their end. */
  gateway: string;
  router: string;
  proxy: string;
  /** Which declaration, machine and agents: flags as `switchyard config` has them. */
  choices: DeclaredValues;
  /** Whether declared servers are started and asked as well. */
  probe: boolean;
}

export type Check = (scene: Scene) => Promise<Finding[]>;

export const ok = (code: string, what: string): Finding => ({ level: 'ok', code, what });
export const note = (code: string, what: string, remedy?: string): Finding => ({
  ...{ level: 'note', code, what },
  ...(remedy !== undefined && { remedy }),
});
export const bad = (code: string, what: string, remedy: string): Finding => ({ level: 'bad', code, what, remedy });
