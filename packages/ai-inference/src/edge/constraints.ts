/** What a request demands of whoever serves it, before any policy: who may read it, and what a model must be able to do. */
import { DialectError, type ModelError, type ModelRequest } from '@switchyard/dialects';
import type { InboundRequest } from '@switchyard/kit/inbound';
import type { Router } from '../router.ts';
import { couldLack, lackOf, type Needs, needsOf } from '../routing/fitness.ts';
import {
  isAllowed,
  isPrivacyLevel,
  isUndecided,
  type PrivacyLevel,
  privacyLevels,
  refusalOf,
  strictest,
} from '../routing/privacy.ts';
import type { Candidate } from '../routing/resolve.ts';
import type { Asker } from './asker.ts';

export const privacyHeader = 'x-switchyard-privacy';

/** Why a request is sent to nobody. */
export interface Rejection {
  error: ModelError;
  retryAfterMs?: number;
}

/**
 * The level of a request: the strictest of configuration, app, delegate, route and its own header. Throws DialectError for a level that is
 * none.
 */
export function privacyDemanded(
  { router, request, caller, delegate }: Asker & { router: Router; request: InboundRequest },
  route: { privacy: PrivacyLevel } | undefined,
): PrivacyLevel {
  const { apps, default: least } = router.config.privacy;
  const asked = request.headers[privacyHeader];
  if (asked !== undefined && (typeof asked !== 'string' || !isPrivacyLevel(asked)))
    throw new DialectError(privacyHeader, `must be one of ${privacyLevels.join(', ')}`);
  const of = (name: string | undefined) => (name !== undefined && Object.hasOwn(apps, name) ? apps[name] : undefined) ?? 'any';
  return strictest([least, of(caller), of(delegate), route?.privacy ?? 'any', (asked as PrivacyLevel | undefined) ?? 'any']);
}

/** Brings in the lists of models that a level other than `any` depends on. */
export async function knowPrivacy({ catalog, providers }: Router): Promise<void> {
  if (providers.some((provider) => provider.profile.tellsPrivacy && catalog.sizeOf(provider) === undefined)) await catalog.load();
}

/** Those that may read a request of a level, or the error that says why there are none. */
export async function allowedAmong(
  router: Router,
  privacy: PrivacyLevel,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[] | Rejection> {
  if (privacy !== 'any') await knowPrivacy(router);
  return allowedOf(router, privacy, candidates);
}

function allowedOf(
  { catalog }: Router,
  privacy: PrivacyLevel,
  candidates: readonly Candidate[],
): readonly Candidate[] | Rejection {
  if (privacy === 'any') return candidates;
  const allowed = candidates.filter((one) => isAllowed(one, catalog.known(one.provider, one.model), privacy));
  if (allowed.length > 0) return allowed;
  return { error: { kind: 'permission', message: refusalOf(privacy, candidates), code: 'privacy' } };
}

/** The demands of one conversation-like request. */
export class Constraints {
  readonly privacy: PrivacyLevel;
  readonly #router: Router;
  readonly #bodyBytes: number;
  readonly #request: () => ModelRequest;
  #needs: Needs | undefined;

  constructor(router: Router, privacy: PrivacyLevel, bodyBytes: number, request: () => ModelRequest) {
    this.#router = router;
    this.privacy = privacy;
    this.#bodyBytes = bodyBytes;
    this.#request = request;
  }

  /** Why a candidate must not or cannot serve the request; undefined when it may. */
  problemOf(candidate: Candidate): string | undefined {
    const info = this.#router.catalog.known(candidate.provider, candidate.model);
    if (!isAllowed(candidate, info, this.privacy)) {
      const why = isUndecided(candidate.provider, info)
        ? 'nobody knows what becomes of prompts there'
        : 'it is not trusted that far';
      return `the request is marked "${this.privacy}": ${why}`;
    }
    const lack = this.#lackOf(candidate);
    return lack && `it has no ${lack}`;
  }

  /** Of these also those that can serve it; where none can they are asked all the same, and say it themselves. */
  suitable(candidates: readonly Candidate[]): readonly Candidate[] | Rejection {
    const allowed = allowedOf(this.#router, this.privacy, candidates);
    if ('error' in allowed || allowed.length === 1) return allowed;
    const able = allowed.filter((one) => this.#lackOf(one) === undefined);
    return able.length > 0 ? able : allowed;
  }

  #lackOf({ provider, model }: Candidate): string | undefined {
    const info = this.#router.catalog.known(provider, model);
    if (!couldLack(info, this.#bodyBytes)) return undefined;
    this.#needs ??= needsOf(this.#request());
    return lackOf(info, this.#needs);
  }
}
