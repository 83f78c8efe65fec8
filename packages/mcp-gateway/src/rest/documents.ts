/** Gathers what the OpenAPI documents of tools are made of. */
import type { Caller, Rights } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import type { JsonObject } from '../jsonrpc/message.ts';
import { gatewayInfo } from '../protocol/revision.ts';
import { allToolsDocument, type DocumentedServer, serverToolsDocument } from './openapi/tools-document.ts';
import { checkServer } from './servers.ts';

/** Document of one server. Waits for its start. Throws RpcError for one that is forbidden (403), unknown (404), or down and offers nothing (503). */
export async function documentOfServer(gateway: Gateway, caller: Caller, name: string, baseUrl: string): Promise<JsonObject> {
  checkServer(caller, name);
  const upstream = gateway.upstream(name);
  // An empty document would be cached by its consumer; an error makes it ask again.
  if (upstream.lists.tools.length === 0) await upstream.ready();
  return serverToolsDocument(documented(gateway, name, caller.rights), baseUrl);
}

/** Document of all servers that are enabled and that the caller may use. Waits a little for those that are starting. */
export async function documentOfAll(gateway: Gateway, { rights }: Caller, baseUrl: string): Promise<JsonObject> {
  const names = gateway.serverNames.filter((name) => rights.allowsServer(name) && gateway.upstream(name).state !== 'disabled');
  await gateway.settled(names);
  return allToolsDocument(
    names.map((name) => documented(gateway, name, rights)),
    baseUrl,
    gatewayInfo.version,
  );
}

function documented(gateway: Gateway, name: string, rights: Rights): DocumentedServer {
  const { facts } = gateway.upstream(name);
  const lists = gateway.lists(name, rights);
  const description = gateway.config.mcpServers[name]?.description ?? facts?.instructions;
  return { name, tools: lists.tools, info: facts?.info ?? {}, description };
}
