/** An environment of Pulumi ESC as a source: its `environmentVariables`, and its `files` as `files.NAME`. */
import { plainValue } from '../plain-value.ts';
import type { SecretSource, SourceContext } from '../source.ts';
import { SecretMissingError, SecretUnusableError } from '../source-error.ts';
import { parseEscAddress } from './address.ts';
import { EscClient } from './client.ts';
import type { EscEnvironment, EscValue } from './evaluated.ts';

export interface EscSource extends SecretSource {
  /**
   * Whether the environment's definition has changed since it was read, as far as can be known; it is then read again by the
   * next question. True also the first time, when there is nothing to compare with.
   */
  refresh(): Promise<boolean>;
}

/** `address` is `org/project/env[@version]`. The environment is read once, and again after `refresh` found a change. */
export function escSource(address: string, context: SourceContext): EscSource {
  const client = new EscClient(parseEscAddress(address), context);
  let opened: Promise<EscEnvironment> | undefined;
  let etag: string | undefined;
  const environment = () => {
    opened ??= client.read();
    opened.catch(() => (opened = undefined));
    return opened;
  };
  return {
    kind: 'esc',
    where: address,
    async list() {
      const { variables, files } = await environment();
      return [...variables.keys(), ...[...files.keys()].map((name) => `files.${name}`)];
    },
    async read(name) {
      const { variables, files } = await environment();
      const file = name.startsWith('files.') ? files.get(name.slice('files.'.length)) : undefined;
      const origin = `${client.origin}, ${file ? name : `environmentVariables.${name}`}`;
      const found = file ?? variables.get(name);
      if (!found) throw new SecretMissingError(origin, 'no such property', 'add it with `esc env set`, or check its spelling');
      const text = textOf(found, origin);
      const value = file ? text : plainValue(text, origin);
      if (found.secret) context.secrets.remember(value);
      return { value, secret: found.secret, origin };
    },
    referenceTo: (name) => (name.startsWith('files.') ? undefined : `\${env:${name}}`),
    async refresh() {
      const now = await client.etag();
      const changed = now !== etag;
      etag = now;
      if (changed) opened = undefined;
      return changed;
    },
  };
}

function textOf(found: EscValue, origin: string): string {
  if ('text' in found) return found.text;
  throw new SecretUnusableError(origin, found.problem, 'look at it with `esc env open`, and mend its definition');
}
