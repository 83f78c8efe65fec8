/** VS Code (Copilot Chat): `mcp.json` with `servers`. Its `${input:…}` references are left as they are. */
import { join } from 'node:path';
import { codeUser } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { envColon } from './interpolation.ts';

export const vscode: Agent = {
  name: 'vscode',
  title: 'VS Code',
  format: 'json',
  entries: { root: ['servers'], shape: 'map' },
  places: [
    { scope: 'user', paths: (machine) => [join(codeUser(machine), 'mcp.json')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.vscode', 'mcp.json')] },
  ],
  interpolation: envColon,
  http: 'headers',
  ...fieldSpelling({ interpolation: envColon, stdioType: 'stdio', httpType: 'http', sseType: 'sse' }),
  trust: {
    user: 'A window asks once whether the server is trusted; `${env:…}` is what VS Code was started with.',
    project: 'A window asks once whether the server is trusted.',
  },
};
