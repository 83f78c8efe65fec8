/**
 * Calls a tool that can only run as a task (2025-11-25, Tasks: `execution.taskSupport` is `required`) and waits for it,
 * so that a plain request gets a plain answer: create, ask for its status until it ended, fetch the result.
 */
import { abortSignalOf, type CancelSignal } from '@switchyard/kit/cancel';
import { sleep } from '@switchyard/kit/clock';
import { rewriteObject } from '@switchyard/kit/json-scan';
import type { Call, CallResult } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';
import { errorCodes, type JsonObject, RpcError } from '../jsonrpc/message.ts';
import { AbortedError } from '../upstream/link.ts';
import { objectOf } from '../upstream/peer.ts';
import { inputRequiredBy } from './problems.ts';

/** Bounds and default of the server's own wish for a poll interval, in ms. */
const poll = { least: 50, usual: 1000, most: 5000 } as const;
/** How long what nobody waits for any more may take. */
const cancelMs = 5000;

/**
 * Runs the call as a task. Changes of its status message are told as progress. A task that is not wanted any more, because
 * the caller left or because it asks for input, is cancelled. Throws Problem 422, RpcError, AbortedError.
 */
export async function callAsTask(gateway: Gateway, call: Call): Promise<CallResult> {
  const created = await gateway.call({ ...call, params: rewriteObject(call.params, { task: '{}' }) });
  let task = objectOf(objectOf(JSON.parse(created.text)).task);
  const { taskId } = task;
  // The server has answered at once after all.
  if (typeof taskId !== 'string') return created;
  const about = (method: string, signal: CancelSignal): Call => ({
    ...call,
    method,
    params: JSON.stringify({ taskId }),
    name: taskId,
    signal,
  });
  try {
    let told: unknown;
    for (let progress = 1; !isOver(task); progress += 1) {
      if (task.status === 'input_required') throw inputRequiredBy(call.server, call.name ?? '', statusMessage(task));
      if (task.statusMessage !== told) call.onProgress?.({ progress, message: task.statusMessage });
      told = task.statusMessage;
      await sleep(intervalMs(task), { clock: gateway.clock, signal: abortSignalOf(call.signal) }).catch((reason) =>
        Promise.reject(new AbortedError(reason)),
      );
      task = objectOf(JSON.parse((await gateway.call(about('tasks/get', call.signal))).text));
    }
    if (task.status === 'cancelled')
      throw new RpcError(errorCodes.internalError, `the task was cancelled by the server: ${statusMessage(task)}`);
    return await gateway.call(about('tasks/result', call.signal));
  } catch (error) {
    if (!isOver(task)) gateway.call(about('tasks/cancel', AbortSignal.timeout(cancelMs))).catch(() => {});
    throw error;
  }
}

function isOver({ status }: JsonObject): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

function intervalMs({ pollInterval }: JsonObject): number {
  return typeof pollInterval === 'number' ? Math.min(Math.max(pollInterval, poll.least), poll.most) : poll.usual;
}

function statusMessage({ statusMessage }: JsonObject): string {
  return typeof statusMessage === 'string' ? statusMessage : '';
}
