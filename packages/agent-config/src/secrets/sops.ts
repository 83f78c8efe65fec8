/**
 * One file of sops, for use by hand: names come from the file itself (sops leaves keys readable), a value from the program
 * `sops`. Services should be given files by sops-nix instead.
 */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parse } from 'yaml';
import { plainValue } from './plain-value.ts';
import { runProgram } from './program.ts';
import type { SecretSource, SourceContext } from './source.ts';
import { SecretMissingError, SourceInputError, SourceUnreachableError } from './source-error.ts';

const encrypted = /^ENC\[/;
/** Left readable by sops because of `unencrypted_suffix`. */
const leftOpen = /_unencrypted$/;

/** Every scalar of the file. A name is its path, joined with dots: `mcp.github_token`. YAML, JSON and dotenv. */
export function sopsSource(file: string, context: SourceContext): SecretSource {
  const leaves = (): Map<string, Leaf> => leavesOf(readTree(file));
  return {
    kind: 'sops',
    where: file,
    list: async () => [...leaves().keys()],
    async read(name) {
      const origin = `${file}#${name}`;
      const leaf = leaves().get(name);
      if (leaf === undefined) throw new SecretMissingError(origin, 'no such key in the file', `add it with \`sops ${file}\``);
      const extract = leaf.path.map((part) => (typeof part === 'number' ? `[${part}]` : `[${JSON.stringify(part)}]`)).join('');
      const text = await runProgram(
        {
          command: 'sops',
          args: ['--decrypt', '--extract', extract, file],
          origin,
          variables: ['SOPS_', 'AWS_', 'AZURE_', 'GOOGLE_', 'VAULT_', 'GNUPGHOME', 'GPG_'],
          install: 'install sops (nixpkgs has it), or point to the files that sops-nix writes',
          remedy: 'is its key in SOPS_AGE_KEY_FILE or ~/.config/sops/age/keys.txt?',
        },
        context,
      );
      const value = plainValue(text, origin);
      const secret = encrypted.test(leaf.text) && !leftOpen.test(name);
      if (secret) context.secrets.remember(value);
      return { value, secret, origin };
    },
    referenceTo: (name) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `\${env:${name}}` : undefined),
  };
}

interface Leaf {
  path: (string | number)[];
  text: string;
}

function readTree(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceUnreachableError(file, `can not be read (${code})`, 'check the path and its permissions');
  }
  if (extname(file) === '.env') return Object.fromEntries(text.split(/\r?\n/).flatMap(dotenvLine));
  try {
    return parse(text);
  } catch (error) {
    throw new SourceInputError(
      file,
      `is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`,
      'is it a sops file?',
    );
  }
}

function dotenvLine(line: string): [string, string][] {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
  return match && !match[1]?.startsWith('sops_') ? [[match[1] as string, match[2] as string]] : [];
}

function leavesOf(tree: unknown, path: Leaf['path'] = []): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  if (tree === null || tree === undefined) return found;
  if (typeof tree !== 'object') return found.set(path.join('.'), { path, text: String(tree) });
  const entries: [string | number, unknown][] = Array.isArray(tree) ? [...tree.entries()] : Object.entries(tree);
  for (const [key, value] of entries) {
    if (path.length === 0 && key === 'sops') continue;
    for (const [name, leaf] of leavesOf(value, [...path, key])) found.set(name, leaf);
  }
  return found;
}
