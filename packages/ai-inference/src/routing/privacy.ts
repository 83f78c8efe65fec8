/**
 * Who may read a prompt, as a hard constraint: a request that asks for a level is sent to nobody below it, whatever a route, an alias or a
 * failure would make of it.
 */
import type { ModelInfo } from '../providers/provider.ts';
import type { Provider } from '../providers/provider-set.ts';
import type { Candidate } from './resolve.ts';

/**
 * From loosest to strictest. `any`: everybody. `anonymized`: a provider that may keep prompts, but not who sent them. `private`: one that
 * keeps nothing and trains on nothing. `local`: this machine, or what the owner says is theirs.
 */
export const privacyLevels = ['any', 'anonymized', 'private', 'local'] as const;
export type PrivacyLevel = (typeof privacyLevels)[number];

export function isPrivacyLevel(value: string): value is PrivacyLevel {
  return (privacyLevels as readonly string[]).includes(value);
}

/** The strictest of several demands. */
export function strictest(levels: readonly PrivacyLevel[]): PrivacyLevel {
  return privacyLevels[Math.max(0, ...levels.map((level) => privacyLevels.indexOf(level)))] as PrivacyLevel;
}

/**
 * What a model of a provider can be trusted with: what the owner says of the provider, else where it is, else what the provider says of
 * the model; a provider that can be held to it by each request is trusted with that.
 */
export function privacyOf(provider: Provider, info: ModelInfo | undefined): PrivacyLevel {
  if (provider.privacy !== undefined) return provider.privacy;
  if (isOnThisMachine(provider.baseUrl)) return 'local';
  if (info?.privacy !== undefined && isPrivacyLevel(info.privacy)) return info.privacy;
  return provider.profile.privateFields ? 'private' : 'any';
}

/** Whether the answer depends on a list of models that is not there yet. */
export function isUndecided(provider: Provider, info: ModelInfo | undefined): boolean {
  return provider.profile.tellsPrivacy === true && info === undefined && provider.privacy === undefined;
}

export function isAllowed(candidate: Candidate, info: ModelInfo | undefined, demanded: PrivacyLevel): boolean {
  return demanded === 'any' || privacyLevels.indexOf(privacyOf(candidate.provider, info)) >= privacyLevels.indexOf(demanded);
}

/** The message for a request that nobody may be sent. */
export function refusalOf(demanded: PrivacyLevel, candidates: readonly Candidate[]): string {
  const asked = candidates.map(({ provider, model }) => `${provider.name}/${model}`).join(', ');
  return `the request is marked "${demanded}", and none of ${asked} may read it; route it to a provider with "privacy": "${demanded}" or stricter`;
}

/** Whether an address leads nowhere else. */
export function isOnThisMachine(baseUrl: string): boolean {
  if (baseUrl.startsWith('unix:')) return true;
  const { hostname } = new URL(baseUrl);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
