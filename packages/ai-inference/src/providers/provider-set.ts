/** The providers of this router: those that are configured, and those that the environment has a key or an address for. */
import { type HttpTarget, parseTarget } from '@switchyard/kit/http-client';
import type { Secrets } from '@switchyard/kit/secrets';
import { type ProviderConfig, providerSchema, type RouterConfig } from '../config.ts';
import type { PrivacyLevel } from '../routing/privacy.ts';
import { profiles } from './profiles.ts';
import { type ProviderProfile, type ProviderQuirks, type ProviderType, providerTypes } from './provider.ts';

/** A provider that can be asked. */
export interface Provider {
  readonly name: string;
  readonly profile: ProviderProfile;
  readonly baseUrl: string;
  readonly quirks: ProviderQuirks;
  /** What the owner says of it. */
  readonly privacy: PrivacyLevel | undefined;
  /** Where it comes from, for people. */
  readonly origin: 'configuration' | 'environment' | 'this machine';
  /** The address of a path below the base URL; the same object for the same path. */
  target(path: string): HttpTarget;
  /** The headers of a request, key included. Throws SecretError. */
  headers(): Record<string, string>;
  /** The headers of a request for its bill; undefined without a key for that. Throws SecretError. */
  readonly adminHeaders: (() => Record<string, string>) | undefined;
}

/** A provider that is not there, and what is missing. */
export interface MissingProvider {
  name: string;
  remedy: string;
}

export interface ProviderSet {
  providers: Provider[];
  missing: MissingProvider[];
}

/** Puts the set together. Ollama, when it is neither configured nor named by the environment, is found by `discovery.ts`. */
export function providersOf(config: RouterConfig, env: NodeJS.ProcessEnv, secrets: Secrets): ProviderSet {
  const providers: Provider[] = [];
  const missing: MissingProvider[] = [];
  for (const [name, settings] of Object.entries(config.providers)) {
    if (!settings.enabled) continue;
    const made = makeProvider({ name, settings, env, secrets, origin: 'configuration' });
    if ('remedy' in made) missing.push(made);
    else providers.push(made);
  }
  if (!config.discoverProviders) return { providers, missing };
  for (const type of providerTypes) {
    if (type === 'openai-compatible' || Object.hasOwn(config.providers, type)) continue;
    const { keyVariables, baseUrlVariable = '', keyless } = profiles[type];
    const hasKey = keyVariables.some((name) => env[name]);
    if (!hasKey && !env[baseUrlVariable]) {
      if (!keyless) missing.push({ name: type, remedy: `set ${keyVariables[0]}, or "providers.${type}.apiKey"` });
      continue;
    }
    const made = makeProvider({ name: type, settings: providerSchema.parse({}), env, secrets, origin: 'environment' });
    if ('remedy' in made) missing.push(made);
    else providers.push(made);
  }
  return { providers, missing };
}

interface Making {
  name: string;
  settings: ProviderConfig;
  env: NodeJS.ProcessEnv;
  secrets: Secrets;
  origin: Provider['origin'];
}

export function makeProvider({ name, settings, env, secrets, origin }: Making): Provider | MissingProvider {
  const type = settings.type ?? typeOfName(name);
  const profile = profiles[type];
  const ofEnvironment = name === type ? env[profile.baseUrlVariable ?? ''] : undefined;
  const baseUrl = (settings.baseUrl ?? (ofEnvironment || undefined) ?? profile.defaultBaseUrl)?.replace(/\/+$/, '');
  if (baseUrl === undefined) return { name, remedy: `set "providers.${name}.baseUrl"` };
  if (!URL.canParse(baseUrl)) return { name, remedy: `${profile.baseUrlVariable} is not a URL` };
  const variable = profile.keyVariables.find((candidate) => env[candidate]);
  const reference = settings.apiKey ?? (variable === undefined ? undefined : `\${env:${variable}}`);
  if (reference === undefined && !profile.keyless)
    return { name, remedy: `set ${profile.keyVariables[0]}, or "providers.${name}.apiKey"` };
  const fixed = { ...profile.headers, 'user-agent': 'switchyard' };
  const keyField = `providers.${name}.apiKey`;
  const further = Object.entries(settings.headers);
  const targets = new Map<string, HttpTarget>();
  /** The headers with the key as it was last. */
  let usual: { key: string | undefined; headers: Record<string, string> } | undefined;
  return {
    name,
    profile,
    baseUrl,
    origin,
    privacy: settings.privacy,
    quirks: { includeVeniceSystemPrompt: settings.includeVeniceSystemPrompt, contextTokens: settings.contextTokens },
    target(path) {
      let target = targets.get(path);
      if (!target) {
        target = parseTarget(joined(baseUrl, path));
        // Model names are part of some paths: a client must not be able to fill the memory with them.
        if (targets.size >= 1000) targets.clear();
        targets.set(path, target);
      }
      return target;
    },
    adminHeaders:
      settings.adminKey === undefined
        ? undefined
        : () => ({
            ...fixed,
            ...profile.authHeaders(secrets.resolve(settings.adminKey as string, `providers.${name}.adminKey`)),
          }),
    headers() {
      const key = reference === undefined ? undefined : secrets.resolve(reference, keyField);
      if (usual === undefined || usual.key !== key)
        usual = { key, headers: { ...fixed, ...(key !== undefined && profile.authHeaders(key)) } };
      const headers = { ...usual.headers };
      for (const [header, value] of further)
        headers[header.toLowerCase()] = secrets.resolve(value, `providers.${name}.headers.${header}`);
      return headers;
    },
  };
}

function typeOfName(name: string): ProviderType {
  return (providerTypes as readonly string[]).includes(name) ? (name as ProviderType) : 'openai-compatible';
}

/** A Unix socket's URL ends in `:/path`; without one the path follows a colon. */
function joined(baseUrl: string, path: string): string {
  if (!baseUrl.startsWith('unix:')) return baseUrl + path;
  return /:\//.test(baseUrl.slice('unix:'.length)) ? baseUrl + path : `${baseUrl}:${path}`;
}
