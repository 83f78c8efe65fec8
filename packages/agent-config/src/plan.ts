/** What an agent's file is to hold of ours, made of the declaration, the agent and the machine. Touches no file but the token's. */

import { type Entry, InexpressibleError } from './agents/entry.ts';
import type { AgentName } from './agents/names.ts';
import { type Agent, agents, type Place, pathOf } from './agents.ts';
import { type AgentChoices, choicesOf, type Declaration } from './declaration.ts';
import { directEntry } from './direct-entry.ts';
import type { Machine } from './environments/machine.ts';
import { WslCommandError, wslCommand } from './environments/wsl-command.ts';
import type { EntriesAt, Fields } from './files/entries.ts';
import { endpointsOf, gatewayEntry } from './gateway-entry.ts';
import type { Program } from './program-entry.ts';

export type { Program } from './program-entry.ts';

export interface Plan {
  agent: Agent;
  scope: 'user' | 'project';
  path: string;
  /** Where the entries are in a file of that content. */
  at(content: unknown): EntriesAt;
  entries: { name: string; fields: Fields }[];
  /** Whether an entry holds the token itself. */
  secret: boolean;
  /** What the user has to see to, once. */
  notes: string[];
}

/** An agent that cannot be given what is declared for it. The message has a line for each reason, with its field. */
export class PlanError extends Error {
  override name = 'PlanError';
}

export interface PlanSources {
  machine: Machine;
  /** How agents start our program. */
  program: Program;
  /** Reads the token's value for `token: "literal"`. Throws with the remedy when there is none. */
  readToken(): string;
}

/** The plan for one agent. Throws PlanError. */
export function planAgent(declaration: Declaration, name: AgentName, sources: PlanSources): Plan {
  const { machine } = sources;
  const agent = agents[name];
  const choices = choicesOf(declaration, name);
  const place = placeOf(agent, choices.scope);
  const here = choices.projectRoot === undefined ? machine : { ...machine, projectRoot: homed(choices.projectRoot, machine) };
  const path = choices.file === undefined ? pathOf(place, here) : homed(choices.file, machine);
  const problems: string[] = [];
  const approval = approvalOf(agent, choices, problems);
  const planned = wanted(declaration, agent, choices, sources, problems);
  const entries = planned.flatMap(({ name: entryName, entry }) => {
    try {
      const { own, ...rest } = onHost(entry, machine);
      const fields = agent.write({ ...rest, own: { ...approval, ...own } } as Entry);
      return [{ name: entryName, fields: agent.named ? { name: entryName, ...fields } : fields }];
    } catch (error) {
      problems.push(`${entryName}: ${reasonOf(error)}`);
      return [];
    }
  });
  refuseTwins(entries, problems);
  if (problems.length > 0) throw new PlanError(problems.map((problem) => `${agent.title}: ${problem}`).join('\n'));
  return {
    agent,
    scope: choices.scope,
    path,
    at: (content) => entriesAt(agent, place, content),
    entries,
    secret: planned.some(({ secret }) => secret),
    notes: notesOn(agent, choices.scope, planned),
  };
}

/** Where entries are written in a file of an agent. */
export function entriesAt(agent: Agent, place: Place, content: unknown): EntriesAt {
  const [root] = place.roots?.(content) ?? [];
  return root === undefined ? agent.entries : { ...agent.entries, root };
}

/** The file of an agent for a scope. Throws PlanError where it has none. */
export function placeOf(agent: Agent, scope: 'user' | 'project'): Place {
  const place = agent.places.find((each) => each.scope === scope && each.readOnly !== true);
  if (place) return place;
  throw new PlanError(`${agent.title}: has no file of a ${scope}; set agents.${agent.name}.scope to "user"`);
}

function notesOn(agent: Agent, scope: 'user' | 'project', planned: readonly Wanted[]): string[] {
  const trust = agent.trust?.[scope];
  const variables = planned.flatMap(({ entry }) => {
    if (entry.kind !== 'stdio' || Object.keys(entry.env).length > 0) return [];
    const flag = entry.args.indexOf('--token-env');
    return flag < 0 ? [] : [entry.args[flag + 1] as string];
  });
  const [variable] = variables;
  return [
    ...(trust === undefined ? [] : [trust]),
    ...(variable === undefined
      ? []
      : [
          `The bridge reads $${variable}, with which ${agent.title} must have been started; a file (gateway.tokenFile) is the surer way.`,
        ]),
  ];
}

interface Wanted {
  name: string;
  entry: Entry;
  secret: boolean;
}

function wanted(
  declaration: Declaration,
  agent: Agent,
  choices: AgentChoices,
  { machine, program, readToken }: PlanSources,
  problems: string[],
): Wanted[] {
  const servers = selected(declaration, choices, problems);
  const sharesFiles = machine.wsl === undefined;
  const collect = (name: string, make: () => Omit<Wanted, 'name'>): Wanted[] => {
    try {
      return [{ name: agent.serverName?.(name) ?? name, ...make() }];
    } catch (error) {
      problems.push(`${name}: ${reasonOf(error)}`);
      return [];
    }
  };
  if (choices.mode === 'direct')
    return servers.flatMap((name) => {
      const server = declaration.mcpServers[name];
      if (server === undefined) return [];
      return collect(name, () => ({ entry: directEntry(server, { agent, program, sharesFiles }), secret: false }));
    });
  const { tokenFile, ...gateway } = declaration.gateway;
  const access = {
    agent,
    gateway: { ...gateway, ...(tokenFile !== undefined && { tokenFile: homed(tokenFile, machine) }) },
    choices,
    program,
    sharesFiles,
    readToken,
  };
  return endpointsOf(declaration.gateway, servers).flatMap(({ name, url }) => collect(name, () => gatewayEntry(url, access)));
}

/** Names of the servers that an agent is to have. */
function selected({ mcpServers }: Declaration, { servers }: AgentChoices, problems: string[]): string[] {
  const names = Object.keys(mcpServers).filter((name) => {
    const { disabled, enabled } = mcpServers[name] ?? {};
    return disabled !== true && enabled !== false;
  });
  for (const [field, listed = []] of Object.entries(servers ?? {}))
    for (const name of listed)
      if (!Object.hasOwn(mcpServers, name)) problems.push(`servers.${field}: no server "${name}" is declared`);
  const { include, exclude = [] } = servers ?? {};
  return names.filter((name) => (include?.includes(name) ?? true) && !exclude.includes(name));
}

function approvalOf(agent: Agent, { approve }: AgentChoices, problems: string[]): Fields {
  if (approve === undefined) return {};
  const fields = approve === 'all' ? agent.approval?.all : agent.approval?.list?.(approve);
  if (fields) return fields;
  const others = Object.values(agents).filter(({ approval }) => (approve === 'all' ? approval?.all : approval?.list));
  const kind = approve === 'all' ? 'approving all tools' : 'approving tools by name';
  problems.push(
    `agents.${agent.name}.approve: its file has no setting for ${kind} (${others.map(({ name }) => name).join(', ')} have)`,
  );
  return {};
}

/** Two servers whose names become one in this agent's file. */
function refuseTwins(entries: readonly { name: string }[], problems: string[]): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    if (seen.has(name)) problems.push(`${name}: two servers get this name here; rename one of them`);
    seen.add(name);
  }
}

/**
 * An entry as agents of the Windows host need it: programs through wsl.exe, addresses of this machine as `localhost`, which
 * WSL forwards (127.0.0.1 is not forwarded everywhere).
 */
function onHost(entry: Entry, { wsl }: Machine): Entry {
  if (wsl === undefined) return entry;
  if (entry.kind === 'stdio') return { ...entry, ...wslCommand(entry, wsl), env: {}, cwd: undefined };
  return { ...entry, url: entry.url.replace(/^(https?:\/\/)127\.0\.0\.1(?=[:/]|$)/, '$1localhost') };
}

function homed(path: string, { home }: Machine): string {
  return path.replace(/^~(?=[/\\]|$)/, home);
}

function reasonOf(error: unknown): string {
  if (error instanceof InexpressibleError || error instanceof WslCommandError) return error.message;
  throw error;
}
