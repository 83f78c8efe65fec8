/**
 * What providers say that a day did cost: which pages to ask for and what they add up to. One entry per kind of provider that has such an
 * endpoint; each wants a key of its own. Nothing here does I/O.
 */
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '@switchyard/dialects';

export interface Bill {
  /** What kind of key it takes, for people. */
  readonly keyKind: string;
  /** Path and query of the first page for a day (UTC, `YYYY-MM-DD`), below the base URL. */
  firstPage(day: string): string;
  /** The same for the page after this one; undefined when it was the last. */
  nextPage(day: string, body: JsonObject): string | undefined;
  /** USD of a page. Throws when the body is no bill. */
  usdOf(body: JsonObject): number;
}

const dayMs = 86_400_000;
const startOf = (day: string): string => `${day}T00:00:00Z`;
const endOf = (day: string): string => `${new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10)}T00:00:00Z`;
const query = (values: Record<string, string>): string => new URLSearchParams(values).toString();

function rowsOf(body: JsonObject): JsonObject[] {
  if (!Array.isArray(body.data)) throw new Error('the bill has no "data"');
  return body.data.map(objectOf);
}

/** Venice (swagger 20260821), `GET /billing/usage-history`: entries with negative amounts, a cursor that holds the filters. */
export const veniceBill: Bill = {
  keyKind: 'an ADMIN key',
  firstPage: (day) =>
    `/billing/usage-history?${query({ startTimestamp: startOf(day), endTimestamp: endOf(day), pageSize: '1000' })}`,
  nextPage(_day, body) {
    const cursor = stringOf(body.nextCursor);
    return cursor === undefined ? undefined : `/billing/usage-history?${query({ cursor })}`;
  },
  // A DIEM buys inference for a dollar.
  usdOf: (body) => rowsOf(body).reduce((sum, { amount }) => sum - (numberOf(amount) ?? 0), 0),
};

/** OpenRouter, `GET /activity?date=`: one row per endpoint, whole days of the last thirty only. */
export const openrouterBill: Bill = {
  keyKind: 'a management key',
  firstPage: (day) => `/activity?${query({ date: day })}`,
  nextPage: () => undefined,
  usdOf: (body) =>
    rowsOf(body).reduce((sum, row) => sum + (numberOf(row.usage) ?? 0) + (numberOf(row.byok_usage_inference) ?? 0), 0),
};

/** Anthropic, `GET /v1/organizations/cost_report`: cents as decimal strings, in buckets of a day. Leaves out Priority Tier. */
export const anthropicBill: Bill = {
  keyKind: 'an Admin API key',
  firstPage: (day) => `/v1/organizations/cost_report?${query({ starting_at: startOf(day), ending_at: endOf(day) })}`,
  nextPage(day, body) {
    const page = body.has_more === true ? stringOf(body.next_page) : undefined;
    return page === undefined ? undefined : `${anthropicBill.firstPage(day)}&${query({ page })}`;
  },
  usdOf: (body) =>
    rowsOf(body).reduce(
      (sum, bucket) =>
        sum + arrayOf(bucket.results).reduce<number>((part, row) => part + Number(objectOf(row).amount ?? 0) / 100, 0),
      0,
    ),
};

/** OpenAI, `GET /v1/organization/costs`: dollars, in buckets of a day. */
export const openaiBill: Bill = {
  keyKind: 'an admin key',
  firstPage: (day) =>
    `/organization/costs?${query({
      start_time: String(Date.parse(startOf(day)) / 1000),
      end_time: String(Date.parse(endOf(day)) / 1000),
      bucket_width: '1d',
    })}`,
  nextPage(day, body) {
    const page = body.has_more === true ? stringOf(body.next_page) : undefined;
    return page === undefined ? undefined : `${openaiBill.firstPage(day)}&${query({ page })}`;
  },
  usdOf: (body) =>
    rowsOf(body).reduce(
      (sum, bucket) =>
        sum + arrayOf(bucket.results).reduce<number>((part, row) => part + Number(objectOf(objectOf(row).amount).value ?? 0), 0),
      0,
    ),
};
