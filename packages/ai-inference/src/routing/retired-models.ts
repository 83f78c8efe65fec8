/**
 * Models that their makers no longer serve, and what to ask for instead. Only looked at when a provider that tells its models does not
 * have the name; `retiredModels` of the configuration goes before this table.
 * Source: the makers' pages on deprecated models, as of 2026-11-20.
 */
import { valueFor } from '@switchyard/dialects/model-name';

export interface Retirement {
  /** ISO date from which it is gone; absent: it is gone already. */
  on?: string;
  /** In order of preference. */
  successors: readonly string[];
}

const sonnet = ['claude-sonnet-5-5', 'claude-sonnet-5'];
const haiku = ['claude-haiku-5-5', 'claude-haiku-4-5'];
const flash = ['gemini-3.8-flash', 'gemini-3.7-flash'];
const flashLite = ['gemini-3.5-flash-lite'];

const retired: Readonly<Record<string, Retirement>> = {
  'claude-3-7-sonnet*': { on: '2026-02-19', successors: sonnet },
  'claude-3.7-sonnet*': { on: '2026-02-19', successors: sonnet },
  'claude-3-5-haiku*': { successors: haiku },
  'claude-3.5-haiku*': { successors: haiku },
  'claude-haiku-3.5*': { successors: haiku },
  'claude-sonnet-4-5-20250929': { on: '2026-11-30', successors: sonnet },
  'gemini-2.0-flash*': { successors: [...flash, ...flashLite] },
  'gemini-2.5-pro*': { on: '2026-12-01', successors: flash },
  'gemini-2.5-flash*': { on: '2026-12-01', successors: flashLite },
};

/** What may be asked for in place of a model, best first; a maker's name in front of it (`anthropic/…`) is kept. Empty for one that lives. */
export function successorsOf(
  model: string,
  nowMs: number,
  configured: Readonly<Record<string, string | readonly string[]>>,
): readonly string[] {
  const own = valueFor(model, configured);
  if (own !== undefined) return typeof own === 'string' ? [own] : own;
  const slash = model.lastIndexOf('/') + 1;
  const found = valueFor(model.slice(slash), retired);
  if (!found || (found.on !== undefined && Date.parse(found.on) > nowMs)) return [];
  return found.successors.map((name) => model.slice(0, slash) + name);
}
