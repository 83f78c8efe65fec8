/** Cursor: `~/.cursor/mcp.json` and `.cursor/mcp.json`. An address is tried as Streamable HTTP, then as SSE. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { envColon } from './interpolation.ts';

export const cursor: Agent = {
  name: 'cursor',
  title: 'Cursor',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    { scope: 'user', paths: ({ home }) => [join(home, '.cursor', 'mcp.json')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.cursor', 'mcp.json')] },
  ],
  interpolation: envColon,
  http: 'headers',
  ...fieldSpelling({ interpolation: envColon, stdioType: 'stdio' }),
};
