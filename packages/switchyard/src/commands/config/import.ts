/** `switchyard config import`: the servers that agents have already, as one declaration, with secrets moved out. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AgentName, isAgentName } from '@switchyard/agent-config/agents';
import { writeAtomically } from '@switchyard/agent-config/atomic-write';
import { type Declaration, loadDeclaration, parseDeclaration } from '@switchyard/agent-config/declaration';
import { AgentFileError, readAgentFile, writeAgentFile } from '@switchyard/agent-config/files';
import { withEntry } from '@switchyard/agent-config/format';
import { type Findings, findServers, findServersIn, foldServers, type Imported } from '@switchyard/agent-config/importing';
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import { hashOf, readOwnership } from '@switchyard/agent-config/ownership';
import { ConfigError } from '@switchyard/kit/config';
import { type Command, CommandError } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { defaultDeclaration, machineFlags, machineOf, stateFileOf } from './declared.ts';
import { tilde } from './outcome.ts';

const flags = {
  ...machineFlags,
  from: { type: 'string', multiple: true },
  write: { type: 'boolean' },
  config: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  usage: `config import [--from AGENT|FILE]… [--write] [--config FILE] [--json]

Lists the servers in the files of all agents (or of those named), each once, as a declaration. Values that look like
keys are replaced by references and never shown.

--write              add them to the declaration (--config, default switchyard/config.json in $XDG_CONFIG_HOME), and
                     put the secrets into files of their own beside it (secrets/NAME, mode 0600). What is declared
                     already stays. Agents' files are not changed: \`config sync\` does that.`,
  async run(args) {
    const { values } = readFlags(args, flags);
    const file = resolve(values.config ?? defaultDeclaration(process.env));
    const findings = findingsOf(values.from, () => findServers(machineOf(values)));
    const folder = join(dirname(file), 'secrets');
    const place = (name: string) => `\${file:${join(folder, name)}}`;
    const declaration = await declared(file);
    const imported = foldServers(withoutOurs(findings, declaration), declaration.mcpServers, place);
    const shown = { mcpServers: imported.mcpServers };
    if (values.json) {
      const secrets = imported.secrets.map(({ field, file: name }) => ({ field, file: join(folder, name) }));
      const { notes } = imported;
      console.log(maskKeys(JSON.stringify({ ...shown, secrets, notes, problems: findings.problems }, null, 2)));
    } else if (!values.write) console.log(maskKeys(JSON.stringify(shown, null, 2)));
    if (!values.json) explain(findings, imported, folder, values.write === true);
    if (values.write) write(file, folder, imported);
    return findings.problems.length > 0 ? 1 : 0;
  },
};

function findingsOf(from: readonly string[] | undefined, all: () => Findings): Findings {
  if (from === undefined) return all();
  const agents = from.filter(isAgentName) as AgentName[];
  const parts = from.filter((each) => !isAgentName(each)).map((file) => findServersIn(resolve(file)));
  if (agents.length > 0) {
    const found = all();
    parts.push({ ...found, servers: found.servers.filter(({ agent }) => agent !== undefined && agents.includes(agent)) });
  }
  return {
    servers: parts.flatMap(({ servers }) => servers),
    files: parts.flatMap(({ files }) => files),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

/** What `sync` wrote came from a declaration; and a gateway must not become a server of its own. */
function withoutOurs({ servers }: Findings, { gateway }: Declaration): Findings['servers'] {
  const { files } = readOwnership(stateFileOf(process.env));
  const base = gateway.url.replace(/\/(?:mcp\/?)?$/, '');
  return servers.filter(({ path, name, fields, entry }) => {
    const address = entry.kind === 'stdio' ? bridgedBy(entry.command, entry.args) : entry.url;
    if (address !== undefined && (address === `${base}/mcp` || address.startsWith(`${base}/mcp/`))) return false;
    const records = files[readAgentFile(path).target] ?? [];
    return !records.some(({ entries }) => Object.hasOwn(entries, name) && entries[name]?.includes(hashOf(fields)));
  });
}

/** The address that an entry of `switchyard connect` leads to. */
function bridgedBy(command: string, args: readonly string[]): string | undefined {
  const at = args.indexOf('connect');
  const isOurs = /switchyard/.test([command, ...args.slice(0, at)].join(' '));
  return at >= 0 && isOurs ? args[args.indexOf('--url') + 1] : undefined;
}

/** The declaration that is there, or an empty one. */
async function declared(file: string): Promise<Declaration> {
  try {
    return existsSync(file) ? await loadDeclaration(file) : parseDeclaration({}, file);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, 78);
    throw error;
  }
}

/** To standard error, so that the declaration alone is on standard output. */
function explain(
  { files, problems }: Findings,
  { mcpServers, secrets, notes }: Imported,
  folder: string,
  isWritten: boolean,
): void {
  const say = (line: string) => console.error(maskKeys(line));
  say(`${Object.keys(mcpServers).length} servers in ${files.length} files`);
  for (const note of notes) say(`- ${note}`);
  const verb = isWritten ? 'moved to' : 'looks like a key; --write moves it to';
  for (const { field, file } of secrets) console.error(`- ${field}: ${verb} ${tilde(join(folder, file))}`);
  for (const problem of problems) say(`! ${problem}`);
}

function write(file: string, folder: string, { mcpServers, secrets }: Imported): void {
  if (secrets.length > 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { file: name, value } of secrets) keepSecret(join(folder, name), value);
  try {
    const before = readAgentFile(file);
    const at = { root: ['mcpServers'], shape: 'map' } as const;
    const text = Object.entries(mcpServers).reduce(
      (each, [name, server]) => withEntry('json', each, at, name, server as Record<string, unknown>),
      before.text ?? '',
    );
    if (text !== before.text) writeAgentFile(before, text, false);
    console.error(`written to ${tilde(file)}`);
  } catch (error) {
    if (error instanceof AgentFileError) throw new CommandError(error.message);
    throw error;
  }
}

/** A file that holds another secret is not overwritten. */
function keepSecret(file: string, value: string): void {
  if (!existsSync(file)) return writeAtomically(file, `${value}\n`, { mode: 0o600 });
  if (readFileSync(file, 'utf8').replace(/\r?\n$/, '') !== value)
    throw new CommandError(`${file} holds another secret already; move it away, or import that server by hand`);
}
