/** `switchyard tools`: what can be called, on all servers or one. */
import type { Command } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';
import { renderTable } from '../table.ts';

interface ToolView {
  server: string;
  name: string;
  description?: string;
}

export const command: Command = {
  usage: 'tools [WORDS] [--server NAME] [--url URL] [--json]',
  async run(args) {
    const { values, positionals } = readFlags(args, { ...gatewayFlags, server: { type: 'string' } } as const);
    const query = new URLSearchParams();
    if (values.server !== undefined) query.set('server', values.server);
    if (positionals.length > 0) query.set('q', positionals.join(' '));
    const { tools } = await requestGateway<{ tools: ToolView[] }>(gatewayUrl(values.url), `/api/tools?${query}`);
    if (values.json) console.log(JSON.stringify(tools, null, 2));
    else {
      const rows = tools.map((tool) => [tool.server, tool.name, (tool.description ?? '').split('\n', 1)[0]?.slice(0, 90) ?? '']);
      console.log(renderTable(['SERVER', 'TOOL', 'DESCRIPTION'], rows));
    }
    return 0;
  },
};
