/**
 * Figures that are counted often and read seldom: kept in plain maps and turned into samples only when somebody scrapes.
 * (prom-client's own counters cost a microsecond each time, and its loading tens of milliseconds.)
 */
import type { Metrics } from './metrics.ts';

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

/** What a figure is called and told apart by. */
export interface FigureOptions {
  /** Full name: unit and `_total` are part of it. */
  name: string;
  help: string;
  labels?: readonly string[];
}

/** Label values come from outside: beyond this many series all further ones are counted together. */
const mostSeries = 2000;
const otherValue = '(other)';

interface Branch<T> {
  next: Map<string, Branch<T>>;
  figure: T | undefined;
}

abstract class Series<T> {
  readonly options: FigureOptions;
  /** By the value of one label after the other: a key made of all of them would have to be made each time. */
  readonly #tree: Branch<T> = { next: new Map(), figure: undefined };
  readonly #series: { values: readonly string[]; figure: T }[] = [];

  constructor(options: FigureOptions) {
    this.options = options;
  }

  protected of(values: readonly string[]): T {
    let branch: Branch<T> | undefined = this.#tree;
    for (const value of values) branch = branch?.next.get(value);
    return branch?.figure ?? this.#grow(values);
  }

  #grow(values: readonly string[]): T {
    if (this.#series.length >= mostSeries && !values.every((value) => value === otherValue))
      return this.of(values.map(() => otherValue));
    let branch = this.#tree;
    for (const value of values) {
      const next: Branch<T> = branch.next.get(value) ?? { next: new Map(), figure: undefined };
      branch.next.set(value, next);
      branch = next;
    }
    const figure = this.create();
    branch.figure = figure;
    this.#series.push({ values, figure });
    return figure;
  }

  protected all(): { labels: Record<string, string>; figure: T }[] {
    return this.#series.map(({ values, figure }) => ({
      labels: Object.fromEntries((this.options.labels ?? []).map((label, index) => [label, values[index] ?? ''])),
      figure,
    }));
  }

  protected abstract create(): T;
  abstract family(): Family;
}

/** A number that only grows. */
export class CounterFigure extends Series<{ value: number }> {
  /** `values` in the order of the labels. */
  add(values: readonly string[], by = 1): void {
    this.of(values).value += by;
  }

  protected override create(): { value: number } {
    return { value: 0 };
  }

  override family(): Family {
    const { name, help } = this.options;
    return { name, type: 'counter', help, values: this.all().map(({ labels, figure }) => ({ labels, value: figure.value })) };
  }
}

interface Distribution {
  counts: number[];
  sum: number;
  count: number;
}

/** A distribution over upper bounds, ascending. */
export class HistogramFigure extends Series<Distribution> {
  readonly #buckets: readonly number[];

  constructor(options: FigureOptions & { buckets: readonly number[] }) {
    super(options);
    this.#buckets = options.buckets;
  }

  observe(values: readonly string[], value: number): void {
    const distribution = this.of(values);
    distribution.sum += value;
    distribution.count += 1;
    for (let index = 0; index < this.#buckets.length; index += 1) {
      if (value > (this.#buckets[index] as number)) continue;
      distribution.counts[index] = (distribution.counts[index] as number) + 1;
      return;
    }
  }

  protected override create(): Distribution {
    return { counts: new Array(this.#buckets.length).fill(0) as number[], sum: 0, count: 0 };
  }

  override family(): Family {
    const { name, help } = this.options;
    return { name, type: 'histogram', help, values: this.all().flatMap(({ labels, figure }) => this.#samples(labels, figure)) };
  }

  #samples(labels: Record<string, string>, { counts, sum, count }: Distribution): Sample[] {
    const { name } = this.options;
    let total = 0;
    const samples: Sample[] = counts.map((value, index) => {
      total += value;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: this.#buckets[index] as number }, value: total };
    });
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count });
    samples.push({ metricName: `${name}_sum`, labels, value: sum });
    samples.push({ metricName: `${name}_count`, labels, value: count });
    return samples;
  }
}

/** Shows families, made anew at each scrape, in a registry. The set of names must not change. */
export function registerFamilies(metrics: Metrics, families: () => Family[]): void {
  for (const { name } of families()) {
    // The registry takes anything with a name and samples.
    const metric = { name, get: () => ({ ...(families().find((family) => family.name === name) as Family), aggregator: 'sum' }) };
    metrics.registry.registerMetric(metric as unknown as Parameters<typeof metrics.registry.registerMetric>[0]);
  }
}
