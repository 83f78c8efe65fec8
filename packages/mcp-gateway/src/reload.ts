/** What a new configuration changes. Pure. */
import type { GatewayConfig } from './config.ts';
import { canonicalJson } from './jsonrpc/canonical.ts';

export interface Reloaded {
  added: string[];
  changed: string[];
  removed: string[];
  unchanged: string[];
  /** Settings that differ but take effect only at the next start. */
  needRestart: string[];
}

/** Settings that a running gateway takes over. */
const live = new Set<keyof GatewayConfig>([
  'mcpServers',
  'toolTrust',
  'groups',
  'allowedHosts',
  'allowedOrigins',
  'runtimeChanges',
  'logLevel',
  'bodyLimitBytes',
]);

export function planReload(before: GatewayConfig, after: GatewayConfig): Reloaded {
  const same = (a: unknown, b: unknown) => canonicalJson(a) === canonicalJson(b);
  const names = Object.keys(after.mcpServers);
  const known = (name: string) => Object.hasOwn(before.mcpServers, name);
  const isSame = (name: string) => known(name) && same(before.mcpServers[name], after.mcpServers[name]);
  return {
    added: names.filter((name) => !known(name)),
    changed: names.filter((name) => known(name) && !isSame(name)),
    removed: Object.keys(before.mcpServers).filter((name) => !Object.hasOwn(after.mcpServers, name)),
    unchanged: names.filter(isSame),
    needRestart: (Object.keys(after) as (keyof GatewayConfig)[]).filter(
      (key) => !live.has(key) && !same(before[key], after[key]),
    ),
  };
}
