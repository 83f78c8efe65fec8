/** Whether a tool's definition is trusted, from what is known of it. Pure. */
import type { TrustPolicy } from './settings.ts';

export type TrustState = 'trusted' | 'quarantined';
/** What is wrong with a quarantined definition: it differs from the trusted one, was never seen before, or looks suspicious. */
export type Reason = 'changed' | 'new' | 'lint';

export interface Known {
  hash: string;
  policy: TrustPolicy;
  /** The hash that was trusted last, be it by the lock file, a person or the policy; undefined for a tool never seen. */
  trustedHash: string | undefined;
  /** Whether `trustedHash` is what a person chose: by accepting it, or in the lock file. */
  chosen: boolean;
  /** Whether nothing of this server was ever seen, and no lock file says what it should offer. */
  firstSight: boolean;
  suspicious: boolean;
}

export interface Decision {
  state: TrustState;
  /** What is to be told, and why it is quarantined if it is; undefined when all is as it was. */
  reason: Reason | undefined;
}

export function decide({ hash, policy, trustedHash, chosen, firstSight, suspicious }: Known): Decision {
  const isSame = hash === trustedHash;
  if (isSame && chosen) return { state: 'trusted', reason: undefined };
  const lint: Reason | undefined = suspicious && policy.lint === 'quarantine' ? 'lint' : undefined;
  if (isSame) return { state: lint ? 'quarantined' : 'trusted', reason: lint };
  if (trustedHash !== undefined) {
    if (policy.onChange === 'quarantine') return { state: 'quarantined', reason: 'changed' };
    return { state: lint ? 'quarantined' : 'trusted', reason: lint ?? 'changed' };
  }
  if (!firstSight && policy.onNew === 'quarantine') return { state: 'quarantined', reason: 'new' };
  return { state: lint ? 'quarantined' : 'trusted', reason: lint ?? (firstSight ? undefined : 'new') };
}
