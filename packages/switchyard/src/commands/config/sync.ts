/** `switchyard config sync`: writes every agent's own file from the declaration, and nothing when all is as it should be. */
import type { Command } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { declaredFlags, declaredFrom, declaredUsage } from './declared.ts';
import { carryOut } from './outcome.ts';

const flags = {
  ...declaredFlags,
  'dry-run': { type: 'boolean' },
  check: { type: 'boolean' },
  force: { type: 'boolean' },
} as const;

export const command: Command = {
  usage: `config sync [--dry-run | --check] [--force] [--json]

Writes the entries that are declared, and removes those of ours that are declared no longer. Everything else in
agents' files keeps its bytes; an entry that you made or edited is left alone and named. A file that changes
leaves FILE.bak-switchyard beside it.

--dry-run            show the differences and write nothing
--check              write nothing; exit code 1 when something would change
--force              take over entries of the same name that somebody else made or edited
${declaredUsage}`,
  async run(args) {
    const { values } = readFlags(args, flags);
    const how = values['dry-run'] ? 'diff' : values.check ? 'check' : 'write';
    return carryOut(await declaredFrom(values), {
      how,
      force: values.force === true,
      json: values.json === true,
      failOnChange: values.check === true,
    });
  },
};
