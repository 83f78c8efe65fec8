/** Zed: `context_servers` in settings.json. No references are documented. */
import { join } from 'node:path';
import { appData, type Machine, xdgConfig } from '../environments/machine.ts';
import type { Agent } from './agent.ts';
import { fieldSpelling } from './field-spelling.ts';

export const zed: Agent = {
  name: 'zed',
  title: 'Zed',
  format: 'json',
  entries: { root: ['context_servers'], shape: 'map' },
  places: [
    { scope: 'user', paths: (machine) => [join(folder(machine), 'settings.json')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.zed', 'settings.json')] },
  ],
  http: 'headers',
  ...fieldSpelling({ off: { field: 'enabled', value: false } }),
};

/** `~/.config/zed` also on macOS. */
function folder(machine: Machine): string {
  return machine.environment === 'windows' ? join(appData(machine), 'Zed') : join(xdgConfig(machine), 'zed');
}
