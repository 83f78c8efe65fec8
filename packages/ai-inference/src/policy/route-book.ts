/**
 * The named routes of the router with all they remember: what was decided for which request, which conversation is where, and what labels
 * taught. The decisions themselves are in `route-policy.ts`.
 */
import type { Message, ModelRequest, Usage } from '@switchyard/dialects';
import type { AttemptRecord, CallRecord } from '../call/record.ts';
import type { RouterConfig } from '../config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Candidate } from '../routing/resolve.ts';
import { Calibrator } from './calibrator.ts';
import { type Features, featureNames, featuresOf } from './features.ts';
import type { AllowancePacer } from './pacing.ts';
import { type OpenDecision, parseRouteName, type RequestFacts, RoutePolicy, type Side } from './route-policy.ts';
import { Sessions } from './sessions.ts';
import { taskOf } from './tasks.ts';

export interface RouteBookOptions {
  routes: RouterConfig['routes'];
  /** Models of the kinds of requests, for the routes that look for them. */
  tasks: RouterConfig['tasks'];
  longContextTokens: number;
  now(): number;
  pacer: AllowancePacer;
  ledger: Pick<Ledger, 'labels' | 'addLabel'>;
  /** The steps of the route for a name, as far as it is known now. */
  resolve(model: string): readonly Candidate[];
  /** Cost of a usage by price; undefined where nobody can say. */
  priceOf(candidate: Candidate, usage: Usage): number | undefined;
  /** The same, by what was paid lately where that is known. */
  expectedUsd(candidate: Candidate, usage: Usage): number | undefined;
  usualOutputTokens(candidate: Candidate): number;
}

/** A request that is to be routed. */
export interface RouteQuestion {
  /** As the client wrote it. */
  model: string;
  requestId: string;
  app: string;
  bodyBytes: number;
  /** What the client calls the conversation. */
  session: string | undefined;
  request(): ModelRequest;
  /** Whether a candidate may and can serve it at all. */
  suits(candidate: Candidate): boolean;
}

interface Remembered {
  app: string;
  route: string;
  features: Features;
  /** Where it ended; undefined while it is on its way. */
  side?: Side;
  sessionKey: string | undefined;
}

export type FeedbackResult =
  | { problem: string }
  | { used: boolean; why?: string; labels: number; agreement?: number; agreementLow?: number; inUse: boolean };

const bytesPerToken = 4;
/** Requests that feedback can still be given on. */
const mostRemembered = 2000;
const mostLabels = 2000;

export class RouteBook {
  readonly #options: RouteBookOptions;
  readonly #policies: Map<string, RoutePolicy>;
  readonly #calibrators = new Map<string, Calibrator>();
  readonly #sessions = new Sessions();
  readonly #remembered = new Map<string, Remembered>();

  constructor(options: RouteBookOptions) {
    this.#options = options;
    this.#policies = new Map(
      Object.keys(options.routes).map((name) => {
        this.#calibrators.set(name, new Calibrator(options.ledger.labels(name, mostLabels)));
        const settings = { ...(options.routes[name] as RouterConfig['routes'][string]), ...this.#sides(name) };
        return [name, new RoutePolicy(name, settings, options.pacer, () => this.#calibrators.get(name)?.calibration)];
      }),
    );
  }

  /** The decision for a name that is one of the routes; undefined for any other. */
  decide(question: RouteQuestion): OpenDecision | undefined {
    const { model, requestId, app, session } = question;
    const asked = parseRouteName(model, this.#options.routes);
    if (!asked) return undefined;
    const { route } = asked;
    const sessionKey = session === undefined ? undefined : `${app}\n${route}\n${session}`;
    const facts = this.#facts(route, question, sessionKey);
    this.#remembered.set(requestId, { app, route, features: facts.features, sessionKey });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= mostRemembered) break;
      this.#remembered.delete(oldest);
    }
    return (this.#policies.get(route) as RoutePolicy).decide(facts, asked, this.#options.now());
  }

  /** What would be decided now, and why, without counting it. */
  explain(question: Omit<RouteQuestion, 'requestId'>): { models: readonly string[]; [fact: string]: unknown } | undefined {
    const asked = parseRouteName(question.model, this.#options.routes);
    if (!asked) return undefined;
    const { route } = asked;
    const settings = this.#options.routes[route] as RouterConfig['routes'][string];
    const sessionKey = question.session === undefined ? undefined : `${question.app}\n${route}\n${question.session}`;
    const { features, ...estimates } = this.#facts(route, question, sessionKey);
    const found = (this.#policies.get(route) as RoutePolicy).explain({ features, ...estimates }, asked, this.#options.now());
    const calibration = this.#calibrators.get(route)?.calibration;
    return {
      ...asked,
      ...found,
      estimates,
      features: Object.fromEntries(featureNames.map((name, index) => [name, features[index]])),
      calibration: calibration
        ? { labels: calibration.labels, agreement: calibration.agreement, agreementLow: calibration.agreementLow }
        : undefined,
      settings,
    };
  }

  /** A call is over: closes its decision and remembers where its conversation is. */
  settled(record: CallRecord, decision: OpenDecision): void {
    const last = record.attempts.at(-1);
    // What came to nothing and cost nothing counts for neither side.
    if (!last || (last.outcome === 'error' && !last.costUsd)) return decision.settle(undefined);
    const { route } = decision.decision;
    const side = this.#sideOf(route, last);
    // The models of a task may be on neither side.
    if (side === undefined) return decision.settle(undefined);
    const { usage } = last;
    const tokens = usage && (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    decision.settle({ side, tokens, usd: last.costUsd });
    const remembered = this.#remembered.get(record.requestId);
    if (!remembered || last.outcome === 'error') return;
    remembered.side = side;
    if (remembered.sessionKey === undefined) return;
    const cachedTokens = (usage?.cachedInputTokens ?? 0) + (usage?.cacheWriteTokens ?? 0);
    const model = `${last.provider}/${last.model}`;
    this.#sessions.set(remembered.sessionKey, { side, model, cachedTokens }, this.#options.now());
  }

  /**
   * Takes a label: `gain` is what the strong side was (or would have been) worth; `rating` judges the answer that was given, -1 to 1.
   * A bad answer of the cheap side is a gain, a good one is none; of what the strong side answered a rating says nothing about the other.
   */
  feedback(
    app: string,
    requestId: string,
    { gain, rating }: { gain?: number | undefined; rating?: number | undefined },
  ): FeedbackResult {
    const remembered = this.#remembered.get(requestId);
    if (!remembered || remembered.app !== app)
      return { problem: `no request "${requestId}" of this app among the latest ${mostRemembered} of its routes` };
    const { route, features, side } = remembered;
    const calibrator = this.#calibrators.get(route) as Calibrator;
    const value = gain ?? (side === 'cheap' ? -(rating as number) : undefined);
    if (value !== undefined) {
      this.#options.ledger.addLabel(route, app, { requestId, features, gain: value });
      calibrator.add(requestId, { features, gain: value });
    }
    const { calibration } = calibrator;
    return {
      used: value !== undefined,
      ...(value === undefined && { why: 'a rating teaches something only of an answer of the cheap side; send "gain"' }),
      labels: calibrator.size,
      ...(calibration && { agreement: calibration.agreement, agreementLow: calibration.agreementLow }),
      inUse: (calibration?.agreementLow ?? 0) > 0.5,
    };
  }

  #facts(
    route: string,
    { request, bodyBytes, suits }: Pick<RouteQuestion, 'request' | 'bodyBytes' | 'suits'>,
    sessionKey: string | undefined,
  ): RequestFacts {
    const { resolve, expectedUsd, usualOutputTokens, pacer } = this.#options;
    const { cheap, strong } = this.#sides(route);
    const inputTokens = Math.ceil(bodyBytes / bytesPerToken);
    const firstOf = (names: readonly string[]) => names.flatMap((name) => resolve(name).filter(suits).slice(0, 1))[0];
    const usdOf = (candidate: Candidate | undefined) =>
      candidate && expectedUsd(candidate, { inputTokens, outputTokens: Math.round(usualOutputTokens(candidate)) });
    const [first, other] = [firstOf(cheap), firstOf(strong)];
    const [cheapUsd, strongUsd] = [usdOf(first), usdOf(other)];
    const tokens = inputTokens + (first ? usualOutputTokens(first) : 0);
    // Without prices both sides count the same.
    const plain = tokens * 1e-6;
    const asking = askingText(request().messages);
    const task = this.#taskFor(route, request(), asking, inputTokens);
    const session = sessionKey === undefined ? undefined : this.#sessions.of(sessionKey, this.#options.now());
    return {
      features: featuresOf(asking),
      tokens,
      cheapUsd: cheapUsd ?? strongUsd ?? plain,
      strongUsd: strongUsd ?? cheapUsd ?? plain,
      cheapHasAllowance: first?.provider.profile.type === 'venice' && pacer.balance !== undefined,
      // What only one side can serve is no matter of policy.
      ...((first === undefined) !== (other === undefined) && { only: first ? 'cheap' : 'strong' }),
      ...(task && { task }),
      ...(session && { session: { side: session.side, switchUsd: this.#switchUsd(session.model, session.cachedTokens) } }),
    };
  }

  /** What the cached part of a prompt saves: its tokens at the price of input less the price of cached input. */
  #switchUsd(model: string, tokens: number): number {
    const [candidate] = tokens > 0 ? this.#options.resolve(model) : [];
    if (!candidate) return 0;
    const fresh = this.#options.priceOf(candidate, { inputTokens: tokens });
    const cached = this.#options.priceOf(candidate, { inputTokens: tokens, cachedInputTokens: tokens });
    return fresh === undefined || cached === undefined ? 0 : Math.max(0, fresh - cached);
  }

  /** The kind of a request and its models, where the route looks for kinds. */
  #taskFor(route: string, request: ModelRequest, asking: string, inputTokens: number): RequestFacts['task'] {
    const { routes, tasks, longContextTokens } = this.#options;
    if (!routes[route]?.tasks) return undefined;
    const name = taskOf(request, asking, { inputTokens, longContextTokens });
    const models = listOf(name && tasks[name]);
    return name && models.length > 0 ? { name, models, side: this.#sideOfModel(route, models[0] as string) } : undefined;
  }

  /** The side of what answered; undefined for a model of neither. */
  #sideOf(route: string, { provider, model }: Pick<AttemptRecord, 'provider' | 'model'>): Side | undefined {
    const { strong } = this.#sides(route);
    const cheap = [...this.#sides(route).cheap, ...(this.#options.routes[route]?.cascade?.models ?? [])];
    const has = (names: readonly string[]) =>
      names.some((name) =>
        this.#options.resolve(name).some((candidate) => candidate.provider.name === provider && candidate.model === model),
      );
    return has(cheap) ? 'cheap' : has(strong) ? 'strong' : undefined;
  }

  #sideOfModel(route: string, name: string): Side | undefined {
    const [candidate] = this.#options.resolve(name);
    return candidate && this.#sideOf(route, { provider: candidate.provider.name, model: candidate.model });
  }

  #sides(route: string): { cheap: readonly string[]; strong: readonly string[] } {
    const settings = this.#options.routes[route];
    return { cheap: listOf(settings?.cheap), strong: listOf(settings?.strong) };
  }
}

/** The latest words of the user: what is asked now, not what the conversation began with. */
function askingText(messages: readonly Message[]): string {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const { role, parts } = messages[index] as Message;
    if (role !== 'user') continue;
    const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    if (text !== '') return text;
  }
  return '';
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
