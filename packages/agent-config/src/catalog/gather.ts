/** Servers that can be declared from what a source of secrets has: for each service the names it needs, as references. Pure. */
import { chooseOffer, type DeclaredOffer, declareOffer } from './declare.ts';
import type { Catalog } from './entry.ts';
import type { NameReport } from './normalize.ts';

export interface Gathered extends DeclaredOffer {
  name: string;
}

/**
 * One server for each service that names were matched to, in alphabetical order. `referenceTo` gives what stands for a value
 * of the source in a declaration; names it gives nothing for count as missing.
 */
export function gatherServers(
  { matched }: Pick<NameReport, 'matched'>,
  catalog: Catalog,
  referenceTo: (name: string) => string | undefined,
): Gathered[] {
  const services = [...new Set(matched.map(({ server }) => server))].sort();
  return services.flatMap((name) => {
    const entry = catalog.get(name);
    const references = matched
      .filter(({ server }) => server === name)
      .flatMap(({ variable, name: own }): [string, string][] => {
        const reference = referenceTo(own);
        return reference === undefined ? [] : [[variable, reference]];
      });
    const given = new Map(references);
    const offer = entry && chooseOffer(entry, given);
    return entry && offer ? [{ name, ...declareOffer(entry, offer, given) }] : [];
  });
}
