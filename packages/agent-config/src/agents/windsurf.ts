/** Windsurf: an address is `serverUrl`; entries with `url`, as Cursor has them, are said not to connect. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { envColon } from './interpolation.ts';

export const windsurf: Agent = {
  name: 'windsurf',
  title: 'Windsurf',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    { scope: 'user', paths: ({ home }) => [join(home, '.codeium', 'windsurf', 'mcp_config.json')] },
    // The plugin for JetBrains.
    { scope: 'user', paths: ({ home }) => [join(home, '.codeium', 'mcp_config.json')], readOnly: true },
  ],
  interpolation: envColon,
  http: 'headers',
  ...fieldSpelling({ interpolation: envColon, url: ['serverUrl', 'url'], off: { field: 'disabled', value: true } }),
};
