/** Where our programs' flags say a secret is: `file:PATH`, `credential:NAME`, `env:NAME`, or a path. Never the secret. */
import { CommandError } from '../command.ts';

/** `NAME=SOURCE` taken apart. `flag` is named in messages. Throws CommandError (64). */
export function namedSource(text: string, flag: string): { name: string; source: string } {
  const [, name, source] = /^([^=\s]+)=(.+)$/s.exec(text) ?? [];
  // What stands there instead may be a secret: it is not repeated.
  if (name === undefined || source === undefined) throw new CommandError(`${flag} needs NAME=SOURCE`, 64);
  return { name, source };
}

/** A source as a reference of our configuration files: `file:/x` → `${file:/x}`. Throws CommandError (64) without the text. */
export function referenceOf(source: string, name: string, flag: string): string {
  const path = /^~?\//.test(source) ? `file:${source}` : source;
  if (!/^(?:file|credential|env):./.test(path))
    throw new CommandError(
      `${flag} ${name}: the part behind "=" must be a path, file:PATH, credential:NAME or env:NAME; a secret itself would be seen in the process list`,
      64,
    );
  return `\${${path.replace(/^file:~(?=\/)/, `file:${process.env.HOME ?? ''}`)}}`;
}
