/** `switchyard servers`: the MCP servers behind the gateway. */
import type { Command } from '../command.ts';
import { readFlags } from '../flags.ts';
import { gatewayFlags, gatewayUrl, requestGateway } from '../gateway-client.ts';
import { renderTable } from '../table.ts';

export interface ServerView {
  name: string;
  state: string;
  transport: string;
  protocolVersion?: string;
  tools: number;
  restarts: number;
  lastError?: string;
  url?: string;
}

export const command: Command = {
  usage: 'servers [--url URL] [--json]',
  async run(args) {
    const { values } = readFlags(args, gatewayFlags);
    const { servers } = await requestGateway<{ servers: ServerView[] }>(gatewayUrl(values.url), '/api/servers');
    console.log(values.json ? JSON.stringify(servers, null, 2) : serversTable(servers));
    return servers.some(({ state }) => state === 'failed') ? 1 : 0;
  },
};

export function serversTable(servers: readonly ServerView[]): string {
  return renderTable(
    ['SERVER', 'STATE', 'TRANSPORT', 'MCP', 'TOOLS', 'LAST ERROR'],
    servers.map((server) => [
      server.name,
      server.state,
      server.transport,
      server.protocolVersion ?? '–',
      String(server.tools),
      server.lastError ?? '',
    ]),
  );
}
