/** Makes a server of the declaration from an entry of the catalog: the server's own names, and references where values go. Pure. */
import type { DeclaredServer } from '../declaration.ts';
import type { CatalogEntry, CatalogOffer, CatalogVariable } from './entry.ts';

/** What was made, and what is not right about it yet. */
export interface DeclaredOffer {
  server: DeclaredServer;
  offer: CatalogOffer;
  /** Variables that are needed and not given. */
  missing: readonly CatalogVariable[];
  /** What a person should know. */
  notes: readonly string[];
}

/** The offer of that name, or the best one: the first for which what it needs is given, else the first. */
export function chooseOffer(entry: CatalogEntry, given: ReadonlyMap<string, string>, name?: string): CatalogOffer | undefined {
  if (name !== undefined) return entry.offers.find((offer) => offer.name === name);
  const ready = entry.offers.find(
    (offer) => offer.variables.some((one) => given.has(one.name)) && missingOf(offer, given).length === 0,
  );
  return ready ?? entry.offers[0];
}

/** `given` holds references (`${env:X}`) or, for what is no secret, plain values; by the server's own names. */
export function declareOffer(entry: CatalogEntry, offer: CatalogOffer, given: ReadonlyMap<string, string>): DeclaredOffer {
  const values = new Map(given);
  for (const { name, default: otherwise } of offer.variables) {
    if (otherwise !== undefined && !values.has(name)) values.set(name, otherwise);
  }
  const missing = missingOf(offer, values);
  const notes = [
    entry.none,
    offer.auth === 'oauth' && 'signs in with OAuth: the agent does that itself in a browser (mode `direct`)',
    !offer.pinned && 'no exact version is known: write one into "args"',
    offer.notes,
    entry.notes,
  ].filter((note) => typeof note === 'string');
  return { server: offer.url === undefined ? localServer(offer, values) : remoteServer(offer, values), offer, missing, notes };
}

function remoteServer({ url = '', headers = {} }: CatalogOffer, values: ReadonlyMap<string, string>): DeclaredServer {
  const filled = Object.entries(headers).map(([name, template]) => [name, fill(template, values)]);
  return { type: 'http', url: fill(url, values), ...(filled.length > 0 && { headers: Object.fromEntries(filled) }) };
}

function localServer(
  { command = '', args = [], env = {}, variables }: CatalogOffer,
  values: ReadonlyMap<string, string>,
): DeclaredServer {
  const composed = Object.values(env).join(' ');
  const plain: Record<string, string> = {};
  const credentials: Record<string, string> = {};
  for (const [name, template] of Object.entries(env)) plain[name] = fill(template, values);
  for (const { name, secret } of variables) {
    const value = values.get(name);
    if (value === undefined || composed.includes(`{${name}}`)) continue;
    (secret ? credentials : plain)[name] = value;
  }
  return {
    command,
    args,
    ...(Object.keys(plain).length > 0 && { env: plain }),
    ...(Object.keys(credentials).length > 0 && { credentials }),
  };
}

/** What is not given becomes a reference to a variable of its name, which says by itself what is missing. */
function fill(template: string, values: ReadonlyMap<string, string>): string {
  return template.replace(/(?<!\$)\{([A-Z][A-Z0-9_]*)\}/g, (_, name: string) => values.get(name) ?? `\${env:${name}}`);
}

function missingOf({ variables }: CatalogOffer, values: ReadonlyMap<string, string>): CatalogVariable[] {
  const isGiven = ({ name, default: otherwise }: CatalogVariable) => values.has(name) || otherwise !== undefined;
  return variables.filter((variable) => {
    if (isGiven(variable)) return false;
    if (variable.oneOf === undefined) return variable.required;
    return !variables.some((other) => other.oneOf === variable.oneOf && isGiven(other));
  });
}
