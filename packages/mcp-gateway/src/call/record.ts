/** Remembers every call and every refusal: a row of activity and the counts for metrics. Outermost, so that nothing escapes it. */
import type { Clock } from '@switchyard/kit/clock';
import type { CallRecord, Outcome } from '../activity/activity.ts';
import { RpcError } from '../jsonrpc/message.ts';
import { objectOf } from '../upstream/peer.ts';
import type { CallResult, Decorator, RunningCall } from './call.ts';

export interface Recorder {
  clock: Clock;
  add(record: CallRecord): void;
}

export function record({ clock, add }: Recorder): Decorator {
  return (next) => async (call) => {
    if (call.via === 'gateway') return next(call);
    const timeMs = clock.now();
    const startedAt = clock.monotonicMs();
    const finish = (outcome: Outcome, resultText: string, error: string | undefined) => {
      const { trace, params } = call;
      const traceparent = call.meta.traceparent;
      add({
        id: call.requestId,
        timeMs,
        caller: call.caller.id,
        via: call.via,
        protocolVersion: call.client.protocolVersion,
        server: call.server,
        method: call.method,
        name: call.name ?? '',
        queueMs: trace.queueMs,
        runMs: Math.max(0, clock.monotonicMs() - startedAt - trace.queueMs),
        argumentBytes: params.length,
        resultBytes: trace.resultBytes,
        shortened: trace.shortened,
        outcome,
        error,
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
        parentSpanId: call.parentSpanId,
        paramsText: params,
        resultText,
      });
    };
    try {
      const result = await next(call);
      finish(outcomeOf(result), result.text, undefined);
      return result;
    } catch (error) {
      finish(outcomeOfError(error, call), '', error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}

function outcomeOf({ type, isError }: CallResult): Outcome {
  if (type === 'input_required') return 'input_required';
  return isError === true ? 'tool_error' : 'ok';
}

export function outcomeOfError(error: unknown, { signal }: Pick<RunningCall, 'signal'>): Outcome {
  const known = error instanceof RpcError ? error : signal.reason;
  if (!(known instanceof RpcError)) return 'cancelled';
  if (known.fault === 'timeout') return 'timeout';
  if (known.fault === 'upstream') return 'failed';
  const { denied, breaker, limit } = objectOf(known.data);
  if (denied === true) return 'denied';
  if (breaker === 'open') return 'breaker_open';
  if (known.httpStatus === 429) return limit === 'rate' ? 'rate_limited' : 'busy';
  return known.httpStatus === 503 ? 'unavailable' : 'error';
}
