/** Gathers what the OpenAPI documents of tools are made of. */
import type { Gateway } from '../gateway.ts';
import type { JsonObject } from '../jsonrpc/message.ts';
import { gatewayInfo } from '../protocol/revision.ts';
import { allToolsDocument, type DocumentedServer, serverToolsDocument } from './openapi/tools-document.ts';
import { settled } from './tools.ts';

/** Document of one server. Waits for its start. Throws RpcError for an unknown one (404) and one that is down and offers nothing (503). */
export async function documentOfServer(gateway: Gateway, name: string, baseUrl: string): Promise<JsonObject> {
  const upstream = gateway.upstream(name);
  // An empty document would be cached by its consumer; an error makes it ask again.
  if (upstream.lists.tools.length === 0) await upstream.ready();
  return serverToolsDocument(documented(gateway, name), baseUrl);
}

/** Document of all servers that are enabled. Waits a little for those that are starting. */
export async function documentOfAll(gateway: Gateway, baseUrl: string): Promise<JsonObject> {
  const names = gateway.serverNames.filter((name) => gateway.upstream(name).state !== 'disabled');
  await settled(gateway, names);
  return allToolsDocument(
    names.map((name) => documented(gateway, name)),
    baseUrl,
    gatewayInfo.version,
  );
}

function documented(gateway: Gateway, name: string): DocumentedServer {
  const { lists, facts } = gateway.upstream(name);
  const description = gateway.config.mcpServers[name]?.description ?? facts?.instructions;
  return { name, tools: lists.tools, info: facts?.info ?? {}, description };
}
