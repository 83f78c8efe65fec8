/** From the name a client asks for to the route: which providers are asked, with which model, in which order. Pure. */
import { valueFor } from '@switchyard/dialects/model-name';
import { didYouMean } from '@switchyard/kit/nearest';
import type { Provider } from '../providers/provider-set.ts';

/** One step of a route. */
export interface Candidate {
  provider: Provider;
  /** In the provider's own words. */
  model: string;
  /** The name that was asked for, where its maker retired it. */
  insteadOf?: string;
}

export interface Resolving {
  providers: readonly Provider[];
  aliases: Readonly<Record<string, string | readonly string[]>>;
  defaultModel: string | readonly string[] | undefined;
  /** Providers that list a model of this name. */
  find(model: string): readonly { provider: Provider }[];
  /** What this provider has in place of a retired model that it no longer has; undefined for any other name. */
  successorAt(provider: Provider, model: string): string | undefined;
  /** All names that can be asked for, for suggestions. */
  names(): readonly string[];
}

/** A route, or why there is none. `needsCatalog`: the answer may be another once the providers' models are known. */
export type Route =
  | { candidates: Candidate[] }
  | { problem: 'unknown-model' | 'no-provider'; message: string; needsCatalog: boolean };

/** Aliases may lead to aliases, but not for ever. */
const deepest = 5;

/**
 * In this order: an alias; `provider/model`, the rest of the name untouched; a model that a provider lists; the successor of a retired one; the only provider
 * there is, whatever it lists; the default model.
 */
export function resolveModel(asked: string, from: Resolving): Route {
  const candidates = candidatesOf(asked, from, 0);
  if (candidates.length > 0) return { candidates };
  const fallback =
    from.defaultModel === undefined ? [] : listOf(from.defaultModel).flatMap((name) => candidatesOf(name, from, 1));
  if (fallback.length > 0) return { candidates: fallback };
  if (from.providers.length === 0)
    return { problem: 'no-provider', message: 'no provider of models is set up', needsCatalog: false };
  return {
    problem: 'unknown-model',
    message: `no provider here has a model "${asked}"${didYouMean(asked, [...from.names()])}; write "provider/model" to name one (${from.providers.map(({ name }) => name).join(', ')})`,
    needsCatalog: true,
  };
}

function candidatesOf(asked: string, from: Resolving, depth: number): Candidate[] {
  if (depth > deepest) return [];
  const alias = valueFor(asked, from.aliases);
  if (alias !== undefined) {
    const names = listOf(alias);
    // An alias may bear the name of the model it leads to.
    return names.flatMap((name) => (name === asked ? directly(name, from) : candidatesOf(name, from, depth + 1)));
  }
  return directly(asked, from);
}

function directly(asked: string, { providers, find, successorAt }: Resolving): Candidate[] {
  const slash = asked.indexOf('/');
  if (slash > 0) {
    const name = asked.slice(0, slash);
    const provider = providers.find((one) => one.name === name);
    const model = asked.slice(slash + 1);
    if (provider && model !== '') return [living({ provider, model }, successorAt)];
  }
  const found = find(asked);
  if (found.length > 0) return found.map(({ provider }) => ({ provider, model: asked }));
  const renewed = providers.map((provider) => living({ provider, model: asked }, successorAt)).filter((one) => one.insteadOf);
  if (renewed.length > 0) return renewed;
  const [only] = providers;
  return only && providers.length === 1 && asked !== '' ? [{ provider: only, model: asked }] : [];
}

/** The candidate itself, or the one that serves in its place. */
function living(candidate: Candidate, successorAt: Resolving['successorAt']): Candidate {
  const model = successorAt(candidate.provider, candidate.model);
  return model === undefined ? candidate : { provider: candidate.provider, model, insteadOf: candidate.model };
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
