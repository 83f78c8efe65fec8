/** Who asks: the app whose key came with a request, or the one that a delegate asks for. */
import { DialectError } from '@switchyard/dialects';
import { type Access, appName, appNameRule } from '@switchyard/kit/access';
import type { InboundRequest } from '@switchyard/kit/inbound';
import type { RouterConfig } from '../config.ts';

const appHeader = 'x-switchyard-app';

export interface Asker {
  /** Whose budgets, usage and privacy these are: the name of a key, `anonymous`, or what a delegate said. */
  caller: string;
  /** The name of the key that it came with, where that is another one. */
  delegate: string | undefined;
}

/** Throws DialectError for a name that is none, SecretError when a key cannot be read. Whoever is no delegate speaks for itself alone. */
export function askerOf(
  request: InboundRequest,
  access: Access,
  { access: { delegates } }: RouterConfig,
): (Asker & { refusal?: undefined }) | { refusal: string } {
  const admission = access.admit(request);
  if (admission.refusal !== undefined) return admission;
  const { caller } = admission;
  const app = request.headers[appHeader];
  if (app === undefined || !delegates.includes(caller)) return { caller, delegate: undefined };
  if (typeof app !== 'string' || !appName.test(app)) throw new DialectError(appHeader, appNameRule);
  return { caller: app, delegate: caller };
}
