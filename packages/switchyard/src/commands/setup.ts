/**
 * `switchyard setup`: the steps of a first set-up, without questions. `scripts/setup-mcp.sh` asks them, and calls this. No
 * secret is asked for, read or written here.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { agents, agentsOn, pathOf } from '@switchyard/agent-config/agents';
import { writeAtomically } from '@switchyard/agent-config/atomic-write';
import { type Catalog, type CatalogOffer, chooseOffer, declareOffer } from '@switchyard/agent-config/catalog';
import type { DeclaredServer } from '@switchyard/agent-config/declaration';
import { unifiedDiff } from '@switchyard/agent-config/diff';
import { isSecretName } from '@switchyard/agent-config/key-shapes';
import { placeOf } from '@switchyard/agent-config/plan';
import { type NeededSecret, type SecretHome, secretHomes } from '@switchyard/agent-config/setup';
import { didYouMean } from '@switchyard/kit/nearest';
import { catalogFrom } from '../catalog-file.ts';
import { type Command, CommandError } from '../command.ts';
import { editDeclaration, withAgents, withServers } from '../declaration-file.ts';
import { readFlags } from '../flags.ts';
import { defaultDeclaration, machineFlags, machineOf, namedAgents } from './config/declared.ts';

const modes = ['gateway', 'direct', 'bridge'];

const flags = {
  ...machineFlags,
  config: { type: 'string' },
  catalog: { type: 'string' },
  agents: { type: 'string' },
  servers: { type: 'string' },
  mode: { type: 'string' },
  provider: { type: 'string' },
  set: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
} as const;
type Values = ReturnType<typeof readFlags<typeof flags>>['values'];

export const command: Command = {
  usage: `setup agents|providers|needs|apply [ARGUMENTS]

agents                   agents on this machine: name, title and file, by tabs
providers                where secrets can be kept: word and title, by tabs
needs --servers A,B      what servers of the catalog need: server, variable, "secret" or "plain", what it is, by tabs
apply                    writes the declaration, and files to begin with for the provider of secrets
  --servers A,B          servers of the catalog
  --set NAME=VALUE       value of a plain variable; several times
  --agents A,B           agents that get a file; --mode ${modes.join('|')} (default gateway)
  --provider WORD        default: files
  --config FILE          the declaration. Default: switchyard/config.json in $XDG_CONFIG_HOME (~/.config)
  --dry-run              show the differences and write nothing

\`scripts/setup-mcp.sh\` asks for all of it.`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    const [verb, ...extra] = positionals;
    if (extra.length > 0) throw new CommandError(`unexpected argument "${extra[0]}"`, 64);
    switch (verb) {
      case 'agents':
        return print(foundAgents(values));
      case 'providers':
        return print(Object.entries(secretHomes).map(([word, { title }]) => [word, title]));
      case 'needs': {
        const chosen = chooseServers(values, await catalogFrom(values.catalog));
        return print(
          chosen.flatMap(({ name, offer }) =>
            offer.variables.map((one) => [name, one.name, one.secret ? 'secret' : 'plain', one.summary]),
          ),
        );
      }
      case 'apply':
        return apply(values, await catalogFrom(values.catalog));
      default:
        throw new CommandError('what about the set-up? agents, providers, needs or apply', 64);
    }
  },
};

function print(rows: readonly (readonly string[])[]): number {
  for (const row of rows) console.log(row.join('\t'));
  return 0;
}

function foundAgents(values: Values): string[][] {
  const machine = machineOf(values);
  return agentsOn(machine).map((name) => [name, agents[name].title, pathOf(placeOf(agents[name], 'user'), machine)]);
}

interface Chosen {
  name: string;
  offer: CatalogOffer;
  /** What is said of the offer. */
  notes: readonly string[];
  /** The server with references in place of secrets. */
  declare(given: ReadonlyMap<string, string>): DeclaredServer;
}

/** The servers of `--servers`, each in its best way that agents need no browser for. */
function chooseServers({ servers = '' }: Values, catalog: Catalog): Chosen[] {
  return split(servers).map((name) => {
    const entry = catalog.get(name);
    if (!entry) throw new CommandError(`the catalog has no "${name}"${didYouMean(name, catalog.keys())}`, 64);
    const offer = entry.offers.find(({ auth }) => auth !== 'oauth') ?? (chooseOffer(entry, new Map()) as CatalogOffer);
    const { notes } = declareOffer(entry, offer, new Map());
    return { name, offer, notes, declare: (given) => declareOffer(entry, offer, given).server };
  });
}

function apply(values: Values, catalog: Catalog): number {
  const { mode = 'gateway', provider = 'files', 'dry-run': dryRun = false } = values;
  if (!modes.includes(mode))
    throw new CommandError(`--mode ${mode}: must be one of ${modes.join(', ')}${didYouMean(mode, modes)}`, 64);
  const home = Object.hasOwn(secretHomes, provider) ? secretHomes[provider] : undefined;
  const words = Object.keys(secretHomes);
  if (!home)
    throw new CommandError(`--provider ${provider}: must be one of ${words.join(', ')}${didYouMean(provider, words)}`, 64);
  const file = resolve(values.config ?? defaultDeclaration(process.env));
  const folder = dirname(file);
  const chosen = chooseServers(values, catalog);
  const secrets = secretsOf(chosen);
  const given = new Map([
    ...secrets.map((one): [string, string] => [one.name, home.reference(one, folder)]),
    ...plainValues(values.set ?? [], chosen),
  ]);
  const servers = Object.fromEntries(chosen.map(({ name, declare }) => [name, declare(given)]));
  const names = namedAgents(split(values.agents ?? '')) ?? [];
  const { before, after } = editDeclaration(file, dryRun, (text) =>
    withAgents(withServers(text, servers, false).text, names, mode),
  );
  if (before === after) console.log(`${file}: nothing to change`);
  else console.log(dryRun ? unifiedDiff(file, before || undefined, after).trimEnd() : `${file}: written`);
  writeTemplates(home, secrets, folder, dryRun);
  if (secrets.length > 0) say(`Then put the secrets where they belong (${home.title}):`, home.next(secrets, folder));
  const notes = chosen.flatMap(({ name, notes }) => notes.map((text) => `${name}: ${text}`));
  if (notes.length > 0) say('To know:', notes);
  return 0;
}

/** Secrets that are needed, each once. */
function secretsOf(chosen: readonly Chosen[]): NeededSecret[] {
  const found = new Map<string, NeededSecret>();
  for (const { name: server, offer } of chosen) {
    for (const { name, secret, required, summary } of offer.variables) {
      const isFirstOfGroup = offer.variables.find(({ oneOf }) => oneOf !== undefined)?.name === name;
      if (secret && (required || isFirstOfGroup || offer.variables.filter((one) => one.secret).length === 1))
        found.set(name, { name, server, summary });
    }
  }
  return [...found.values()];
}

/** Files that are there stay as they are. */
function writeTemplates(home: SecretHome, secrets: readonly NeededSecret[], folder: string, dryRun: boolean): void {
  if (secrets.length === 0) return;
  for (const { path, text } of home.files(secrets)) {
    const file = join(folder, path);
    if (existsSync(file)) console.log(`${file}: is there already, and stays`);
    else if (dryRun) console.log(unifiedDiff(file, undefined, text).trimEnd());
    else {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeAtomically(file, text, { newMode: 0o600 });
      console.log(`${file}: written`);
    }
  }
}

function plainValues(texts: readonly string[], chosen: readonly Chosen[]): [string, string][] {
  const known = chosen.flatMap(({ offer }) => offer.variables);
  return texts.map((text) => {
    const [name = '', ...rest] = text.split('=');
    const variable = known.find((one) => one.name === name);
    if (!variable)
      throw new CommandError(
        `--set ${name}: no chosen server reads it${didYouMean(
          name,
          known.map((one) => one.name),
        )}`,
        64,
      );
    if (variable.secret || isSecretName(name))
      throw new CommandError(`--set ${name}: is a secret, and does not belong on a command line`, 64);
    return [name, rest.join('=')];
  });
}

function say(title: string, texts: readonly string[]): void {
  console.log(`\n${title}`);
  for (const text of texts) console.log(`  ${text}`);
}

function split(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
