/**
 * Prometheus metrics of a daemon: its own registry, process figures, build info. prom-client costs tens of milliseconds to
 * load, hence the asynchronous factory: call it beside other work that waits, such as starting a child.
 */
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one daemon. Names are completed with the prefix; units are part of a name (`_seconds`, `_bytes`, `_total`). */
export interface Metrics {
  readonly registry: Registry;
  /** A number that only grows. `name` ends in `_total`. Throws when the name is taken. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** A number that goes up and down. Throws when the name is taken. */
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[]): Gauge<L>;
  /** A distribution over `buckets` (upper bounds, ascending; default 5 ms to 10 min). Throws when the name is taken. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels?: readonly L[],
    buckets?: readonly number[],
  ): Histogram<L>;
  /** The answer for a scrape. */
  text(): Promise<{ contentType: string; body: string }>;
}

/** Seconds. From a cached answer to the longest call. */
export const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;

/**
 * Makes a daemon's metrics. `prefix` comes before every name (`prefix_name`), except the standard `process_…` and `nodejs_…`;
 * `build` fills the gauge `<prefix>_build_info{version,node}`.
 */
export async function createMetrics(prefix = 'switchyard', build: { version?: string } = {}): Promise<Metrics> {
  const prom = (await import('prom-client')).default;
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  const common = (name: string, help: string) => ({ name: `${prefix}_${name}`, help, registers: [registry] });
  const metrics: Metrics = {
    registry,
    counter: (name, help, labels = []) => new prom.Counter({ ...common(name, help), labelNames: labels }),
    gauge: (name, help, labels = []) => new prom.Gauge({ ...common(name, help), labelNames: labels }),
    histogram: (name, help, labels = [], buckets = DURATION_BUCKETS) =>
      new prom.Histogram({ ...common(name, help), labelNames: labels, buckets: [...buckets] }),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
  const info = metrics.gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'node']);
  info.set({ version: build.version ?? 'unknown', node: process.versions.node }, 1);
  return metrics;
}
