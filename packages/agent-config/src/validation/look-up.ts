/** Looks at what the references of a declaration point to: on this machine, or in sources of secrets. Values are read and forgotten. */

import { didYouMean } from '@switchyard/kit/nearest';
import { SecretError } from '@switchyard/kit/secrets';
import type { Catalog } from '../catalog/entry.ts';
import { type NameReport, normalizeNames } from '../catalog/normalize.ts';
import { recognize } from '../catalog/recognize.ts';
import type { Declaration, DeclaredServer } from '../declaration.ts';
import type { SecretSource, SourceContext } from '../secrets/source.ts';
import { SecretMissingError, SecretUnusableError } from '../secrets/source-error.ts';
import { referenceKey } from './judge.ts';
import { type Reference, referencesOf } from './references.ts';
import type { ReferenceState } from './row.ts';

/** What a source has, and what its names mean. */
interface Stock {
  source: SecretSource;
  names: readonly string[];
  report: NameReport;
}

/** What was found, by `referenceKey`. */
export interface LookedUp {
  states: ReadonlyMap<string, ReferenceState>;
  /** Only for those that are there. For starting and reaching the servers; never for showing. */
  values: ReadonlyMap<string, string>;
}

/**
 * The state of every reference. With sources, `${env:X}` is looked for in them, under its own name and
 * under names that mean the same; without, in this process. Files and credentials are always looked for on this machine.
 * Throws SourceError when a source as a whole does not answer.
 */
export async function lookUp(
  { mcpServers }: Pick<Declaration, 'mcpServers'>,
  sources: readonly SecretSource[],
  catalog: Catalog,
  context: SourceContext,
): Promise<LookedUp> {
  const stocks: Stock[] = [];
  for (const source of sources) {
    const names = (await source.list()) ?? [];
    stocks.push({ source, names, report: normalizeNames(names, catalog) });
  }
  const states = new Map<string, ReferenceState>();
  const values = new Map<string, string>();
  for (const [name, server] of Object.entries(mcpServers)) {
    for (const reference of referencesOf(server, context.env)) {
      const inStock = reference.kind === 'env' && stocks.length > 0;
      const found = inStock ? await inSources(reference, name, server, stocks, catalog) : onThisMachine(reference, context);
      const key = referenceKey(name, reference.text);
      states.set(key, found.state);
      if (found.value !== undefined) values.set(key, found.value);
    }
  }
  return { states, values };
}

interface Found {
  state: ReferenceState;
  value?: string;
}

const bad = (problem: string): Found => ({ state: { state: 'bad', problem } });

async function inSources(
  { name: wanted }: Reference,
  name: string,
  server: DeclaredServer,
  stocks: readonly Stock[],
  catalog: Catalog,
): Promise<Found> {
  const service = recognize(name, server, catalog)?.name ?? name;
  for (const { source, names, report } of stocks) {
    const match = report.matched.find((one) => one.variable === wanted && one.server === service);
    const found = names.includes(wanted) ? wanted : match?.name;
    if (found === undefined) continue;
    try {
      const { value, warning } = await source.read(found);
      const renamed = found === wanted ? undefined : `${source.where} has it as ${found} (rule ${match?.rule})`;
      const note = [renamed, warning].filter(Boolean).join('; ');
      return { state: { state: 'ok', ...(note !== '' && { note }) }, value };
    } catch (error) {
      if (error instanceof SecretMissingError || error instanceof SecretUnusableError) return bad(error.message);
      throw error;
    }
  }
  const doubt = stocks
    .flatMap(({ report }) => report.ambiguous)
    .find(({ meanings }) => meanings.includes(`${service} ${wanted}`));
  if (doubt) return bad(`${wanted}: ${doubt.names.join(' and ')} may mean it: ${doubt.why}`);
  const all = stocks.flatMap(({ names }) => names);
  const places = stocks.map(({ source }) => source.where).join(' and ');
  return bad(`${wanted} is not in ${places}${didYouMean(wanted, all)}`);
}

function onThisMachine({ text, kind, name }: Reference, { secrets, env }: SourceContext): Found {
  if (kind === 'credential' && !env.CREDENTIALS_DIRECTORY) {
    return { state: { state: 'unchecked', note: `credential ${name} is there only inside the unit: not looked at` } };
  }
  try {
    return { state: { state: 'ok' }, value: secrets.resolve(text, text) };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return bad(error.message.slice(text.length + 2));
  }
}
