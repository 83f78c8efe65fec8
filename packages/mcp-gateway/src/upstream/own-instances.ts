/** Instances that are not shared: one for each client session, or one for each call (`isolation`). Bounded in number. */
import type { Clock } from '@switchyard/kit/clock';
import type { CallResult, RunningCall } from '../call/call.ts';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Replica } from './replica.ts';

export interface OwnInstancesOptions {
  server: string;
  maxInstances: number;
  clock: Clock;
  /** Makes a replica that is not started yet and ends itself when idle. */
  make(): Replica;
}

export class OwnInstances {
  readonly #options: OwnInstancesOptions;
  readonly #sessions = new Map<string, Replica>();
  readonly #alone = new Set<Replica>();

  constructor(options: OwnInstancesOptions) {
    this.#options = options;
  }

  get all(): Replica[] {
    return [...this.#sessions.values(), ...this.#alone];
  }

  /** Calls the instance of the caller's session; a stateless caller's is the one of its principal. */
  callInSession(call: RunningCall): Promise<CallResult> {
    const { id, session } = call.caller;
    const key = session === undefined || session === '' ? `caller:${id}` : `session:${session}`;
    let replica = this.#sessions.get(key);
    if (!replica) {
      this.#makeRoom();
      replica = this.#options.make();
      this.#sessions.set(key, replica);
      void replica.start();
    }
    return replica.call(call);
  }

  /** Calls an instance that exists for this call only. A call that waits for its client (parked) keeps it until it ends. */
  async callAlone(call: RunningCall): Promise<CallResult> {
    this.#makeRoom();
    const replica = this.#options.make();
    this.#alone.add(replica);
    let result: CallResult | undefined;
    try {
      void replica.start();
      result = await replica.call(call);
      return result;
    } finally {
      // A parked call still runs inside; its instance goes when it is idle.
      if (result?.type !== 'input_required') {
        this.#alone.delete(replica);
        void replica.stop();
      }
    }
  }

  async stop(): Promise<void> {
    const all = this.all;
    this.#sessions.clear();
    this.#alone.clear();
    await Promise.all(all.map((replica) => replica.stop()));
  }

  /** Forgets instances that ended for want of calls; throws RpcError (429) when the rest leaves no room. */
  #makeRoom(): void {
    for (const [key, replica] of this.#sessions) {
      if (!replica.asleep) continue;
      this.#sessions.delete(key);
      void replica.stop();
    }
    for (const replica of this.#alone) {
      if (!replica.asleep) continue;
      this.#alone.delete(replica);
      void replica.stop();
    }
    const { server, maxInstances } = this.#options;
    if (this.#sessions.size + this.#alone.size < maxInstances) return;
    throw new RpcError(
      errorCodes.internalError,
      `server "${server}" already runs ${maxInstances} instances for other sessions (maxInstances)`,
      {
        httpStatus: 429,
        data: { server, retryAfterMs: 5000 },
      },
    );
  }
}
