/** Servers that can be declared from what a source of secrets has: for each service the names it needs, as references. Pure. */
import { chooseOffer, type DeclaredOffer, declareOffer } from './declare.ts';
import type { Catalog } from './entry.ts';
import type { NameReport } from './normalize.ts';

export interface Gathered extends DeclaredOffer {
  name: string;
  /** Values that a daemon can not reach by itself: they are to be in its environment under these names. */
  handOver: readonly { variable: string; from: string }[];
}

/**
 * One server for each service that names were matched to, in alphabetical order. `referenceTo` gives what stands for a value
 * of the source in a declaration; where it gives nothing, a variable of the server's own name does.
 */
export function gatherServers(
  { matched }: Pick<NameReport, 'matched'>,
  catalog: Catalog,
  referenceTo: (name: string) => string | undefined,
): Gathered[] {
  const services = [...new Set(matched.map(({ server }) => server))].sort();
  return services.flatMap((name) => {
    const entry = catalog.get(name);
    const own = matched.filter(({ server }) => server === name);
    const given = new Map(own.map(({ variable, name: from }) => [variable, referenceTo(from) ?? `\${env:${variable}}`]));
    const handOver = own.flatMap(({ variable, name: from }) => (referenceTo(from) === undefined ? [{ variable, from }] : []));
    const offer = entry && chooseOffer(entry, given);
    return entry && offer ? [{ name, handOver, ...declareOffer(entry, offer, given) }] : [];
  });
}
