/** `switchyard config generate`: the entries of every agent as files of their own, printed or written into a folder. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeAtomically } from '@switchyard/agent-config/atomic-write';
import { withEntry } from '@switchyard/agent-config/format';
import type { Plan } from '@switchyard/agent-config/plan';
import type { Command } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { declaredFlags, declaredFrom, declaredUsage } from './declared.ts';
import { tilde } from './outcome.ts';

export const command: Command = {
  usage: `config generate [--output DIR] [--json]

Prints what each agent would get, as a file that holds nothing else; agents' own files are not looked at.

--output DIR         write DIR/AGENT/FILE instead, with mode 0600
${declaredUsage}`,
  async run(args) {
    const { values } = readFlags(args, { ...declaredFlags, output: { type: 'string' } } as const);
    const { plans, masked } = await declaredFrom(values);
    if (values.output !== undefined) for (const plan of plans) write(plan, values.output);
    else if (values.json)
      console.log(
        masked(
          JSON.stringify(
            plans.map(({ agent, path, entries }) => ({ agent: agent.name, path, entries })),
            null,
            2,
          ),
        ),
      );
    else for (const plan of plans) console.log(`# ${plan.agent.title}: ${tilde(plan.path)}\n${masked(textOf(plan))}`);
    return 0;
  },
};

function textOf({ agent, at, entries }: Plan): string {
  return entries.reduce((text, { name, fields }) => withEntry(agent.format, text, at({}), name, fields), '');
}

function write(plan: Plan, folder: string): void {
  const target = join(folder, plan.agent.name);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const file = join(target, basename(plan.path));
  writeAtomically(file, textOf(plan), { mode: 0o600 });
  console.log(file);
}
