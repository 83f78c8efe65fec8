/** What happens to the process as a whole: signals, and errors nobody caught. Only for a service that owns its process. */
import { constants } from 'node:os';
import type { Logger } from './logger.ts';

/** EX_SOFTWARE of sysexits.h: an uncaught exception ended the daemon. */
export const EXIT_SOFTWARE = 70;

/** What signals set off. */
export interface ProcessHandlers {
  logger: Logger;
  /** First SIGTERM or SIGINT. The process exits with 0 when it resolves. */
  stop(reason: string): Promise<void>;
  /** SIGHUP. */
  reload(): Promise<void>;
  /** An exception nobody caught: state may be broken. The process exits with 70 when it resolves. */
  crash(): Promise<void>;
}

/** Codes of a peer that went away in the middle of a write; an error of the peer, not of ours. */
const PEER_GONE = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** Installs the handlers; returns a function that takes them off again. */
export function handleSignals(handlers: ProcessHandlers): () => void {
  const { logger } = handlers;
  let leaving = false;
  const onStop = (signal: NodeJS.Signals): void => {
    if (leaving) process.exit(128 + (constants.signals[signal] ?? 0));
    leaving = true;
    void handlers.stop(signal).finally(() => leave(0));
  };
  const onException = (error: unknown): void => {
    if (isPeerGone(error)) {
      logger.warn('a connection broke and nobody handled its error', { error });
      return;
    }
    logger.error('uncaught exception, stopping', { error });
    if (leaving) process.exit(EXIT_SOFTWARE);
    leaving = true;
    void handlers.crash().finally(() => leave(EXIT_SOFTWARE));
  };
  const onRejection = (error: unknown): void => {
    logger.error('unhandled rejection', { error });
  };
  const onReload = (): void => void handlers.reload();
  const listeners = [
    ['SIGTERM', onStop],
    ['SIGINT', onStop],
    ['SIGHUP', onReload],
    ['uncaughtException', onException],
    ['unhandledRejection', onRejection],
  ] as const;
  for (const [event, listener] of listeners) process.on(event, listener);
  return () => {
    for (const [event, listener] of listeners) process.off(event, listener);
  };
}

function isPeerGone(error: unknown): boolean {
  return PEER_GONE.has(String((error as NodeJS.ErrnoException | null)?.code));
}

/** Lets the process end by itself, so that output is flushed, and helps after half a second. */
function leave(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), 500).unref();
}
