/**
 * Tool trust: remembers every tool's definition by its hash, notices new and changed ones, and hides what the policy does not
 * trust until somebody accepts it. Lists are reviewed before they are shown, so there is no moment in which they are not.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@switchyard/kit/clock';
import { memberText, rewriteObject, scanArray } from '@switchyard/kit/json-scan';
import type { Logger } from '@switchyard/kit/logger';
import { notFound, Problem } from '@switchyard/kit/problem';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import type { ListEntry } from '../upstream/lists.ts';
import { objectOf } from '../upstream/peer.ts';
import { decide, type Reason } from './decide.ts';
import { type Definition, definitionOf } from './definition.ts';
import { type Finding, lintDefinition } from './lint.ts';
import { type LockEntry, type Locked, readLockFile } from './lock-file.ts';
import { type Pin, Pins } from './pins.ts';
import { hides, policyOf, type ToolTrustSettings, type TrustPolicy } from './settings.ts';

export interface TrustConfig {
  toolTrust: ToolTrustSettings;
  mcpServers: Readonly<Record<string, { toolTrust?: ToolTrustSettings | undefined }>>;
}

/** Something to be told about a tool's definition. */
export interface TrustEvent {
  server: string;
  tool: string;
  what: Reason | 'gone' | 'restored' | 'accepted';
  quarantined: boolean;
  message: string;
}

export interface ToolTrustOptions {
  database: DatabaseSync;
  clock: Clock;
  logger: Logger;
  config: TrustConfig;
  /** Hears of everything but what is seen for the first time. */
  tell(event: TrustEvent): void;
  /** What may be shown of this server must be looked at again. */
  onChange(server: string): void;
  /** The server listed something else than it did before, without saying so. */
  onDifference(server: string): void;
}

const maxCached = 10_000;
const maxPages = 50;

export class ToolTrust {
  readonly #options: ToolTrustOptions;
  readonly #pins: Pins;
  readonly #changes = new Map<string, number>();
  readonly #definitions = new Map<string, Definition>();
  readonly #findings = new Map<string, readonly Finding[]>();
  /** Results of `tools/list` that were looked at, and what is shown of them. */
  readonly #pages = new Map<string, string>();
  #policies: ReadonlyMap<string, TrustPolicy> = new Map();
  #locks: ReadonlyMap<string, Locked> = new Map();

  /** Throws ConfigError when a lock file cannot be used. */
  constructor(options: ToolTrustOptions) {
    this.#options = options;
    this.#pins = new Pins(options.database);
    this.configure(options.config);
  }

  /** Takes new settings, and lock files as they are now. Throws ConfigError, and keeps what it had, when one cannot be used. */
  configure({ toolTrust, mcpServers }: TrustConfig): void {
    const policies = new Map(Object.entries(mcpServers).map(([name, own]) => [name, policyOf(toolTrust, own.toolTrust)]));
    const named = [toolTrust.lockFile, ...[...policies.values()].map(({ lockFile }) => lockFile)];
    const files = new Set(named.filter((file) => file !== undefined));
    this.#locks = new Map([...files].map((file) => [file, readLockFile(file)]));
    this.#policies = policies;
    this.#pages.clear();
  }

  policy(server: string): TrustPolicy {
    return this.#policies.get(server) ?? policyOf({});
  }

  /** Whether tools of this server can be hidden at all. */
  hides(server: string): boolean {
    return hides(this.policy(server));
  }

  /** Looks at everything a server lists now, and gives what may be shown of it. */
  review(server: string, tools: readonly ListEntry[]): readonly ListEntry[] {
    const now = this.#options.clock.now();
    const { shown, pins } = this.#judgeAll(server, tools, now);
    const listed = new Set(tools.map(({ key }) => key));
    for (const pin of this.#pins.of(server)) {
      if (listed.has(pin.tool) || pin.goneAt !== undefined) continue;
      pins.push({ ...pin, goneAt: now });
      this.#tell(pin, 'gone', false, 'is not offered any more');
    }
    this.#keep(server, pins, now);
    return shown;
  }

  /** Gives what may be shown of one page of a server's own `tools/list` result, as text. */
  reviewPage(server: string, result: string): string {
    if (!this.hides(server)) return result;
    const key = `${server}\n${result}`;
    let shown = this.#pages.get(key);
    if (shown === undefined) {
      shown = this.#shownOf(server, result);
      if (this.#pages.size >= maxPages) this.#pages.clear();
      this.#pages.set(key, shown);
    }
    return shown;
  }

  #shownOf(server: string, result: string): string {
    const now = this.#options.clock.now();
    const texts = scanArray(memberText(result, 'tools') ?? '[]');
    const tools = texts.flatMap((text): ListEntry[] => {
      const value = objectOf(JSON.parse(text));
      return typeof value.name === 'string' ? [{ key: value.name, text, value }] : [];
    });
    const isFirst = !this.#pins.hasSeen(server);
    const { shown, pins } = this.#judgeAll(server, tools, now);
    // The first look is at the whole list: a single page would make those after it look new.
    if (!isFirst && pins.length > 0) {
      this.#keep(server, pins, now);
      this.#options.onDifference(server);
    }
    if (shown.length === texts.length) return result;
    return rewriteObject(result, { tools: `[${shown.map(({ text }) => text).join(',')}]` });
  }

  /** What of these may be shown, and the pins that are other ones now. */
  #judgeAll(server: string, tools: readonly ListEntry[], now: number): { shown: ListEntry[]; pins: Pin[] } {
    const isFirst = !this.#pins.hasSeen(server);
    const hiding = this.hides(server);
    const judged = new Map<string, Pin>();
    const pins: Pin[] = [];
    const shown: ListEntry[] = [];
    for (const entry of tools) {
      const definition = this.#definition(entry);
      let pin = judged.get(entry.key);
      if (!pin) {
        const before = this.#pins.get(server, entry.key);
        pin = this.#judge(server, entry.key, definition, before, isFirst, now);
        judged.set(entry.key, pin);
        if (pin !== before) pins.push(pin);
      }
      // A second tool of the same name is shown only if it is the same: one name stands for one definition.
      if (!hiding || (pin.state === 'trusted' && pin.trusted?.hash === definition.hash)) shown.push(entry);
    }
    return { shown, pins };
  }

  /** The tool's pin after it was seen with this definition: the same object when nothing changed. */
  #judge(server: string, tool: string, definition: Definition, pin: Pin | undefined, isFirst: boolean, now: number): Pin {
    const policy = this.policy(server);
    const { hash } = definition;
    const lockHash = this.#lockHash(server, tool, policy);
    const known = lockHash === undefined || pin?.lockHash === lockHash ? pin?.trusted?.hash : undefined;
    const trustedHash = lockHash === hash ? hash : (known ?? (lockHash || undefined));
    const chosen = trustedHash === lockHash || (pin?.accepted === true && trustedHash === pin.trusted?.hash);
    const findings = policy.lint === 'off' ? [] : this.#lint(definition);
    const firstSight = isFirst && lockHash === undefined;
    const { state, reason } = decide({ hash, policy, trustedHash, chosen, firstSight, suspicious: findings.length > 0 });
    const isNews = pin?.trusted?.hash !== hash && pin?.pending?.hash !== hash;
    const base: Pin = pin ?? { ...unseen, server, tool, firstSeenAt: now };
    let next: Pin;
    if (state === 'trusted') {
      const isSame = pin?.trusted?.hash === hash;
      next = {
        ...base,
        state,
        trusted: isSame ? pin?.trusted : definition,
        accepted: isSame && base.accepted,
        lockHash,
        pending: undefined,
        goneAt: undefined,
        ...(!isSame && pin?.trusted && { changedAt: now, previousHash: pin.trusted.hash }),
      };
      if (reason === undefined && pin?.state === 'quarantined') this.#tell(next, 'restored', false, 'is what was trusted again');
    } else {
      const isWaiting = pin?.pending?.hash === hash && pin.pending.reason === reason;
      const pending = isWaiting ? pin.pending : { ...definition, reason: reason as Reason, seenAt: now };
      next = { ...base, state, pending, goneAt: undefined };
    }
    if (reason !== undefined && (isNews || next.state !== pin?.state))
      this.#tell(next, reason, state === 'quarantined', wordings[reason]);
    if (isNews && findings.length > 0) this.#warn(next, findings);
    return pin && isSamePin(pin, next) ? pin : next;
  }

  /** Why a tool may not be called; undefined when it may. */
  refusal(server: string, tool: string): RpcError | undefined {
    const policy = this.policy(server);
    if (!hides(policy)) return undefined;
    const pin = this.#pins.get(server, tool);
    if (pin?.state === 'trusted') return undefined;
    if (!pin && (policy.onNew !== 'quarantine' || (policy.lockFile === undefined && !this.#pins.hasSeen(server))))
      return undefined;
    const why = pin?.pending ? `its definition ${wordings[pin.pending.reason]}` : 'it was never seen in a list of this server';
    const remedy = pin ? `; an administrator can accept it: switchyard trust accept ${shellWord(server)} ${shellWord(tool)}` : '';
    return new RpcError(errorCodes.invalidRequest, `tool "${tool}" of server "${server}" is quarantined: ${why}${remedy}`, {
      httpStatus: 403,
      data: { denied: true, quarantined: true, server },
    });
  }

  /** Tools of a server that are hidden now. */
  quarantined(server: string): Pin[] {
    return this.hides(server) ? this.#pins.of(server).filter((pin) => isHidden(pin)) : [];
  }

  /** Everything known of a server's tools, sorted by name. */
  pins(server: string): Pin[] {
    return this.#pins.of(server);
  }

  /** What looks suspicious in the definition a server offers now; nothing when the lint is off. */
  findings({ server, pending, trusted }: Pin): readonly Finding[] {
    const definition = pending ?? trusted;
    return definition === undefined || this.policy(server).lint === 'off' ? [] : this.#lint(definition);
  }

  /**
   * Trusts the definition that a tool has now. `hash` says which one was looked at. Throws Problem: 404 for a tool never seen,
   * 409 when the definition is another one by now.
   */
  accept(server: string, tool: string, hash: string | undefined, who: string): Pin {
    const pin = this.#pins.get(server, tool);
    const definition = pin?.pending ?? pin?.trusted;
    if (!pin || !definition)
      throw notFound(`server "${server}" never offered a tool "${tool}"; GET /api/trust shows those it did`);
    if (hash !== undefined && hash !== definition.hash)
      throw new Problem(409, {
        detail: `tool "${tool}" of server "${server}" has another definition by now: ${definition.hash}`,
      });
    const now = this.#options.clock.now();
    const { hash: accepted, text } = definition;
    const next: Pin = {
      ...pin,
      state: 'trusted',
      trusted: { hash: accepted, text },
      accepted: true,
      lockHash: this.#lockHash(server, tool, this.policy(server)),
      pending: undefined,
      ...(pin.trusted && pin.trusted.hash !== accepted && { changedAt: now, previousHash: pin.trusted.hash }),
    };
    this.#tell(next, 'accepted', false, `was accepted by "${who}"`);
    this.#keep(server, [next], now);
    this.#options.onChange(server);
    return next;
  }

  /** The definitions of what these servers offer: as trusted, or with `quarantined` as they are sent. */
  lockEntries(servers: readonly string[], { quarantined = false } = {}): LockEntry[] {
    return servers.flatMap((server) =>
      this.#pins.of(server).flatMap(({ tool, trusted, pending, goneAt }): LockEntry[] => {
        const definition = quarantined ? (pending ?? trusted) : trusted;
        return definition === undefined || goneAt !== undefined ? [] : [{ server, tool, text: definition.text }];
      }),
    );
  }

  /** Definitions of a server that came, changed or went since the start. */
  changes(server: string): number {
    return this.#changes.get(server) ?? 0;
  }

  /** What the lock file says of a tool: its hash, '' when it does not list it, undefined when there is no lock file. */
  #lockHash(server: string, tool: string, { lockFile }: TrustPolicy): string | undefined {
    return lockFile === undefined ? undefined : (this.#locks.get(lockFile)?.get(server)?.get(tool) ?? '');
  }

  #keep(server: string, pins: readonly Pin[], now: number): void {
    this.#pins.put(server, pins, now);
    if (pins.length > 0) this.#pages.clear();
  }

  #definition({ text, value }: ListEntry): Definition {
    return cached(this.#definitions, text, () => definitionOf(value));
  }

  #lint({ hash, text }: Definition): readonly Finding[] {
    return cached(this.#findings, hash, () => lintDefinition(JSON.parse(text) as JsonObject));
  }

  #tell({ server, tool }: Pin, what: TrustEvent['what'], quarantined: boolean, wording: string): void {
    if (what !== 'restored' && what !== 'accepted') this.#changes.set(server, this.changes(server) + 1);
    const message = `the definition of a tool ${wording}${quarantined ? ' and is quarantined' : ''}`;
    const level = quarantined || what === 'changed' ? 'warn' : 'info';
    this.#options.logger[level](message, { server, tool });
    this.#options.tell({ server, tool, what, quarantined, message });
  }

  #warn({ server, tool }: Pin, findings: readonly Finding[]): void {
    const shown = findings.slice(0, 5).map(({ rule, path }) => `${rule} in ${path}`);
    this.#options.logger.warn('the definition of a tool looks as if it hid instructions', { server, tool, findings: shown });
  }
}

const wordings: Readonly<Record<Reason, string>> = {
  changed: 'changed since it was trusted',
  new: 'is new',
  lint: 'looks as if it hid instructions',
};

const unseen: Omit<Pin, 'server' | 'tool' | 'firstSeenAt'> = {
  trusted: undefined,
  accepted: false,
  lockHash: undefined,
  state: 'quarantined',
  pending: undefined,
  changedAt: undefined,
  previousHash: undefined,
  goneAt: undefined,
};

function isHidden({ state, goneAt }: Pin): boolean {
  return state === 'quarantined' && goneAt === undefined;
}

function isSamePin(a: Pin, b: Pin): boolean {
  return (Object.keys(a) as (keyof Pin)[]).every((key) => a[key] === b[key]);
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    if (cache.size >= maxCached) cache.clear();
    cache.set(key, value);
  }
  return value;
}
