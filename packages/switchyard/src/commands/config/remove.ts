/** `switchyard config remove`: takes our entries out of agents' files, and nothing else. */

import { agentNames } from '@switchyard/agent-config/agents';
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import type { Machine } from '@switchyard/agent-config/machine';
import { readOwnership } from '@switchyard/agent-config/ownership';
import type { Command } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { machineFlags, machineOf, namedAgents, stateFileOf } from './declared.ts';
import { carryOut } from './outcome.ts';

const flags = {
  ...machineFlags,
  agent: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export const command: Command = {
  usage: `config remove [--agent NAME]… [--dry-run] [--force] [--json]

Removes the entries that \`config sync\` wrote, of all agents or of those named. An entry that was edited since is left alone
(--force removes it too). Files of another project are named: --project DIR goes there. Needs no declaration.`,
  async run(args) {
    const { values } = readFlags(args, flags);
    const machine = machineOf(values);
    const stateFile = stateFileOf(process.env);
    const agents = namedAgents(values.agent) ?? [...agentNames];
    const declarations = new Set(
      Object.values(readOwnership(stateFile).files)
        .flat()
        .map(({ declaration }) => declaration),
    );
    const codes = [...declarations].map((file) =>
      carryOut(
        { file, machine, agents, plans: [], stateFile, masked: maskKeys },
        {
          how: values['dry-run'] ? 'diff' : 'write',
          force: values.force === true,
          json: values.json === true,
          failOnChange: false,
        },
      ),
    );
    if (codes.length === 0) console.log(values.json ? '[]' : 'nothing of ours is in any agent’s file');
    for (const path of elsewhere(stateFile, machine))
      console.error(`${path} belongs to another project or home: name it with --project or --windows-home`);
    return Math.max(0, ...codes);
  },
};

/** Files with entries of ours that this run did not look at. */
function elsewhere(stateFile: string, { home, projectRoot }: Machine): string[] {
  return Object.entries(readOwnership(stateFile).files).flatMap(([path, records]) =>
    records.some((record) => record.home !== home || (record.scope === 'project' && record.projectRoot !== projectRoot))
      ? [path]
      : [],
  );
}
