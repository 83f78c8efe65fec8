/** `switchyard config diff`: what `sync` would change, as a unified difference; exit code 1 when there is any. */
import type { Command } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { declaredFlags, declaredFrom, declaredUsage } from './declared.ts';
import { carryOut } from './outcome.ts';

export const command: Command = {
  usage: `config diff [--force] [--json]

Shows what \`config sync\` would change, with secrets masked. Exit code 1 when something would change.

${declaredUsage}`,
  async run(args) {
    const { values } = readFlags(args, { ...declaredFlags, force: { type: 'boolean' } } as const);
    return carryOut(await declaredFrom(values), {
      how: 'diff',
      force: values.force === true,
      json: values.json === true,
      failOnChange: true,
    });
  },
};
