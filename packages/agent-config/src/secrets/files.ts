/** Plain files in a folder: `/run/secrets` of sops-nix, `/run/agenix`, opnix, a Kubernetes volume, a user's own. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SecretError } from '@switchyard/kit/secrets';
import type { SecretReading, SecretSource, SourceContext } from './source.ts';
import { SecretMissingError, SecretUnusableError, SourceInputError, SourceUnreachableError } from './source-error.ts';

/** agenix may nest names (`mcp/github`), sops-nix too. */
const deepest = 4;

/** Where the files of a kind are, unless it is told. */
export const folderOf = { files: '/run/secrets', agenix: '/run/agenix' } as const;

/** The files below `directory`. A name is the path below it, such as `mcp/github_token`. */
export function filesSource(kind: 'files' | 'agenix', directory: string, context: SourceContext): SecretSource {
  const pathOf = (name: string): string => {
    const parts = name.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..') || /[{}\0]/.test(name)) {
      throw new SourceInputError(
        `${kind} ${directory}`,
        `"${name}" is not the name of a file below it`,
        'write a path without "..", as `switchyard secrets list` shows it',
      );
    }
    return join(directory, name);
  };
  return {
    kind,
    where: directory,
    async list() {
      try {
        return namesBelow(directory);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const problem = code === 'ENOENT' ? 'the folder does not exist' : `the folder can not be read (${code})`;
        throw new SourceUnreachableError(directory, problem, 'are the secrets installed, and readable for this user?');
      }
    },
    async read(name) {
      const path = pathOf(name);
      return { value: readFileReference(path, context), secret: true, origin: path, ...warningFor(path) };
    },
    referenceTo: (name) => `\${file:${pathOf(name)}}`,
  };
}

/** What a file holds, by the rules of kit's references. Throws SecretMissingError and SecretUnusableError. */
function readFileReference(path: string, { secrets }: SourceContext): string {
  try {
    return secrets.resolve(`\${file:${path}}`, 'file');
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    const text = error.message.replace(/^file: file /, '');
    const missing = text.includes('does not exist');
    const Kind = missing ? SecretMissingError : SecretUnusableError;
    throw new Kind(
      path,
      missing ? 'does not exist' : text.replace(`${path} `, ''),
      'is it declared, and readable for this user?',
    );
  }
}

function namesBelow(directory: string, prefix = '', depth = 1): string[] {
  const entries = readdirSync(directory, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (!isFolder(entry, path)) return [prefix + entry.name];
      return depth < deepest ? namesBelow(path, `${prefix}${entry.name}/`, depth + 1) : [];
    });
}

function isFolder(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function warningFor(path: string): Pick<SecretReading, 'warning'> {
  const mode = statSync(path).mode & 0o007;
  return mode === 0 ? {} : { warning: `every user of this machine may read it (chmod o= ${path})` };
}
