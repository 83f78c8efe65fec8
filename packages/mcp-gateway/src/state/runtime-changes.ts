/** What was changed at run time about the declared servers: which value is in force, and when a change ends. */
import type { Clock } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import { Problem } from '@switchyard/kit/problem';
import type { GatewayConfig, ServerConfig } from '../config.ts';
import { baseHash, type OverlayRow, type Store } from './store.ts';

export interface RuntimeChangesOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** The configuration in force. */
  config(): GatewayConfig;
}

export class RuntimeChanges {
  readonly #options: RuntimeChangesOptions;
  /** Changes that are not to be kept, by server. */
  readonly #untilRestart = new Map<string, OverlayRow>();

  constructor(options: RuntimeChangesOptions) {
    this.#options = options;
    this.dropStale();
  }

  /** All changes in force. */
  get rows(): OverlayRow[] {
    return [...this.#options.store.overlay(), ...this.#untilRestart.values()];
  }

  /** Whether the configuration wants the server to run, whatever was changed since. */
  declaredEnabled(name: string): boolean {
    return isDeclaredEnabled(this.#options.config().mcpServers[name] as ServerConfig);
  }

  /** Whether a server is to run: as it was changed, else as it is declared. */
  enabled(name: string): boolean {
    const row = this.rows.find((candidate) => candidate.server === name && candidate.field === 'enabled');
    return row ? row.value === true : this.declaredEnabled(name);
  }

  /** Notes that a server was enabled or disabled, as far as `runtimeChanges` allows. Throws Problem 403. */
  setEnabled(name: string, enabled: boolean, who: string): void {
    const { store, clock, config } = this.#options;
    const policy = config().runtimeChanges;
    if (policy === 'deny')
      throw new Problem(403, {
        detail: 'runtime changes are denied by the setting "runtimeChanges"; change the declaration instead',
      });
    const declared = this.declaredEnabled(name);
    const when = new Date(clock.now()).toISOString();
    const row: OverlayRow = { server: name, field: 'enabled', value: enabled, baseHash: baseHash(declared), who, when };
    this.#untilRestart.delete(name);
    store.deleteOverlay(name, 'enabled');
    if (enabled === declared) return;
    if (policy === 'until-restart') this.#untilRestart.set(name, row);
    else store.putOverlay(row);
  }

  /** Ends the changes whose declared value is another now, or that the policy no longer allows. */
  dropStale(): void {
    const { store, config, logger } = this.#options;
    const { mcpServers, runtimeChanges } = config();
    for (const row of this.rows) {
      const server = mcpServers[row.server];
      const isKept = !this.#untilRestart.has(row.server);
      const isAllowed = runtimeChanges === (isKept ? 'persist' : 'until-restart');
      if (server && isAllowed && row.baseHash === baseHash(isDeclaredEnabled(server))) continue;
      logger.info('a runtime change ends: what it changed is declared otherwise now', { server: row.server, field: row.field });
      if (isKept) store.deleteOverlay(row.server, row.field);
      else this.#untilRestart.delete(row.server);
    }
  }
}

function isDeclaredEnabled(server: ServerConfig): boolean {
  return server.enabled ?? !(server.disabled ?? false);
}
