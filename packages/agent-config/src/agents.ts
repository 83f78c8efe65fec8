/** The agents by name, and which of them are on a machine. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Agent, Place } from './agents/agent.ts';
import { amp } from './agents/amp.ts';
import { claudeCode } from './agents/claude-code.ts';
import { claudeDesktop } from './agents/claude-desktop.ts';
import { cline } from './agents/cline.ts';
import { codex } from './agents/codex.ts';
import { continueDev } from './agents/continue.ts';
import { copilotCli } from './agents/copilot-cli.ts';
import { cursor } from './agents/cursor.ts';
import { geminiCli } from './agents/gemini-cli.ts';
import { goose } from './agents/goose.ts';
import { lmStudio } from './agents/lm-studio.ts';
import { type AgentName, agentNames } from './agents/names.ts';
import { opencode } from './agents/opencode.ts';
import { rooCode } from './agents/roo-code.ts';
import { voidEditor } from './agents/void.ts';
import { vscode } from './agents/vscode.ts';
import { windsurf } from './agents/windsurf.ts';
import { zed } from './agents/zed.ts';
import type { Machine } from './environments/machine.ts';

export type { Agent, Place } from './agents/agent.ts';
export { type AgentName, agentNames, isAgentName } from './agents/names.ts';

export const agents: Readonly<Record<AgentName, Agent>> = {
  'claude-code': claudeCode,
  codex,
  'gemini-cli': geminiCli,
  opencode,
  'copilot-cli': copilotCli,
  cline,
  continue: continueDev,
  amp,
  cursor,
  'roo-code': rooCode,
  vscode,
  zed,
  windsurf,
  void: voidEditor,
  'claude-desktop': claudeDesktop,
  goose,
  'lm-studio': lmStudio,
};

/** The path of a place: the first that exists, else the one that would be made. */
export function pathOf(place: Place, machine: Machine): string {
  const paths = place.paths(machine);
  return paths.find((path) => existsSync(path)) ?? (paths[0] as string);
}

/** The agents that left a trace on the machine: a file or a folder of theirs. */
export function agentsOn(machine: Machine): AgentName[] {
  return agentNames.filter((name) => {
    const { traces, places } = agents[name];
    const found =
      traces?.(machine) ??
      places.flatMap(({ scope, readOnly, paths }) => (scope === 'user' && !readOnly ? paths(machine).map(dirname) : []));
    return found.some((path) => existsSync(path));
  });
}
