/** Cline 3 (extension, CLI and SDK share one file). It follows no references. */
import { join } from 'node:path';
import { codeUser } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';

const settings = 'cline_mcp_settings.json';

export const cline: Agent = {
  name: 'cline',
  title: 'Cline',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: ({ home, env }) => [env.CLINE_MCP_SETTINGS_PATH || join(home, '.cline', 'data', 'settings', settings)],
    },
    {
      scope: 'user',
      paths: (machine) => [join(codeUser(machine), 'globalStorage', 'saoudrizwan.claude-dev', 'settings', settings)],
      readOnly: true,
    },
  ],
  http: 'headers',
  // Without a type an address is taken for SSE.
  ...fieldSpelling({
    stdioType: 'stdio',
    httpType: 'streamableHttp',
    sseType: 'sse',
    untyped: 'sse',
    off: { field: 'disabled', value: true },
  }),
  approval: { list: (tools) => ({ autoApprove: tools }) },
  traces: (machine) => [join(machine.home, '.cline'), join(codeUser(machine), 'globalStorage', 'saoudrizwan.claude-dev')],
};
