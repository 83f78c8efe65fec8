/**
 * Who is worth asking now: a breaker for each provider with a model, a pause for each provider whose key or money failed, and a
 * guard that keeps a provider's count of failed requests below where it would block the key.
 */

import type { ModelError } from '@switchyard/dialects';
import type { Clock } from '@switchyard/kit/clock';
import type { Provider } from '../providers/provider-set.ts';
import { consequenceOf, type Failure, nextEpochMs } from './failure.ts';

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

/** Why a provider is not asked. */
export interface Refusal {
  reason: string;
  retryAfterMs: number;
}

/** A key that does not work may have been put right a minute later. */
const keyPauseMs = 60_000;
/** Money without a known end of its absence. */
const balancePauseMs = 300_000;
/** Of a provider's failure limit this share is used; the rest is for other programs with the same key. */
const guardShare = 0.75;

export class Health {
  readonly #clock: Clock;
  readonly #settings: BreakerSettings;
  readonly #breakers = new Map<string, Breaker>();
  /** Provider → monotonic ms until which it is left alone, and why. */
  readonly #pauses = new Map<string, { until: number; reason: string }>();
  /** Provider → times of its latest failures. */
  readonly #failures = new Map<string, number[]>();
  /** Provider with a failure limit → requests whose fate is open. */
  readonly #open = new Map<string, number>();

  constructor(clock: Clock, settings: BreakerSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /**
   * Why this provider should not be asked for this model now; undefined when it may be: then one of `succeeded`, `failed` and
   * `abandoned` must follow. Takes the one try of a half-open breaker.
   */
  admit(provider: Provider, model: string): Refusal | undefined {
    const refusal = this.#refusalOf(provider, model);
    if (!refusal && provider.profile.failureLimit) this.#open.set(provider.name, (this.#open.get(provider.name) ?? 0) + 1);
    return refusal;
  }

  #refusalOf(provider: Provider, model: string): Refusal | undefined {
    if (this.#pauses.size === 0 && this.#breakers.size === 0 && this.#failures.size === 0) return undefined;
    const now = this.#clock.monotonicMs();
    const pause = this.#pauses.get(provider.name);
    if (pause) {
      if (pause.until > now) return { reason: pause.reason, retryAfterMs: pause.until - now };
      this.#pauses.delete(provider.name);
    }
    const guarded = this.#guardRefusal(provider, now);
    if (guarded) return guarded;
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

  succeeded(provider: Provider, model: string): void {
    this.#settle(provider);
    if (this.#breakers.size > 0) this.#breakers.delete(keyOf(provider, model));
  }

  /** The client left: nothing is known about the provider. */
  abandoned(provider: Provider, model: string): void {
    this.#settle(provider);
    const breaker = this.#breakers.get(keyOf(provider, model));
    if (breaker) breaker.probing = false;
  }

  failed(provider: Provider, model: string, { error, retryAfterMs }: Failure): void {
    const now = this.#clock.monotonicMs();
    this.#settle(provider);
    if (provider.profile.failureLimit && error.status !== undefined) this.#count(provider, now);
    const pause = this.#pauseFor(error, retryAfterMs);
    if (pause !== undefined) this.#pauses.set(provider.name, { until: now + pause, reason: error.message });
    const breaker = this.#breakers.get(keyOf(provider, model));
    if (breaker) breaker.probing = false;
    if (!consequenceOf(error).unhealthy) return;
    const failures = (breaker?.failures ?? 0) + 1;
    const openUntil = failures >= this.#settings.failures ? now + this.#settings.openMs : 0;
    this.#breakers.set(keyOf(provider, model), { failures, reason: error.message, openUntil, probing: false });
  }

  /** What is wrong with a provider, for people; undefined when nothing is. */
  problemOf(provider: Provider): string | undefined {
    const now = this.#clock.monotonicMs();
    const pause = this.#pauses.get(provider.name);
    if (pause && pause.until > now) return `left alone for ${Math.ceil((pause.until - now) / 1000)} s: ${pause.reason}`;
    const open = [...this.#breakers].filter(([key, { openUntil }]) => key.startsWith(`${provider.name}\n`) && openUntil > now);
    if (open.length > 0) return `failing with ${open.map(([key]) => key.slice(key.indexOf('\n') + 1)).join(', ')}`;
    return this.#guardRefusal(provider, now)?.reason;
  }

  /** Forgets pauses: the configuration or the keys are new. */
  reset(): void {
    this.#pauses.clear();
    this.#breakers.clear();
  }

  #pauseFor(error: ModelError, retryAfterMs: number | undefined): number | undefined {
    if (error.kind === 'authentication') return keyPauseMs;
    if (error.kind !== 'balance') return undefined;
    if (error.code === 'API_KEY_DIEM_SPEND_LIMIT_EXCEEDED') return nextEpochMs(this.#clock.now()) - this.#clock.now();
    return retryAfterMs ?? balancePauseMs;
  }

  #settle({ name, profile }: Provider): void {
    if (profile.failureLimit) this.#open.set(name, Math.max(0, (this.#open.get(name) ?? 0) - 1));
  }

  #count(provider: Provider, now: number): void {
    const times = this.#recent(provider, now);
    times.push(now);
    this.#failures.set(provider.name, times);
  }

  #recent(provider: Provider, now: number): number[] {
    const windowMs = provider.profile.failureLimit?.windowMs ?? 0;
    return (this.#failures.get(provider.name) ?? []).filter((at) => at > now - windowMs);
  }

  #guardRefusal(provider: Provider, now: number): Refusal | undefined {
    const limit = provider.profile.failureLimit;
    if (!limit || !this.#failures.has(provider.name)) return undefined;
    const times = this.#recent(provider, now);
    const most = Math.floor(limit.failures * guardShare);
    const [oldest] = times;
    // Whatever is on its way may fail as well.
    if (oldest === undefined || times.length + (this.#open.get(provider.name) ?? 0) < most) return undefined;
    const frees = (times[Math.max(0, times.length - most)] as number) + limit.windowMs;
    return {
      reason: `${times.length} requests failed within ${limit.windowMs / 1000} s, and more would make it block the key`,
      retryAfterMs: Math.max(1, frees - now),
    };
  }
}

function keyOf(provider: Provider, model: string): string {
  return `${provider.name}\n${model}`;
}
