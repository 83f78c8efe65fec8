/**
 * The router's figures. Two sets of names for the same things: those of the house's design (`venice_total_tokens`, …), and those of
 * OpenTelemetry's GenAI semantic conventions as Prometheus spells them.
 */
import { CounterFigure, type Family, HistogramFigure, registerFamilies } from '@switchyard/kit/figures';
import { createMetrics, type Metrics } from '@switchyard/kit/metrics';
import type { CallRecord } from './call/record.ts';

/** Buckets that the conventions give for each of their histograms. */
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const durationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const firstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const perTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

export class CallFigures {
  readonly #requests = new CounterFigure({
    name: 'inference_requests_total',
    help: 'Requests of clients by their dialect and how they ended.',
    labels: ['dialect', 'outcome'],
  });
  readonly #usage = new CounterFigure({
    name: 'model_usage_total',
    help: 'Requests that a model answered.',
    labels: ['provider', 'model'],
  });
  readonly #failures = new CounterFigure({
    name: 'inference_failures_total',
    help: 'Attempts that failed, by provider and kind of error.',
    labels: ['provider', 'kind'],
  });
  readonly #tokens = new CounterFigure({
    name: 'inference_tokens_total',
    help: 'Tokens by provider, model and kind (input includes cached and cache-write; output includes reasoning).',
    labels: ['provider', 'model', 'kind'],
  });
  readonly #veniceTokens = new CounterFigure({ name: 'venice_total_tokens', help: 'Tokens used at Venice, prompt and answer.' });
  readonly #veniceTokensTotal = new CounterFigure({ name: 'venice_tokens_total', help: 'The same as venice_total_tokens.' });
  readonly #openrouterTokens = new CounterFigure({
    name: 'openrouter_total_tokens',
    help: 'Tokens used at OpenRouter, prompt and answer.',
  });
  readonly #openrouterTokensTotal = new CounterFigure({
    name: 'openrouter_tokens_total',
    help: 'The same as openrouter_total_tokens.',
  });
  readonly #cost = new CounterFigure({
    name: 'inference_cost_usd_total',
    help: 'Cost in USD as the providers tell it or by their prices; calls whose cost is unknown are not in it.',
    labels: ['provider', 'model'],
  });
  readonly #cached = new CounterFigure({
    name: 'inference_cache_hits_total',
    help: 'Requests that were answered from the cache of answers, by the model that had answered.',
    labels: ['provider', 'model'],
  });
  readonly #saved = new CounterFigure({
    name: 'inference_cache_saved_usd_total',
    help: 'What answers from the cache would have cost again, in USD.',
    labels: ['provider', 'model'],
  });
  readonly #tokenUsage = new HistogramFigure({
    name: 'gen_ai_client_token_usage',
    help: 'Tokens per request (OpenTelemetry gen_ai.client.token.usage).',
    labels: ['gen_ai_provider_name', 'gen_ai_request_model', 'gen_ai_token_type'],
    buckets: tokenBuckets,
  });
  readonly #duration = new HistogramFigure({
    name: 'gen_ai_client_operation_duration_seconds',
    help: 'Time of an attempt (OpenTelemetry gen_ai.client.operation.duration).',
    labels: ['gen_ai_provider_name', 'gen_ai_request_model', 'error_type'],
    buckets: durationBuckets,
  });
  readonly #firstToken = new HistogramFigure({
    name: 'gen_ai_server_time_to_first_token_seconds',
    help: 'Time until the first piece of a streamed answer (OpenTelemetry gen_ai.server.time_to_first_token).',
    labels: ['gen_ai_provider_name', 'gen_ai_request_model'],
    buckets: firstTokenBuckets,
  });
  readonly #perToken = new HistogramFigure({
    name: 'gen_ai_server_time_per_output_token_seconds',
    help: 'Time per token after the first piece of a streamed answer (OpenTelemetry gen_ai.server.time_per_output_token).',
    labels: ['gen_ai_provider_name', 'gen_ai_request_model'],
    buckets: perTokenBuckets,
  });

  count(record: CallRecord): void {
    this.#requests.add([record.dialect, record.outcome]);
    for (const attempt of record.attempts) {
      const { provider, outcome, usage, durationMs, firstTokenMs, errorKind, costUsd, costSource } = attempt;
      // It was answered from here: no model did anything.
      if (costSource === 'cache') {
        this.#cached.add([provider, attempt.model]);
        this.#saved.add([provider, attempt.model], attempt.savedUsd ?? 0);
        continue;
      }
      // A name that no provider knew is a client's invention.
      const model = outcome === 'error' && attempt.status !== 200 ? '' : attempt.model;
      const at = [provider, model];
      this.#duration.observe([provider, model, errorKind ?? ''], durationMs / 1000);
      if (outcome === 'error') this.#failures.add([provider, errorKind ?? 'server']);
      if (outcome === 'ok') this.#usage.add(at);
      if (firstTokenMs !== undefined) this.#firstToken.observe(at, firstTokenMs / 1000);
      if (!usage) continue;
      const { inputTokens = 0, outputTokens = 0, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
      this.#tokens.add([provider, model, 'input'], inputTokens);
      this.#tokens.add([provider, model, 'output'], outputTokens);
      if (cachedInputTokens) this.#tokens.add([provider, model, 'cached'], cachedInputTokens);
      if (cacheWriteTokens) this.#tokens.add([provider, model, 'cache_write'], cacheWriteTokens);
      if (reasoningTokens) this.#tokens.add([provider, model, 'reasoning'], reasoningTokens);
      this.#tokenUsage.observe([provider, model, 'input'], inputTokens);
      this.#tokenUsage.observe([provider, model, 'output'], outputTokens);
      if (costUsd !== undefined) this.#cost.add(at, costUsd);
      if (firstTokenMs !== undefined && outputTokens > 1)
        this.#perToken.observe(at, (durationMs - firstTokenMs) / 1000 / (outputTokens - 1));
      if (provider === 'venice') {
        this.#veniceTokens.add([], inputTokens + outputTokens);
        this.#veniceTokensTotal.add([], inputTokens + outputTokens);
      }
      if (provider === 'openrouter') {
        this.#openrouterTokens.add([], inputTokens + outputTokens);
        this.#openrouterTokensTotal.add([], inputTokens + outputTokens);
      }
    }
  }

  families(): Family[] {
    return [
      this.#requests,
      this.#usage,
      this.#failures,
      this.#tokens,
      this.#veniceTokens,
      this.#veniceTokensTotal,
      this.#openrouterTokens,
      this.#openrouterTokensTotal,
      this.#cost,
      this.#cached,
      this.#saved,
      this.#tokenUsage,
      this.#duration,
      this.#firstToken,
      this.#perToken,
    ].map((figure) => figure.family());
  }
}

/** Makes the registry for `/metrics`. */
export async function createRouterMetrics(figures: CallFigures, version: string): Promise<Metrics> {
  const metrics = await createMetrics('inference', { version });
  registerFamilies(metrics, () => figures.families());
  return metrics;
}
