/** A folder of `NAME.age` files, decrypted with the program `age` and an identity of the user. agenix's installed files are `agenix`. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { plainValue } from './plain-value.ts';
import { runProgram } from './program.ts';
import type { SecretSource, SourceContext } from './source.ts';
import { SecretMissingError, SourceInputError, SourceUnreachableError } from './source-error.ts';

/** The identity is `$AGE_IDENTITY`, a path; else `~/.ssh/id_ed25519`. Names have no `.age` at their end. */
export function ageSource(directory: string, context: SourceContext): SecretSource {
  const identity = context.env.AGE_IDENTITY ?? join(context.env.HOME ?? '', '.ssh', 'id_ed25519');
  return {
    kind: 'age',
    where: directory,
    async list() {
      try {
        return readdirSync(directory)
          .filter((file) => file.endsWith('.age'))
          .map((file) => file.slice(0, -'.age'.length))
          .sort();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new SourceUnreachableError(directory, `the folder can not be read (${code})`, 'check the path and its permissions');
      }
    },
    async read(name) {
      const origin = join(directory, `${name}.age`);
      if (/[/\0]/.test(name))
        throw new SourceInputError(directory, `"${name}" is not the name of a file in it`, 'write a bare name');
      if (!statSync(origin, { throwIfNoEntry: false })) {
        throw new SecretMissingError(origin, 'does not exist', 'encrypt it with `age -r RECIPIENT -o FILE`');
      }
      const text = await runProgram(
        {
          command: 'age',
          args: ['--decrypt', '--identity', identity, origin],
          origin,
          variables: [],
          install: 'install the package "age"',
          remedy: `is ${identity} one of its recipients? AGE_IDENTITY names another`,
        },
        context,
      );
      const value = plainValue(text, origin);
      context.secrets.remember(value);
      return { value, secret: true, origin };
    },
    referenceTo: () => undefined,
  };
}
