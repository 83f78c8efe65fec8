/**
 * The hook for a cache that knows what means the same: a server of its own, reached over HTTP, that is asked before a provider and told
 * afterwards. It may be slow, wrong or gone without harm: then the request goes on as if it were not there.
 *
 * `POST {url}/lookup` {app, model, dialect, text, minSimilarity} → 200 {similarity, provider, model, body} or 204.
 * `POST {url}/entries` {app, model, dialect, text, ttlMs, provider, answeredBy, body} → any 2xx.
 */
import { isObject, type ModelRequest, numberOf, stringOf } from '@switchyard/dialects';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { Logger } from '@switchyard/kit/logger';
import type { Secrets } from '@switchyard/kit/secrets';
import { isOnThisMachine, type PrivacyLevel } from '../routing/privacy.ts';
import type { CachedAnswer } from './answer-cache.ts';
import { textOf } from './decode.ts';

export interface SemanticCacheSettings {
  url: string;
  token?: string | undefined;
  minSimilarity: number;
  timeoutMs: number;
}

/** A request as that server knows it. */
export interface SemanticQuestion {
  app: string;
  model: string;
  dialect: string;
  text: string;
}

const limitBytes = 8 * 1024 * 1024;

/** The words of a conversation; undefined for one that is more than words, or that lets the model act. */
export function wordsOf({ messages, tools }: ModelRequest): string | undefined {
  if (tools.length > 0) return undefined;
  const lines: string[] = [];
  for (const { role, parts } of messages) {
    if (!parts.every(({ type }) => type === 'text')) return undefined;
    lines.push(`${role}: ${parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n')}`);
  }
  return lines.join('\n\n');
}

export interface SemanticCacheOptions {
  settings(): SemanticCacheSettings | undefined;
  ttlMs(): number;
  httpClient(): HttpClient;
  secrets: Secrets;
  logger: Logger;
}

export class SemanticCache {
  readonly #options: SemanticCacheOptions;

  constructor(options: SemanticCacheOptions) {
    this.#options = options;
  }

  /** Whether a request of this level may be shown to that server, if there is one. */
  serves(privacy: PrivacyLevel): boolean {
    const settings = this.#options.settings();
    return settings !== undefined && (privacy === 'any' || isOnThisMachine(settings.url));
  }

  /** The answer to what means the same; undefined when there is none. Never rejects. */
  async lookup(question: SemanticQuestion): Promise<(CachedAnswer & { similarity: number }) | undefined> {
    const settings = this.#options.settings();
    if (!settings) return undefined;
    const { minSimilarity } = settings;
    const found = await this.#post(settings, '/lookup', { ...question, minSimilarity });
    if (!found) return undefined;
    const similarity = numberOf(found.similarity);
    if (!isObject(found.body) || similarity === undefined || similarity < minSimilarity) return undefined;
    return {
      body: Buffer.from(JSON.stringify(found.body)),
      provider: stringOf(found.provider) ?? '',
      model: stringOf(found.model) ?? '',
      usd: numberOf(found.usd),
      similarity,
    };
  }

  /** Tells that server of an answer. Nobody waits for it; never rejects. */
  async add(question: SemanticQuestion, { body, provider, model, usd }: CachedAnswer): Promise<void> {
    const settings = this.#options.settings();
    if (!settings) return;
    const answer = { ttlMs: this.#options.ttlMs(), provider, answeredBy: model, usd, body: JSON.parse(body.toString('utf8')) };
    await this.#post(settings, '/entries', { ...question, ...answer });
  }

  async #post({ url, token, timeoutMs }: SemanticCacheSettings, path: string, body: object) {
    const { httpClient, secrets, logger } = this.#options;
    try {
      const answer = await httpClient().request(url.replace(/\/+$/, '') + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${secrets.resolve(token, 'cache.semantic.token')}` }),
        },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
        headersTimeoutMs: timeoutMs,
      });
      const text = await textOf(answer, limitBytes);
      if (answer.status >= 300) throw new Error(`it answers ${answer.status}`);
      if (text === '') return undefined;
      const found: unknown = JSON.parse(text);
      return isObject(found) ? found : undefined;
    } catch (error) {
      logger.warn('the semantic cache is passed over', { path, error: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }
}
