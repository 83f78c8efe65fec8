/** A declared server as an agent's own entry, secrets by reference: its own, or through our wrapper or bridge. Pure. */
import type { Agent } from './agents/agent.ts';
import { type Entry, InexpressibleError, type StdioEntry } from './agents/entry.ts';
import { hasReference } from './agents/interpolation.ts';
import type { DeclaredServer } from './declaration.ts';
import { canWrite } from './gateway-entry.ts';
import { bridgeEntry, headerSource, type Program, sourceOf, wrappedEntry } from './program-entry.ts';
import { ServerEntryError, targetOf } from './server-entry.ts';

export interface DirectAccess {
  agent: Agent;
  program: Program;
  /** Whether the agent can read the files of this machine itself. */
  sharesFiles: boolean;
}

/** The entry. Throws InexpressibleError saying which field cannot be said and what to do. */
export function directEntry(server: DeclaredServer, access: DirectAccess): Entry {
  const own = server.agentFields?.[access.agent.name];
  const entry = entryOf(server);
  const target = entry.kind === 'stdio' ? program(entry, server, access) : address(entry, access);
  return own === undefined ? target : { ...target, own };
}

/** A declared server without anybody's spelling. `${NAME}`, as clients write variables, becomes `${env:NAME}`. */
export function entryOf(server: DeclaredServer): Entry {
  try {
    const target = targetOf(server);
    if (target.kind === 'socket')
      throw new InexpressibleError('agents cannot reach a Unix socket themselves: use mode "gateway" for this server');
    if (target.kind === 'stdio') {
      const { command, args, env, cwd } = target;
      return {
        kind: 'stdio',
        command: ours(command),
        args: args.map(ours),
        env: each(env),
        ...(cwd !== undefined && { cwd: ours(cwd) }),
      };
    }
    return { kind: target.kind === 'sse' ? 'sse' : 'http', url: ours(target.url), headers: each(target.headers) };
  } catch (error) {
    if (error instanceof ServerEntryError) throw new InexpressibleError(error.message);
    throw error;
  }
}

function ours(text: string): string {
  return text.replace(/(?<!\$)\$\{([A-Za-z_]\w*)\}/g, '${env:$1}');
}

function each(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, ours(text)]));
}

function program(entry: StdioEntry, { credentials = {} }: DeclaredServer, access: DirectAccess): Entry {
  const { agent, sharesFiles } = access;
  const declared = Object.entries(credentials).map(([name, text]) => [name, sourceOf(text)] as const);
  const foreign = (name: string, text: string) => hasReference(text) && (!canSay(agent, name, text) || !sharesFiles);
  const left = Object.entries(entry.env).filter(([name, text]) => !Object.hasOwn(credentials, name) && foreign(name, text));
  for (const [index, text] of entry.args.entries())
    if (/\$\{(?:file|credential):/.test(text.replaceAll('$${', '')))
      throw new InexpressibleError(
        `args[${index}] holds a secret, and arguments are seen by everybody on the machine; give it to the program as a variable (\`credentials\`)`,
      );
  const secrets = Object.fromEntries([...declared, ...left.map(([name, text]) => [name, sourceOf(text)] as const)]);
  return Object.keys(secrets).length === 0 ? entry : wrappedEntry(entry, secrets, access);
}

/** Whether the agent can follow the references of a text in a variable. */
function canSay(agent: Agent, name: string, text: string): boolean {
  return canWrite(agent, { kind: 'stdio', command: 'x', args: [], env: { [name]: text } });
}

function address(entry: Exclude<Entry, StdioEntry>, { agent, program: switchyard, sharesFiles }: DirectAccess): Entry {
  const { url, headers, kind } = entry;
  const texts = Object.values(headers);
  const needsHeaders = texts.length > 0;
  const canReach = agent.http === 'headers' || (agent.http === 'no-headers' && !needsHeaders);
  const readsFiles = sharesFiles || !texts.some((text) => text.includes('${file:'));
  if (canReach && readsFiles && canWrite(agent, entry)) return entry;
  if (kind === 'sse')
    throw new InexpressibleError('an SSE server cannot be bridged: use its Streamable HTTP address, or mode "gateway"');
  const { Authorization: authorization, ...others } = headers;
  const bearer = /^Bearer (.*)$/s.exec(authorization ?? '')?.[1];
  const rest = bearer === undefined && authorization !== undefined ? { ...others, Authorization: authorization } : others;
  return bridgeEntry(url, {
    token: bearer === undefined ? undefined : sourceOf(bearer),
    headers: Object.fromEntries(Object.entries(rest).map(([name, text]) => [name, headerSource(text)])),
    agent,
    program: switchyard,
    sharesFiles,
  });
}
