/** Refuses calls that the caller's rights do not cover, before anything else is spent on them. */
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Call, Decorator, ToolClass } from './call.ts';

/** `classOf`: what a tool does to the world, as far as the gateway knows. */
export function authorize(classOf: (server: string, tool: string) => ToolClass): Decorator {
  return (next) => (call) => {
    const refusal = refusalOf(call, classOf);
    return refusal ? Promise.reject(refusal) : next(call);
  };
}

function refusalOf(
  { caller, server, method, name }: Call,
  classOf: (server: string, tool: string) => ToolClass,
): RpcError | undefined {
  const { rights } = caller;
  if (rights.key === 'all') return undefined;
  if (!rights.allowsServer(server)) return denied(`"${caller.id}" may not use server "${server}"`);
  if (method !== 'tools/call' || name === undefined) return undefined;
  const toolClass = classOf(server, name);
  if (rights.allowsTool(server, name, toolClass)) return undefined;
  return denied(`"${caller.id}" may not call the ${toolClass} tool "${name}" of server "${server}"`);
}

function denied(message: string): RpcError {
  return new RpcError(errorCodes.invalidRequest, message, { httpStatus: 403, data: { denied: true } });
}
