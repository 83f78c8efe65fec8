/** What `/health/live` and `/health/ready` say: alive is not ready, and not ready always names what is wrong. */
import type { Caller } from './call/call.ts';
import type { Gateway } from './gateway.ts';

export interface Readiness {
  ready: boolean;
  /** `ready`, `degraded` (some servers are down, the others work), `starting`. */
  status: 'ready' | 'degraded' | 'starting';
  /** One sentence per server that is not fully there. */
  problems: { server: string; state: string; reason?: string }[];
}

export function liveness(): { live: true } {
  return { live: true };
}

/**
 * Ready as soon as no server is in its first start any more: a broken one is reported and does not keep the others from
 * being used. Callers read of the servers they may use, and strangers of none.
 */
export function readiness(gateway: Gateway, caller: Caller | undefined): Readiness {
  const statuses = gateway.serverNames.map((name) => gateway.upstream(name).status());
  const problems = statuses
    .filter(({ state }) => state !== 'ready' && state !== 'disabled')
    .map(({ name, state, lastError }) => ({ server: name, state, ...(lastError !== undefined && { reason: lastError }) }));
  const starting = statuses.some(({ state }) => state === 'starting');
  return {
    ready: !starting,
    status: starting ? 'starting' : problems.length > 0 ? 'degraded' : 'ready',
    problems: problems.filter(({ server }) => caller?.rights.allowsServer(server)),
  };
}

/** One line for `systemctl status`. */
export function statusLine(gateway: Gateway): string {
  const states = gateway.serverNames.map((name) => gateway.upstream(name).state);
  const count = (state: string) => states.filter((one) => one === state).length;
  const parts = ['ready', 'starting', 'degraded', 'failed', 'disabled'].flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  );
  return `${states.length} servers${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
