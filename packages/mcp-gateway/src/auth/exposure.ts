/** Refuses to listen where strangers could come in and nothing would tell them apart. Pure. */
import { isLoopback, type ListenSpec } from '@switchyard/kit/listen';
import type { AuthSettings } from './settings.ts';

export interface Exposure {
  /** The setting that is wrong. */
  setting: string;
  message: string;
}

/**
 * What is wrong with these addresses under these settings, if anything. A host that is not loopback needs someone who could
 * prove who they are: at least one token, or OAuth; and nobody may get in without.
 */
export function exposureOf(
  specs: readonly ListenSpec[],
  { anonymous, oauth, tokens }: Pick<AuthSettings, 'anonymous' | 'oauth' | 'tokens'>,
  hasTokens: boolean,
): Exposure | undefined {
  const host = specs.find((spec) => spec.port !== undefined && !isLoopback(spec.host ?? '127.0.0.1'))?.host;
  if (host === undefined) return undefined;
  if (anonymous === 'always') {
    const message = `"always" would let everyone who reaches ${host} do everything; set "loopback" or "never", or listen on 127.0.0.1`;
    return { setting: 'auth.anonymous', message };
  }
  if (hasTokens || oauth || Object.keys(tokens).length > 0) return undefined;
  const message = `${host} can be reached from other machines, and nobody could say who they are: create a token first (\`switchyard token create --name NAME\`), set "auth.tokens" or "auth.oauth", or listen on 127.0.0.1`;
  return { setting: 'listen.host', message };
}
