/** A tool call that came over REST: arguments in as raw text, the tool's result object out as the server wrote it. */
import type { CancelSignal } from '@switchyard/kit/cancel';
import type { Call, Caller } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import type { JsonObject } from '../jsonrpc/message.ts';
import { gatewayInfo, latestModernRevision } from '../protocol/revision.ts';
import type { ListEntry } from '../upstream/lists.ts';
import { objectOf } from '../upstream/peer.ts';
import { inputRequired } from './problems.ts';
import { checkServer } from './servers.ts';
import { callAsTask } from './task.ts';
import { findTool } from './tools.ts';

export interface ToolCall {
  server: string;
  tool: string;
  /** A JSON object as text. */
  argumentsText: string;
  caller: Caller;
  requestId: string;
  signal: CancelSignal;
  onProgress?: ((params: JsonObject) => void) | undefined;
}

/** The tool, once its server can be called. Throws like `findTool`. */
export async function callableTool(gateway: Gateway, caller: Caller, server: string, tool: string): Promise<ListEntry> {
  checkServer(caller, server);
  await gateway.upstream(server).ready();
  return findTool(gateway, caller, server, tool);
}

/**
 * Performs the call and gives the text of its result. The caller has no capabilities: nothing can be asked back.
 * Throws Problem 422 when the tool wants input, and whatever `Gateway.call` throws.
 */
export async function callTool(gateway: Gateway, entry: ListEntry, request: ToolCall): Promise<string> {
  const { server, tool, argumentsText, caller, requestId, signal, onProgress } = request;
  const call: Call = {
    via: 'rest',
    server,
    method: 'tools/call',
    params: `{"name":${JSON.stringify(tool)},"arguments":${argumentsText}}`,
    meta: {},
    name: tool,
    caller,
    client: { protocolVersion: latestModernRevision, info: { name: 'rest', version: gatewayInfo.version }, capabilities: {} },
    requestId,
    signal,
    onProgress: onProgress && (({ progressToken: _, ...params }) => onProgress(params)),
  };
  const asTask = objectOf(entry.value.execution).taskSupport === 'required';
  const result = asTask ? await callAsTask(gateway, call) : await gateway.call(call);
  if (result.type === 'input_required') throw inputRequired(server, tool, result);
  return result.text;
}
