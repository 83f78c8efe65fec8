/** Counts of calls for Prometheus. */
import { CounterFigure, type Family, HistogramFigure } from '@switchyard/kit/figures';
import type { Outcome } from './activity.ts';

/** Upper bounds in seconds: from a cached answer to the longest call. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Names come from clients: what no server lists is counted under one word, so that nobody can fill the memory. */
const otherTool = '(other)';

export class CallMetrics {
  readonly #requests = new CounterFigure({
    name: 'mcp_requests_total',
    help: 'Calls by server, tool (empty for other methods) and outcome.',
    labels: ['server', 'tool', 'outcome'],
  });
  readonly #duration = new HistogramFigure({
    name: 'mcp_request_duration_seconds',
    help: 'Time from a call having its turn to its end.',
    labels: ['server'],
    buckets,
  });
  readonly #queue = new HistogramFigure({
    name: 'mcp_queue_wait_seconds',
    help: 'Time a call waited for its turn.',
    labels: ['server'],
    buckets,
  });
  readonly #bytes = new CounterFigure({
    name: 'mcp_result_bytes_total',
    help: 'Size of results as the servers sent them.',
    labels: ['server'],
  });
  readonly #isKnownTool: (server: string, tool: string) => boolean;

  constructor(isKnownTool: (server: string, tool: string) => boolean) {
    this.#isKnownTool = isKnownTool;
  }

  /** `tool` is empty for calls of other kinds. Times in ms. */
  count(server: string, tool: string, outcome: Outcome, runMs: number, queueMs: number, resultBytes: number): void {
    const name = tool === '' || this.#isKnownTool(server, tool) ? tool : otherTool;
    const ofServer = [server];
    this.#requests.add([server, name, outcome]);
    this.#duration.observe(ofServer, runMs / 1000);
    this.#queue.observe(ofServer, queueMs / 1000);
    this.#bytes.add(ofServer, resultBytes);
  }

  /** The samples, in the shape that a registry takes from a metric. */
  families(): Family[] {
    return [this.#requests.family(), this.#duration.family(), this.#queue.family(), this.#bytes.family()];
  }
}
