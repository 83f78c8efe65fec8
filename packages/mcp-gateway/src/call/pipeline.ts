/**
 * The call path: what every call goes through on its way to a server, outermost first. Each step is a decorator in a file
 * of its own; this one says only their order and what a call is while it runs.
 */
import { Cancel, type CancelSignal } from '@switchyard/kit/cancel';
import { type AbortedError, isAborted } from '../upstream/link.ts';
import type { Call, CallHandler, CallResult, CallTrace, Decorator, RunningCall } from './call.ts';

/** Wraps `handler` so that the first decorator sees the call first. */
export function compose(handler: CallHandler, decorators: readonly Decorator[]): (call: Call) => Promise<CallResult> {
  const inner = decorators.reduceRight<CallHandler>((next, decorate) => decorate(next), handler);
  return (call) => running(call, inner);
}

/**
 * Gives the call an end of its own: the caller's signal ends it, and so can every step inside, with an error that is told
 * to the caller instead of the bare fact that the call was aborted.
 */
async function running(call: Call, next: CallHandler): Promise<CallResult> {
  const controller = new Cancel();
  const { signal } = call;
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const scoped: RunningCall = {
    ...call,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    trace: newTrace(),
  };
  try {
    return await next(scoped);
  } catch (error) {
    if (isAborted(error) && !signal.aborted) throw reasonOf(error, controller.signal);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export function newTrace(): CallTrace {
  return { queueMs: 0, resultBytes: 0, shortened: false };
}

function reasonOf(error: AbortedError, signal: CancelSignal): unknown {
  return signal.aborted && signal.reason instanceof Error ? signal.reason : error;
}
