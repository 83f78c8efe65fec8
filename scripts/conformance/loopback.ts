// Loaded with `--import` before a server that cannot be told which address to listen on: it listens on 127.0.0.1 only.
import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function listenOnLoopback(this: Server, ...args: unknown[]): Server {
  const [port] = args;
  if (typeof port === 'number' || typeof port === 'string') args.splice(1, 0, '127.0.0.1');
  return Reflect.apply(listen, this, args);
} as typeof listen;
