/** Refuses calls that the caller's rights do not cover, before anything else is spent on them. */
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Call, Caller, Decorator, Operation, ToolClass } from './call.ts';

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
  if (!rights.allowsServer(server)) return serverDenied(caller, server);
  if (method !== 'tools/call' || name === undefined) return undefined;
  const toolClass = classOf(server, name);
  if (rights.allowsTool(server, name, toolClass)) return undefined;
  return toolDenied(caller, server, name, toolClass);
}

/** The error for a server that the caller may not use. Says the same whether or not there is such a server. */
export function serverDenied(caller: Caller, server: string): RpcError {
  return denied(caller, `"${caller.id}" may not use server "${server}"`, { server });
}

/** The error for a tool that the caller may not call. */
export function toolDenied(caller: Caller, server: string, tool: string, toolClass: ToolClass): RpcError {
  return denied(caller, `"${caller.id}" may not call the ${toolClass} tool "${tool}" of server "${server}"`, {
    server,
    toolClass,
  });
}

/** The error for a change that only an admin may make. */
export function adminDenied(caller: Caller, server: string): RpcError {
  return denied(caller, `"${caller.id}" may not change server "${server}": that needs the right "admin"`, {
    server,
    admin: true,
  });
}

function denied({ challenge }: Caller, message: string, operation: Operation): RpcError {
  return new RpcError(errorCodes.invalidRequest, message, {
    httpStatus: 403,
    data: { denied: true },
    challenge: challenge?.(operation),
  });
}
