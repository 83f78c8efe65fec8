/** Roo Code: `.roo/mcp.json` in a project, and a file in VS Code's storage. An address without a type is rejected. */
import { join } from 'node:path';
import { codeUser } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { envColon } from './interpolation.ts';

const extension = 'rooveterinaryinc.roo-cline';

export const rooCode: Agent = {
  name: 'roo-code',
  title: 'Roo Code',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: (machine) => [join(codeUser(machine), 'globalStorage', extension, 'settings', 'mcp_settings.json')],
    },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.roo', 'mcp.json')] },
  ],
  interpolation: envColon,
  http: 'headers',
  ...fieldSpelling({
    interpolation: envColon,
    stdioType: 'stdio',
    httpType: 'streamable-http',
    sseType: 'sse',
    off: { field: 'disabled', value: true },
  }),
  approval: { list: (tools) => ({ alwaysAllow: tools }) },
  traces: (machine) => [join(codeUser(machine), 'globalStorage', extension)],
};
