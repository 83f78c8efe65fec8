/** Calls per minute and caller, as a token bucket: bursts up to the full minute's worth, then a steady flow. */
import type { Clock } from '@switchyard/kit/clock';
import { errorCodes, RpcError } from '../jsonrpc/message.ts';
import type { Decorator } from './call.ts';

interface Bucket {
  tokens: number;
  updatedAtMs: number;
}

const maxBuckets = 10_000;

export function rateLimit(clock: Clock): Decorator {
  const buckets = new Map<string, Bucket>();
  return (next) => (call) => {
    const { id, rights } = call.caller;
    const perMinute = rights.ratePerMinute;
    // Asking for a task that a REST call waits for is our own doing.
    const isOurs = call.via === 'rest' && call.method.startsWith('tasks/');
    if (perMinute === undefined || isOurs) return next(call);
    const nowMs = clock.monotonicMs();
    const waitMs = take(buckets, id, perMinute, nowMs);
    return waitMs === 0 ? next(call) : Promise.reject(refusal(id, perMinute, waitMs));
  };
}

/** Takes one token; 0 when there was one, else how long until the next, in ms. */
function take(buckets: Map<string, Bucket>, id: string, perMinute: number, nowMs: number): number {
  let bucket = buckets.get(id);
  if (!bucket) {
    if (buckets.size >= maxBuckets) buckets.delete(buckets.keys().next().value as string);
    bucket = { tokens: perMinute, updatedAtMs: nowMs };
    buckets.set(id, bucket);
  }
  bucket.tokens = Math.min(perMinute, bucket.tokens + ((nowMs - bucket.updatedAtMs) * perMinute) / 60_000);
  bucket.updatedAtMs = nowMs;
  if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 60_000) / perMinute);
  bucket.tokens -= 1;
  return 0;
}

function refusal(id: string, perMinute: number, waitMs: number): RpcError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new RpcError(errorCodes.internalError, `"${id}" may make ${perMinute} calls a minute; try again in ${seconds} s`, {
    httpStatus: 429,
    data: { limit: 'rate', retryAfterMs: seconds * 1000 },
  });
}
