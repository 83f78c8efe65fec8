/** A call as an OpenTelemetry span (semantic conventions for MCP and GenAI, where they have a name for it). */
import { randomBytes } from 'node:crypto';
import type { Span } from '@switchyard/kit/otlp';
import { parseTraceparent } from '@switchyard/kit/request-id';
import type { CallRecord } from './activity.ts';

/** A result that says `isError` is a failure of the span as well (conventions for MCP: `error.type` is `tool_error`). */
const good = new Set<CallRecord['outcome']>(['ok', 'input_required']);

export function spanOfCall(record: CallRecord): Span {
  const { traceparent, parentSpanId, method, name, server, timeMs, queueMs, runMs, outcome, error } = record;
  const trace = parseTraceparent(traceparent);
  // A context that came in a header went on with our own span; one in `_meta` is the caller's and went on as it was.
  const own = parentSpanId !== undefined ? trace?.parentId : undefined;
  const parent = parentSpanId ?? trace?.parentId;
  return {
    traceId: trace?.traceId ?? randomBytes(16).toString('hex'),
    spanId: own ?? randomBytes(8).toString('hex'),
    parentSpanId: parent,
    name: name === '' ? method : `${method} ${name}`,
    kind: 'server',
    startMs: timeMs,
    endMs: timeMs + queueMs + runMs,
    attributes: {
      'mcp.method.name': method,
      'mcp.protocol.version': record.protocolVersion,
      ...(method === 'tools/call' && { 'gen_ai.tool.name': name, 'gen_ai.operation.name': 'execute_tool' }),
      'switchyard.server': server,
      'switchyard.caller': record.caller,
      'switchyard.request_id': record.id,
      'switchyard.outcome': outcome,
      'switchyard.queue_ms': queueMs,
      ...(!good.has(outcome) && { 'error.type': outcome }),
    },
    error: good.has(outcome) ? undefined : (error ?? outcome),
  };
}
