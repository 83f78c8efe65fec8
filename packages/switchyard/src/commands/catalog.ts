/** `switchyard catalog`: known services, and servers found elsewhere, into the declaration. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Catalog,
  type CatalogEntry,
  type CatalogOffer,
  chooseOffer,
  type DeclaredOffer,
  declareOffer,
  discoverServers,
  fromServerJson,
  normalizeNames,
  RegistryEntryError,
} from '@switchyard/agent-config/catalog';
import { isSecretName } from '@switchyard/agent-config/key-shapes';
import { didYouMean } from '@switchyard/kit/nearest';
import { catalogFrom } from '../catalog-file.ts';
import { type Command, CommandError } from '../command.ts';
import { addServers } from '../declaration-file.ts';
import { readFlags } from '../flags.ts';
import { sourceFlag, withSources } from '../secret-sources.ts';
import { renderTable } from '../table.ts';
import { defaultDeclaration } from './config/declared.ts';

const flags = {
  ...sourceFlag,
  catalog: { type: 'string' },
  config: { type: 'string' },
  offer: { type: 'string' },
  as: { type: 'string' },
  set: { type: 'string', multiple: true },
  print: { type: 'boolean' },
  replace: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;
type Values = ReturnType<typeof readFlags<typeof flags>>['values'];

export const command: Command = {
  usage: `catalog [list|show NAME|add NAME|import FILE|discover DIR] [--catalog FILE] [--json]

list          the services, and how their servers are reached
show NAME     what is known about one: offers, variables, what to know
add NAME      adds its server to the declaration: references, never values
import FILE   the same from a server.json of the MCP registry
discover DIR  servers in a folder of sources; shows them only

--offer NAME         which way, when there are several (\`show\` lists them)
--as NAME            name of the server in the declaration. Default: the service's
--set NAME=VALUE     value of a variable that is no secret, or a reference such as \${file:/run/secrets/x}; several times
--source SOURCE      take references from a source of secrets (see \`switchyard secrets --help\`)
--config FILE        the declaration. Default: switchyard/config.json in $XDG_CONFIG_HOME (~/.config)
--print              print the entry and write nothing
--replace            write a server of that name anew`,
  async run(args) {
    const { values, positionals } = readFlags(args, flags);
    const [verb = 'list', what, ...extra] = positionals;
    if (extra.length > 0 || (verb === 'list') !== (what === undefined)) throw usageError();
    if (verb === 'discover') return discover(what ?? '', values);
    if (verb === 'import') {
      const { name, entry } = importEntry(what ?? '');
      return add(name, entry, values, new Map([[name, entry]]));
    }
    const catalog = await catalogFrom(values.catalog);
    if (verb === 'list') return list(catalog, values);
    const entry = catalog.get(what ?? '');
    if (verb !== 'show' && verb !== 'add') throw usageError();
    if (!entry) throw new CommandError(`the catalog has no "${what}"${didYouMean(what ?? '', catalog.keys())}`, 64);
    return verb === 'show' ? show(what ?? '', entry, values) : add(what ?? '', entry, values, catalog);
  },
};

const usageError = () => new CommandError('what about the catalog? list, show NAME, add NAME, import FILE or discover DIR', 64);

function list(catalog: Catalog, { json }: Values): number {
  if (json) console.log(JSON.stringify(Object.fromEntries(catalog), null, 2));
  else {
    const rows = [...catalog].map(([name, { offers, none, verified }]) => [
      name,
      offers.map((offer) => `${offer.name} (${offer.by})`).join(', '),
      [...new Set(offers.map(({ auth }) => auth))].join(', '),
      verified,
      none ?? '',
    ]);
    console.log(renderTable(['SERVICE', 'OFFERS', 'AUTH', 'VERIFIED', 'NOTES'], rows));
  }
  return 0;
}

function show(name: string, entry: CatalogEntry, { json }: Values): number {
  if (json) {
    console.log(JSON.stringify(entry, null, 2));
    return 0;
  }
  const { title, none, notes, docs, verified, offers } = entry;
  console.log([`${title} (${name}), verified ${verified}`, docs, none, notes].filter(Boolean).join('\n'));
  for (const offer of offers) console.log(`\n${offerText(offer)}`);
  return 0;
}

function offerText({ name, by, auth, url, command, args = [], variables, notes, pinned }: CatalogOffer): string {
  const at = url ?? [command, ...args].join(' ');
  const rows = variables.map(({ name, required, oneOf, secret, summary, default: otherwise }) =>
    [
      `  ${name}`,
      [required ? 'needed' : oneOf === undefined ? 'optional' : `one of ${oneOf}s`, secret ? 'secret' : '']
        .filter(Boolean)
        .join(', '),
      otherwise === undefined ? summary : `${summary} (default ${otherwise})`,
    ].join('  '),
  );
  return [`${name}: by ${by}, auth ${auth}${pinned ? '' : ', no exact version'}`, `  ${at}`, ...rows, notes && `  ${notes}`]
    .filter(Boolean)
    .join('\n');
}

async function add(name: string, entry: CatalogEntry, values: Values, catalog: Catalog): Promise<number> {
  const given = new Map([...(await fromSources(name, values, catalog)), ...settings(values.set ?? [], entry)]);
  const offer = chooseOffer(entry, given, values.offer);
  if (!offer) {
    const names = entry.offers.map((one) => one.name);
    throw new CommandError(
      `${name} has no offer "${values.offer}"${didYouMean(values.offer ?? '', names)}; it has ${names.join(', ')}`,
      64,
    );
  }
  const made = declareOffer(entry, offer, given);
  const as = values.as ?? name;
  if (values.print) console.log(JSON.stringify({ mcpServers: { [as]: made.server } }, null, 2));
  else {
    const file = resolve(values.config ?? defaultDeclaration(process.env));
    const { additions } = addServers(file, { [as]: made.server }, { replace: values.replace ?? false, dryRun: false });
    if (additions[0]?.outcome === 'kept')
      throw new CommandError(`${file} has a server "${as}" already; --replace writes it anew, --as NAME adds another`);
    console.log(`${file}: "${as}" ${additions[0]?.outcome}`);
  }
  for (const line of adviceOf(made)) console.error(line);
  return 0;
}

function adviceOf({ missing, notes, server }: DeclaredOffer): string[] {
  const written = JSON.stringify(server);
  const needs = missing.map(({ name, summary }) =>
    written.includes(`\${env:${name}}`)
      ? `set ${name} in the environment of the gateway: ${summary}`
      : `still missing: ${name}, ${summary}`,
  );
  return [...needs, ...notes];
}

/** References to what the sources have for this service. */
async function fromSources(name: string, { source }: Values, catalog: Catalog): Promise<Map<string, string>> {
  if (!source) return new Map();
  return withSources(source, process.env, async (sources) => {
    const given = new Map<string, string>();
    for (const one of sources) {
      const { matched } = normalizeNames((await one.list()) ?? [], catalog);
      for (const { server, variable, name: own } of matched) {
        if (server === name && !given.has(variable)) given.set(variable, one.referenceTo(own) ?? `\${env:${variable}}`);
      }
    }
    return given;
  });
}

/** `NAME=VALUE` of the command line. A secret is refused: it would stand in the list of processes. */
function settings(texts: readonly string[], { offers }: CatalogEntry): [string, string][] {
  const variables = offers.flatMap((offer) => offer.variables);
  return texts.map((text) => {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(0, equals));
    const value = text.slice(equals + 1);
    const known = variables.find((one) => one.name === name);
    if (!known) {
      const names = variables.map((one) => one.name);
      throw new CommandError(
        `--set ${name || 'NAME=VALUE'}: no such variable${didYouMean(name, names)}; it has ${names.join(', ') || 'none'}`,
        64,
      );
    }
    if ((known.secret || isSecretName(name)) && !/^[^$]*\$\{(env|file|credential):[^{}]+\}$/.test(value)) {
      throw new CommandError(`--set ${name}: is a secret; give a reference such as ${name}=\${file:/run/secrets/NAME}`, 64);
    }
    return [name, value];
  });
}

function importEntry(file: string): { name: string; entry: CatalogEntry } {
  try {
    return fromServerJson(JSON.parse(readFileSync(file, 'utf8')), new Date().toISOString().slice(0, 10));
  } catch (error) {
    if (error instanceof RegistryEntryError || error instanceof SyntaxError)
      throw new CommandError(`${file}: ${error.message}`, 65);
    throw new CommandError(`${file}: can not be read (${(error as NodeJS.ErrnoException).code})`, 66);
  }
}

function discover(directory: string, { json }: Values): number {
  let result: ReturnType<typeof discoverServers>;
  try {
    result = discoverServers(directory, new Date().toISOString().slice(0, 10));
  } catch (error) {
    throw new CommandError(`${directory}: can not be read (${(error as NodeJS.ErrnoException).code})`, 66);
  }
  const { found, unreadable } = result;
  if (json) console.log(JSON.stringify(result, null, 2));
  else if (found.length === 0) console.log('no MCP server found');
  else {
    const rows = found.map(({ name, because, server }) => [
      name,
      [server.command ?? server.url, ...(server.args ?? [])].join(' '),
      because,
    ]);
    console.log(renderTable(['SERVER', 'HOW', 'BECAUSE'], rows));
  }
  for (const { file, problem } of unreadable) console.error(`${file}: ${problem}`);
  return found.length > 0 ? 0 : 1;
}
