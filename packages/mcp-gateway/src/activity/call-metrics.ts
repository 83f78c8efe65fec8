/**
 * Counts of calls for Prometheus, kept in plain maps because a call happens often and a scrape does not: the figures are
 * turned into samples only when somebody asks.
 */
import type { Outcome } from './activity.ts';

/** Upper bounds in seconds: from a cached answer to the longest call. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

interface Histogram {
  counts: number[];
  sum: number;
  count: number;
}

interface ServerFigures {
  /** Tool → outcome → calls. */
  requests: Map<string, Map<Outcome, number>>;
  duration: Histogram;
  queue: Histogram;
  resultBytes: number;
}

/** Names come from clients: what no server lists is counted under one word, so that nobody can fill the memory. */
const otherTool = '(other)';

export class CallMetrics {
  readonly #servers = new Map<string, ServerFigures>();
  readonly #isKnownTool: (server: string, tool: string) => boolean;

  constructor(isKnownTool: (server: string, tool: string) => boolean) {
    this.#isKnownTool = isKnownTool;
  }

  /** `tool` is empty for calls of other kinds. Times in ms. */
  count(server: string, tool: string, outcome: Outcome, runMs: number, queueMs: number, resultBytes: number): void {
    let figures = this.#servers.get(server);
    if (!figures) {
      figures = { requests: new Map(), duration: newHistogram(), queue: newHistogram(), resultBytes: 0 };
      this.#servers.set(server, figures);
    }
    let ofTool = figures.requests.get(tool);
    if (!ofTool) {
      const name = tool === '' || this.#isKnownTool(server, tool) ? tool : otherTool;
      ofTool = figures.requests.get(name) ?? new Map();
      figures.requests.set(name, ofTool);
    }
    ofTool.set(outcome, (ofTool.get(outcome) ?? 0) + 1);
    observe(figures.duration, runMs / 1000);
    observe(figures.queue, queueMs / 1000);
    figures.resultBytes += resultBytes;
  }

  /** The samples, in the shape that prom-client's registry takes from a metric. */
  families(prefix: string): Family[] {
    const requests: Sample[] = [];
    const bytes: Sample[] = [];
    const durations: Sample[] = [];
    const queues: Sample[] = [];
    for (const [server, figures] of this.#servers) {
      for (const [tool, ofTool] of figures.requests) {
        for (const [outcome, value] of ofTool) requests.push({ labels: { server, tool, outcome }, value });
      }
      bytes.push({ labels: { server }, value: figures.resultBytes });
      durations.push(...samplesOf(`${prefix}_request_duration_seconds`, { server }, figures.duration));
      queues.push(...samplesOf(`${prefix}_queue_wait_seconds`, { server }, figures.queue));
    }
    return [
      {
        name: `${prefix}_requests_total`,
        type: 'counter',
        help: 'Calls by server, tool (empty for other methods) and outcome.',
        values: requests,
      },
      {
        name: `${prefix}_request_duration_seconds`,
        type: 'histogram',
        help: 'Time from a call having its turn to its end.',
        values: durations,
      },
      { name: `${prefix}_queue_wait_seconds`, type: 'histogram', help: 'Time a call waited for its turn.', values: queues },
      { name: `${prefix}_result_bytes_total`, type: 'counter', help: 'Size of results as the servers sent them.', values: bytes },
    ];
  }
}

export interface Sample {
  labels: Record<string, string | number>;
  value: number;
  /** Full sample name, where it differs from the family's. */
  metricName?: string;
}

export interface Family {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  values: Sample[];
}

function newHistogram(): Histogram {
  return { counts: new Array(buckets.length).fill(0) as number[], sum: 0, count: 0 };
}

function observe(histogram: Histogram, seconds: number): void {
  histogram.sum += seconds;
  histogram.count += 1;
  for (let index = 0; index < buckets.length; index += 1) {
    if (seconds <= (buckets[index] as number)) {
      histogram.counts[index] = (histogram.counts[index] as number) + 1;
      return;
    }
  }
}

function samplesOf(name: string, labels: Record<string, string>, { counts, sum, count }: Histogram): Sample[] {
  let total = 0;
  const samples: Sample[] = counts.map((value, index) => {
    total += value;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: buckets[index] as number }, value: total };
  });
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count });
  samples.push({ metricName: `${name}_sum`, labels, value: sum });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
