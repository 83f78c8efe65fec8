/** Agents' own files: readable, as declared, not open to others, and what they name is there. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AgentName, agents, agentsOn, pathOf } from '@switchyard/agent-config/agents';
import { isDeclared } from '@switchyard/agent-config/declaration';
import { parseText, readEntries } from '@switchyard/agent-config/format';
import type { Machine } from '@switchyard/agent-config/machine';
import { entriesAt, placeOf } from '@switchyard/agent-config/plan';
import { BrokenFileError, type FileChange } from '@switchyard/agent-config/sync';
import { CommandError } from '../../command.ts';
import { type Declared, declaredFrom, defaultDeclaration, machineOf } from '../config/declared.ts';
import { changesIn, tilde } from '../config/outcome.ts';
import { checkEntry } from './agent-entry.ts';
import { bad, type Check, type Finding, note, ok, type Scene } from './finding.ts';

export const checkAgents: Check = async (scene) => {
  const machine = machineOf(scene.choices);
  const names = agentsOn(machine);
  if (names.length === 0) return [note('agents-none', 'no agent was found on this machine')];
  const files = await Promise.all(names.map((name) => checkFile(name, machine, scene.env)));
  return [...files.flat(), ...(await checkPlans(scene))];
};

/** Parses the user's file of an agent and looks at what its entries name. */
async function checkFile(name: AgentName, machine: Machine, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const agent = agents[name];
  const place = placeOf(agent, 'user');
  const path = pathOf(place, machine);
  if (!existsSync(path)) return [];
  try {
    const text = readFileSync(path, 'utf8');
    const entries = readEntries(agent.format, text, entriesAt(agent, place, parseText(agent.format, text)));
    const own = ok('agent-file', `${agent.title}: ${entries.size} server${entries.size === 1 ? '' : 's'} in ${tilde(path)}`);
    const found = await Promise.all(
      [...entries].map(([entry, fields]) => checkEntry(`${agent.title}, "${entry}"`, agent, fields, env)),
    );
    return [own, ...found.flat()];
  } catch (error) {
    const { name: kind, message, line, column, code } = error as NodeJS.ErrnoException & { line?: number; column?: number };
    if (code === 'EACCES' || code === 'EISDIR')
      return [bad('agent-file-unreadable', `${agent.title}: ${path} can not be read (${code})`, `chown "$USER" ${path}`)];
    if (kind !== 'TextError') throw error;
    return [
      bad(
        'agent-file-broken',
        `${agent.title}: ${path}:${line}:${column}: ${message}`,
        'mend that place; the text before our last change may be beside it, in a file that ends in .bak-switchyard',
      ),
    ];
  }
}

/** Compares agents' files with what is declared for them. */
async function checkPlans({ env, choices }: Scene): Promise<Finding[]> {
  if (!(await isDeclared(resolve(choices.config ?? defaultDeclaration(env))))) return [];
  let declared: Declared;
  let changes: ReturnType<typeof changesIn>;
  try {
    declared = await declaredFrom(choices);
    const { machine, file, stateFile, agents: names, plans } = declared;
    changes = changesIn(plans, { machine, declaration: file, stateFile, agents: names, force: false });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [bad('agents-plan', error.message, 'correct the declaration, or choose another "mode" or "token" for that agent')];
  }
  const open = declared.plans.filter(
    ({ secret, path }) => secret && ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0,
  );
  return [
    ...changes.flatMap((change) => (change instanceof BrokenFileError ? [] : changed(change))),
    ...open.map(({ agent, path }) =>
      bad('agent-file-open', `${agent.title}: ${tilde(path)} holds the token, and other users may read it`, `chmod 600 ${path}`),
    ),
  ];
}

function changed({ agent, path, before, after, changes }: FileChange): Finding[] {
  const { title } = agents[agent];
  const conflicts = changes.filter(({ kind }) => kind === 'conflict');
  const findings = conflicts.map(({ name, why }) =>
    bad(
      'agent-entry-edited',
      `${title}: "${name}" in ${tilde(path)} is not as declared: ${why}`,
      'look at it with `switchyard config diff`; `switchyard config sync --force` takes it over',
    ),
  );
  if (before === after || after === (before ?? '')) return findings;
  const todo = '`switchyard config sync` writes it; `switchyard config diff` shows what';
  const stale =
    before === undefined
      ? note('agent-file-missing', `${title}: nothing is in ${tilde(path)} yet`, todo)
      : bad('agent-file-stale', `${title}: ${tilde(path)} is not as declared`, todo);
  return [...findings, stale];
}
