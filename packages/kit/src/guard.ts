/**
 * Host and Origin checks against DNS rebinding and foreign web pages (2026-07-28, Streamable HTTP › Security & Endpoint:
 * an invalid Origin MUST be answered with 403).
 */

import { arrivalOf } from './arrival.ts';
import type { InboundRequest } from './inbound.ts';

const localNames: readonly string[] = ['localhost', '127.0.0.1', '::1', '[::1]'];

export interface GuardOptions {
  /** Host names accepted beside the local ones; `*` accepts any. */
  allowedHosts: readonly string[];
  /** Origins accepted beside those on local names. */
  allowedOrigins: readonly string[];
}

/** Says why a request must be refused (403), or undefined when it may pass. */
export function refusalOf(request: InboundRequest, options: GuardOptions): string | undefined {
  const { host, origin } = request.headers;
  // A Unix socket has no network behind it that could be rebound.
  if (!arrivalOf(request.socket)?.unix && !options.allowedHosts.includes('*')) {
    const name = hostName(host);
    if (name === undefined || !(localNames.includes(name) || options.allowedHosts.includes(name))) {
      return `the Host header names ${JSON.stringify(host ?? '')}, which is not accepted here; add it to "allowedHosts" if it is meant to be`;
    }
  }
  if (origin !== undefined && !isAllowedOrigin(origin, options)) {
    return `pages of ${JSON.stringify(origin)} may not call this service; add it to "allowedOrigins" if they should`;
  }
  return undefined;
}

export function isAllowedOrigin(origin: string, options: GuardOptions): boolean {
  if (options.allowedOrigins.includes(origin)) return true;
  try {
    return localNames.includes(new URL(origin).hostname);
  } catch {
    return false;
  }
}

let lastHost: string | undefined;
let lastName: string | undefined;

/** The name of a Host header without its port, lower case. Most clients write the same one each time. */
function hostName(host: string | undefined): string | undefined {
  if (host !== lastHost) {
    lastName = nameIn(host);
    lastHost = host;
  }
  return lastName;
}

function nameIn(host: string | undefined): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:/\\@\s]+)(?::\d{1,5})?$/.exec(host ?? '');
  return match?.[1]?.toLowerCase();
}
