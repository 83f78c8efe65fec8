/** Claude Code 2.1: `~/.claude.json` (user, and "local" servers of each project), `.mcp.json` in a project. */
import { join } from 'node:path';
import { isObject, type KeyPath, valueAt } from '../files/entries.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { braces } from './interpolation.ts';

const root: KeyPath = ['mcpServers'];

export const claudeCode: Agent = {
  name: 'claude-code',
  title: 'Claude Code',
  format: 'json',
  entries: { root, shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: ({ home, env }) => [join(env.CLAUDE_CONFIG_DIR || home, '.claude.json')],
      roots: (content) => [root, ...projectRoots(content)],
    },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.mcp.json')] },
  ],
  interpolation: braces,
  http: 'headers',
  // An entry with `url` and no `type` is skipped with a warning.
  ...fieldSpelling({ interpolation: braces, stdioType: 'stdio', httpType: 'http', sseType: 'sse' }),
  traces: ({ home, env }) => [join(home, '.claude.json'), env.CLAUDE_CONFIG_DIR || join(home, '.claude')],
  trust: { project: 'A project’s .mcp.json waits for approval: start `claude` in the project once and accept its servers.' },
};

function projectRoots(content: unknown): KeyPath[] {
  const projects = valueAt(content, ['projects']);
  if (!isObject(projects)) return [];
  return Object.keys(projects).map((path) => ['projects', path, 'mcpServers']);
}
