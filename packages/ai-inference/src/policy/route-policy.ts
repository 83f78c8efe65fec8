/**
 * One named route: divides requests between a cheap and a strong side. Hard facts first (a side that cannot be used now is passed
 * over by the call itself), then the quantile gate, then the exact ratio, then the allowance. Every decision says why.
 */
import type { AllowancePacer } from './pacing.ts';
import { QuantileGate, RollingQuantile } from './quantile.ts';
import { RatioController, type RatioTicket, type RatioUnit } from './ratio.ts';
import { type Calibration, scoreOf } from './score.ts';

export interface RouteSettings {
  cheap: readonly string[];
  strong: readonly string[];
  /** Share of the cheap side, percent. */
  targetRatio: number;
  unit: RatioUnit;
  /** Percent. */
  complexityThreshold: number;
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
  const match = /^(.+?)(?::(cheap|strong)|@(\d{1,3}(?:\.\d+)?))$/.exec(name);
  const route = match?.[1];
  if (route === undefined || !Object.hasOwn(routes, route)) return undefined;
  if (match?.[2] !== undefined) return { route, side: match[2] as 'cheap' | 'strong' };
  const percent = Number(match?.[3]);
  return percent <= 100 ? { route, strongShare: percent / 100 } : undefined;
}

/** What is known of a request before it is sent. */
export interface RequestFacts {
  /** The text that asks. */
  text: string;
  /** Estimated tokens, prompt and answer. */
  tokens: number;
  /** Estimated cost on either side, USD. */
  cheapUsd: number;
  strongUsd: number;
  /** The first model of the cheap side is paid from an allowance. */
  cheapHasAllowance: boolean;
}

export interface Decision {
  route: string;
  side: 'cheap' | 'strong';
  /** `asked`, `gate` (the hardest share), `simple` (below the threshold), `ratio`, `allowance` (kept for later, or used up). */
  reason: 'asked' | 'gate' | 'simple' | 'ratio' | 'allowance';
  /** 0 to 100, and where it stands among the route's own recent ones, 0 to 1. */
  score: number;
  quantile: number;
  /** Long-run probability with which a request of this route goes to the side it went to. */
  propensity: number;
}

/** A decision on its way: its true size is still to come. */
export interface OpenDecision {
  decision: Decision;
  /** Models in the order to try. */
  models: string[];
  /** `undefined`: it came to nothing. `side` is the one that served it in the end. */
  settle(actual: { side: 'cheap' | 'strong'; tokens: number; usd: number | undefined } | undefined): void;
}

export class RoutePolicy {
  readonly #name: string;
  readonly #settings: RouteSettings;
  readonly #quantile = new RollingQuantile();
  readonly #gates = new Map<number, QuantileGate>();
  readonly #ratio: RatioController;
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
  explain(
    facts: RequestFacts,
    asked: RouteName,
  ): Pick<Decision, 'score' | 'quantile'> & { simple: boolean; owed: number; strongShare: number } {
    const score = scoreOf(facts.text, this.#calibration());
    const quantile = this.#quantile.of(score);
    return {
      score,
      quantile,
      simple: quantile * 100 < this.#settings.complexityThreshold,
      owed: this.#ratio.owed,
      strongShare: asked.strongShare ?? this.#ratio.share,
    };
  }

  decide(facts: RequestFacts, asked: RouteName, nowMs: number): OpenDecision {
    const score = scoreOf(facts.text, this.#calibration());
    const quantile = this.#quantile.of(score);
    this.#quantile.add(score);
    if (asked.side !== undefined) return this.#open({ side: asked.side, reason: 'asked', score, quantile, propensity: 1 });
    if (asked.strongShare !== undefined) {
      const { strong } = this.#gateOf(asked.strongShare).decide(score, asked.strongShare);
      const propensity = strong ? asked.strongShare : 1 - asked.strongShare;
      return this.#open({ side: strong ? 'strong' : 'cheap', reason: 'gate', score, quantile, propensity });
    }
    const { complexityThreshold, unit } = this.#settings;
    const size = unit === 'requests' ? 1 : unit === 'tokens' ? facts.tokens : { minor: facts.strongUsd, major: facts.cheapUsd };
    // Before a window of traffic is known nothing is called simple.
    const simple = this.#quantile.size > 20 && quantile * 100 < complexityThreshold;
    const ticket = this.#ratio.decide(size, simple ? Number.NEGATIVE_INFINITY : 2 * quantile - 1);
    const side = ticket.minor ? 'strong' : 'cheap';
    const propensity = ticket.minor ? this.#ratio.share : 1 - this.#ratio.share;
    if (side === 'cheap' && facts.cheapHasAllowance) {
      const plan = this.#pacer.decide(facts.cheapUsd, nowMs);
      if (!plan.use)
        return this.#open({ side: 'strong', reason: 'allowance', score, quantile, propensity: 1 - plan.share }, ticket);
      this.#pacer.reserve(facts.cheapUsd);
      return this.#open({ side, reason: simple ? 'simple' : 'ratio', score, quantile, propensity }, ticket, facts.cheapUsd);
    }
    return this.#open({ side, reason: simple ? 'simple' : 'ratio', score, quantile, propensity }, ticket);
  }

  #open(decision: Omit<Decision, 'route'>, ticket?: RatioTicket, reservedUsd?: number): OpenDecision {
    const { cheap, strong, unit } = this.#settings;
    let open = true;
    return {
      decision: { route: this.#name, ...decision },
      models: decision.side === 'cheap' ? [...cheap, ...strong] : [...strong, ...cheap],
      settle: (actual) => {
        if (!open) return;
        open = false;
        if (reservedUsd !== undefined)
          this.#pacer.settle(reservedUsd, actual?.side === 'cheap' ? (actual.usd ?? reservedUsd) : 0);
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
