/**
 * The life of a daemon: listen, say ready, reload, drain, end. Everything between a handler for requests and systemd.
 *
 * Stopping: listeners close and `onStopping` runs at once; open requests finish (see `drain.ts`); then `onDrain` runs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { noteArrivals } from './arrival.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { Connections } from './drain.ts';
import type { LaneResponse } from './http1/lane-response.ts';
import { type LaneRequest, putLane } from './http1/server-lane.ts';
import type { OutboundResponse } from './inbound.ts';
import { type ListenSpec, listen } from './listen.ts';
import type { Logger } from './logger.ts';
import { Problem, toProblemJson } from './problem.ts';
import { handleSignals } from './process-events.ts';
import { listenFds, type Notifier, notifier } from './systemd.ts';

export interface ServiceOptions {
  name: string;
  version: string;
  logger: Logger;
  /** At least one address. */
  listen: ListenSpec[];
  /** Answers a request. What it throws, or rejects with, is logged and answered with 500. */
  handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  /**
   * Answers plain POSTs whose body is there (see `http1/server-lane.ts`), for hot paths. Where it returns false, the request goes to
   * `handler` as if nothing had happened. What it throws, or rejects with, is treated as there.
   */
  lane?: (request: LaneRequest, response: LaneResponse) => unknown;
  /** Called when all addresses listen. */
  onReady?(urls: string[]): void;
  /** SIGHUP: read configuration again. What it throws is logged; the service goes on as before. */
  onReload?(): Promise<void>;
  /** Stopping has begun: end streams that would otherwise stay open, such as event streams without work behind them. */
  onStopping?(): void;
  /** No request is open any more (or the limit has passed): finish work, stop children, close files. */
  onDrain?(): Promise<void>;
  /** Gates the watchdog: while false (or throwing), systemd gets no sign of life. Default: always healthy. */
  healthy?(): boolean;
  /** One line for `systemctl status`, read every five seconds. */
  status?(): string;
  /** How long idle keep-alive connections are kept for requests on their way. Default 1000. */
  drainGraceMs?: number;
  /** After this, open requests are cut; again as long is then given to `onDrain`. Default 10000. Keep twice this below TimeoutStopSec=. */
  drainLimitMs?: number;
  /** Whether this service owns the process: signals, uncaught errors, exit. Default true. */
  signals?: boolean;
  /** Sockets passed by systemd. Default: `listenFds()`. */
  fds?: ReadonlyMap<string, number>;
  clock?: Clock;
}

/** A running daemon. */
export interface Service {
  /** Where it listens, in the order of `listen`: `http://host:port` or `unix:/path`. */
  urls: string[];
  /** Drains and ends; the same promise for every call. `reason` is logged. */
  stop(reason: string): Promise<void>;
  /** Resolves when the service has ended, for whatever reason. */
  stopped: Promise<void>;
}

/** What the status line begins with once nothing is accepted any more and `onStopping` has run. */
const DRAINING = 'draining';
const STATUS_EVERY_MS = 5000;
const CRASH_LIMIT_MS = 2000;
/** Longer than the usual 60 s of a proxy in front, so that it is the proxy who closes. */
const KEEP_ALIVE_MS = 65_000;

/** Starts a daemon. Throws `ListenError` when an address can not be had; nothing is left open then. */
export async function runService(options: ServiceOptions): Promise<Service> {
  const { name, version, logger, clock = systemClock, drainGraceMs = 1000, drainLimitMs = 10_000 } = options;
  const tell = notifier();
  const connections = new Connections();
  const handler = guard(options.handler, logger);
  const { lane } = options;
  const urls: string[] = [];
  for (const spec of options.listen) {
    const server = createHttpServer(logger);
    if (lane) putLane(server, { handler: guard(lane, logger), keepAliveMs: KEEP_ALIVE_MS, ...connections.lane });
    connections.watch(server);
    noteArrivals(server, spec);
    server.on('request', handler);
    try {
      urls.push((await listen(server, spec, options.fds ?? listenFds())).url);
    } catch (error) {
      connections.abort();
      throw error;
    }
  }
  const beats = startBeats(options, tell, clock);
  const stopped = Promise.withResolvers<void>();

  const drain = async (reason: string, limitMs: number): Promise<void> => {
    logger.info('stopping', { reason, inFlight: connections.inFlight });
    for (const beat of beats) beat.cancel();
    tell.stopping();
    tell.extendTimeout(2 * limitMs + 5000);
    attempt(
      () => options.onStopping?.(),
      (error) => logger.error('onStopping failed', { error }),
    );
    const drained = connections.drain({ graceMs: Math.min(drainGraceMs, limitMs), limitMs, clock });
    // Nothing is accepted any more: whoever waits for that, to accept in our place, sees it here.
    tell.status(`${DRAINING}: ${connections.inFlight} requests are still being answered`);
    const clean = await drained;
    if (!clean) logger.warn('open requests were cut', { afterMs: limitMs });
    await within(limitMs, clock, options.onDrain?.bind(options)).catch((error) => logger.error('onDrain failed', { error }));
    await tell.flush();
    logger.info('stopped', { reason });
  };
  let stopping: Promise<void> | undefined;
  const stop = (reason: string, limitMs = drainLimitMs): Promise<void> => {
    stopping ??= drain(reason, limitMs).finally(() => {
      forget?.();
      stopped.resolve();
    });
    return stopping;
  };
  const reload = async (): Promise<void> => {
    if (stopping) return;
    tell.reloading();
    try {
      await options.onReload?.();
      logger.info('reloaded');
    } catch (error) {
      logger.error('reload failed, going on as before', { error });
    }
    tell.ready(options.status?.());
  };
  const forget =
    options.signals === false
      ? undefined
      : handleSignals({
          logger,
          stop: (reason) => stop(reason),
          reload,
          crash: () => stop('uncaught exception', CRASH_LIMIT_MS),
        });

  tell.ready(options.status?.() ?? `listening on ${urls.join(', ')}`);
  logger.info('ready', { version, urls });
  options.onReady?.(urls);
  logger.debug('started', { service: name });
  return { urls, stop: (reason) => stop(reason), stopped: stopped.promise };
}

function createHttpServer(logger: Logger): Server {
  const server = createServer({
    requestTimeout: 0, // answers may stream for hours
    headersTimeout: 15_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: 32 * 1024,
    connectionsCheckingInterval: 5000,
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    logger.debug('malformed request', { error });
    answerClientError(error, socket);
  });
  return server;
}

/** Answers what Node could not parse as a request. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'The request headers are larger than 32 KiB.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'The request headers did not arrive within 15 seconds.']
        : [400, 'This is not a valid HTTP/1.1 request.'];
  const problem = new Problem(status as number, { detail: detail as string });
  const body = JSON.stringify(toProblemJson(problem));
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A handler, such that nothing it does can end the process. */
function guard<Request, Response extends OutboundResponse>(
  handler: (request: Request, response: Response) => unknown,
  logger: Logger,
): (request: Request, response: Response) => unknown {
  const fail = (error: unknown, response: Response): void => {
    logger.error('request handler failed', { error });
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const problem = new Problem(500, { detail: 'The service failed while answering this request; its log has the reason.' });
    response.writeHead(500, { 'content-type': 'application/problem+json' }).end(JSON.stringify(toProblemJson(problem)));
  };
  return (request, response) => {
    try {
      const result = handler(request, response);
      if (result instanceof Promise) result.catch((error) => fail(error, response));
      return result;
    } catch (error) {
      return fail(error, response);
    }
  };
}

/** The regular signs of life: STATUS when it changed, and the watchdog while healthy. */
function startBeats(options: ServiceOptions, tell: Notifier, clock: Clock): Timer[] {
  const beats: Timer[] = [];
  if (options.status) {
    let last = '';
    const tick = (): void => {
      const text = options.status?.() ?? '';
      if (text !== last) tell.status(text);
      last = text;
    };
    beats.push(every(clock, STATUS_EVERY_MS, () => attempt(tick, (error) => options.logger.warn('status failed', { error }))));
  }
  if (tell.watchdogIntervalMs > 0) {
    const tick = (): void => {
      if (options.healthy?.() ?? true) tell.watchdog();
      else options.logger.warn('unhealthy: no sign of life is sent to the watchdog');
    };
    beats.push(
      every(clock, tell.watchdogIntervalMs, () =>
        attempt(tick, (error) => options.logger.error('health check failed', { error })),
      ),
    );
  }
  return beats;
}

function every(clock: Clock, ms: number, fn: () => void): Timer {
  const again = (): Timer =>
    clock.setTimeout(
      () => {
        timer = again();
        fn();
      },
      ms,
      { unref: true },
    );
  let timer = again();
  return { cancel: () => timer.cancel() };
}

function attempt(fn: () => void, onError: (error: unknown) => void): void {
  try {
    fn();
  } catch (error) {
    onError(error);
  }
}

async function within(limitMs: number, clock: Clock, work: (() => Promise<void>) | undefined): Promise<void> {
  if (!work) return;
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => late.reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  try {
    await Promise.race([work(), late.promise]);
  } finally {
    timer.cancel();
  }
}
