/**
 * Codex CLI 0.169: TOML tables `[mcp_servers.NAME]`. Nothing is interpolated; variables are named in fields of their own
 * (`env_vars`, `bearer_token_env_var`, `env_http_headers`).
 */
import { join } from 'node:path';
import type { Fields } from '../files/entries.ts';
import type { Agent } from './agent.ts';
import { type Entry, type HttpEntry, mapTexts, type StdioEntry, UnreadableEntryError } from './entry.ts';
import { optionalText, textIn, textMapIn, textsIn } from './field-spelling.ts';
import { readText, writeText } from './interpolation.ts';

export const codex: Agent = {
  name: 'codex',
  title: 'Codex CLI',
  format: 'toml',
  entries: { root: ['mcp_servers'], shape: 'map' },
  places: [
    { scope: 'user', paths: ({ home, env }) => [join(env.CODEX_HOME || join(home, '.codex'), 'config.toml')] },
    { scope: 'project', paths: ({ projectRoot }) => [join(projectRoot, '.codex', 'config.toml')] },
  ],
  http: 'headers',
  write,
  read,
  approval: {
    all: { default_tools_approval_mode: 'approve' },
    list: (tools) => ({ tools: Object.fromEntries(tools.map((tool) => [tool, { approval_mode: 'approve' }])) }),
  },
  trust: {
    project: 'A project’s file counts only where `[projects."PATH"] trust_level = "trusted"` is in the user’s config.toml.',
  },
};

const reference = /^\$\{env:(\w+)\}$/;
const bearer = /^Bearer \$\{env:(\w+)\}$/;
const fieldsOfServer = [
  'command',
  'args',
  'env',
  'env_vars',
  'cwd',
  'url',
  'bearer_token_env_var',
  'http_headers',
  'env_http_headers',
  'enabled',
];

function write(entry: Entry): Fields {
  const target = entry.kind === 'stdio' ? writeProgram(entry) : writeAddress(entry);
  return { ...target, ...(entry.disabled === true && { enabled: false }), ...entry.own };
}

function writeProgram(entry: StdioEntry): Fields {
  // A variable that is passed on under its own name.
  const passed = Object.keys(entry.env).filter((name) => entry.env[name] === `\${env:${name}}`);
  const given = Object.fromEntries(Object.entries(entry.env).filter(([name]) => !passed.includes(name)));
  const { command, args, env, cwd } = mapTexts({ ...entry, env: given }, (text) => writeText(text, undefined));
  return {
    command,
    args,
    ...(Object.keys(env).length > 0 && { env }),
    ...(passed.length > 0 && { env_vars: passed }),
    ...(cwd !== undefined && { cwd }),
  };
}

function writeAddress({ url, headers }: HttpEntry): Fields {
  const token = bearer.exec(headers.Authorization ?? '')?.[1];
  const rest = Object.entries(headers).filter(([name]) => token === undefined || name !== 'Authorization');
  const named = rest.flatMap(([name, text]) => {
    const variable = reference.exec(text)?.[1];
    return variable === undefined ? [] : [[name, variable]];
  });
  const literal = rest.filter(([, text]) => !reference.test(text)).map(([name, text]) => [name, writeText(text, undefined)]);
  return {
    url: writeText(url, undefined),
    ...(token !== undefined && { bearer_token_env_var: token }),
    ...(literal.length > 0 && { http_headers: Object.fromEntries(literal) }),
    ...(named.length > 0 && { env_http_headers: Object.fromEntries(named) }),
  };
}

function read(fields: Fields): Entry {
  const own = Object.fromEntries(Object.entries(fields).filter(([key]) => !fieldsOfServer.includes(key)));
  return {
    ...(fields.command === undefined ? readAddress(fields) : readProgram(fields)),
    ...(fields.enabled === false && { disabled: true }),
    ...(Object.keys(own).length > 0 && { own }),
  };
}

function readProgram(fields: Fields): StdioEntry {
  if (fields.url !== undefined) throw new UnreadableEntryError('"command" and "url" exclude each other');
  const cwd = optionalText(fields, 'cwd');
  const entry: StdioEntry = {
    kind: 'stdio',
    command: textIn(fields, 'command'),
    args: textsIn(fields, 'args'),
    env: textMapIn(fields, 'env'),
    ...(cwd !== undefined && { cwd }),
  };
  const plain = mapTexts(entry, (text) => readText(text, undefined));
  const passed = textsIn(fields, 'env_vars').map((name) => [name, `\${env:${name}}`]);
  return { ...plain, env: { ...plain.env, ...Object.fromEntries(passed) } };
}

function readAddress(fields: Fields): HttpEntry {
  if (fields.url === undefined) throw new UnreadableEntryError('neither "command" nor "url" is there');
  const token = optionalText(fields, 'bearer_token_env_var');
  const named = Object.entries(textMapIn(fields, 'env_http_headers')).map(([name, variable]) => [name, `\${env:${variable}}`]);
  const literal = Object.entries(textMapIn(fields, 'http_headers')).map(([name, text]) => [name, readText(text, undefined)]);
  return {
    kind: 'http',
    url: readText(textIn(fields, 'url'), undefined),
    headers: {
      ...(token !== undefined && { Authorization: `Bearer \${env:${token}}` }),
      ...Object.fromEntries(literal),
      ...Object.fromEntries(named),
    },
  };
}
