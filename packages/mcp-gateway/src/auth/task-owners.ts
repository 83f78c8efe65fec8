/**
 * Whose task is whose (2025-11-25 and 2026-07-28, Tasks). Callers share a server's connection, and a task id is only a
 * number to it: without this, one could read or cancel what another one started.
 */
import type { Call, CallResult, Decorator } from '../call/call.ts';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import { objectOf } from '../upstream/peer.ts';

const maxTasks = 100_000;

/** Notes who started a task, and answers to anybody else as if there was none. */
export function taskOwners(): Decorator {
  const owners = new Map<string, string>();
  const note = ({ server, caller }: Call, result: CallResult) => {
    const id = taskIdOf(result);
    if (id === undefined) return;
    const key = `${server}\n${id}`;
    if (owners.has(key)) return;
    if (owners.size >= maxTasks) owners.delete(owners.keys().next().value as string);
    owners.set(key, caller.id);
  };
  return (next) => async (call) => {
    const { method, server, caller } = call;
    if (method === 'tasks/list' && caller.rights.key !== 'all')
      throw new RpcError(errorCodes.methodNotFound, 'tasks/list would show the tasks of all callers; ask for yours by their ids');
    if (method.startsWith('tasks/') && method !== 'tasks/list') {
      const { taskId } = objectOf(JSON.parse(call.params));
      const owner = owners.get(`${server}\n${String(taskId)}`);
      // Tasks from before a restart have no owner in memory: only who may do everything gets at them.
      if (owner === undefined ? caller.rights.key !== 'all' : owner !== caller.id)
        throw new RpcError(errorCodes.invalidParams, `there is no task ${JSON.stringify(taskId)}`);
    }
    const result = await next(call);
    if (method === 'tools/call') note(call, result);
    return result;
  };
}

/** The id of the task that a result announces instead of an answer, if it does. */
function taskIdOf({ type, text }: CallResult): string | undefined {
  // Cheap for the many results that are none: a task is announced in a short object.
  if (text.length > 4096 || !text.includes('"taskId"')) return undefined;
  const result = objectOf(JSON.parse(text));
  const { taskId } = type === 'task' ? { ...objectOf(result.task), ...result } : objectOf(result.task);
  return typeof taskId === 'string' ? taskId : undefined;
}
