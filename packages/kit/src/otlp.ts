/**
 * Sends spans to an OpenTelemetry collector: OTLP/HTTP with JSON (OTLP 1.x, `POST {endpoint}/v1/traces`). Spans are gathered and sent
 * together; a collector that does not answer costs spans, never a request, and is said once a minute.
 */
import type { Clock, Timer } from './clock.ts';
import type { HttpClient } from './http-client.ts';
import type { Logger } from './logger.ts';

export interface Span {
  /** 32 and 16 hex digits. */
  traceId: string;
  spanId: string;
  parentSpanId?: string | undefined;
  name: string;
  /** `server` for what was asked of us, `client` for what we ask of others. */
  kind: 'server' | 'client';
  /** Epoch ms. */
  startMs: number;
  endMs: number;
  attributes: Readonly<Record<string, string | number | boolean>>;
  /** Why it failed; undefined when it did not. */
  error?: string | undefined;
}

export interface OtlpOptions {
  /** Base URL of the collector, without `/v1/traces`. */
  endpoint: string;
  /** Read at each sending, so that a key rotates. */
  headers(): Record<string, string>;
  serviceName: string;
  serviceVersion: string;
  httpClient(): Promise<HttpClient>;
  clock: Clock;
  logger: Logger;
}

const sendEveryMs = 2000;
const mostPerRequest = 512;
/** What waits beyond this is dropped. */
const mostWaiting = 8192;
const timeoutMs = 10_000;
const kinds = { server: 2, client: 3 } as const;

export class OtlpExporter {
  readonly #options: OtlpOptions;
  #waiting: Span[] = [];
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: OtlpOptions) {
    this.#options = options;
  }

  add(span: Span): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= mostPerRequest) void this.flush();
    else this.#timer ??= this.#options.clock.setTimeout(() => void this.flush(), sendEveryMs, { unref: true });
  }

  /** Sends what waits. Never rejects. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#sending) await this.#sending;
    const spans = this.#waiting.splice(0, mostPerRequest);
    if (spans.length === 0) return;
    this.#sending = this.#send(spans).finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
    if (this.#waiting.length > 0) await this.flush();
  }

  async #send(spans: readonly Span[]): Promise<void> {
    const { endpoint, headers, httpClient } = this.#options;
    try {
      const client = await httpClient();
      const answer = await client.request(`${endpoint.replace(/\/+$/, '')}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers() },
        body: JSON.stringify(this.#body(spans)),
        signal: AbortSignal.timeout(timeoutMs),
      });
      await answer.text(64 * 1024);
      if (answer.status >= 300) throw new Error(`the collector answered ${answer.status}`);
    } catch (error) {
      this.#dropped += spans.length;
      this.#say(error as Error);
    }
  }

  #say(error: Error): void {
    const now = this.#options.clock.monotonicMs();
    if (now - this.#saidAt < 60_000) return;
    this.#saidAt = now;
    this.#options.logger.warn('spans could not be sent', { error: error.message, dropped: this.#dropped });
    this.#dropped = 0;
  }

  #body(spans: readonly Span[]): object {
    const { serviceName, serviceVersion } = this.#options;
    return {
      resourceSpans: [
        {
          resource: { attributes: attributesOf({ 'service.name': serviceName, 'service.version': serviceVersion }) },
          scopeSpans: [{ scope: { name: 'switchyard', version: serviceVersion }, spans: spans.map(spanOf) }],
        },
      ],
    };
  }
}

function spanOf({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, error }: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanosOf(startMs),
    endTimeUnixNano: nanosOf(endMs),
    attributes: attributesOf(attributes),
    status: error === undefined ? {} : { code: 2, message: error.slice(0, 500) },
  };
}

/** 64-bit integers are strings in OTLP's JSON. */
function nanosOf(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}

function attributesOf(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: String(value) }
            : { doubleValue: value },
  }));
}
