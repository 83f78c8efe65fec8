/** Servers as they are found in agents' files on a machine, each with where it is from. Reads files and changes nothing. */
import { existsSync } from 'node:fs';
import { anySpelling } from '../agents/any.ts';
import { type Entry, UnreadableEntryError } from '../agents/entry.ts';
import { type Agent, type AgentName, agentNames, agents } from '../agents.ts';
import type { Machine } from '../environments/machine.ts';
import { AgentFileError, readAgentFile } from '../files/agent-file.ts';
import { type EntriesAt, entriesIn, type Fields, isObject, TextError, valueAt } from '../files/entries.ts';
import { type FormatName, parseText } from '../files/format.ts';

export interface FoundServer {
  /** Undefined for a file of no agent in particular. */
  agent: AgentName | undefined;
  path: string;
  /** Keys above the entry in its file: those of a project in Claude Code's, for one. */
  root: readonly string[];
  name: string;
  entry: Entry;
  /** As it stands in the file. */
  fields: Fields;
}

/** What was read, and what could not be: `FILE:LINE:COLUMN: …` or `FILE: name: …`. */
export interface Findings {
  servers: FoundServer[];
  files: string[];
  problems: string[];
}

/** Every server in the user's and the project's files of these agents. */
export function findServers(machine: Machine, names: readonly AgentName[] = agentNames): Findings {
  const findings: Findings = { servers: [], files: [], problems: [] };
  for (const name of names) {
    const agent = agents[name];
    // A project folder that is the home has its files at the same paths.
    for (const place of agent.places)
      for (const path of place.paths(machine).filter((each) => existsSync(each) && !findings.files.includes(each)))
        readFile(findings, path, agent.format, agent, (content) => {
          const roots = place.roots?.(content) ?? [agent.entries.root];
          return roots.map((root) => ({ ...agent.entries, root }));
        });
  }
  return findings;
}

/** The servers of one file. Whose it is shows in where its entries are; `mcpServers` in JSON may be anybody's. */
export function findServersIn(path: string, agent?: AgentName): Findings {
  const findings: Findings = { servers: [], files: [], problems: [] };
  if (agent !== undefined) {
    readFile(findings, path, agents[agent].format, agents[agent], (content) => placesIn(agents[agent], content));
    return findings;
  }
  const format = formatOf(path);
  let owner: Agent | undefined;
  readFile(findings, path, format, undefined, (content) => {
    owner = ownerOf(format, content);
    return [owner?.entries ?? { root: ['mcpServers'], shape: 'map' }];
  });
  if (owner === undefined) return findings;
  return findServersIn(path, owner.name);
}

function placesIn({ entries, places }: Agent, content: unknown): EntriesAt[] {
  const roots = places.find((place) => place.roots)?.roots?.(content) ?? [entries.root];
  return roots.map((root) => ({ ...entries, root }));
}

function formatOf(path: string): FormatName {
  if (/\.toml$/i.test(path)) return 'toml';
  return /\.ya?ml$/i.test(path) ? 'yaml' : 'json';
}

/** The agent whose entries are where nobody else has them. */
function ownerOf(format: FormatName, content: unknown): Agent | undefined {
  // Gemini CLI has a key `mcp` beside it, and Claude Code more servers in its projects.
  if (format === 'json' && valueAt(content, ['mcpServers']) !== undefined)
    return isObject(valueAt(content, ['projects'])) ? agents['claude-code'] : undefined;
  return Object.values(agents).find(({ format: own, entries: { root, shape } }) => {
    if (own !== format) return false;
    const holder = valueAt(content, root);
    return shape === 'list' ? Array.isArray(holder) : typeof holder === 'object' && holder !== null && !Array.isArray(holder);
  });
}

function readFile(
  findings: Findings,
  path: string,
  format: FormatName,
  agent: Agent | undefined,
  placesOf: (content: unknown) => EntriesAt[],
): void {
  try {
    const text = readAgentFile(path).text;
    if (text === undefined) throw new AgentFileError(`${path}: does not exist`);
    const content = parseText(format, text);
    findings.files.push(path);
    for (const at of placesOf(content)) for (const found of entriesIn(content, at)) take(findings, path, agent, at, found);
  } catch (error) {
    if (error instanceof TextError) findings.problems.push(`${path}:${error.line}:${error.column}: ${error.message}`);
    else if (error instanceof AgentFileError) findings.problems.push(error.message);
    else throw error;
  }
}

function take(
  { servers, problems }: Findings,
  path: string,
  agent: Agent | undefined,
  { root }: EntriesAt,
  [name, fields]: [string, Fields],
): void {
  try {
    if (name === '__proto__') throw new UnreadableEntryError('no server can have this name');
    const entry = (agent ?? anySpelling).read(fields);
    servers.push({ agent: agent?.name, path, root, name, entry, fields });
  } catch (error) {
    if (!(error instanceof UnreadableEntryError)) throw error;
    problems.push(`${path}: ${[...root, name].join('.')}: ${error.message}; it was left out`);
  }
}
