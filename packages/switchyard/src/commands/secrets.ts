/** `switchyard secrets`: what sources of secrets have, what their names mean, and a declaration made from them. Never values. */

import { resolve } from 'node:path';
import { type Catalog, type Gathered, gatherServers, type NameReport, normalizeNames } from '@switchyard/agent-config/catalog';
import { type SecretSource, type SourceContext, SourceError, SourceUnreachableError } from '@switchyard/agent-config/secrets';
import { catalogFrom } from '../catalog-file.ts';
import { type Command, CommandError } from '../command.ts';
import { addServers } from '../declaration-file.ts';
import { readFlags } from '../flags.ts';
import { sourceFlag, sourceHelp, withSources } from '../secret-sources.ts';
import { renderTable } from '../table.ts';
import { defaultDeclaration } from './config/declared.ts';

/** Sources that hold far more than secrets: what means nothing there is only counted. */
const talkative = new Set(['env']);

interface Row {
  source: string;
  name: string;
  server: string;
  variable: string;
  rule: string;
  state?: 'ok' | 'open' | 'bad';
  secret?: boolean;
  notes: string;
}

export const command: Command = {
  usage: `secrets [list|check|declare] --source SOURCE… [--catalog FILE] [--json]

list      the names a source has, and which variable of which server each is
check     reads each of them too: exit code 1 when one can not be used, or when a name may mean several things
declare   adds a server to the declaration for every service there is a secret of, with references and no values
          [--config FILE] [--replace] [--dry-run]; exit code 0 whether or not anything changed

Values are never shown. Exit code 69 when a source can not be reached. Sources:
${sourceHelp}`,
  async run(args) {
    const { values, positionals } = readFlags(args, {
      ...sourceFlag,
      catalog: { type: 'string' },
      config: { type: 'string' },
      replace: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean' },
    } as const);
    const [verb = 'list', ...extra] = positionals;
    if (!['list', 'check', 'declare'].includes(verb) || extra.length > 0)
      throw new CommandError('what about secrets? list, check or declare', 64);
    if (!values.source) throw new CommandError('which source? --source KIND:WHERE; `switchyard secrets --help` lists them', 64);
    const catalog = await catalogFrom(values.catalog);
    return withSources(values.source, process.env, async (sources, context) => {
      if (verb === 'declare') {
        const replace = values.replace ?? false;
        return declare(
          sources,
          catalog,
          resolve(values.config ?? defaultDeclaration(process.env)),
          { replace, dryRun: values['dry-run'] ?? false },
          values.json,
        );
      }
      return show(sources, catalog, context, verb === 'check', values.json ?? false);
    });
  },
};

async function show(
  sources: readonly SecretSource[],
  catalog: Catalog,
  context: SourceContext,
  check: boolean,
  json: boolean,
): Promise<number> {
  const rows: Row[] = [];
  let bad = false;
  for (const source of sources) {
    const report = await reportOf(source, catalog);
    const own = rowsOf(source, report);
    if (check) for (const row of own) if (row.server !== '') Object.assign(row, await checked(source, row));
    bad ||= own.some(({ state }) => state === 'bad') || report.ambiguous.length > 0;
    rows.push(...own);
  }
  console.log(context.secrets.mask(json ? JSON.stringify(rows, null, 2) : tableOf(rows, check)));
  return check && bad ? 1 : 0;
}

async function reportOf(source: SecretSource, catalog: Catalog): Promise<NameReport> {
  const names = await source.list();
  if (names !== undefined) return normalizeNames(names, catalog);
  throw new CommandError(`${source.where}: this source can not say which names it has`);
}

function rowsOf({ kind, where: source }: SecretSource, { matched, ambiguous, left }: NameReport): Row[] {
  const shown = left.filter(({ why }) => why !== undefined || !talkative.has(kind));
  const silent = left.length - shown.length;
  return [
    ...matched.map(({ name, server, variable, rule }) => ({ source, name, server, variable, rule, notes: '' })),
    ...ambiguous.map(({ names, meanings, why }) => ({
      ...{ source, name: names.join(', '), server: '', variable: '', rule: 'ambiguous' },
      notes: `${meanings.join(' or ')}: ${why}`,
    })),
    ...shown.map(({ name, why = '' }) => ({ source, name, server: '', variable: '', rule: 'none', notes: why })),
    ...(silent > 0
      ? [{ source, name: `${silent} more`, server: '', variable: '', rule: 'none', notes: 'mean nothing here' }]
      : []),
  ];
}

/** Reads one; what it holds is forgotten. A source that does not answer at all is an error of the whole run. */
async function checked(source: SecretSource, { name }: Row): Promise<Partial<Row>> {
  try {
    const { secret, warning } = await source.read(name);
    return {
      state: warning === undefined ? 'ok' : 'open',
      secret,
      notes: [secret ? '' : 'not a secret', warning].filter(Boolean).join('; '),
    };
  } catch (error) {
    if (!(error instanceof SourceError) || error instanceof SourceUnreachableError) throw error;
    return { state: 'bad', notes: `${error.problem} (${error.remedy})` };
  }
}

function tableOf(rows: readonly Row[], check: boolean): string {
  const several = new Set(rows.map(({ source }) => source)).size > 1;
  const head = [...(several ? ['SOURCE'] : []), 'NAME', 'SERVER', 'VARIABLE', 'RULE', ...(check ? ['STATE'] : []), 'NOTES'];
  const cells = rows.map(({ source, name, server, variable, rule, state = '', notes }) => [
    ...(several ? [source] : []),
    ...[name, server, variable, rule],
    ...(check ? [state] : []),
    notes,
  ]);
  return renderTable(head, cells);
}

async function declare(
  sources: readonly SecretSource[],
  catalog: Catalog,
  file: string,
  choices: { replace: boolean; dryRun: boolean },
  json = false,
): Promise<number> {
  const servers = new Map<string, Gathered>();
  for (const source of sources) {
    const gathered = gatherServers(await reportOf(source, catalog), catalog, (name) => source.referenceTo(name));
    for (const one of gathered) if (!servers.has(one.name)) servers.set(one.name, one);
  }
  const ready = [...servers.values()].filter(({ missing }) => missing.length === 0);
  const { additions, changed } = addServers(file, Object.fromEntries(ready.map(({ name, server }) => [name, server])), choices);
  const incomplete = [...servers.values()].filter(({ missing }) => missing.length > 0);
  if (json) {
    const left = incomplete.map(({ name, missing }) => ({ name, missing: missing.map((one) => one.name) }));
    console.log(
      JSON.stringify({ file, changed, written: changed && !choices.dryRun, servers: additions, incomplete: left }, null, 2),
    );
    return 0;
  }
  for (const { name, outcome } of additions) console.log(`${name}: ${outcome}`);
  for (const { name, missing } of incomplete) {
    console.log(`${name}: left out, needs ${missing.map((one) => `${one.name} (${one.summary})`).join(' and ')}`);
  }
  for (const { variable, from } of ready.flatMap(({ handOver }) => handOver)) {
    console.log(`${variable}: set it in the environment of the gateway (the source has it as ${from})`);
  }
  console.log(`${file}: ${!changed ? 'unchanged' : choices.dryRun ? 'would change' : 'changed'}`);
  return 0;
}
