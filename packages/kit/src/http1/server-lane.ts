/**
 * The short way in: plain POSTs on kept-alive connections are read here, without the streams and events that Node's own server
 * makes for each request. It takes no decision about anything that is not plain: such bytes go to Node's parser as they came, and the
 * connection stays with it from there on. So what is malformed, unusual or refused is answered by one and the same code as ever.
 */
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { InboundRequest } from '../inbound.ts';
import { LaneResponse } from './lane-response.ts';
import { type PlainHead, plainHeadOf } from './request-head.ts';

const taken = Buffer.alloc(0);

/** A request whose body is there. */
export class LaneRequest implements InboundRequest {
  readonly method = 'POST';
  readonly url: string;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly socket: Socket;
  readonly complete = true;
  #body: Buffer;

  constructor(socket: Socket, { url, headers }: PlainHead, body: Buffer) {
    this.socket = socket;
    this.url = url;
    this.headers = headers;
    this.#body = body;
  }

  /** The body, once: a request that is long in being answered does not hold on to it. */
  takeBody(): Buffer {
    const body = this.#body;
    this.#body = taken;
    return body;
  }

  resume(): void {}
}

/** Answers a request, or returns false, whereupon it takes the usual way. */
export type LaneHandler = (request: LaneRequest, response: LaneResponse) => unknown;

export interface LaneOptions {
  /** Must not throw. */
  handler: LaneHandler;
  /** How long a connection without work is kept. */
  keepAliveMs: number;
  /** A connection begins. */
  onOpen(connection: LaneConnection): void;
  /** It is at rest after an answer. */
  onRest(connection: LaneConnection): void;
  /** It is Node's from now on. */
  onHandOver(connection: LaneConnection): void;
  /** Whether every answer is to be the last on its connection. */
  isClosing(): boolean;
}

/** Larger bodies are streamed by Node's parser. */
const mostBodyBytes = 1024 * 1024;
/** What a client may send ahead of its answer before it is left waiting. */
const mostAheadBytes = 64 * 1024;

/** Puts the lane in front of a server that does not listen yet. */
export function putLane(server: Server, options: LaneOptions): void {
  const [ofNode, ...others] = server.listeners('connection') as ((socket: Socket) => void)[];
  // Node's parser is its first listener; where that should ever change, everything takes the usual way.
  if (!ofNode || others.length > 0) return;
  server.off('connection', ofNode);
  const connections = new Set<LaneConnection>();
  const keepAliveLine = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.keepAliveMs / 1000)}\r\n`;
  server.on('connection', (socket: Socket) => {
    const connection = new LaneConnection(socket, {
      ...options,
      keepAliveLine,
      ofNode: (one) => ofNode.call(server, one),
      onCut: (one) => server.emit('clientError', cutBody(), one),
      onLeave: (one) => connections.delete(one),
    });
    connections.add(connection);
    options.onOpen(connection);
  });
  const sweep = setInterval(() => {
    const before = performance.now() - options.keepAliveMs;
    for (const connection of connections) if (connection.restsSinceMs < before) connection.socket.destroySoon();
  }, options.keepAliveMs / 8).unref();
  server.once('close', () => clearInterval(sweep));
}

interface ConnectionOptions extends LaneOptions {
  keepAliveLine: string;
  /** Node's own way with a connection. */
  ofNode(socket: Socket): void;
  /** The client ended its side within a body: answers that as Node's server would. False: nobody does. */
  onCut(socket: Socket): boolean;
  /** The connection is gone, or Node's. */
  onLeave(connection: LaneConnection): void;
}

export class LaneConnection {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  #response: LaneResponse | undefined;
  #lastHead: PlainHead | undefined;
  /** The head of a request whose body is still coming. */
  #head: PlainHead | undefined;
  /** What has come and not been served. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #restsSinceMs = performance.now();

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('end', this.#onEnd).on('error', ignore);
    socket.on('close', this.#onClose);
  }

  /** The answer that is owed, if any. */
  get response(): LaneResponse | undefined {
    return this.#response;
  }

  /** A request is being answered, or still coming. */
  get isBusy(): boolean {
    return this.#response !== undefined || this.#head !== undefined;
  }

  /** Since when it has no work, by the monotonic clock; infinite while it has. */
  get restsSinceMs(): number {
    return this.isBusy ? Number.POSITIVE_INFINITY : this.#restsSinceMs;
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#pieces.length === 0 && !this.#response) {
      const head = plainHeadOf(bytes, this.#lastHead);
      this.#lastHead = head;
      if (head === undefined || head.bodyBytes > mostBodyBytes) return this.#handOver([bytes]);
      const missing = head.headBytes + head.bodyBytes - bytes.length;
      if (missing === 0) return this.#serve(head, bytes);
      // What follows is another request before the first was answered: Node's parser knows how.
      if (missing < 0) return this.#handOver([bytes]);
      this.#head = head;
    }
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
    if (this.#response) {
      if (this.#pieceBytes > mostAheadBytes) this.socket.pause();
      return;
    }
    const head = this.#head as PlainHead;
    const missing = head.headBytes + head.bodyBytes - this.#pieceBytes;
    if (missing > 0) return;
    const pieces = this.#takePieces();
    if (missing < 0) this.#handOver(pieces);
    else this.#serve(head, Buffer.concat(pieces));
  };

  #takePieces(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#head = undefined;
    return pieces;
  }

  /** `bytes`: the whole request. */
  #serve(head: PlainHead, bytes: Buffer): void {
    const { keepAliveLine, isClosing, handler } = this.#options;
    const response = new LaneResponse(this.socket, keepAliveLine, this.#onFinished);
    if (isClosing()) response.shouldKeepAlive = false;
    this.#response = response;
    if (handler(new LaneRequest(this.socket, head, bytes.subarray(head.headBytes)), response) === false) {
      this.#response = undefined;
      this.#handOver([bytes]);
    }
  }

  readonly #onFinished = (response: LaneResponse): void => {
    response.close();
    this.#response = undefined;
    if (response.isLast || this.socket.destroyed) {
      this.socket.destroySoon();
      return;
    }
    if (this.#pieces.length > 0) {
      const ahead = this.#takePieces();
      if (this.socket.isPaused()) this.socket.resume();
      this.#onData(ahead.length === 1 ? (ahead[0] as Buffer) : Buffer.concat(ahead));
      return;
    }
    this.#restsSinceMs = performance.now();
    this.#options.onRest(this);
  };

  /** Leaves the connection to Node, with what has come on it. */
  #handOver(pieces: readonly Buffer[]): void {
    const { socket } = this;
    this.#options.onLeave(this);
    socket.off('data', this.#onData).off('drain', this.#onDrain).off('end', this.#onEnd).off('error', ignore);
    socket.off('close', this.#onClose);
    socket.pause();
    for (const piece of pieces.toReversed()) socket.unshift(piece);
    this.#options.onHandOver(this);
    this.#options.ofNode(socket);
    socket.resume();
  }

  readonly #onDrain = (): void => {
    this.#response?.drained();
  };

  /** A client that ends its side has left, as for Node's server. */
  readonly #onEnd = (): void => {
    if (this.#head === undefined || !this.#options.onCut(this.socket)) this.socket.destroySoon();
  };

  readonly #onClose = (): void => {
    this.#options.onLeave(this);
    this.#pieces = [];
    const response = this.#response;
    this.#response = undefined;
    response?.close();
  };
}

/** Node's parser says the same. */
function cutBody(): Error {
  return Object.assign(new Error('Parse Error: Invalid EOF state'), { code: 'HPE_INVALID_EOF_STATE' });
}

function ignore(): void {}
