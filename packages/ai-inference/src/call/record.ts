/** What is known of a call when it is over: for metrics, the status page and the ledger. */
import type { ErrorKind, Stop, Usage } from '@switchyard/dialects';
import type { CostSource } from '../ledger/cost.ts';

/** `ok` the whole answer reached the client, `error` it did not, `aborted` the client left. */
export type Outcome = 'ok' | 'error' | 'aborted';

/** One try with one provider. */
export interface AttemptRecord {
  provider: string;
  /** As it was asked for. */
  model: string;
  /** As the provider says who answered. */
  servedModel?: string;
  outcome: Outcome;
  errorKind?: ErrorKind;
  status?: number;
  usage?: Usage;
  stop?: Stop;
  /** What it cost, as far as anybody can say, and who says it. */
  costUsd?: number;
  costSource?: CostSource;
  /** What budgets count where the cost is unknown. */
  assumedUsd?: number;
  /** What an answer from the cache would have cost again. */
  savedUsd?: number;
  startedAtMs: number;
  durationMs: number;
  /** Until the first piece of content; undefined for whole answers. */
  firstTokenMs?: number;
}

export interface CallRecord {
  requestId: string;
  /** Name of the key, or `anonymous`. */
  caller: string;
  /** `chat`, `embeddings`, `count-tokens`. */
  operation: string;
  /** The client's dialect. */
  dialect: string;
  /** As the client asked. */
  model: string;
  stream: boolean;
  outcome: Outcome;
  errorKind?: ErrorKind;
  attempts: AttemptRecord[];
  startedAtMs: number;
  durationMs: number;
}
