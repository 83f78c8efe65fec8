/** systemd's credentials of the running unit: the files in `$CREDENTIALS_DIRECTORY` (systemd.exec(5)). */
import { readdirSync } from 'node:fs';
import { SecretError } from '@switchyard/kit/secrets';
import type { SecretSource, SourceContext } from './source.ts';
import { SecretMissingError, SecretUnusableError, SourceUnreachableError } from './source-error.ts';

/** The credentials of this process. They stay as they are for its life: a new value needs a restart. */
export function credentialsSource({ env, secrets }: SourceContext): SecretSource {
  const directory = env.CREDENTIALS_DIRECTORY;
  const folder = (): string => {
    if (directory !== undefined && directory !== '') return directory;
    throw new SourceUnreachableError(
      'credentials',
      'CREDENTIALS_DIRECTORY is not set',
      'run as a unit with LoadCredential=NAME:/path, or name another source',
    );
  };
  const names = (): string[] => {
    try {
      return readdirSync(folder()).sort();
    } catch (error) {
      if (error instanceof SourceUnreachableError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new SourceUnreachableError(folder(), `the folder can not be read (${code})`, 'is this the unit’s own user?');
    }
  };
  return {
    kind: 'credentials',
    where: directory ?? '$CREDENTIALS_DIRECTORY',
    list: async () => names(),
    async read(name) {
      const origin = `credential ${name}`;
      if (!names().includes(name)) {
        throw new SecretMissingError(origin, `does not exist in ${folder()}`, `add LoadCredential=${name}:/path to the unit`);
      }
      try {
        return { value: secrets.resolve(`\${credential:${name}}`, 'credential'), secret: true, origin };
      } catch (error) {
        if (!(error instanceof SecretError)) throw error;
        throw new SecretUnusableError(
          origin,
          error.message.replace(/^credential: /, ''),
          'write the source of the credential again',
        );
      }
    },
    referenceTo: (name) => `\${credential:${name}}`,
  };
}
