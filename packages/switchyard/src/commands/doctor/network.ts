/** Variables that lead programs' requests through a proxy: agents would look for the gateway there. */
import { type Check, note } from './finding.ts';

export const checkNetwork: Check = async ({ env }) => {
  const name = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].find((one) => env[one]);
  if (name === undefined) return [];
  const exceptions = (env.NO_PROXY ?? env.no_proxy ?? '').split(',').map((one) => one.trim());
  const reached = exceptions.includes('*') || (exceptions.includes('127.0.0.1') && exceptions.includes('localhost'));
  if (reached) return [];
  return [
    note(
      'proxy-loopback',
      `${name} is set: agents may look for this machine's own services at that proxy`,
      'export NO_PROXY=localhost,127.0.0.1,::1',
    ),
  ];
};
