/** Goose: a YAML map of extensions, among which MCP servers are those with `cmd` or `uri`. */
import { join } from 'node:path';
import { appData, xdgConfig } from '../environments/machine.ts';
import type { Fields } from '../files/entries.ts';
import type { Agent } from './agent.ts';
import { type Entry, mapTexts, UnreadableEntryError } from './entry.ts';
import { optionalText, textIn, textMapIn, textsIn } from './field-spelling.ts';
import { dollar, readText, writeText } from './interpolation.ts';

export const goose: Agent = {
  name: 'goose',
  title: 'Goose',
  format: 'yaml',
  entries: { root: ['extensions'], shape: 'map' },
  places: [
    {
      scope: 'user',
      paths: (machine) =>
        machine.environment === 'windows'
          ? [join(appData(machine), 'Block', 'goose', 'config', 'config.yaml')]
          : [join(xdgConfig(machine), 'goose', 'config.yaml')],
    },
  ],
  interpolation: dollar,
  http: 'headers',
  named: true,
  write,
  read,
};

/** Seconds after which Goose gives a call up; it wants the field to be there. */
const timeoutSeconds = 300;
const known = ['type', 'enabled', 'cmd', 'args', 'envs', 'env_keys', 'uri', 'headers', 'name', 'cwd'];
const reference = /\$\{env:(\w+)\}/g;

function write(entry: Entry): Fields {
  const { own = {} } = entry;
  const shared = { enabled: entry.disabled !== true, timeout: timeoutSeconds };
  if (entry.kind !== 'stdio') {
    const { kind, headers } = entry;
    const keys = Object.values(headers).flatMap((text) => [...text.matchAll(reference)].map(([, name]) => name));
    const spelled = mapTexts(entry, (text) => writeText(text, dollar));
    return {
      type: kind === 'sse' ? 'sse' : 'streamable_http',
      uri: spelled.url,
      ...(Object.keys(headers).length > 0 && { headers: spelled.headers }),
      ...(keys.length > 0 && { env_keys: [...new Set(keys)] }),
      ...shared,
      ...own,
    };
  }
  // Only headers are interpolated; a variable is passed on by its name.
  const passed = Object.keys(entry.env).filter((name) => entry.env[name] === `\${env:${name}}`);
  const given = Object.fromEntries(Object.entries(entry.env).filter(([name]) => !passed.includes(name)));
  const { command, args, env, cwd } = mapTexts({ ...entry, env: given }, (text) => writeText(text, undefined));
  return {
    type: 'stdio',
    cmd: command,
    args,
    ...(Object.keys(env).length > 0 && { envs: env }),
    ...(passed.length > 0 && { env_keys: passed }),
    ...(cwd !== undefined && { cwd }),
    ...shared,
    ...own,
  };
}

function read(fields: Fields): Entry {
  const own = Object.entries(fields).filter(
    ([key, value]) => !known.includes(key) && !(key === 'timeout' && value === timeoutSeconds),
  );
  const shared = {
    ...(fields.enabled === false && { disabled: true }),
    ...(own.length > 0 && { own: Object.fromEntries(own) }),
  };
  if (fields.uri !== undefined) {
    const address = { url: textIn(fields, 'uri'), headers: textMapIn(fields, 'headers') };
    const entry: Entry = { kind: fields.type === 'sse' ? 'sse' : 'http', ...address, ...shared };
    return mapTexts(entry, (text) => readText(text, dollar));
  }
  if (fields.cmd === undefined)
    throw new UnreadableEntryError(`an extension of type "${fields.type}" is no MCP server of its own`);
  const cwd = optionalText(fields, 'cwd');
  const entry: Entry = {
    kind: 'stdio',
    command: textIn(fields, 'cmd'),
    args: textsIn(fields, 'args'),
    env: textMapIn(fields, 'envs'),
    ...(cwd !== undefined && { cwd }),
  };
  const plain = mapTexts(entry, (text) => readText(text, undefined));
  const passed = textsIn(fields, 'env_keys').map((name) => [name, `\${env:${name}}`]);
  return { ...plain, env: { ...plain.env, ...Object.fromEntries(passed) }, ...shared };
}
