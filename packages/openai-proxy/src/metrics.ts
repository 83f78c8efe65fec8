/** The proxy's figures. */
import { CounterFigure, type Family, registerFamilies } from '@switchyard/kit/figures';
import { createMetrics, type Metrics } from '@switchyard/kit/metrics';

export class ProxyFigures {
  readonly #requests = new CounterFigure({
    name: 'openai_proxy_requests_total',
    help: 'Requests by dialect and how they ended: ok, error, aborted by the client, refused here.',
    labels: ['dialect', 'outcome'],
  });

  count(dialect: string, outcome: 'ok' | 'error' | 'aborted' | 'refused'): void {
    this.#requests.add([dialect, outcome]);
  }

  families(): Family[] {
    return [this.#requests.family()];
  }
}

/** Makes the registry for `/metrics`. */
export async function createProxyMetrics(figures: ProxyFigures, version: string): Promise<Metrics> {
  const metrics = await createMetrics('openai_proxy', { version });
  registerFamilies(metrics, () => figures.families());
  return metrics;
}
