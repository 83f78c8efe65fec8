/** One call, or one refusal of a call, as it is remembered. */

/**
 * How a call ended: `ok`; `tool_error` (the tool said isError); `input_required` (it waits for its client); `error` (JSON-RPC
 * error of the server); `denied`, `rate_limited`, `busy`, `breaker_open`, `unavailable` (never reached the server); `timeout`;
 * `cancelled`; `failed` (the server was lost during the call).
 */
export const outcomes = [
  'ok',
  'tool_error',
  'input_required',
  'error',
  'denied',
  'rate_limited',
  'busy',
  'breaker_open',
  'unavailable',
  'timeout',
  'cancelled',
  'failed',
] as const;
export type Outcome = (typeof outcomes)[number];

/** A call as the call path saw it; texts are still whole and unmasked. */
export interface CallRecord {
  id: string;
  /** When it came in, epoch ms. */
  timeMs: number;
  caller: string;
  via: 'mcp' | 'rest' | 'gateway';
  /** MCP revision of the client. */
  protocolVersion: string;
  server: string;
  method: string;
  /** Tool, prompt or resource; empty for methods without one. */
  name: string;
  queueMs: number;
  /** From its turn to its end. */
  runMs: number;
  argumentBytes: number;
  resultBytes: number;
  shortened: boolean;
  outcome: Outcome;
  error: string | undefined;
  /** W3C trace context, as it went on to the server. */
  traceparent: string | undefined;
  /** The span that called us, when its context came in a header. */
  parentSpanId?: string | undefined;
  paramsText: string;
  resultText: string;
}
