/** `switchyard config show`: what is declared, or what stands in an agent's file now, with secrets masked. */
import { findServers } from '@switchyard/agent-config/importing';
import { maskKeys } from '@switchyard/agent-config/key-shapes';
import type { Command } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { declarationOf, machineFlags, machineOf, namedAgents } from './declared.ts';

const flags = {
  ...machineFlags,
  config: { type: 'string' },
  env: { type: 'string' },
  agent: { type: 'string', multiple: true },
  unmasked: { type: 'boolean' },
} as const;

export const command: Command = {
  usage: `config show [--env NAME] [--config FILE] [--unmasked]
       config show --agent NAME… [--unmasked]

Prints the declaration as JSON, with its defaults and the overlay of an environment; or every server that stands in
the files of these agents, whoever wrote it. What looks like a secret is shown as ••• unless --unmasked is given.`,
  async run(args) {
    const { values } = readFlags(args, flags);
    const agents = namedAgents(values.agent);
    const print = (value: unknown) => {
      const text = JSON.stringify(value, null, 2);
      console.log(values.unmasked ? text : maskKeys(text));
    };
    if (agents === undefined) {
      const { declaration } = await declarationOf(values);
      print(declaration);
      return 0;
    }
    const { servers, problems } = findServers(machineOf(values), agents);
    print(servers.map(({ agent, path, root, name, fields }) => ({ agent, path, root, name, fields })));
    for (const problem of problems) console.error(`! ${maskKeys(problem)}`);
    return problems.length > 0 ? 1 : 0;
  },
};
