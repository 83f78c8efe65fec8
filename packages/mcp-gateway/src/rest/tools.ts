/** Tools as the REST API shows them: all of them, those that match some words, or one by name. */
import { toolDenied } from '../call/authorize.ts';
import type { Caller } from '../call/call.ts';
import { publicName } from '../catalog/names.ts';
import type { Gateway } from '../gateway.ts';
import type { ListEntry } from '../upstream/lists.ts';
import { objectOf } from '../upstream/peer.ts';
import { unknownName } from './problems.ts';
import { checkServer } from './servers.ts';
import type { ToolView } from './shapes.ts';

/** Tools that the caller may call, in declared order of their servers; `query`: words that must all occur in name, title or description. Throws RpcError (403, 404). */
export async function listTools(
  gateway: Gateway,
  caller: Caller,
  server: string | undefined,
  query: string | undefined,
): Promise<ToolView[]> {
  if (server !== undefined) {
    checkServer(caller, server);
    gateway.upstream(server);
  }
  const { rights } = caller;
  const servers = server === undefined ? gateway.serverNames.filter((name) => rights.allowsServer(name)) : [server];
  await gateway.settled(servers);
  const words = (query ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return servers
    .flatMap((name) => gateway.lists(name, rights).tools.map((entry) => viewOf(name, entry)))
    .filter((tool) => matches(tool, words));
}

/**
 * One tool. Waits for a server that is starting. Throws Problem 404 with the nearest name, RpcError for a server or tool that
 * the caller may not use (403), an unknown server (404) or one that is down (503).
 */
export async function findTool(gateway: Gateway, caller: Caller, server: string, tool: string): Promise<ListEntry> {
  checkServer(caller, server);
  const upstream = gateway.upstream(server);
  // The lists of a server that is down are kept for a while: they answer "what is there", ready() answers "can it be called".
  if (!upstream.lists.tools.some((entry) => entry.key === tool)) await upstream.ready();
  const { tools } = gateway.lists(server, caller.rights);
  const entry = tools.find((candidate) => candidate.key === tool);
  const refusal = entry ? undefined : gateway.trust.refusal(server, tool);
  if (refusal && caller.rights.allowsTool(server, tool, gateway.toolClass(server, tool))) throw refusal;
  if (!entry && upstream.tool(tool)) throw toolDenied(caller, server, tool, gateway.toolClass(server, tool));
  if (!entry)
    throw unknownName(
      `tool of server "${server}"`,
      tool,
      tools.map(({ key }) => key),
    );
  return entry;
}

export function viewOf(server: string, { key, value }: ListEntry): ToolView {
  const { title, description, inputSchema, outputSchema, annotations } = value;
  return {
    server,
    name: key,
    publicName: publicName(server, key),
    ...(typeof title === 'string' && { title }),
    ...(typeof description === 'string' && { description }),
    ...(inputSchema !== undefined && { inputSchema }),
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations: objectOf(annotations) }),
  };
}

function matches(tool: ToolView, words: readonly string[]): boolean {
  const text = [tool.name, tool.publicName, tool.title, tool.description].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}
