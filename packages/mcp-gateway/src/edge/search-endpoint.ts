/**
 * The surface `search` of an endpoint of several servers: instead of all tools it lists three that find, describe and call
 * them, so that what a model reads does not grow with the number of tools. Everything else passes as on the direct surface.
 */

import { memberText, scanArray } from '@switchyard/kit/json-scan';
import { didYouMean } from '@switchyard/kit/nearest';
import { type CallResult, completeResult } from '../call/call.ts';
import { type SearchTool, type ToolIndex, toolIndex } from '../catalog/search.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint, EndpointRequest } from './endpoint.ts';

const defaultLimit = 8;
const maxLimit = 50;
const maxSummaryChars = 200;

const readOnly = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

/** Definitions of the three tools, as they are listed. */
export const searchTools = [
  {
    name: 'tool_search',
    title: 'Find tools',
    description:
      'Finds tools by what they do, such as "read a file" or "create issue". Answers with names and summaries, best first. Look here before concluding that something cannot be done.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, description: 'Words that say what the tool should do.' },
        limit: { type: 'integer', minimum: 1, maximum: maxLimit, description: `Most tools to name. Default ${defaultLimit}.` },
      },
      required: ['query'],
      additionalProperties: false,
    },
    annotations: readOnly,
  },
  {
    name: 'tool_describe',
    title: 'Describe a tool',
    description: 'Gives the whole definition of a tool that was found, with the schema of its arguments.',
    inputSchema: {
      type: 'object',
      properties: { name: { type: 'string', description: 'Name of the tool, as tool_search gave it.' } },
      required: ['name'],
      additionalProperties: false,
    },
    annotations: readOnly,
  },
  {
    name: 'tool_call',
    title: 'Call a tool',
    description: 'Calls a tool that was found. Give the arguments as tool_describe says.',
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Name of the tool, as tool_search gave it.' },
        arguments: { type: 'object', description: 'Arguments of that tool.' },
      },
      required: ['name'],
      additionalProperties: false,
    },
  },
] as const;

const ownTexts = searchTools.map((tool) => JSON.stringify(tool));

/** Where the tools behind the surface come from. */
export interface SearchSource {
  /** Differs whenever the tools do. */
  version(): string;
  /** What may be found, in listed order. */
  tools(): readonly SearchTool[];
  /** Public names of the tools that are listed as well. */
  pinned(): ReadonlySet<string>;
}

/** The endpoint with three tools instead of all. What is behind them goes through `endpoint`, with everything that applies there. */
export function searchEndpoint(endpoint: Endpoint, source: SearchSource): Endpoint {
  let indexed: { version: string; index: ToolIndex; tools: ReadonlyMap<string, SearchTool> } | undefined;
  const current = () => {
    const version = source.version();
    if (indexed?.version !== version) {
      const tools = source.tools();
      indexed = { version, index: toolIndex(tools), tools: new Map(tools.map((tool) => [tool.name, tool])) };
    }
    return indexed;
  };
  /** Lets servers that still start be listed before it is said that there is nothing. */
  const settled = async (request: EndpointRequest) => {
    await endpoint.request({ ...request, method: 'tools/list', params: '{}', parsedParams: {}, round: undefined });
    return current();
  };

  const search = async (request: EndpointRequest, args: JsonObject): Promise<CallResult> => {
    const { query, limit = defaultLimit } = args;
    if (typeof query !== 'string' || query.trim() === '')
      return toolError('"query" must be words that say what the tool should do');
    if (!Number.isSafeInteger(limit) || (limit as number) < 1) return toolError('"limit" must be a whole number from 1');
    const { index, tools } = await settled(request);
    const found = index.search(query, Math.min(limit as number, maxLimit));
    if (found.length === 0) return text(`no tool fits; there are ${tools.size} tools, try other words`);
    return text(found.map((name) => `${name}: ${summaryOf(tools.get(name) as SearchTool)}`).join('\n'));
  };

  const describe = async (request: EndpointRequest, { name }: JsonObject): Promise<CallResult> => {
    const { tools } = await settled(request);
    const tool = typeof name === 'string' ? tools.get(name) : undefined;
    if (!tool) return toolError(unknownTool(name, tools.keys()));
    const { _meta, icons: _icons, ...definition } = tool.value;
    return text(JSON.stringify({ ...definition, name }));
  };

  const call = async (request: EndpointRequest, args: JsonObject): Promise<CallResult> => {
    const { name } = args;
    if (typeof name !== 'string') return toolError('"name" must be the name of a tool, as tool_search gave it');
    const given = memberText(request.params, 'arguments') ?? '{}';
    const inner = memberText(given, 'arguments') ?? '{}';
    if (args.arguments !== undefined && objectOf(args.arguments) !== args.arguments)
      return toolError('"arguments" must be an object with the arguments of the tool');
    const params = `{"name":${JSON.stringify(name)},"arguments":${inner}}`;
    const parsedParams = { name, arguments: objectOf(args.arguments) };
    try {
      return await endpoint.request({ ...request, params, parsedParams });
    } catch (error) {
      // An unknown name is something that the model can mend.
      if (error instanceof RpcError && error.code === errorCodes.invalidParams && !current().tools.has(name))
        return toolError(error.message);
      throw error;
    }
  };

  const own: Readonly<Record<string, (request: EndpointRequest, args: JsonObject) => Promise<CallResult>>> = {
    tool_search: search,
    tool_describe: describe,
    tool_call: call,
  };

  const list = async (request: EndpointRequest): Promise<CallResult> => {
    const result = await endpoint.request(request);
    const pinned = source.pinned();
    const kept =
      pinned.size === 0
        ? []
        : scanArray(memberText(result.text, 'tools') ?? '[]').filter((tool) =>
            pinned.has(String(objectOf(JSON.parse(tool)).name)),
          );
    return { ...result, text: `{"tools":[${[...ownTexts, ...kept].join(',')}]}` };
  };

  return {
    ...endpoint,
    get serverInfo() {
      return endpoint.serverInfo;
    },
    async request(request) {
      if (request.method === 'tools/list') return list(request);
      const { name } = request.parsedParams;
      if (request.method !== 'tools/call' || typeof name !== 'string' || !Object.hasOwn(own, name))
        return endpoint.request(request);
      const perform = own[name] as (typeof own)[string];
      return perform(request, objectOf(request.parsedParams.arguments));
    },
  };
}

function summaryOf({ value }: SearchTool): string {
  const { title, description } = value;
  const said =
    typeof description === 'string' && description.trim() !== '' ? description : typeof title === 'string' ? title : '';
  const line = said.trim().replace(/\s+/g, ' ');
  return line.length > maxSummaryChars ? `${line.slice(0, maxSummaryChars)}…` : line;
}

function unknownTool(name: unknown, known: Iterable<string>): string {
  if (typeof name !== 'string') return '"name" must be the name of a tool, as tool_search gave it';
  return `unknown tool "${name}"${didYouMean(name, known)}`;
}

function text(content: string): CallResult {
  return completeResult({ content: [{ type: 'text', text: content }] });
}

function toolError(message: string): CallResult {
  return { ...completeResult({ content: [{ type: 'text', text: message }], isError: true }), isError: true };
}
