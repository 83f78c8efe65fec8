/** What the verbs of `switchyard config` share: their flags, and the declaration, machine and agents that flags choose. */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { type AgentName, agentNames, agentsOn, isAgentName } from '@switchyard/agent-config/agents';
import { type Declaration, loadDeclaration, withEnvironment } from '@switchyard/agent-config/declaration';
import { describeMachine, EnvironmentError } from '@switchyard/agent-config/detect';
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import { type EnvironmentName, environmentNames, type Machine } from '@switchyard/agent-config/machine';
import { type Plan, PlanError, type Program, planAgent } from '@switchyard/agent-config/plan';
import { ConfigError } from '@switchyard/kit/config';
import { didYouMean } from '@switchyard/kit/nearest';
import { SecretError, Secrets } from '@switchyard/kit/secrets';
import { CommandError } from '../../command.ts';
import { placesOf } from '../../places.ts';

export const machineFlags = {
  environment: { type: 'string' },
  project: { type: 'string' },
  'windows-home': { type: 'string' },
  distro: { type: 'string' },
} as const;

export const declaredFlags = {
  ...machineFlags,
  config: { type: 'string' },
  env: { type: 'string' },
  agent: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const;

/** For the usage of every verb that takes `declaredFlags`. */
export const declaredUsage = `--config FILE        the declaration. Default: switchyard/config.json in $XDG_CONFIG_HOME (~/.config)
--env NAME           apply the overlay environments.NAME
--agent NAME         only this agent; may be given several times
--project DIR        the project folder of agents with scope "project". Default: the current one
--environment NAME   ${environmentNames.join(', ')}. Default: found out
--windows-home DIR   with --environment windows inside WSL: the user's folder (/mnt/c/Users/NAME)
--distro NAME        the same: the distribution, as \`wsl -l -q\` shows it`;

interface MachineValues {
  environment?: string | undefined;
  project?: string | undefined;
  'windows-home'?: string | undefined;
  distro?: string | undefined;
}

export interface DeclaredValues extends MachineValues {
  config?: string | undefined;
  env?: string | undefined;
  agent?: string[] | undefined;
}

/** What flags chose. */
export interface Declared {
  /** Absolute path of the declaration. */
  file: string;
  machine: Machine;
  /** Agents of this run; the planned ones are those that are enabled. */
  agents: AgentName[];
  plans: Plan[];
  stateFile: string;
  /** A text for a screen: what looks like a secret, and the token if it was read, as `•••`. */
  masked(text: string): string;
}

/** Where the declaration is unless told otherwise. */
export function defaultDeclaration(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'switchyard', 'config.json');
}

/** Where we remember which entries are ours. */
export function stateFileOf(env: NodeJS.ProcessEnv): string {
  return join(placesOf(env).stateDirectory, 'agents.json');
}

/** The machine that flags describe. Throws CommandError. */
export function machineOf(values: MachineValues): Machine {
  const { environment, project = process.cwd(), distro } = values;
  if (environment !== undefined && !(environmentNames as readonly string[]).includes(environment))
    throw new CommandError(
      `unknown environment "${environment}"${didYouMean(environment, environmentNames)}; one of: ${environmentNames.join(', ')}`,
      64,
    );
  if (!existsSync(resolve(project))) throw new CommandError(`--project: the folder ${resolve(project)} does not exist`, 64);
  try {
    return describeMachine({
      environment: environment as EnvironmentName | undefined,
      projectRoot: resolve(project),
      windowsHome: values['windows-home'],
      distro,
    });
  } catch (error) {
    if (error instanceof EnvironmentError) throw new CommandError(error.message, 64);
    throw error;
  }
}

/** The agents that `--agent` names; undefined for all. Throws CommandError for an unknown one. */
export function namedAgents(names: readonly string[] | undefined): AgentName[] | undefined {
  return names?.map((name) => {
    if (isAgentName(name)) return name;
    throw new CommandError(`unknown agent "${name}"${didYouMean(name, agentNames)}; one of: ${agentNames.join(', ')}`, 64);
  });
}

/** Reads the declaration alone. Throws CommandError (78) naming file, place and remedy. */
export async function declarationOf(values: DeclaredValues): Promise<{ file: string; declaration: Declaration }> {
  const file = resolve(values.config ?? defaultDeclaration(process.env));
  try {
    return { file, declaration: withEnvironment(await loadDeclaration(file), values.env, file) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(error.message, 78);
  }
}

/** Reads the declaration and plans every agent. Throws CommandError with all reasons why an agent cannot have what is declared. */
export async function declaredFrom(values: DeclaredValues): Promise<Declared> {
  const machine = machineOf(values);
  const asked = namedAgents(values.agent);
  const { file, declaration } = await declarationOf(values);
  const secrets = new Secrets();
  const agents = asked ?? [...agentNames];
  const sources = { machine, program: programOf(process.env), readToken: () => tokenOf(declaration, secrets) };
  const problems: string[] = [];
  const plans = plannedOf(declaration, machine, asked).flatMap((name) => {
    try {
      return [planAgent(declaration, name, sources)];
    } catch (error) {
      if (error instanceof PlanError) problems.push(error.message);
      else if (error instanceof SecretError) problems.push(error.message);
      else throw error;
      return [];
    }
  });
  if (problems.length > 0) throw new CommandError(`${file} cannot be carried out:\n${problems.join('\n')}`, 78);
  const masked = (text: string) => maskKeys(secrets.mask(text));
  return { file, machine, agents, plans, stateFile: stateFileOf(process.env), masked };
}

/** Enabled agents: the declared ones, or those on the machine when none is declared. */
function plannedOf({ agents: declared }: Declaration, machine: Machine, asked: AgentName[] | undefined): AgentName[] {
  if (declared === undefined) return asked ?? agentsOn(machine);
  for (const name of asked ?? [])
    if (declared[name] === undefined)
      throw new CommandError(`agent "${name}" is not declared; add "${name}": {} to "agents" of the declaration`, 78);
  return (asked ?? agentNames).filter((name) => declared[name]?.enable === true);
}

function tokenOf({ gateway: { tokenFile, tokenEnv } }: Declaration, secrets: Secrets): string {
  if (tokenFile !== undefined)
    return secrets.resolve(`\${file:${tokenFile.replace(/^~(?=\/)/, homedir())}}`, 'gateway.tokenFile');
  if (tokenEnv !== undefined) return secrets.resolve(`\${env:${tokenEnv}}`, 'gateway.tokenEnv');
  throw new SecretError('gateway', 'token "literal" needs "tokenFile" or "tokenEnv" here');
}

/**
 * How agents start this program: by the path where PATH has it, which outlives updates; else by this very file. Programs of a
 * desktop have another PATH than shells, so it is absolute in any case.
 */
export function programOf(env: NodeJS.ProcessEnv): Program {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && !folder.includes('node_modules'));
  const found = folders.map((folder) => join(folder, 'switchyard')).find(isExecutable);
  return found === undefined ? [process.execPath, resolve(process.argv[1] ?? 'switchyard')] : [found];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
