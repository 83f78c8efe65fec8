/**
 * What a handler may ask of a request and do with its answer, whichever parser read it: Node's own, or that of the short way for
 * plain requests (`http1/server-lane.ts`). `IncomingMessage` and `ServerResponse` have all of it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

export interface InboundRequest {
  readonly method?: string | undefined;
  /** Path and query, as sent. */
  readonly url?: string | undefined;
  /** Not to be changed: the next request on the connection may have the same object. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly socket: Socket;
  /** Whether the whole body has come. */
  readonly complete: boolean;
  /** Lets a body that nobody reads pass. */
  resume(): unknown;
}

/** Fields of a head that is to be sent; undefined ones are left out. */
export type HeadFields = Record<string, string | number | string[] | undefined>;

export interface OutboundResponse {
  /** The head has been decided on. */
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** Nothing more can be said: all was, or the client left. */
  readonly closed: boolean;
  readonly writableEnded: boolean;
  /** All has been handed to the system. */
  readonly writableFinished: boolean;
  /** Whether the connection may serve another request after this one. */
  shouldKeepAlive: boolean;
  writeHead(status: number, fields?: HeadFields): OutboundResponse;
  flushHeaders(): void;
  /** False: wait for `drain`. */
  write(piece: string | Buffer): boolean;
  /** Latin-1 text is bytes by another name. */
  end(): unknown;
  end(piece: string | Buffer): unknown;
  end(piece: string, encoding: 'utf8' | 'latin1'): unknown;
  /** Cuts the connection. */
  destroy(): unknown;
  /** `close`: it is over, one way or the other (see `writableFinished`). `drain`: there is room again. */
  once(event: 'close' | 'drain', listener: () => void): unknown;
}
