/** The activity log over REST: filters in, rows out, and the live stream. Callers who may not administer see their own calls only. */

import { formatSseComment, formatSseEvent } from '@switchyard/dialects/sse';
import { parseConfig } from '@switchyard/kit/config';
import { notFound } from '@switchyard/kit/problem';
import { z } from 'zod';
import { outcomes } from '../activity/activity.ts';
import type { ActivityRow } from '../activity/log.ts';
import type { Caller } from '../call/call.ts';
import type { Gateway } from '../gateway.ts';

const time = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time such as 2026-11-20T12:00:00Z')
  .transform((text) => Date.parse(text));

/** Query parameters of `GET /api/activity`. */
const filterShape = z.strictObject({
  server: z.string().optional(),
  tool: z.string().optional(),
  caller: z.string().optional(),
  outcome: z.enum(outcomes).optional(),
  since: time.optional(),
  until: time.optional(),
  cursor: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Rows, newest first, and the cursor for older ones. Throws ConfigError naming the parameter that is wrong. */
export function listActivity(gateway: Gateway, caller: Caller, query: Record<string, string>) {
  const { server, tool, outcome, since, until, cursor, limit, caller: asked } = parseConfig(filterShape, query, 'query');
  const own = caller.rights.admin ? asked : caller.id;
  const found = gateway.activity.list({
    server,
    name: tool,
    caller: own,
    outcome,
    sinceMs: since,
    untilMs: until,
    cursor,
    limit,
  });
  const activity = found.rows.filter((row) => maySee(caller, row));
  return { activity, ...(found.cursor !== undefined && { cursor: found.cursor }) };
}

/** All rows of one request. Throws Problem 404. */
export function describeActivity(gateway: Gateway, caller: Caller, id: string): { activity: ActivityRow[] } {
  const activity = gateway.activity.get(id).filter((row) => maySee(caller, row));
  if (activity.length === 0) throw notFound(`there is no activity with the id "${id}"; rows are kept for activity.retentionDays`);
  return { activity };
}

const keepAliveMs = 15_000;
/** A reader slower than this many rows misses some; the list has them. */
const maxBufferedRows = 1000;

/** An event stream of rows as they are written: `event: activity`. */
export function liveActivity(gateway: Gateway, caller: Caller): Response {
  let end = () => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
        };
        send(formatSseComment('live'));
        const unlisten = gateway.activity.listen((row) => {
          // A token that was revoked meanwhile watches no longer.
          if (caller.isValid?.() === false) {
            end();
            controller.close();
          } else if (maySee(caller, row)) send(formatSseEvent({ event: 'activity', id: row.id, data: JSON.stringify(row) }));
        });
        const timer = setInterval(() => send(formatSseComment()), keepAliveMs);
        timer.unref();
        end = () => {
          clearInterval(timer);
          unlisten();
        };
      },
      cancel: () => end(),
    },
    new CountQueuingStrategy({ highWaterMark: maxBufferedRows }),
  );
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
  });
}

/** Their own calls; for admins all calls to servers they may use. */
function maySee({ id, rights }: Caller, row: ActivityRow): boolean {
  return row.caller === id || (rights.admin && rights.allowsServer(row.server));
}
