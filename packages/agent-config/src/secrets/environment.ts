/** Variables of this process. Good for development and CI; a service should rather be given files. */
import { SecretError } from '@switchyard/kit/secrets';
import type { SecretSource, SourceContext } from './source.ts';
import { SecretMissingError, SecretUnusableError } from './source-error.ts';

/** Variables whose names begin with `prefix`; names are given whole. */
export function environmentSource(prefix: string, { env, secrets }: SourceContext): SecretSource {
  return {
    kind: 'env',
    where: prefix === '' ? 'environment' : `environment, ${prefix}*`,
    list: async () =>
      Object.keys(env)
        .filter((name) => name.startsWith(prefix) && isName(name))
        .sort(),
    async read(name) {
      const origin = `environment variable ${name}`;
      if (!isName(name) || !Object.hasOwn(env, name)) {
        throw new SecretMissingError(origin, 'is not set', 'export it, or use a file or credential');
      }
      try {
        return { value: secrets.resolve(`\${env:${name}}`, 'env'), secret: true, origin };
      } catch (error) {
        if (!(error instanceof SecretError)) throw error;
        throw new SecretUnusableError(origin, 'is empty', 'set it to the secret, or unset it');
      }
    },
    referenceTo: (name) => `\${env:${name}}`,
  };
}

function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}
