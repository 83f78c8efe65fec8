/** Finds the entry and offer of the catalog that a declared server is, whatever it is called: by its URL or its package. Pure. */
import type { DeclaredServer } from '../declaration.ts';
import type { Catalog, CatalogEntry, CatalogOffer } from './entry.ts';

export interface Recognized {
  name: string;
  entry: CatalogEntry;
  offer: CatalogOffer;
}

/** Undefined for a server the catalog does not know. Of several that fit, the one of the same name. */
export function recognize(name: string, server: DeclaredServer, catalog: Catalog): Recognized | undefined {
  const own = identityOf(server.url ?? server.httpUrl ?? server.serverUrl, server.args);
  if (own === undefined) return undefined;
  const found = [...catalog].flatMap(([name, entry]) =>
    entry.offers.filter((offer) => identityOf(offer.url, offer.args) === own).map((offer) => ({ name, entry, offer })),
  );
  return found.find((one) => one.name === name) ?? (found.length === 1 ? found[0] : undefined);
}

/** Where it is, without what may differ: versions, and what comes after a URL's path. */
function identityOf(url: string | undefined, args: readonly string[] | undefined): string | undefined {
  if (url !== undefined) {
    const parsed = URL.parse(url);
    return parsed === null ? undefined : parsed.host + parsed.pathname.replace(/\/+$/, '');
  }
  const spec = args?.map(packageOf).find((one) => one !== undefined);
  return spec === undefined ? undefined : `package ${spec}`;
}

/** `@acme/x@1.0`, `x==1.0`, `ghcr.io/acme/x:v1` without their versions; undefined for a flag or a path. */
export function packageOf(arg: string): string | undefined {
  if (/^[-./~]/.test(arg) || arg === 'run' || /^[A-Z0-9_]+$/.test(arg)) return undefined;
  return /^((?:@[\w.-]+\/)?[\w./-]+?)(?:(?:@|==|:)[\w.+-]+)?$/.exec(arg)?.[1];
}

/** Whether an argument names an exact version: `x@1.2.3`, `x==1.2.3`, `image:v1.2`, `image@sha256:…`. */
export function isPinned(arg: string): boolean {
  return /(@|==|:)v?\d[\w.+-]*$/.test(arg) || arg.includes('@sha256:');
}
