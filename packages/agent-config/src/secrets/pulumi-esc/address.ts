/** Where an environment of Pulumi ESC is: which server, and which organization, project, name and version. */
import { SourceInputError } from '../source-error.ts';

export interface EscAddress {
  organization: string;
  project: string;
  environment: string;
  /** A revision number or tag; undefined for the latest. */
  version: string | undefined;
  /** As it was written. */
  text: string;
}

const cloud = 'https://api.pulumi.com';
const part = /^[A-Za-z0-9][\w.-]*$/;

/**
 * Takes `org/project/env[@version]` apart; `org/env`, the older form, is in the project `default`.
 * Throws SourceInputError.
 */
export function parseEscAddress(text: string): EscAddress {
  const [path = '', ...versions] = text.split('@');
  const parts = path.split('/');
  const [organization, project, environment] = parts.length === 2 ? [parts[0], 'default', parts[1]] : parts;
  const whole = parts.length === 2 || parts.length === 3;
  if (
    !whole ||
    versions.length > 1 ||
    versions[0] === '' ||
    ![organization, project, environment].every((one) => part.test(one ?? ''))
  ) {
    throw new SourceInputError(`esc:${text}`, 'is not the address of an environment', 'write org/project/environment[@version]');
  }
  const named = { organization, project, environment } as { organization: string; project: string; environment: string };
  return { ...named, version: versions[0], text };
}

/** The API's address: `$PULUMI_BACKEND_URL` with its port and path (self-hosted, or the EU's), else Pulumi's own. Throws SourceInputError. */
export function escBaseUrl(env: NodeJS.ProcessEnv): string {
  const url = URL.parse(env.PULUMI_BACKEND_URL || cloud);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new SourceInputError(
      'PULUMI_BACKEND_URL',
      'is not the address of an API',
      'write https://host[:port], without a user or password',
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** The environment's path in the API. */
export function escPath({ organization, project, environment }: EscAddress): string {
  return `/api/esc/environments/${[organization, project, environment].map(encodeURIComponent).join('/')}`;
}
