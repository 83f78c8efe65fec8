/** The endpoints by URL path, each as the holder of certain rights sees it: what somebody may not use is not there. */

import { scanArray } from '@switchyard/kit/json-scan';
import { serverDenied } from '../call/authorize.ts';
import type { Caller, Rights } from '../call/call.ts';
import type { CatalogSnapshot } from '../catalog/catalog.ts';
import { publicName } from '../catalog/names.ts';
import type { SearchTool } from '../catalog/search.ts';
import type { Group } from '../config.ts';
import type { Gateway } from '../gateway.ts';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import { resultReadTool } from '../results/read.ts';
import { objectOf } from '../upstream/peer.ts';
import { aggregateEndpoint, type Endpoint, singleEndpoint } from './endpoint.ts';
import { searchEndpoint } from './search-endpoint.ts';
import { withResults } from './with-results.ts';

const groupPrefix = '/mcp/group/';
const serverPrefix = '/mcp/';
const searchPath = '/mcp/search';
const maxKnown = 10_000;

export class Endpoints {
  readonly #gateway: Gateway;
  readonly #known = new Map<string, Endpoint>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** The endpoint at a path; the same object for equal rights. Throws RpcError 403 for one that is forbidden, 404 where none is. */
  find(path: string, caller: Caller): Endpoint {
    const { key } = caller.rights;
    const known = key === 'all' ? path : `${path} ${key}`;
    let endpoint = this.#known.get(known);
    if (!endpoint) {
      endpoint = this.#make(path, caller);
      if (this.#known.size >= maxKnown) this.#known.clear();
      this.#known.set(known, endpoint);
    }
    return endpoint;
  }

  /** Forgets all, after the declaration changed. */
  clear(): void {
    this.#known.clear();
  }

  #make(path: string, caller: Caller): Endpoint {
    const { rights } = caller;
    if (path === '/mcp') return this.#aggregate(path, rights, () => everything(this.#gateway, 'direct'));
    // A server of that name keeps the path it has by being declared.
    if (path === searchPath && !this.#gateway.serverNames.includes('search'))
      return this.#aggregate(path, rights, () => everything(this.#gateway, 'search'));
    if (path.startsWith(groupPrefix)) {
      const group = () => this.#gateway.group(path.slice(groupPrefix.length));
      group();
      return this.#aggregate(path, rights, group);
    }
    if (!path.startsWith(serverPrefix))
      throw new RpcError(errorCodes.invalidRequest, `no MCP endpoint at ${path}`, { httpStatus: 404 });
    const server = path.slice(serverPrefix.length);
    if (!rights.allowsServer(server)) throw serverDenied(caller, server);
    const taken = () => this.#gateway.upstream(server).tool(resultReadTool.name) !== undefined;
    return withResults(singleEndpoint(this.#gateway, server, path, rights), this.#gateway.results, { listed: false, taken });
  }

  #aggregate(path: string, rights: Rights, group: () => Group): Endpoint {
    const members = () => group().servers.filter((name) => rights.allowsServer(name));
    const direct = aggregateEndpoint(this.#gateway, members, path, rights);
    const endpoint = group().surface === 'search' ? this.#searched(direct, rights, group, members) : direct;
    return withResults(endpoint, this.#gateway.results, { listed: true, taken: () => false });
  }

  #searched(endpoint: Endpoint, rights: Rights, group: () => Group, members: () => readonly string[]): Endpoint {
    const snapshot = () => this.#gateway.snapshot(members(), rights);
    return searchEndpoint(endpoint, {
      version: () => snapshot().toolsText,
      tools: () => searchToolsOf(snapshot()),
      pinned: () => new Set(group().pinned.map(publicNameOf)),
    });
  }
}

function everything({ serverNames }: Gateway, surface: Group['surface']): Group {
  return { servers: serverNames, surface, pinned: [] };
}

/** What can be found in a snapshot. */
function searchToolsOf({ toolsText, tools }: CatalogSnapshot): SearchTool[] {
  return scanArray(toolsText).flatMap((text) => {
    const value = objectOf(JSON.parse(text));
    const name = String(value.name);
    const route = tools.get(name);
    return route ? [{ name, server: route.server, tool: route.name, value }] : [];
  });
}

/** Public name of a tool that is written `server/tool`; names of servers have no slash. */
function publicNameOf(written: string): string {
  const slash = written.indexOf('/');
  return publicName(written.slice(0, slash), written.slice(slash + 1));
}
