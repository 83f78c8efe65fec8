/** A declaration's servers as options of the NixOS module (`services.ai.mcpGateway.servers`, `services.mcp-credentials`). Pure. */
import type { DeclaredServer } from '../declaration.ts';
import { targetOf } from '../server-entry.ts';
import { nixText } from './nix-text.ts';

export interface NixServers {
  /** A module, with a line end. */
  text: string;
  /** What the reader has to see to; holds no value. */
  notes: string[];
}

/** The module. Throws ServerEntryError for a server that names no target. */
export function nixServers(servers: Readonly<Record<string, DeclaredServer>>): NixServers {
  const credentials: Record<string, { path: string }> = {};
  const notes: string[] = [];
  /** The name of a credential for a reference; declared when it is a file. */
  const credential = (server: string, field: string, text: string): string | undefined => {
    const [, source, name = text] = /^\$\{(\w+):(.*)\}$/s.exec(text) ?? [];
    if (source === 'credential') return name;
    if (source !== undefined && source !== 'file') {
      notes.push(`${server}: ${field} is ${source}:${name}, which a service does not have; declare a credential for it`);
      return undefined;
    }
    const known = Object.entries(credentials).find(([, { path }]) => path === name)?.[0];
    const key = known ?? `${server}-${field}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    credentials[key] = { path: name };
    return key;
  };
  const options = Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [name, optionsOf(name, server, credential, notes)]),
  );
  const module = {
    ...(Object.keys(credentials).length > 0 && { 'services.mcp-credentials': credentials }),
    'services.ai.mcpGateway.servers': options,
  };
  const lines = Object.entries(module).map(([path, value]) => `  ${path} = ${nixText(value, '  ')};\n`);
  return { text: `{\n${lines.join('')}}\n`, notes };
}

type Credential = (server: string, field: string, text: string) => string | undefined;

function optionsOf(name: string, server: DeclaredServer, credential: Credential, notes: string[]): object {
  const target = targetOf(server);
  const shared = {
    ...((server.disabled === true || server.enabled === false) && { enable: false }),
    ...(server.description !== undefined && { description: server.description }),
  };
  if (target.kind === 'socket') {
    notes.push(`${name}: a socket is not one of the module's options; \`settings.socket\` takes it`);
    return { settings: { socket: target.path }, ...shared };
  }
  if (target.kind !== 'stdio') {
    const headers = Object.entries(target.headers).map(([header, text]) => [header, inText(name, header, text, credential)]);
    return {
      url: inText(name, 'url', target.url, credential),
      ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
      ...(target.kind === 'sse' && { settings: { type: 'sse' } }),
      ...shared,
    };
  }
  const { command, args, env, cwd } = target;
  if (!command.startsWith('/'))
    notes.push(`${name}: command "${command}" must be an absolute path; give it as lib.getExe of a package`);
  const secret = (text: string) => /^\$\{(?:file|credential|env):[^{}]*\}$/.test(text);
  const variables = [...Object.entries(server.credentials ?? {}), ...Object.entries(env).filter(([, text]) => secret(text))];
  const declared = variables.flatMap(([variable, text]) => {
    const key = credential(name, variable, text);
    return key === undefined ? [] : [[variable, key]];
  });
  const plain = Object.entries(env).filter(
    ([variable, text]) => !secret(text) && !Object.hasOwn(server.credentials ?? {}, variable),
  );
  return {
    command,
    ...(args.length > 0 && { args }),
    ...(plain.length > 0 && { env: Object.fromEntries(plain) }),
    ...(declared.length > 0 && { credentials: Object.fromEntries(declared) }),
    ...(cwd !== undefined && { settings: { cwd } }),
    ...shared,
  };
}

/** A text with files' references turned into credentials'. */
function inText(name: string, field: string, text: string, credential: Credential): string {
  return text.replace(/(?<!\$)\$\{(?:file|env):[^{}]*\}/g, (whole) => {
    const key = credential(name, field, whole);
    return key === undefined ? whole : `\${credential:${key}}`;
  });
}
