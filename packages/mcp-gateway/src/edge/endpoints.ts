/** The endpoints by URL path, each as the holder of certain rights sees it: what somebody may not use is not there. */
import { serverDenied } from '../call/authorize.ts';
import type { Caller, Rights } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import { resultReadTool } from '../results/read.ts';
import { aggregateEndpoint, type Endpoint, singleEndpoint } from './endpoint.ts';
import { withResults } from './with-results.ts';

const groupPrefix = '/mcp/group/';
const serverPrefix = '/mcp/';
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
    if (path === '/mcp') return this.#aggregate(path, rights, () => this.#gateway.serverNames);
    if (path.startsWith(groupPrefix)) {
      const members = () => this.#gateway.groupMembers(path.slice(groupPrefix.length));
      members();
      return this.#aggregate(path, rights, members);
    }
    if (!path.startsWith(serverPrefix))
      throw new RpcError(errorCodes.invalidRequest, `no MCP endpoint at ${path}`, { httpStatus: 404 });
    const server = path.slice(serverPrefix.length);
    if (!rights.allowsServer(server)) throw serverDenied(caller, server);
    const taken = () => this.#gateway.upstream(server).tool(resultReadTool.name) !== undefined;
    return withResults(singleEndpoint(this.#gateway, server, path, rights), this.#gateway.results, { listed: false, taken });
  }

  #aggregate(path: string, rights: Rights, members: () => readonly string[]): Endpoint {
    const allowed = rights.key === 'all' ? members : () => members().filter((name) => rights.allowsServer(name));
    const endpoint = aggregateEndpoint(this.#gateway, allowed, path, rights);
    return withResults(endpoint, this.#gateway.results, { listed: true, taken: () => false });
  }
}
