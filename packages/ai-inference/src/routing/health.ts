/**
 * Who is worth asking now: a breaker for each provider with a model, a pause for each provider whose key or money failed, and a
 * budget of failures for each provider that blocks keys which fail too often.
 */

import type { ModelError } from '@switchyard/dialects';
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { Clock } from '@switchyard/kit/clock';
import type { Provider } from '../providers/provider-set.ts';
import { consequenceOf, type Failure, nextEpochMs } from './failure.ts';
import { FailureBudget, type Refusal } from './failure-budget.ts';

export interface BreakerSettings {
  failures: number;
  openMs: number;
}

interface Breaker {
  failures: number;
  /** What the last failure said. */
  reason: string;
  /** Monotonic ms until which it is open; 0 while closed. */
  openUntil: number;
  /** One request is on its way to try. */
  probing: boolean;
}

/** Leave to ask a provider. One of `succeeded`, `failed` and `abandoned` must follow. */
export interface Ticket {
  refusal?: undefined;
  /** The provider has begun to answer as if all were well. */
  answered(): void;
  succeeded(): void;
  failed(failure: Failure): void;
  /** The client left: nothing is known about the provider. */
  abandoned(): void;
}

/** No leave. */
export interface Refused {
  refusal: Refusal;
}

/** A key that does not work may have been put right a minute later. */
const keyPauseMs = 60_000;
/** Money without a known end of its absence. */
const balancePauseMs = 300_000;

export class Health {
  readonly #clock: Clock;
  #settings: BreakerSettings;
  readonly #breakers = new Map<string, Breaker>();
  /** Provider → monotonic ms until which it is left alone, and why. */
  readonly #pauses = new Map<string, { until: number; reason: string }>();
  readonly #budgets = new Map<string, FailureBudget>();

  constructor(clock: Clock, settings: BreakerSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** Whether this provider may be asked for this model now; the answer may take a moment. Takes the one try of a half-open breaker. */
  admit(provider: Provider, model: string, signal: CancelSignal): Ticket | Refused | Promise<Ticket | Refused> {
    const refusal = this.#refusalOf(provider, model);
    if (refusal) return { refusal };
    const budget = this.#budgetOf(provider);
    const entered = budget?.enter(signal);
    if (entered === undefined) return this.#ticket(provider, model, budget);
    const decided = (found: Refusal | undefined) => {
      if (!found) return this.#ticket(provider, model, budget);
      this.#freeProbe(provider, model);
      return { refusal: found };
    };
    return entered instanceof Promise ? entered.then(decided) : decided(entered);
  }

  #ticket(provider: Provider, model: string, budget: FailureBudget | undefined): Ticket {
    let isOpen = true;
    const settle = (outcome: 'good' | 'failed' | undefined) => {
      if (isOpen) budget?.settle(outcome);
      isOpen = false;
    };
    return {
      answered: () => settle('good'),
      succeeded: () => {
        settle('good');
        if (this.#breakers.size > 0) this.#breakers.delete(keyOf(provider, model));
      },
      failed: (failure) => {
        // A failure without a status is one that the provider does not count.
        settle(failure.error.status === undefined ? undefined : 'failed');
        this.#failed(provider, model, failure);
      },
      abandoned: () => {
        settle(undefined);
        this.#freeProbe(provider, model);
      },
    };
  }

  #refusalOf(provider: Provider, model: string): Refusal | undefined {
    if (this.#pauses.size === 0 && this.#breakers.size === 0) return undefined;
    const now = this.#clock.monotonicMs();
    const pause = this.#pauses.get(provider.name);
    if (pause) {
      if (pause.until > now) return { reason: pause.reason, retryAfterMs: pause.until - now };
      this.#pauses.delete(provider.name);
    }
    const breaker = this.#breakers.get(keyOf(provider, model));
    if (!breaker || breaker.openUntil === 0) return undefined;
    if (breaker.openUntil > now || breaker.probing)
      return {
        reason: `it failed ${breaker.failures} times in a row (${breaker.reason})`,
        retryAfterMs: Math.max(1000, breaker.openUntil - now),
      };
    breaker.probing = true;
    return undefined;
  }

  #failed(provider: Provider, model: string, { error, retryAfterMs }: Failure): void {
    const now = this.#clock.monotonicMs();
    const pause = this.#pauseFor(error, retryAfterMs);
    if (pause !== undefined) this.#pauses.set(provider.name, { until: now + pause, reason: error.message });
    const breaker = this.#breakers.get(keyOf(provider, model));
    if (breaker) breaker.probing = false;
    if (!consequenceOf(error).unhealthy) return;
    const failures = (breaker?.failures ?? 0) + 1;
    const openUntil = failures >= this.#settings.failures ? now + this.#settings.openMs : 0;
    this.#breakers.set(keyOf(provider, model), { failures, reason: error.message, openUntil, probing: false });
  }

  #freeProbe(provider: Provider, model: string): void {
    const breaker = this.#breakers.get(keyOf(provider, model));
    if (breaker) breaker.probing = false;
  }

  /** What is wrong with a provider, for people; undefined when nothing is. */
  problemOf(provider: Provider): string | undefined {
    const now = this.#clock.monotonicMs();
    const pause = this.#pauses.get(provider.name);
    if (pause && pause.until > now) return `left alone for ${Math.ceil((pause.until - now) / 1000)} s: ${pause.reason}`;
    const open = [...this.#breakers].filter(([key, { openUntil }]) => key.startsWith(`${provider.name}\n`) && openUntil > now);
    if (open.length > 0) return `failing with ${open.map(([key]) => key.slice(key.indexOf('\n') + 1)).join(', ')}`;
    return this.#budgetOf(provider)?.refusal()?.reason;
  }

  /** Forgets pauses and breakers: the configuration or the keys are new. What a provider has counted it goes on counting. */
  reset(settings: BreakerSettings): void {
    this.#settings = settings;
    this.#pauses.clear();
    this.#breakers.clear();
  }

  #pauseFor(error: ModelError, retryAfterMs: number | undefined): number | undefined {
    if (error.kind === 'authentication') return keyPauseMs;
    if (error.kind !== 'balance') return undefined;
    if (error.code === 'API_KEY_DIEM_SPEND_LIMIT_EXCEEDED') return nextEpochMs(this.#clock.now()) - this.#clock.now();
    return retryAfterMs ?? balancePauseMs;
  }

  #budgetOf({ name, profile }: Provider): FailureBudget | undefined {
    const limit = profile.failureLimit;
    if (!limit) return undefined;
    let budget = this.#budgets.get(name);
    if (!budget) {
      budget = new FailureBudget(this.#clock, limit);
      this.#budgets.set(name, budget);
    }
    return budget;
  }
}

/** What a client is told instead of the provider's answer. */
export function refusedBy({ name }: Provider, { reason, retryAfterMs }: Refusal): Failure {
  return { error: { kind: 'overloaded', message: `${name} is left alone: ${reason}` }, retryAfterMs };
}

function keyOf(provider: Provider, model: string): string {
  return `${provider.name}\n${model}`;
}
