/** Puts an answer on the wire, with the faults that were asked for: the only place where time passes and sockets die. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, createGzip, gzipSync } from 'node:zlib';
import type { Fault } from './fault.ts';
import { headerSets } from './header-sets.ts';

export interface Delivery {
  response: ServerResponse;
  fault: Fault;
  /** Fires when the client went away or the server closes. */
  signal: AbortSignal;
  /** Called for each event that was handed to the socket. */
  onEvent(): void;
  /** Called before the socket is destroyed: the client is not to blame. */
  onKill(): void;
}

/** Sends a body at once, as far as the faults allow. */
export async function sendWhole(delivery: Delivery, status: number, body: string, contentType: string): Promise<void> {
  const { response, fault, signal } = delivery;
  await wait(fault.firstByteDelayMs, signal);
  const text = fault.malformed === true ? body.slice(0, Math.floor(body.length / 2)) : fault.isEmpty ? '' : body;
  let bytes = Buffer.from(text);
  if (fault.gzip) bytes = gzipSync(bytes);
  response.writeHead(
    status,
    headersFor(fault, contentType, fault.pieceBytes === undefined && fault.killAtByte === undefined ? bytes.length : undefined),
  );
  const socket = writerOf(delivery, false);
  if (fault.killAtEvent !== undefined) {
    response.flushHeaders();
    return destroy(delivery);
  }
  if (await socket.write(bytes)) await socket.end();
}

/** Sends a stream event by event. */
export async function sendStream(
  delivery: Delivery,
  events: readonly string[],
  errorEvent: string,
  contentType: string,
): Promise<void> {
  const { response, fault, signal } = delivery;
  await wait(fault.firstByteDelayMs, signal);
  response.writeHead(200, headersFor(fault, contentType, undefined));
  response.flushHeaders();
  if (fault.isEmpty) return void response.end();
  const socket = writerOf(delivery, fault.gzip === true);
  const last =
    fault.endAtEvent === undefined ? events.length : fault.endAtEvent < 0 ? events.length + fault.endAtEvent : fault.endAtEvent;
  for (let index = 0; index < Math.min(last, events.length); index += 1) {
    if (signal.aborted) return;
    if (index === fault.killAtEvent) {
      // What was written before is to arrive before the socket goes.
      await wait(5, signal);
      return destroy(delivery);
    }
    if (index === fault.stallAtEvent) return await untilAborted(signal);
    if (fault.gapMs !== undefined) await wait(fault.gapMs, signal);
    if (fault.comments)
      await socket.write(Buffer.from(contentType === 'text/event-stream' ? ': OPENROUTER PROCESSING\n\n' : '\n'));
    if (index === fault.errorAtEvent) {
      await socket.write(Buffer.from(errorEvent));
      return await socket.end();
    }
    let event = events[index] as string;
    if (index === fault.malformed) event = `${event.trimEnd().slice(0, Math.floor(event.length / 2))}${/\s*$/.exec(event)?.[0]}`;
    if (!(await socket.write(Buffer.from(event)))) return;
    delivery.onEvent();
  }
  await socket.end();
}

function headersFor(fault: Fault, contentType: string, length: number | undefined): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    ...(fault.headerSet !== undefined && headerSets[fault.headerSet]),
    ...lowerCased(fault.headers),
    ...(fault.gzip && { 'content-encoding': 'gzip' }),
    ...(length !== undefined && { 'content-length': length }),
  };
  return headers;
}

function lowerCased(headers: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => {
      const seconds = /^date\+(\d+)$/.exec(value)?.[1];
      return [name.toLowerCase(), seconds === undefined ? value : new Date(Date.now() + Number(seconds) * 1000).toUTCString()];
    }),
  );
}

interface Writer {
  /** False once the connection is gone. */
  write(bytes: Buffer): Promise<boolean>;
  end(): Promise<void>;
}

/** Writes in pieces, counts bytes, and kills where it was told to; `packs`: what it is given is compressed as it comes. */
function writerOf({ response, fault, signal, onKill }: Delivery, packs: boolean): Writer {
  let sent = 0;
  const raw = async (bytes: Buffer): Promise<boolean> => {
    const size = fault.pieceBytes ?? Math.max(bytes.length, 1);
    for (let at = 0; at < bytes.length; at += size) {
      let piece = bytes.subarray(at, at + size);
      const left = fault.killAtByte === undefined ? Number.POSITIVE_INFINITY : fault.killAtByte - sent;
      if (piece.length >= left) piece = piece.subarray(0, left);
      sent += piece.length;
      if (signal.aborted) return false;
      if (!response.write(piece)) await drained(response, signal);
      // Each piece is to be a packet of its own.
      if (fault.pieceBytes !== undefined) await new Promise(setImmediate);
      if (fault.killAtByte !== undefined && sent >= fault.killAtByte) {
        await wait(5, signal);
        destroy({ response, onKill });
        return false;
      }
    }
    return true;
  };
  if (!packs) return { write: raw, end: async () => void response.end() };
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  const flushed = async (bytes: Buffer): Promise<boolean> => {
    gzip.write(bytes);
    await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    const packed = gzip.read() as Buffer | null;
    return packed === null ? true : await raw(packed);
  };
  return {
    write: flushed,
    async end() {
      gzip.end();
      const rest: Buffer[] = [];
      for await (const piece of gzip) rest.push(piece as Buffer);
      if (await raw(Buffer.concat(rest))) response.end();
    },
  };
}

function destroy({ response, onKill }: Pick<Delivery, 'response' | 'onKill'>): void {
  onKill();
  response.socket?.destroy();
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    response.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

async function wait(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms !== undefined && ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
