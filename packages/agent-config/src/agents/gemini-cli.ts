/** Gemini CLI 0.61: `settings.json`, among much else. Its tools are `mcp_SERVER_TOOL`, so names of servers take no `_`. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { dollar } from './interpolation.ts';

export const geminiCli: Agent = {
  name: 'gemini-cli',
  title: 'Gemini CLI',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    { scope: 'user', paths: ({ home }) => [join(home, '.gemini', 'settings.json')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.gemini', 'settings.json')] },
  ],
  interpolation: dollar,
  http: 'headers',
  ...fieldSpelling({ interpolation: dollar, url: ['httpUrl'], sseUrl: 'url', sseType: 'sse' }),
  approval: { all: { trust: true } },
  serverName: (name) => name.replaceAll('_', '-'),
  trust: {
    project: 'A project’s file counts only in a trusted folder (`/permissions` in the CLI, or GEMINI_CLI_TRUST_WORKSPACE=true).',
  },
};
