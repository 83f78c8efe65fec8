/** The declaration: whether it can be read, who may write it, and what is wrong with its servers. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Declaration, isDeclared } from '@switchyard/agent-config/declaration';
import { judge, lookUp, type NoteCode, type ProbeResult, referencesOf } from '@switchyard/agent-config/validation';
import { catalogFrom } from '../../catalog-file.ts';
import { CommandError } from '../../command.ts';
import { probeDeclared } from '../../probe-declared.ts';
import { withSources } from '../../secret-sources.ts';
import { declarationOf, defaultDeclaration } from '../config/declared.ts';
import { bad, type Check, type Finding, note, ok } from './finding.ts';

const probeMs = 60_000;

export const checkDeclaration: Check = async ({ env, choices, probe }) => {
  const file = resolve(choices.config ?? defaultDeclaration(env));
  if (!(await isDeclared(file)))
    return [
      note(
        'declaration-missing',
        `nothing is declared in ${file}`,
        '`scripts/setup-mcp.sh`, `switchyard config import --write` or `switchyard catalog add NAME`',
      ),
    ];
  const findings: Finding[] = [];
  if ((statSync(file).mode & 0o002) !== 0)
    findings.push(
      bad('declaration-open', `every user of this machine may write ${file}, and so start programs as you`, `chmod o-w ${file}`),
    );
  let declaration: Declaration;
  try {
    ({ declaration } = await declarationOf(choices));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [
      ...findings,
      bad(
        'declaration-broken',
        error.message,
        'mend the places it names; the old text may be in a file beside it that ends in .bak-switchyard',
      ),
    ];
  }
  return [...findings, ...(await checkServers(declaration, env, probe))];
};

async function checkServers(declaration: Declaration, env: NodeJS.ProcessEnv, probe: boolean): Promise<Finding[]> {
  const catalog = await catalogFrom(undefined).catch(() => new Map());
  return withSources([], env, async (_, context) => {
    const found = await lookUp(declaration, [], catalog, context);
    const probes = probe ? await probeDeclared(declaration, found, env, probeMs) : new Map<string, ProbeResult>();
    const rows = judge(declaration, { references: found.states, probes, env }, catalog);
    const findings = rows.flatMap(({ server, notes }) =>
      notes.flatMap(({ level, code, text }) => {
        const what = context.secrets.mask(`declared server ${server}: ${text}`);
        if (level === 'error') return [bad(`declared-${code}`, what, remedies[code] ?? 'mend the entry')];
        return code in remedies && code !== 'reference' && code !== 'probe'
          ? [note(`declared-${code}`, what, remedies[code])]
          : [];
      }),
    );
    const broken = new Set(rows.filter(({ valid }) => !valid)).size;
    const summary = broken === 0 ? [ok('declaration', `${rows.length} declared servers, all valid`)] : [];
    return [...summary, ...findings, ...openFiles(declaration, env)];
  });
}

const remedies: Partial<Record<NoteCode, string>> = {
  entry: 'write "command" or "url"; `switchyard catalog list` has ready entries',
  reference:
    'put the secret where the reference points to, or correct the reference; `switchyard secrets list --source …` shows names',
  'secret-in-file':
    'move the value into a file of mode 0600 and write ${file:PATH}; then make a new key, this one has been on disk',
  'secret-in-argv': 'hand it over in "credentials" if the program reads a variable or a file',
  'variable-missing': 'add it: `switchyard catalog show NAME` says what it is',
  'variable-wrong': 'correct it: `switchyard catalog show NAME` says what the server reads',
  unencrypted: 'use https',
  unpinned: 'write an exact version, as in name@1.2.3',
  probe: 'start the server by hand, as its entry says, and look at what it writes',
};

/** Files of secrets that everybody may read. */
function openFiles({ mcpServers }: Declaration, env: NodeJS.ProcessEnv): Finding[] {
  const references = Object.values(mcpServers).flatMap((server) => referencesOf(server, env));
  const paths = [...new Set(references.filter(({ kind }) => kind === 'file').map(({ name }) => name))];
  return paths.flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o007) === 0) return [];
    return [bad('secret-file-open', `every user of this machine may read the secret in ${path}`, `chmod 600 ${path}`)];
  });
}
