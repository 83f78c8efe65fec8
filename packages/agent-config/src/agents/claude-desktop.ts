/** Claude Desktop: programs only; addresses are "custom connectors" of its window, so they need the bridge here. */
import { join } from 'node:path';
import { appData } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';

export const claudeDesktop: Agent = {
  name: 'claude-desktop',
  title: 'Claude Desktop',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [{ scope: 'user', paths: (machine) => [join(appData(machine), 'Claude', 'claude_desktop_config.json')] }],
  http: 'none',
  ...fieldSpelling({}),
  trust: { user: 'It reads its file when it starts: quit and open it again.' },
};
