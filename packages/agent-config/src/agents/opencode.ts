/** opencode 1.18: `mcp.NAME`, or `mcp.servers.NAME` where a file is written that way. A command is one list with its arguments. */
import { join } from 'node:path';
import { xdgConfig } from '../environments/machine.ts';
import { type Fields, isObject, type KeyPath, valueAt } from '../files/entries.ts';
import type { Agent } from './agent.ts';
import { type Entry, mapTexts, UnreadableEntryError } from './entry.ts';
import { optionalText, textIn, textMapIn, textsIn } from './field-spelling.ts';
import { bracesWithoutDollar, readText, writeText } from './interpolation.ts';

const names = ['opencode.json', 'opencode.jsonc'];

export const opencode: Agent = {
  name: 'opencode',
  title: 'opencode',
  format: 'json',
  entries: { root: ['mcp'], shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: (machine) => names.map((name) => join(xdgConfig(machine), 'opencode', name)),
      roots,
    },
    {
      scope: 'project',
      paths: ({ projectRoot }) => [
        ...names.map((name) => join(projectRoot, name)),
        ...names.map((name) => join(projectRoot, '.opencode', name)),
      ],
      roots,
    },
  ],
  interpolation: bracesWithoutDollar,
  http: 'headers',
  write,
  read,
};

function roots(content: unknown): KeyPath[] {
  const servers = valueAt(content, ['mcp', 'servers']);
  // A server may itself be called "servers".
  return isObject(servers) && typeof servers.type !== 'string' ? [['mcp', 'servers']] : [['mcp']];
}

function write(entry: Entry): Fields {
  const spelled = mapTexts(entry, (text) => writeText(text, bracesWithoutDollar));
  return { ...target(spelled), ...(entry.disabled === true && { enabled: false }), ...entry.own };
}

function target(entry: Entry): Fields {
  if (entry.kind !== 'stdio') {
    const { url, headers } = entry;
    const hasToken = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
    // A server that answers 401 would be asked for OAuth, although the token is here.
    return { type: 'remote', url, ...(Object.keys(headers).length > 0 && { headers }), ...(hasToken && { oauth: false }) };
  }
  const { command, args, env, cwd } = entry;
  return {
    type: 'local',
    command: [command, ...args],
    ...(Object.keys(env).length > 0 && { environment: env }),
    ...(cwd !== undefined && { cwd }),
  };
}

const known = ['type', 'command', 'environment', 'cwd', 'url', 'headers', 'enabled', 'disabled'];

function read(fields: Fields): Entry {
  const own = Object.entries(fields).filter(([key, value]) => !known.includes(key) && !(key === 'oauth' && value === false));
  const entry: Entry = {
    ...targetIn(fields),
    ...((fields.enabled === false || fields.disabled === true) && { disabled: true }),
    ...(own.length > 0 && { own: Object.fromEntries(own) }),
  };
  return mapTexts(entry, (text) => readText(text, bracesWithoutDollar));
}

function targetIn(fields: Fields): Entry {
  if (fields.command === undefined) {
    if (fields.url === undefined) throw new UnreadableEntryError('neither "command" nor "url" is there');
    return { kind: 'http', url: textIn(fields, 'url'), headers: textMapIn(fields, 'headers') };
  }
  const [command, ...args] = textsIn(fields, 'command');
  if (command === undefined) throw new UnreadableEntryError('"command" must have the program as its first member');
  const cwd = optionalText(fields, 'cwd');
  return { kind: 'stdio', command, args, env: textMapIn(fields, 'environment'), ...(cwd !== undefined && { cwd }) };
}
