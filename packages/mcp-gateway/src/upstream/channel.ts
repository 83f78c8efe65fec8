/** A channel carries whole JSON-RPC messages as text in both directions: stdio, a Unix socket, or a 2024-11-05 SSE pair. */
import type { Readable, Writable } from 'node:stream';
import { LineReader, type OversizedLine } from './lines.ts';

export interface ChannelEvents {
  onText(text: string): void;
  /** A message over the size limit was dropped. */
  onOversized(message: OversizedLine): void;
  /** The other side is gone; nothing more will come. Called once. */
  onEnd(reason: Error): void;
}

export interface Channel {
  /** Human-readable, without secrets: `pid 1234`, `unix:/run/x.sock`, `https://host/sse`. */
  readonly target: string;
  readonly pid?: number | undefined;
  start(events: ChannelEvents): void;
  send(text: string): void;
  /** Ends the channel and what is behind it; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Byte streams that carry one message a line (2026-07-28, Transports › stdio; the same framing over sockets). */
export interface LineStreams {
  target: string;
  pid?: number | undefined;
  input: Readable;
  output: Writable;
  /** Resolves with the reason when the other side is gone. */
  ended: Promise<Error>;
  stop(): Promise<void>;
}

/** Makes a channel of byte streams; a line longer than `limitChars` is dropped and reported. */
export function lineChannel(streams: LineStreams, limitChars: number): Channel {
  // What is sent in one turn of the event loop goes out in one write: under load a system call costs more than a message.
  let waiting = '';
  let scheduled: NodeJS.Immediate | undefined;
  const flush = () => {
    clearImmediate(scheduled);
    scheduled = undefined;
    const text = waiting;
    waiting = '';
    if (text !== '' && streams.output.writable) streams.output.write(text);
  };
  return {
    target: streams.target,
    pid: streams.pid,
    start(events) {
      const reader = new LineReader({ limitChars, onLine: events.onText, onOversized: events.onOversized });
      streams.input.setEncoding('utf8');
      streams.input.on('data', (text: string) => reader.feed(text));
      streams.input.on('error', () => {});
      streams.output.on('error', () => {});
      streams.ended.then(events.onEnd);
    },
    send(text) {
      waiting += `${onOneLine(text)}\n`;
      scheduled ??= setImmediate(flush);
    },
    stop() {
      flush();
      return streams.stop();
    },
  };
}

/**
 * Clients may write their JSON over several lines; here a line is a message, and a nested object on a line of its own
 * would be taken for one. In valid JSON a line break is only ever white space. U+2028 and U+2029 stand in strings only,
 * where their escapes mean the same; some readers of lines (Node's readline) take them for ends.
 */
function onOneLine(text: string): string {
  const line = text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text;
  if (!line.includes('\u2028') && !line.includes('\u2029')) return line;
  return line.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
