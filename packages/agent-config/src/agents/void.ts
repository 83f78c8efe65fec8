/** Void: headers may be written and are not sent, so an address with a token needs the bridge. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';

export const voidEditor: Agent = {
  name: 'void',
  title: 'Void',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [{ scope: 'user', paths: ({ home }) => [join(home, '.void-editor', 'mcp.json')] }],
  http: 'no-headers',
  ...fieldSpelling({}),
};
