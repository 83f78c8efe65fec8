/**
 * What is behind a URL, whatever era the client speaks: one server as it is (`/mcp/{server}`), or several as one
 * (`/mcp`, `/mcp/group/{group}`).
 */

import { rewriteObject } from '@switchyard/kit/json-scan';
import { didYouMean } from '@switchyard/kit/nearest';
import { allRights, type Call, type CallResult, completeResult, type Rights } from '../call/call.ts';
import type { CatalogSnapshot, Route } from '../catalog/catalog.ts';
import { publicName } from '../catalog/names.ts';
import { permittedTools } from '../catalog/permitted.ts';
import type { Gateway, ServerEvent } from '../gateway.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import type { ParamHeader } from '../protocol/param-headers.ts';
import { gatewayInfo, nameSource } from '../protocol/revision.ts';
import type { ListKind, ServerFacts } from '../upstream/peer.ts';

/** A request as the edges hand it over: names are still the public ones. */
export type EndpointRequest = Omit<Call, 'server' | 'name'> & { parsedParams: JsonObject };

/** What clients of an endpoint may hear without having asked at that moment. */
export type EndpointEvent =
  | { type: 'list-changed'; kind: ListKind }
  | { type: 'resource-updated'; uri: string; params: JsonObject }
  | { type: 'log'; params: JsonObject };

export interface Endpoint {
  /** URL path; part of what sessions are bound to. */
  readonly path: string;
  /** The answer to a handshake, without `protocolVersion`. Throws RpcError when the server is down. */
  handshake(protocolVersion: string): Promise<JsonObject>;
  /** What there is, and the server's own answer to `server/discover` where it gave one. Throws RpcError when the server is down. */
  discover(): Promise<{ facts: ServerFacts; text?: string | undefined }>;
  /** Who answers: stamped into results that name nobody. */
  readonly serverInfo: JsonObject;
  request(request: EndpointRequest): Promise<CallResult>;
  /** Wants updates of a resource; resolves with the function that ends it. Throws RpcError. */
  watch(uri: string): Promise<() => void>;
  wantLogs(client: Call['client']): void;
  /** Hears the endpoint's events until the returned function is called. */
  listen(listener: (event: EndpointEvent) => void): () => void;
  paramHeaders(tool: string): readonly ParamHeader[];
}

/** One server, un-prefixed and faithful: everything passes as it was sent, but for tools that may not be called with these rights. */
export function singleEndpoint(gateway: Gateway, server: string, path: string, rights: Rights = allRights): Endpoint {
  // Looked up each time: a reload may have put another in its place.
  const upstream = () => gateway.upstream(server);
  upstream();
  const shown = (result: CallResult): CallResult => ({
    ...result,
    text: permittedTools(server, gateway.trust.reviewPage(server, result.text), rights, (name, tool) =>
      gateway.toolClass(name, tool),
    ),
  });
  return {
    path,
    handshake: (protocolVersion) => upstream().handshakeResult(protocolVersion),
    async discover() {
      const text = await upstream().discoverText();
      return { facts: upstream().facts ?? { info: {}, capabilities: {} }, text };
    },
    get serverInfo() {
      return upstream().facts?.info ?? gatewayInfo;
    },
    async request({ parsedParams, ...request }) {
      const source = ownMember(nameSource, request.method);
      const name = source === undefined ? undefined : parsedParams[source];
      const list = ownMember(listOf, request.method);
      // While a server is down its last known lists stand in for it, so that clients keep their tools.
      if (list !== undefined && upstream().state === 'failed' && upstream().lists[list.list].length > 0) {
        return {
          type: 'complete',
          typed: false,
          text: `{"${list.member}":[${gateway
            .lists(server, rights)
            [list.list].map((entry) => entry.text)
            .join(',')}]}`,
        };
      }
      const result = gateway.call({ ...request, server, name: typeof name === 'string' ? name : undefined });
      return request.method === 'tools/list' ? shown(await result) : result;
    },
    watch: (uri) => gateway.watch(server, uri),
    wantLogs: (client) => void upstream().wantLogs(client),
    listen: (listener) =>
      gateway.listen((event) => {
        if (!('server' in event) || event.server !== server) return;
        const relayed = relay(event, event.type === 'resource-updated' ? event.uri : '');
        if (relayed) listener(relayed);
      }),
    paramHeaders: (tool) => upstream().paramHeaders(tool),
  };
}

const listOf: Readonly<Record<string, { list: 'tools' | 'prompts' | 'resources' | 'templates'; member: string }>> = {
  'tools/list': { list: 'tools', member: 'tools' },
  'prompts/list': { list: 'prompts', member: 'prompts' },
  'resources/list': { list: 'resources', member: 'resources' },
  'resources/templates/list': { list: 'templates', member: 'resourceTemplates' },
};

/** A method's entry in a table; names such as `constructor` have none. */
function ownMember<T>(table: Readonly<Record<string, T>>, method: string): T | undefined {
  return Object.hasOwn(table, method) ? table[method] : undefined;
}

function relay(event: ServerEvent, uri: string): EndpointEvent | undefined {
  if (event.type === 'list-announced') return { type: 'list-changed', kind: event.kind };
  if (event.type === 'resource-updated') return { type: 'resource-updated', uri, params: { ...event.params, uri } };
  if (event.type === 'log') return { type: 'log', params: event.params };
  return undefined;
}

/**
 * Several servers as one: names prefixed, lists merged in declared order. `members` is asked anew, as groups may be of all
 * servers; it names only those that may be used with these rights.
 */
export function aggregateEndpoint(
  gateway: Gateway,
  members: () => readonly string[],
  path: string,
  rights: Rights = allRights,
): Endpoint {
  const snapshot = async (): Promise<CatalogSnapshot> => {
    await gateway.settled(members());
    return gateway.snapshot(members(), rights);
  };
  const facts = (): ServerFacts => ({
    info: gatewayInfo,
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      completions: {},
      logging: {},
    },
    instructions: instructionsOf(gateway, members()),
  });
  const forward = (request: EndpointRequest, route: Route, changes: Record<string, string>): Promise<CallResult> => {
    const { parsedParams: _parsed, ...rest } = request;
    return gateway.call({ ...rest, server: route.server, name: route.name, params: rewriteObject(request.params, changes) });
  };
  const forwardNamed = async (request: EndpointRequest, kind: 'tools' | 'prompts') => {
    const name = request.parsedParams.name;
    const known = gateway.snapshot(members(), rights)[kind];
    // A tool that is there already is called without waiting for servers that still start.
    const routes = typeof name === 'string' && known.has(name) ? known : (await snapshot())[kind];
    // A tool that is hidden for want of rights goes on to where it is refused in clear words.
    const route =
      typeof name === 'string'
        ? (routes.get(name) ?? gateway.snapshot(members())[kind].get(name) ?? hidden(name, kind))
        : undefined;
    if (!route) throw unknown(kind === 'tools' ? 'tool' : 'prompt', name, routes.keys());
    return forward(request, route, { name: JSON.stringify(route.name) });
  };
  // So does one that is quarantined.
  const hidden = (name: string, kind: 'tools' | 'prompts'): Route | undefined => {
    if (kind !== 'tools') return undefined;
    for (const server of members()) {
      const pin = gateway.trust.quarantined(server).find(({ tool }) => publicName(server, tool) === name);
      if (pin) return { server, name: pin.tool };
    }
    return undefined;
  };
  const listResult = async (
    request: EndpointRequest,
    member: string,
    list: (snapshot: CatalogSnapshot) => string,
  ): Promise<CallResult> => {
    if (request.parsedParams.cursor !== undefined)
      throw new RpcError(errorCodes.invalidParams, 'unknown cursor: this list has one page');
    return { type: 'complete', text: `{"${member}":${list(await snapshot())}}`, typed: false };
  };

  return {
    path,
    async handshake() {
      await gateway.settled(members());
      const { info, capabilities, instructions } = facts();
      return { capabilities, serverInfo: info, ...(instructions !== undefined && { instructions }) };
    },
    async discover() {
      await gateway.settled(members());
      return { facts: facts() };
    },
    serverInfo: gatewayInfo,
    async request(request) {
      switch (request.method) {
        case 'tools/list':
          return listResult(request, 'tools', (all) => all.toolsText);
        case 'prompts/list':
          return listResult(request, 'prompts', (all) => all.promptsText);
        case 'resources/list':
          return listResult(request, 'resources', (all) => all.resourcesText);
        case 'resources/templates/list':
          return listResult(request, 'resourceTemplates', (all) => all.templatesText);
        case 'tools/call':
          return forwardNamed(request, 'tools');
        case 'prompts/get':
          return forwardNamed(request, 'prompts');
        case 'resources/read': {
          const { uri } = request.parsedParams;
          const route = typeof uri === 'string' ? (await snapshot()).resource(uri) : undefined;
          if (!route)
            throw new RpcError(errorCodes.invalidParams, `no server offers the resource ${JSON.stringify(uri)}`, {
              data: { uri },
            });
          return forward(request, route, { uri: JSON.stringify(route.name) });
        }
        case 'completion/complete': {
          const { route, ref } = completionTarget(await snapshot(), request.parsedParams.ref);
          if (!route) return completeResult({ completion: { values: [], hasMore: false } });
          return forward(request, route, { ref });
        }
        default:
          throw new RpcError(
            errorCodes.methodNotFound,
            `${request.method} is not offered by an endpoint of several servers; use /mcp/{server}`,
          );
      }
    },
    async watch(uri) {
      const route = (await snapshot()).resource(uri);
      if (!route)
        throw new RpcError(errorCodes.invalidParams, `no server offers the resource ${JSON.stringify(uri)}`, { data: { uri } });
      return gateway.watch(route.server, route.name);
    },
    wantLogs(client) {
      for (const name of members()) void gateway.upstream(name).wantLogs(client);
    },
    listen(listener) {
      let last = gateway.snapshot(members(), rights);
      return gateway.listen((event) => {
        if (event.type === 'lists-published') {
          const next = gateway.snapshot(members(), rights);
          for (const kind of changedKinds(last, next)) listener({ type: 'list-changed', kind });
          last = next;
        } else if (event.type !== 'list-announced' && members().includes(event.server)) {
          const relayed = relay(event, event.type === 'resource-updated' ? event.uri : '');
          if (relayed) listener(relayed);
        }
      });
    },
    paramHeaders: (tool) => {
      const route = gateway.snapshot(members(), rights).tools.get(tool);
      return route ? gateway.upstream(route.server).paramHeaders(route.name) : [];
    },
  };
}

function changedKinds(before: CatalogSnapshot, after: CatalogSnapshot): ListKind[] {
  const kinds: ListKind[] = [];
  if (before.toolsText !== after.toolsText) kinds.push('tools');
  if (before.promptsText !== after.promptsText) kinds.push('prompts');
  if (before.resourcesText !== after.resourcesText || before.templatesText !== after.templatesText) kinds.push('resources');
  return kinds;
}

function completionTarget(snapshot: CatalogSnapshot, ref: unknown): { route?: Route | undefined; ref: string } {
  const value = (ref ?? {}) as { type?: unknown; name?: unknown; uri?: unknown };
  const text = JSON.stringify(value);
  if (value.type === 'ref/prompt' && typeof value.name === 'string') {
    const route = snapshot.prompts.get(value.name);
    if (!route) throw unknown('prompt', value.name, snapshot.prompts.keys());
    return { route, ref: rewriteObject(text, { name: JSON.stringify(route.name) }) };
  }
  if (value.type === 'ref/resource' && typeof value.uri === 'string') {
    const route = snapshot.template(value.uri) ?? snapshot.resource(value.uri);
    return { route, ref: route ? rewriteObject(text, { uri: JSON.stringify(route.name) }) : text };
  }
  throw new RpcError(errorCodes.invalidParams, '"ref" must be {type: "ref/prompt", name} or {type: "ref/resource", uri}');
}

function unknown(what: string, name: unknown, known: Iterable<string>): RpcError {
  if (typeof name !== 'string') return new RpcError(errorCodes.invalidParams, `"name" must be the name of a ${what}`);
  return new RpcError(errorCodes.invalidParams, `unknown ${what} "${name}"${didYouMean(name, known)}`);
}

const maxInstructionsChars = 8000;

function instructionsOf(gateway: Gateway, members: readonly string[]): string | undefined {
  const parts = members.flatMap((name) => {
    const text = gateway.upstream(name).facts?.instructions;
    return text === undefined || text.trim() === '' ? [] : [`# ${name}\n${text.trim()}`];
  });
  return parts.length === 0 ? undefined : parts.join('\n\n').slice(0, maxInstructionsChars);
}
