/** LM Studio: `mcp.json` in Cursor's notation, without its references. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';

export const lmStudio: Agent = {
  name: 'lm-studio',
  title: 'LM Studio',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: ({ home }) => [join(home, '.lmstudio', 'mcp.json'), join(home, '.cache', 'lm-studio', 'mcp.json')],
    },
  ],
  http: 'headers',
  ...fieldSpelling({}),
  traces: ({ home }) => [join(home, '.lmstudio'), join(home, '.cache', 'lm-studio')],
};
