/** `switchyard config export --nix`: the declared servers as a NixOS module. */
import { nixServers } from '@switchyard/agent-config/nix';
import { ServerEntryError } from '@switchyard/agent-config/server-entry';
import { type Command, CommandError } from '../../command.ts';
import { readFlags } from '../../flags.ts';
import { declarationOf } from './declared.ts';

const flags = { nix: { type: 'boolean' }, config: { type: 'string' }, env: { type: 'string' } } as const;

export const command: Command = {
  usage: `config export --nix [--config FILE] [--env NAME]

Prints the declared servers as a module with services.ai.mcpGateway.servers, and services.mcp-credentials for secrets that
are files. What a service cannot have as it is declared is named on standard error.`,
  async run(args) {
    const { values } = readFlags(args, flags);
    if (values.nix !== true) throw new CommandError('export as what? --nix', 64);
    const { file, declaration } = await declarationOf(values);
    try {
      const { text, notes } = nixServers(declaration.mcpServers);
      for (const note of notes) console.error(`- ${note}`);
      process.stdout.write(text);
      return 0;
    } catch (error) {
      if (error instanceof ServerEntryError) throw new CommandError(`${file}: mcpServers: ${error.message}`, 78);
      throw error;
    }
  },
};
