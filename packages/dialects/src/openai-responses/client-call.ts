/** A tool call in the words of the client: its own name and namespace, and its own kind of tool. */
import { customInputOf } from '../model/custom-tools.ts';
import type { JsonObject } from '../model/json.ts';
import type { Tool, ToolCallPart } from '../model/request.ts';
import { restoreToolName } from '../model/tool-names.ts';

export interface ClientCall {
  name: string;
  namespace?: string;
  isCustom: boolean;
  /** The upstream called a function that stands in for the client's custom tool: its arguments must be unwrapped. */
  isUnwrapped: boolean;
}

/** Finds the tool that was called among those the client offered. An answer of another dialect carries the flat name. */
export function clientCall(call: Pick<ToolCallPart, 'name' | 'namespace' | 'isCustom'>, tools: readonly Tool[]): ClientCall {
  const { name, namespace } = call.namespace === undefined ? restoreToolName(call.name, tools) : call;
  const offered = tools.find((tool) => tool.name === name && tool.namespace === namespace);
  const isCustom = call.isCustom === true || offered?.isCustom === true;
  return { name, ...(namespace !== undefined && { namespace }), isCustom, isUnwrapped: isCustom && call.isCustom !== true };
}

/** The item of a call. `text` is what the model wrote; that of a stand-in function is unwrapped. */
export function itemOfCall(call: ClientCall, id: string, callId: string, text: string, status: string): JsonObject {
  const names: JsonObject = { call_id: callId, name: call.name };
  if (call.namespace !== undefined) names.namespace = call.namespace;
  if (call.isCustom) {
    return { type: 'custom_tool_call', id, status, ...names, input: call.isUnwrapped ? customInputOf(text) : text };
  }
  return { type: 'function_call', id, status, ...names, arguments: text };
}
