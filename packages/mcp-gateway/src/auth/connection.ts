/** What a connection says about its client without any word of the client: socket, loopback or far away. */
import { BlockList, isIPv4, isIPv6, type Socket } from 'node:net';
import { arrivalOf } from '@switchyard/kit/arrival';
import type { InboundRequest } from '@switchyard/kit/inbound';
import type { ListenSpec } from '@switchyard/kit/listen';
import { isLocalPeer } from '@switchyard/kit/peer';
import type { Caller } from '../call/call.ts';
import { grantOf, rightsOf } from './grant.ts';
import type { SocketSettings } from './settings.ts';

export interface Origin {
  /** Why nothing is answered to this address; undefined for welcome ones. */
  refusal: string | undefined;
  /** Who the socket says its clients are. */
  caller: Caller | undefined;
  /** Whether the peer is a program of this machine: a Unix socket, or both ends on loopback. */
  local: boolean;
}

/** The listening address of a declared socket. */
export function listenSpecOf({ path, mode, fd }: SocketSettings): ListenSpec {
  return { socket: path, socketMode: mode, ...(fd !== undefined && { fd }) };
}

export interface OriginsOptions {
  allowedAddresses: readonly string[] | undefined;
  /** Callers by the address they come in at. */
  callers: ReadonlyMap<ListenSpec, Caller>;
}

/** Finds out the origin of requests, once per connection. */
export class Origins {
  readonly #options: OriginsOptions;
  readonly #allowed: BlockList | undefined;
  readonly #known = new WeakMap<Socket, Origin>();

  constructor(options: OriginsOptions) {
    this.#options = options;
    this.#allowed = options.allowedAddresses && rangesOf(options.allowedAddresses);
  }

  of({ socket }: InboundRequest): Origin {
    let origin = this.#known.get(socket);
    if (!origin) {
      origin = this.#find(socket);
      this.#known.set(socket, origin);
    }
    return origin;
  }

  #find(socket: Socket): Origin {
    const arrival = arrivalOf(socket);
    if (arrival?.unix) return { refusal: undefined, caller: this.#options.callers.get(arrival.spec), local: true };
    const peer = socket.remoteAddress;
    // A connection that broke has no addresses any more and must not pass for a local one.
    if (peer === undefined) return { refusal: 'the connection is gone', caller: undefined, local: false };
    const local = isLocalPeer(socket);
    const refusal =
      local || this.#allowed === undefined || isAllowed(this.#allowed, peer)
        ? undefined
        : `connections from ${peer} are not accepted; "auth.allowedAddresses" has those that are`;
    return { refusal, caller: undefined, local };
  }
}

/** The caller that each socket stands for. */
export function socketCaller(settings: SocketSettings): Caller {
  return { id: `socket:${settings.caller}`, rights: rightsOf(grantOf(settings)) };
}

function rangesOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isAllowed(list: BlockList, peer: string): boolean {
  // A wildcard IPv6 socket shows IPv4 peers as ::ffff:a.b.c.d.
  const address = peer.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
