/**
 * One named route: divides requests between a cheap and a strong side. Hard facts first (a side that cannot be used now is passed
 * over by the call itself), then the quantile gate, then the exact ratio, then the allowance. Every decision says why.
 */
import type { Features } from './features.ts';
import type { AllowancePacer } from './pacing.ts';
import { QuantileGate, RollingQuantile } from './quantile.ts';
import { RatioController, type RatioTicket, type RatioUnit } from './ratio.ts';
import { type Calibration, scoreOf } from './score.ts';
import type { Task } from './tasks.ts';

export interface RouteSettings {
  cheap: readonly string[];
  strong: readonly string[];
  /** Share of the cheap side, percent. */
  targetRatio: number;
  unit: RatioUnit;
  /** Percent. */
  complexityThreshold: number;
  /** Models that are asked before the strong side, in place of a ratio. */
  cascade?: { models: readonly string[] } | undefined;
}

/** How a name asks for a route: `auto`, `auto:cheap`, `auto:strong`, `auto@20`. */
export interface RouteName {
  route: string;
  side?: 'cheap' | 'strong';
  /** Share of the strong side, 0 to 1. */
  strongShare?: number;
}

export function parseRouteName(name: string, routes: Readonly<Record<string, unknown>>): RouteName | undefined {
  if (Object.hasOwn(routes, name)) return { route: name };
  if (!name.includes(':') && !name.includes('@')) return undefined;
  const match = /^(.+?)(?::(cheap|strong)|@(\d{1,3}(?:\.\d+)?))$/.exec(name);
  const route = match?.[1];
  if (route === undefined || !Object.hasOwn(routes, route)) return undefined;
  if (match?.[2] !== undefined) return { route, side: match[2] as 'cheap' | 'strong' };
  const percent = Number(match?.[3]);
  return percent <= 100 ? { route, strongShare: percent / 100 } : undefined;
}

/** What is known of a request before it is sent. */
export interface RequestFacts {
  /** Of the text that asks. */
  features: Features;
  /** Estimated tokens, prompt and answer. */
  tokens: number;
  /** Estimated cost on either side, USD. */
  cheapUsd: number;
  strongUsd: number;
  /** The first model of the cheap side is paid from an allowance. */
  cheapHasAllowance: boolean;
  /** The only side that may and can serve it, where that is so. */
  only?: Side | undefined;
  /** The kind of the request: its models, and which side the first of them is of, if any. */
  task?: { name: Task; models: readonly string[]; side: Side | undefined } | undefined;
  /** The conversation it belongs to: where it was, and what the prompt cache is worth that leaving would throw away, in USD. */
  session?: { side: Side; switchUsd: number } | undefined;
}

export type Side = 'cheap' | 'strong';

export interface Decision {
  route: string;
  side: 'cheap' | 'strong';
  /**
   * `asked`, `only` (the other side may not or cannot), `cascade` (cheap models first, judged), `task` (its kind has models of its own), `gate` (the hardest share), `simple` (below
   * the threshold), `ratio`, `session` (its conversation is there), `allowance` (kept for later, or used up).
   */
  reason: 'asked' | 'only' | 'cascade' | 'task' | 'gate' | 'simple' | 'ratio' | 'session' | 'allowance';
  /** The kind of the request, where that decided. */
  task?: Task;
  /** 0 to 100, and where it stands among the route's own recent ones, 0 to 1. */
  score: number;
  quantile: number;
  /** Long-run probability with which a request of this route goes to the side it went to. */
  propensity: number;
  /** What came of a cascade: whether an answer of its models was kept, and why or why not. */
  cascade?: { kept: boolean; why: string };
  /** What a conversation that was moved lost of the prompt cache, in USD. */
  switchUsd?: number;
}

/** A decision on its way: its true size is still to come. */
export interface OpenDecision {
  decision: Decision;
  /** Models in the order to try. */
  models: string[];
  /** `undefined`: it came to nothing. `side` is the one that served it in the end. */
  settle(actual: { side: Side; tokens: number | undefined; usd: number | undefined } | undefined): void;
}

/** What a decision holds open until its true size is known. */
interface Opening {
  ticket?: RatioTicket;
  gate?: QuantileGate;
  reservedUsd?: number;
  /** Models that go before those of the sides. */
  models?: readonly string[];
}

/** What would be decided, and by what. */
export interface Explanation extends Pick<Decision, 'score' | 'quantile' | 'reason'> {
  decision: Side;
  task?: Task;
  models: readonly string[];
  /** Quantile below which a request stays on the cheap side. */
  threshold: number;
  /** What the strong side is owed, in `unit` (in requests for `route@share`). */
  owed: number;
  strongShare: number;
  unit: RatioUnit;
  /** Scores that the quantile stands among. */
  seen: number;
  /** What is left of the cheap side's allowance, where it has one. */
  allowance: number | undefined;
}

export class RoutePolicy {
  readonly #name: string;
  readonly #settings: RouteSettings;
  #quantile = new RollingQuantile();
  readonly #gates = new Map<number, QuantileGate>();
  #ratio: RatioController;
  readonly #pacer: AllowancePacer;
  readonly #calibration: () => Calibration | undefined;

  constructor(
    name: string,
    settings: RouteSettings,
    pacer: AllowancePacer,
    calibration: () => Calibration | undefined = () => undefined,
  ) {
    this.#name = name;
    this.#settings = settings;
    this.#pacer = pacer;
    this.#calibration = calibration;
    this.#ratio = new RatioController(1 - settings.targetRatio / 100);
  }

  /** What would be decided, without counting it. */
  explain(facts: RequestFacts, asked: RouteName, nowMs: number): Explanation {
    const score = scoreOf(facts.features, this.#calibration());
    const quantile = this.#quantile.of(score);
    // A trial on copies: the very code that decides says what it would decide.
    const trial = new RoutePolicy(this.#name, this.#settings, this.#pacer.copy(), this.#calibration);
    trial.#quantile = this.#quantile.copy();
    trial.#ratio = this.#ratio.copy();
    for (const [share, gate] of this.#gates) trial.#gates.set(share, gate.copy());
    const { decision, models } = trial.decide(facts, asked, nowMs);
    const { side, reason, task } = decision;
    return {
      decision: side,
      reason,
      ...(task && { task }),
      models,
      score,
      quantile,
      threshold: this.#settings.complexityThreshold / 100,
      owed: asked.strongShare === undefined ? this.#ratio.owed : this.#gateOf(asked.strongShare).owed,
      strongShare: asked.side ? (asked.side === 'strong' ? 1 : 0) : (asked.strongShare ?? this.#ratio.share),
      unit: this.#settings.unit,
      seen: this.#quantile.size,
      allowance: facts.cheapHasAllowance ? this.#pacer.balance : undefined,
    };
  }

  decide(facts: RequestFacts, asked: RouteName, nowMs: number): OpenDecision {
    const score = scoreOf(facts.features, this.#calibration());
    const quantile = this.#quantile.of(score);
    this.#quantile.add(score);
    const { only, task } = facts;
    const settled = only ?? facts.session?.side;
    const stays = settled && settled === 'strong';
    const stayReason = only ? 'only' : 'session';
    if (asked.side !== undefined) return this.#open({ side: asked.side, reason: 'asked', score, quantile, propensity: 1 });
    if (asked.strongShare !== undefined) {
      const gate = this.#gateOf(asked.strongShare);
      const { strong } = gate.decide(score, asked.strongShare, stays);
      const propensity = strong ? asked.strongShare : 1 - asked.strongShare;
      const reason = stays === undefined ? 'gate' : stayReason;
      return this.#open({ side: strong ? 'strong' : 'cheap', reason, score, quantile, propensity }, { gate });
    }
    const { complexityThreshold, unit } = this.#settings;
    if (task && only === undefined) {
      const side = task.side ?? 'strong';
      const decided = { side, reason: 'task', task: task.name, score, quantile, propensity: 1 } as const;
      const ticket = task.side && this.#ratio.decide(sizeOf(facts, unit), 0, side === 'strong');
      return this.#open(decided, { ...(ticket && { ticket }), models: task.models });
    }
    if (this.#settings.cascade && only === undefined)
      return this.#open({ side: 'cheap', reason: 'cascade', score, quantile, propensity: 1 });
    const size = sizeOf(facts, unit);
    // Before a window of traffic is known nothing is called simple.
    const simple = this.#quantile.size > 20 && quantile * 100 < complexityThreshold;
    const ticket = this.#ratio.decide(size, simple ? Number.NEGATIVE_INFINITY : 2 * quantile - 1, stays);
    const side = ticket.minor ? 'strong' : 'cheap';
    const propensity = ticket.minor ? this.#ratio.share : 1 - this.#ratio.share;
    const reason = stays !== undefined ? stayReason : simple ? 'simple' : 'ratio';
    const decided = { side, reason, score, quantile, propensity } as const;
    if (side === 'strong' || only === 'cheap' || !facts.cheapHasAllowance) return this.#open(decided, { ticket });
    const plan = this.#pacer.decide(facts.cheapUsd, nowMs);
    const { switchUsd } = facts.session ?? {};
    // Moving a conversation must be worth more than the prompt cache it loses, unless there is nothing left to stay for.
    const stuck = switchUsd !== undefined && plan.reason === 'saved' && switchUsd >= facts.cheapUsd;
    if (!plan.use && !stuck) {
      const moved = { ...decided, side: 'strong', reason: 'allowance', propensity: 1 - plan.share } as const;
      return this.#open(switchUsd === undefined ? moved : { ...moved, switchUsd }, { ticket });
    }
    this.#pacer.reserve(facts.cheapUsd);
    return this.#open(decided, { ticket, reservedUsd: facts.cheapUsd });
  }

  #open(decision: Omit<Decision, 'route'>, { ticket, gate, reservedUsd, models = [] }: Opening = {}): OpenDecision {
    const { cheap, strong, unit } = this.#settings;
    let open = true;
    return {
      decision: { route: this.#name, ...decision },
      // What a cascade does not keep goes to the strong side.
      models: [
        ...new Set([
          ...models,
          ...(decision.side === 'cheap' && decision.reason !== 'cascade' ? [...cheap, ...strong] : [...strong, ...cheap]),
        ]),
      ],
      settle: (actual) => {
        if (!open) return;
        open = false;
        if (reservedUsd !== undefined)
          this.#pacer.settle(reservedUsd, actual?.side === 'cheap' ? (actual.usd ?? reservedUsd) : 0);
        if (gate && actual && actual.side !== decision.side) gate.moved(actual.side === 'strong');
        if (!ticket) return;
        if (!actual) return this.#ratio.cancel(ticket);
        const wentMinor = actual.side === 'strong';
        // A cost nobody knows leaves the estimate standing.
        const size = unit === 'requests' ? 1 : unit === 'tokens' ? actual.tokens : actual.usd;
        if (wentMinor === ticket.minor) this.#ratio.settle(ticket, size ?? (ticket.minor ? ticket.minorSize : ticket.majorSize));
        else {
          // It ended on the other side: taken back here, counted there.
          this.#ratio.cancel(ticket);
          this.#ratio.count(wentMinor, size ?? (wentMinor ? ticket.minorSize : ticket.majorSize));
        }
      },
    };
  }

  #gateOf(share: number): QuantileGate {
    let gate = this.#gates.get(share);
    if (!gate) {
      // The share is part of a name that clients make up.
      if (this.#gates.size >= 100) this.#gates.clear();
      gate = new QuantileGate();
      this.#gates.set(share, gate);
    }
    return gate;
  }
}

/** The size of a request in a ratio's unit, by side where that makes a difference. */
function sizeOf({ tokens, strongUsd, cheapUsd }: RequestFacts, unit: RatioUnit): number | { minor: number; major: number } {
  return unit === 'requests' ? 1 : unit === 'tokens' ? tokens : { minor: strongUsd, major: cheapUsd };
}
