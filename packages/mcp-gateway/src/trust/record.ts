/** What became of a tool's definition stands among the calls, where people look for what happened. */
import { newRequestId } from '@switchyard/kit/request-id';
import type { CallRecord } from '../activity/activity.ts';
import type { TrustEvent } from './trust.ts';

/** The event as a row of activity. */
export function recordOfTrust({ server, tool, what, quarantined, message }: TrustEvent, timeMs: number): CallRecord {
  return {
    id: newRequestId(),
    timeMs,
    caller: 'gateway',
    via: 'gateway',
    protocolVersion: '',
    server,
    method: `trust/${what}`,
    name: tool,
    queueMs: 0,
    runMs: 0,
    argumentBytes: 0,
    resultBytes: 0,
    shortened: false,
    outcome: quarantined ? 'denied' : 'ok',
    error: quarantined ? message : undefined,
    traceparent: undefined,
    paramsText: '',
    resultText: message,
  };
}
