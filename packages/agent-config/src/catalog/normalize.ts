/**
 * Which variable of which server a secret's name means. Sources spell names their own way (`mcp/github_token`,
 * `github.access_token`, `GITHUB_API_KEY`); what is written out is always the server's own name. Pure.
 */
import type { Catalog, CatalogVariable, VariableField } from './entry.ts';
import { ignoredBeginnings, nameRules } from './name-rules.ts';

/** A name and what it was taken for. */
export interface NameMatch {
  /** In the source's spelling. */
  name: string;
  server: string;
  field: VariableField;
  /** The server's own name for it. */
  variable: string;
  /** `exact`: the server's own name. `alias`: a known other name. Else the ending that matched, as `*_TOKEN`. */
  rule: string;
}

/** A name that may mean several things, or several names that mean the same. */
export interface NameDoubt {
  names: readonly string[];
  /** What they may mean, as `server VARIABLE`. */
  meanings: readonly string[];
  why: string;
}

export interface NameReport {
  matched: readonly NameMatch[];
  ambiguous: readonly NameDoubt[];
  /** Names that mean nothing to any server, with the reason where there is one. */
  left: readonly { name: string; why?: string }[];
}

interface Candidate extends NameMatch {
  /** Smaller is surer. */
  rank: number;
}

/** Reads all names at once. Of several names for one variable the surest is taken; a draw is told and nothing is taken. */
export function normalizeNames(names: readonly string[], catalog: Catalog): NameReport {
  const matched: NameMatch[] = [];
  const ambiguous: NameDoubt[] = [];
  const left: { name: string; why?: string }[] = [];
  const byVariable = new Map<string, Candidate[]>();
  for (const name of names) {
    const found = candidatesFor(name, catalog);
    if (found.length === 0) {
      left.push(leftOver(name, catalog));
      continue;
    }
    const best = found.filter(({ rank }) => rank === Math.min(...found.map((one) => one.rank)));
    const meanings = [...new Set(best.map(({ server, variable }) => `${server} ${variable}`))];
    if (meanings.length > 1) {
      ambiguous.push({
        names: [name],
        meanings,
        why: `rename it to one of ${[...new Set(best.map(({ variable }) => variable))].join(', ')}`,
      });
      continue;
    }
    for (const one of best) {
      const key = `${one.server} ${one.variable}`;
      byVariable.set(key, [...(byVariable.get(key) ?? []), one]);
    }
  }
  for (const [meaning, candidates] of byVariable) {
    const surest = Math.min(...candidates.map(({ rank }) => rank));
    const best = candidates.filter(({ rank }) => rank === surest);
    if (best.length > 1) {
      ambiguous.push({ names: best.map(({ name }) => name), meanings: [meaning], why: 'keep one of them' });
      continue;
    }
    for (const { rank, ...match } of candidates) {
      if (rank === surest) matched.push(match);
      else left.push({ name: match.name, why: `${best[0]?.name} is taken for ${meaning}` });
    }
  }
  return { matched, ambiguous, left };
}

/** `mcp/github.access-token` → `GITHUB_ACCESS_TOKEN`. */
export function foldName(name: string): string {
  const folded = name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toUpperCase();
  const beginning = ignoredBeginnings.find((one) => folded.startsWith(one) && folded.length > one.length);
  return beginning === undefined ? folded : folded.slice(beginning.length);
}

/** As it stands, without what people put before it, and with `camelCase` taken apart: `GitHub` is one word and `githubToken` two. */
function spellings(name: string): string[] {
  return [...new Set([name, foldName(name), foldName(name.replace(/([a-z0-9])([A-Z][a-z])/g, '$1_$2'))])];
}

function candidatesFor(name: string, catalog: Catalog): Candidate[] {
  const found: Candidate[] = [];
  for (const [server, variables] of variablesOf(catalog)) {
    for (const spelling of spellings(name)) {
      for (const { name: variable, field, from } of variables.values()) {
        if (variable === spelling) found.push({ name, server, field, variable, rule: 'exact', rank: 0 });
        else if (from.includes(spelling)) found.push({ name, server, field, variable, rule: 'alias', rank: 1 });
      }
      found.push(...byEnding(name, spelling, server, catalog, variables));
    }
  }
  return found;
}

function byEnding(
  name: string,
  spelling: string,
  server: string,
  catalog: Catalog,
  variables: Map<string, CatalogVariable>,
): Candidate[] {
  const rest = restAfterServer(spelling, server, catalog);
  if (rest === undefined) return [];
  for (const { field, endings } of nameRules) {
    const index = endings.indexOf(rest);
    if (index < 0) continue;
    return [...variables.values()]
      .filter((variable) => variable.field === field)
      .map(({ name: variable }) => ({ name, server, field, variable, rule: `*_${rest}`, rank: 2 + index }));
  }
  return [];
}

/** What follows the service's name; undefined where it is not there, or a longer name of another service is. */
function restAfterServer(folded: string, server: string, catalog: Catalog): string | undefined {
  const own = longestBeginning(folded, server, catalog);
  if (own === undefined) return undefined;
  const others = [...catalog.keys()].filter((other) => other !== server);
  if (others.some((other) => (longestBeginning(folded, other, catalog)?.length ?? 0) > own.length)) return undefined;
  return folded.slice(own.length);
}

function longestBeginning(folded: string, server: string, catalog: Catalog): string | undefined {
  const beginnings = [server.replaceAll('-', '_').toUpperCase(), ...(catalog.get(server)?.prefixes ?? [])].map(
    (one) => `${one}_`,
  );
  return beginnings.filter((one) => folded.startsWith(one)).sort((a, b) => b.length - a.length)[0];
}

function leftOver(name: string, catalog: Catalog): { name: string; why?: string } {
  const folded = foldName(name);
  for (const server of catalog.keys()) {
    const rest = restAfterServer(folded, server, catalog);
    if (rest === undefined) continue;
    const isConfig = nameRules.some(({ field, endings }) => field === 'config' && endings.includes(rest));
    const why = isConfig
      ? `${server} takes no whole configuration: keep each of its variables by itself`
      : `${server} reads no such variable (\`switchyard catalog show ${server}\`)`;
    return { name, why };
  }
  return { name };
}

/** Each server's variables over all its offers, each name once. */
function variablesOf(catalog: Catalog): Map<string, Map<string, CatalogVariable>> {
  return new Map(
    [...catalog].map(([server, { offers }]) => [
      server,
      new Map(offers.flatMap(({ variables }) => variables).map((variable) => [variable.name, variable])),
    ]),
  );
}
