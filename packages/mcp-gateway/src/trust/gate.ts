/** Keeps quarantined tools from being called: at once when that is known, and again when the server has said what it offers now. */
import type { Decorator, RunningCall } from '../call/call.ts';
import type { RpcError } from '../jsonrpc/message.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ToolTrust } from './trust.ts';

function refusalOf(trust: ToolTrust, { server, method, name }: RunningCall): RpcError | undefined {
  return method === 'tools/call' && name !== undefined ? trust.refusal(server, name) : undefined;
}

export const gate = {
  /** Refuses what is known to be quarantined, before anything is spent on it. */
  known:
    (trust: ToolTrust): Decorator =>
    (next) =>
    (call) => {
      const refusal = refusalOf(trust, call);
      return refusal ? Promise.reject(refusal) : next(call);
    },

  /** Innermost. A server that starts for this very call may come back with other definitions: they are looked at before it is called. */
  reviewed:
    (trust: ToolTrust, upstream: (server: string) => Upstream): Decorator =>
    (next) =>
    (call) => {
      if (call.method !== 'tools/call' || !trust.hides(call.server)) return next(call);
      // Whether it can be called at all is for the call itself to say.
      const ready = upstream(call.server)
        .ready()
        .catch(() => {});
      return ready.then(() => {
        const refusal = refusalOf(trust, call);
        return refusal ? Promise.reject(refusal) : next(call);
      });
    },
};
