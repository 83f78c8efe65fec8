/** Where a daemon listens: the piece of configuration, and binding to it with errors that say what to do. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect, isIPv4, isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import { z } from 'zod';

/** Room for a path in `sockaddr_un` on Linux, without its final zero (unix(7)). */
const LONGEST_SOCKET_PATH = 107;

/** One address: a TCP port, a Unix socket, or a socket that systemd passes in. */
export const listenSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Name or IP address to bind a port on. `0.0.0.0` and `::` mean every interface.'),
    port: z.int().min(0).max(65535).optional().describe('TCP port. 0 takes any free one.'),
    socket: z
      .string()
      .startsWith('/', 'must be an absolute path')
      .max(LONGEST_SOCKET_PATH)
      .optional()
      .describe('Path of a Unix socket, instead of a port.'),
    socketMode: z
      .string()
      .regex(/^0?[0-7]{3}$/, 'must be an octal file mode such as "0660"')
      .default('0660')
      .describe('Permissions of the Unix socket, octal.'),
    fd: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name of a socket passed by systemd (FileDescriptorName=). When systemd passes none, port or socket is used, if given.',
      ),
  })
  .refine((spec) => spec.port === undefined || spec.socket === undefined, 'takes either port or socket, not both')
  .refine((spec) => (spec.port ?? spec.socket ?? spec.fd) !== undefined, 'needs one of port, socket, fd');

/** One address, as written in a configuration. */
export type ListenSpec = z.input<typeof listenSchema>;

/** An address can not be listened on. The message names it and the remedy. */
export class ListenError extends Error {
  /** The system's code, such as EADDRINUSE. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ListenError';
    this.code = code;
  }
}

/** A server's address once it listens. */
export interface Listening {
  /** `http://host:port`, or `unix:/path` for a Unix socket (`unix:name` for one passed by systemd without a path beside it). */
  url: string;
  address: AddressInfo | string;
}

/**
 * Binds `server`. `fds` are the sockets passed by systemd (`listenFds()`); a `spec.fd` among them wins over port and socket.
 * A socket file that nobody answers on is replaced. Throws `ListenError`.
 */
export async function listen(server: Server, spec: ListenSpec, fds: ReadonlyMap<string, number> = new Map()): Promise<Listening> {
  const fd = spec.fd === undefined ? undefined : fds.get(spec.fd);
  if (fd !== undefined) await bind(server, { fd }, `file descriptor ${fd} ("${spec.fd}")`);
  else if (spec.socket !== undefined) await bindUnix(server, spec.socket, spec.socketMode ?? '0660');
  else if (spec.port !== undefined) await bindPort(server, spec.host ?? '127.0.0.1', spec.port);
  else throw new ListenError('ENOFD', missingFd(spec.fd, fds));
  // A Unix socket that was passed in has no address that Node could tell.
  const address = server.address() ?? (fd !== undefined && server.listening ? (spec.socket ?? String(spec.fd)) : null);
  if (address === null) throw new ListenError('ECLOSED', 'the server was closed while it began to listen');
  return { url: urlOf(address), address };
}

/** Whether `host` only reaches this machine: `localhost`, 127.0.0.0/8, `::1` (also in brackets or mapped into IPv6). */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const address = name.replace(/^::ffff:(?=\d+\.)/, '');
  if (isIPv4(address)) return address.startsWith('127.');
  if (isIPv6(address)) return address === '::1' || address === '0:0:0:0:0:0:0:1';
  return address === 'localhost';
}

async function bindPort(server: Server, host: string, port: number): Promise<void> {
  await bind(server, { host: host.replace(/^\[(.*)\]$/, '$1'), port }, `${isIPv6(host) ? `[${host}]` : host}:${port}`);
}

async function bindUnix(server: Server, path: string, mode: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    const problem = `the path is longer than the ${LONGEST_SOCKET_PATH} bytes a Unix socket may have (choose a shorter one)`;
    throw new ListenError('ENAMETOOLONG', `cannot listen on ${path}: ${problem}`);
  }
  if (!(await exists(dirname(path)))) {
    // libuv would report a missing folder as EACCES.
    const remedy = 'create it, or set RuntimeDirectory= in the unit';
    throw new ListenError('ENOENT', `cannot listen on ${path}: the folder ${dirname(path)} does not exist (${remedy})`);
  }
  await removeStale(path);
  await bind(server, { path }, path);
  await chmod(path, Number.parseInt(mode, 8));
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

/** Removes a socket file left by a process that is gone; leaves everything else alone. */
async function removeStale(path: string): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw new ListenError(
      'EEXIST',
      `cannot listen on ${path}: a file that is not a socket is there (move it, or name another path)`,
    );
  if (await answers(path)) {
    throw new ListenError(
      'EADDRINUSE',
      `cannot listen on ${path}: another process answers there (stop it, or name another path)`,
    );
  }
  await unlink(path).catch(() => {});
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Only a refusal proves that nobody listens; EACCES, EAGAIN (full backlog) and others do not.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}

function bind(
  server: Server,
  target: { fd?: number; host?: string; port?: number; path?: string },
  where: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(new ListenError(error.code ?? 'UNKNOWN', `cannot listen on ${where}: ${remedy(error, target.port)}`));
    };
    server.once('error', onError);
    server.listen(target, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function remedy(error: NodeJS.ErrnoException, port: number | undefined): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return port === undefined
        ? 'it is in use (stop the process that holds it)'
        : `the port is in use (stop the process that holds it, which \`ss -ltnp 'sport = :${port}'\` names, or set another port)`;
    case 'EACCES':
      return port === undefined
        ? 'this user may not create it (check owner and mode of the folder)'
        : 'this user may not use ports below 1024 (set a higher port, or let systemd pass the socket)';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'no interface of this machine has that address (check the host; 127.0.0.1 always works)';
    default:
      return error.message;
  }
}

function missingFd(name: string | undefined, fds: ReadonlyMap<string, number>): string {
  const passed = fds.size === 0 ? 'it passed none' : `it passed: ${[...fds.keys()].join(', ')}`;
  return `systemd passed no socket named "${name}" (${passed}; set FileDescriptorName=${name} in the socket unit, or give port or socket as well)`;
}

function urlOf(address: AddressInfo | string): string {
  if (typeof address === 'string') return `unix:${address}`;
  // A wildcard is no address to call.
  const host =
    { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[address.address] ??
    (isIPv6(address.address) ? `[${address.address}]` : address.address);
  return `http://${host}:${address.port}`;
}
