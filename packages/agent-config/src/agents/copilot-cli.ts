/** GitHub Copilot CLI 1.0: `~/.copilot/mcp-config.json`. Every entry lists the tools it may use. */
import { join } from 'node:path';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { dollar } from './interpolation.ts';

export const copilotCli: Agent = {
  name: 'copilot-cli',
  title: 'GitHub Copilot CLI',
  format: 'json',
  entries: { root: ['mcpServers'], shape: 'map' },
  places: [
    { scope: 'user', paths: ({ home, env }) => [join(env.COPILOT_HOME || join(home, '.copilot'), 'mcp-config.json')] },
    // It reads .mcp.json too, which is Claude Code's.
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.github', 'mcp.json')] },
  ],
  interpolation: dollar,
  http: 'headers',
  ...fieldSpelling({
    interpolation: dollar,
    stdioType: 'local',
    httpType: 'http',
    sseType: 'sse',
    always: { tools: ['*'] },
  }),
  trust: { project: 'A project’s file counts only in a trusted folder (`copilot --trust-folder`).' },
};
