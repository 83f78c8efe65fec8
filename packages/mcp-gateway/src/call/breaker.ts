/**
 * Circuit breaker: after some calls in a row were lost to the server itself, calls are refused without trying; after a
 * pause one is let through, and its outcome decides.
 */
import type { Clock } from '@switchyard/kit/clock';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Decorator } from './call.ts';

export interface BreakerSettings {
  failures: number;
  openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  readonly #settings: BreakerSettings;
  #failures = 0;
  #openedAtMs: number | undefined;
  #trying = false;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
  }

  state(nowMs: number): BreakerState {
    if (this.#openedAtMs === undefined) return 'closed';
    return this.#trying || nowMs - this.#openedAtMs >= this.#settings.openMs ? 'half-open' : 'open';
  }

  /** Whether a call may pass now; a half-open breaker lets one through at a time. */
  admits(nowMs: number): boolean {
    if (this.#openedAtMs === undefined) return true;
    if (this.#trying || nowMs - this.#openedAtMs < this.#settings.openMs) return false;
    this.#trying = true;
    return true;
  }

  /** How long until a call may be tried, in ms. */
  retryAfterMs(nowMs: number): number {
    return this.#openedAtMs === undefined ? 0 : Math.max(0, this.#openedAtMs + this.#settings.openMs - nowMs);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openedAtMs = undefined;
    this.#trying = false;
  }

  failed(nowMs: number): void {
    this.#failures += 1;
    if (this.#trying || this.#failures >= this.#settings.failures) this.#openedAtMs = nowMs;
    this.#trying = false;
  }

  /** The tried call ended without a verdict: its caller left. */
  undecided(): void {
    this.#trying = false;
  }
}

export function circuitBreaker(clock: Clock, breakerOf: (server: string) => Breaker): Decorator {
  return (next) => async (call) => {
    const breaker = breakerOf(call.server);
    const nowMs = clock.monotonicMs();
    if (!breaker.admits(nowMs)) throw refusal(call.server, breaker.retryAfterMs(nowMs));
    try {
      const result = await next(call);
      breaker.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof RpcError)) breaker.undecided();
      else if (error.fault) breaker.failed(clock.monotonicMs());
      else breaker.succeeded();
      throw error;
    }
  };
}

function refusal(server: string, retryAfterMs: number): RpcError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new RpcError(
    errorCodes.internalError,
    `server "${server}" failed several calls in a row and is given a rest; try again in ${seconds} s`,
    {
      httpStatus: 503,
      data: { server, breaker: 'open', retryAfterMs: seconds * 1000 },
    },
  );
}
