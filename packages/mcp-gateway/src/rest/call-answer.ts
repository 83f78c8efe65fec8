/** The HTTP answer to a tool call: the result as JSON, or an event stream for those who ask for one. */
import { abortSignalOf, Cancel } from '@switchyard/kit/cancel';
import { type Problem, toProblemJson } from '@switchyard/kit/problem';
import type { Gateway } from '../gateway.ts';
import { callStream } from './call-stream.ts';
import { callableTool, callTool, type ToolCall } from './tool-call.ts';

export interface CallAnswerOptions {
  call: Omit<ToolCall, 'onProgress'>;
  asStream: boolean;
  /** What an error that comes after the stream began looks like. */
  problemOf(error: unknown): Problem;
}

/** Calls the tool; what is wrong before the call begins is thrown in either form (see `callableTool`, `callTool`). */
export async function answerCall(gateway: Gateway, { call, asStream, problemOf }: CallAnswerOptions): Promise<Response> {
  const { requestId, caller, server, tool } = call;
  const headers = { 'x-request-id': requestId, 'cache-control': 'no-store' };
  const entry = await callableTool(gateway, caller, server, tool);
  if (!asStream) {
    const text = await callTool(gateway, entry, call);
    return new Response(text, { headers: { ...headers, 'content-type': 'application/json' } });
  }
  const gone = new Cancel();
  const signal = AbortSignal.any([call.signal, gone.signal].map(abortSignalOf));
  const stream = callStream({
    clock: gateway.clock,
    run: (onProgress) => callTool(gateway, entry, { ...call, signal, onProgress }),
    problem: (error) => ({ ...toProblemJson(problemOf(error)), requestId }),
    onCancel: () => gone.abort(),
  });
  return new Response(stream, { headers: { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
}
