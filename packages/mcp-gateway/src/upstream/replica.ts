/**
 * Keeps one instance of a server alive: starts it, restarts it with growing delays when it ends, checks its health, stops it
 * when nobody used it for long and starts it again for the next call.
 */
import type { Clock, Timer } from '@switchyard/kit/clock';
import type { Logger } from '@switchyard/kit/logger';
import type { CallResult, RunningCall } from '../call/call.ts';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import { backoffMs } from './backoff.ts';
import { type Instance, SessionLostError } from './instance.ts';
import { AbortedError, LinkError } from './link.ts';

export type ReplicaState = 'starting' | 'ready' | 'degraded' | 'failed' | 'stopped';

export interface HealthSettings {
  /** Pause between two checks of a quiet instance, in ms; 0 for none. */
  intervalMs: number;
  timeoutMs: number;
  /** Failed checks in a row after which the instance is replaced. */
  threshold: number;
}

export interface ReplicaOptions {
  /** Server name, for messages. */
  server: string;
  connect(signal: AbortSignal): Promise<Instance>;
  /** Runs on a fresh instance before it counts as ready; what it throws makes the start fail. */
  prepare(instance: Instance): Promise<void>;
  onChange(): void;
  /** Hides secrets in messages. */
  mask(text: string): string;
  clock: Clock;
  logger: Logger;
  health: HealthSettings;
  /** Idle time after which the instance is ended until it is needed again, in ms; 0 for never. */
  idleStopMs: number;
  /** Whether something besides calls needs the instance (a watched resource). */
  isNeeded(): boolean;
}

/** So many ends within the window are a crash loop: the next start waits the longest delay. */
const crashLoop = { ends: 5, windowMs: 60_000 };
/** An instance that lived this long starts its count of attempts anew. */
const stableMs = 60_000;

export class Replica {
  readonly #options: ReplicaOptions;
  #state: ReplicaState = 'stopped';
  #since: number;
  #instance: Instance | undefined;
  #lastError: string | undefined;
  #retryAt: number | undefined;
  #restarts = 0;
  #attempt = 0;
  #ends: number[] = [];
  #inFlight = 0;
  #lastUsedAt = 0;
  #lastAnswerAt = 0;
  #failedChecks = 0;
  #asleep = false;
  /** The start that is under way; cancelled by `stop`. */
  #starting: { promise: Promise<void>; abort: AbortController } | undefined;
  #timer: Timer | undefined;
  #watch: Timer | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  get state(): ReplicaState {
    return this.#state;
  }
  get since(): number {
    return this.#since;
  }
  get instance(): Instance | undefined {
    return this.#instance;
  }
  get lastError(): string | undefined {
    return this.#lastError;
  }
  get retryAt(): number | undefined {
    return this.#retryAt;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get inFlight(): number {
    return this.#inFlight;
  }
  /** Ended for want of calls; the next one starts it. */
  get asleep(): boolean {
    return this.#asleep;
  }
  get isCrashLooping(): boolean {
    return this.#recentEnds() >= crashLoop.ends;
  }

  /** Starts the instance if it is not there. Resolves when it is ready or has failed; never rejects. */
  start(): Promise<void> {
    if (this.#instance) return Promise.resolve();
    if (!this.#starting) {
      this.#timer?.cancel();
      this.#asleep = false;
      const abort = new AbortController();
      if (this.#state !== 'failed') this.#setState('starting');
      this.#starting = { abort, promise: this.#begin(abort.signal) };
    }
    return this.#starting.promise;
  }

  /** Ends everything and resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#watch?.cancel();
    this.#setState('stopped');
    const starting = this.#starting;
    this.#starting = undefined;
    starting?.abort.abort();
    const instance = this.#instance;
    this.#instance = undefined;
    await Promise.all([instance?.close(), starting?.promise]);
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#attempt = 0;
    this.#ends = [];
    this.#restarts += 1;
    await this.start();
  }

  /** Calls the instance. Throws RpcError, AbortedError. A call is never sent twice, unless the server refused it unread. */
  async call(call: RunningCall): Promise<CallResult> {
    this.#inFlight += 1;
    try {
      const instance = this.#instance ?? (await this.ready());
      try {
        return this.#answered(await instance.call(call));
      } catch (error) {
        if (!(error instanceof SessionLostError)) throw error;
        if (instance === this.#instance) await this.restart();
        return this.#answered(await (await this.ready()).call(call));
      }
    } catch (error) {
      throw this.#translate(error);
    } finally {
      this.#inFlight -= 1;
      this.#lastUsedAt = this.#options.clock.monotonicMs();
    }
  }

  /** The running instance, started or awaited when that makes sense. Throws RpcError when it is down. */
  async ready(): Promise<Instance> {
    if (!this.#instance && (this.#state === 'starting' || this.#asleep)) await this.start();
    if (!this.#instance) throw this.unavailable();
    return this.#instance;
  }

  /** The error for callers while the instance is down: why, and when it is tried again. */
  unavailable(): RpcError {
    const { server, clock } = this.#options;
    const retryAfterMs = this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - clock.now());
    const reason = this.#lastError === undefined ? '' : `: ${this.#lastError}`;
    const when = retryAfterMs === undefined ? '' : `; it is started again in ${Math.ceil(retryAfterMs / 1000)} s`;
    return new RpcError(errorCodes.internalError, `server "${server}" is not running${reason}${when}`, {
      httpStatus: 503,
      data: { server, state: this.#state, ...(retryAfterMs !== undefined && { retryAfterMs }) },
    });
  }

  #answered(result: CallResult): CallResult {
    this.#lastAnswerAt = this.#options.clock.monotonicMs();
    if (this.#state === 'degraded') this.#setState('ready');
    return result;
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const { connect, prepare, clock, logger } = this.#options;
    let instance: Instance | undefined;
    try {
      instance = await connect(signal);
      await prepare(instance);
    } catch (error) {
      await instance?.close();
      if (signal.aborted) return;
      this.#starting = undefined;
      this.#fail(
        error instanceof RpcError || error instanceof LinkError ? error.message : String((error as Error)?.message ?? error),
      );
      return;
    }
    if (signal.aborted) return instance.close();
    this.#starting = undefined;
    this.#instance = instance;
    this.#lastError = undefined;
    this.#failedChecks = 0;
    const readyAt = clock.monotonicMs();
    this.#lastUsedAt = readyAt;
    this.#lastAnswerAt = readyAt;
    const { peer } = instance;
    logger.info('server ready', { revision: peer.revision, target: peer.target });
    this.#setState('ready');
    this.#watchOver(instance);
    void instance.broken.then(async (reason) => {
      if (instance !== this.#instance) return;
      this.#instance = undefined;
      if (clock.monotonicMs() - readyAt > stableMs) this.#attempt = 0;
      this.#fail(reason.message);
      await instance.close();
    });
  }

  #fail(unmasked: string): void {
    const { clock, logger, mask } = this.#options;
    const reason = mask(unmasked);
    this.#watch?.cancel();
    this.#attempt += 1;
    this.#ends.push(clock.monotonicMs());
    const looping = this.isCrashLooping;
    const delayMs = backoffMs(looping ? Number.MAX_SAFE_INTEGER : this.#attempt);
    this.#lastError = looping ? `it ended ${this.#recentEnds()} times within a minute, last: ${reason}` : reason;
    this.#retryAt = clock.now() + delayMs;
    logger.warn('server failed', { reason, retryInMs: delayMs, attempt: this.#attempt, crashLoop: looping });
    this.#setState('failed');
    this.#timer = clock.setTimeout(() => {
      this.#restarts += 1;
      void this.start();
    }, delayMs);
  }

  #recentEnds(): number {
    const after = this.#options.clock.monotonicMs() - crashLoop.windowMs;
    this.#ends = this.#ends.filter((at) => at > after);
    return this.#ends.length;
  }

  /** Looks after a ready instance from time to time: is it still alive, is it still wanted. */
  #watchOver(instance: Instance): void {
    const { clock, health, idleStopMs } = this.#options;
    const periods = [health.intervalMs, idleStopMs].filter((ms) => ms > 0);
    if (periods.length === 0) return;
    this.#watch = clock.setTimeout(
      async () => {
        if (instance !== this.#instance) return;
        if (this.#isIdle()) return this.#sleep(instance);
        await this.#checkHealth(instance);
        if (instance === this.#instance) this.#watchOver(instance);
      },
      Math.min(...periods),
      { unref: true },
    );
  }

  #isIdle(): boolean {
    const { clock, idleStopMs, isNeeded } = this.#options;
    return idleStopMs > 0 && this.#inFlight === 0 && clock.monotonicMs() - this.#lastUsedAt >= idleStopMs && !isNeeded();
  }

  #sleep(instance: Instance): void {
    this.#options.logger.info('server ended: nobody used it for a while');
    this.#instance = undefined;
    this.#asleep = true;
    void instance.close();
    this.#options.onChange();
  }

  /** A server that answered lately is alive; one that is busy with calls is judged by their timers. */
  async #checkHealth(instance: Instance): Promise<void> {
    const { clock, health, logger } = this.#options;
    if (health.intervalMs === 0 || this.#inFlight > 0 || clock.monotonicMs() - this.#lastAnswerAt < health.intervalMs / 2) return;
    try {
      await instance.check(health.timeoutMs);
      this.#failedChecks = 0;
      this.#lastAnswerAt = clock.monotonicMs();
      if (this.#state === 'degraded') this.#setState('ready');
    } catch (error) {
      // An answer is a sign of life, even when it is an error.
      if (error instanceof RpcError || instance !== this.#instance) return;
      this.#failedChecks += 1;
      this.#degrade(`health check failed: ${this.#options.mask((error as Error).message)}`);
      logger.warn('health check failed', { failed: this.#failedChecks, threshold: health.threshold });
      if (this.#failedChecks < health.threshold || this.#inFlight > 0) return;
      this.#instance = undefined;
      this.#fail(`no sign of life in ${health.threshold} health checks`);
      await instance.close();
    }
  }

  #degrade(reason: string): void {
    this.#lastError = reason;
    if (this.#state === 'ready') this.#setState('degraded');
  }

  #setState(state: ReplicaState): void {
    if (state !== 'failed') this.#retryAt = undefined;
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#options.clock.now();
    this.#options.onChange();
  }

  #translate(error: unknown): RpcError | AbortedError {
    if (error instanceof RpcError || error instanceof AbortedError) return error;
    const { server, mask } = this.#options;
    if (error instanceof LinkError && error.rpcError) {
      return new RpcError(error.rpcError.code, error.rpcError.message, { data: error.rpcError.data });
    }
    const reason = mask(error instanceof Error ? error.message : String(error));
    // Without a process to lose, a broken connection is the only hint that an endpoint is in trouble.
    if (error instanceof LinkError && error.status === undefined && this.#instance?.peer.pid === undefined) this.#degrade(reason);
    return new RpcError(errorCodes.internalError, `server "${server}": ${reason}`, {
      httpStatus: 502,
      fault: 'upstream',
      cause: error,
      data: { server },
    });
  }
}
