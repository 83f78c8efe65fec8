/**
 * Keeps a result from flooding a model's context: beyond the soft limit its text is cut to head and tail, and the whole is
 * kept for `result_read`. Callers that are not models (REST) get everything.
 */
import type { Logger } from '@switchyard/kit/logger';
import { shortening } from '../results/shorten.ts';
import type { ResultStore } from '../results/store.ts';
import type { Decorator, RunningCall } from './call.ts';
import type { CallSettings } from './settings.ts';

export function resultLimit(store: ResultStore, settingsOf: (call: RunningCall) => CallSettings, logger: Logger): Decorator {
  return (next) => async (call) => {
    const result = await next(call);
    call.trace.resultBytes = result.text.length;
    if (call.via !== 'mcp' || call.method !== 'tools/call' || result.type !== 'complete') return result;
    const shorter = shortening(result.text, settingsOf(call).softLimitBytes);
    if (!shorter) return result;
    try {
      const origin = { caller: call.caller.id, server: call.server, tool: call.name ?? '' };
      const ids = await Promise.all(shorter.texts.map((text) => store.put(text, origin)));
      call.trace.shortened = true;
      return { ...result, text: shorter.render(ids) };
    } catch (error) {
      // Losing bytes would be worse than a long answer.
      logger.warn('a long result could not be kept and is sent whole', { error, server: call.server, tool: call.name });
      return result;
    }
  };
}
