/** Amp: one dotted key in settings.json. The transport of an address is found by trying. */
import { join } from 'node:path';
import { xdgConfig } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';
import { braces } from './interpolation.ts';

export const amp: Agent = {
  name: 'amp',
  title: 'Amp',
  format: 'json',
  entries: { root: ['amp.mcpServers'], shape: 'map' },
  places: [
    { scope: 'user', paths: (machine) => [join(xdgConfig(machine), 'amp', 'settings.json')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.amp', 'settings.json')] },
  ],
  interpolation: braces,
  http: 'headers',
  ...fieldSpelling({ interpolation: braces }),
  trust: { project: 'Servers of a project need `amp mcp approve`.' },
};
