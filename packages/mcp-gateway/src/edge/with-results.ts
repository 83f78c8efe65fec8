/**
 * Adds to an endpoint what reads shortened results: the resource `result://…` everywhere, and the tool `result_read`, which is
 * listed where tools of several servers are mixed anyway; an endpoint of one server stays what the server made it.
 */
import { memberText } from '@switchyard/kit/json-scan';
import { isResultUri, type ResultReader, resultReadTool } from '../results/read.ts';
import { objectOf } from '../upstream/peer.ts';
import type { Endpoint, EndpointRequest } from './endpoint.ts';

const toolText = JSON.stringify(resultReadTool);

/** `listed`: whether `result_read` is among the tools of this endpoint. `taken`: whether the server has a tool of that name itself. */
export function withResults(
  endpoint: Endpoint,
  reader: ResultReader,
  options: { listed: boolean; taken: () => boolean },
): Endpoint {
  const request = async (given: EndpointRequest) => {
    const { method, parsedParams, caller } = given;
    if (method === 'resources/read' && isResultUri(parsedParams.uri)) return reader.readResource(parsedParams.uri, caller);
    if (method === 'tools/call' && parsedParams.name === resultReadTool.name && !options.taken()) {
      return reader.callTool(objectOf(parsedParams.arguments), caller);
    }
    const result = await endpoint.request(given);
    return method === 'tools/list' && options.listed ? { ...result, text: addTool(result.text) } : result;
  };
  return {
    ...endpoint,
    get serverInfo() {
      return endpoint.serverInfo;
    },
    request,
  };
}

/** The list result with one more tool at its end. */
function addTool(text: string): string {
  const tools = memberTextOfOwnList(text);
  return `{"tools":${tools === '[]' ? `[${toolText}]` : `${tools.slice(0, -1)},${toolText}]`}}`;
}

/** Aggregated lists are made by us and hold nothing but their array: no need to look for its end. */
function memberTextOfOwnList(text: string): string {
  return text.startsWith('{"tools":[') && text.endsWith(']}')
    ? text.slice('{"tools":'.length, -1)
    : (memberText(text, 'tools') ?? '[]');
}
