/** Embeddings: passed through where the provider speaks the client's format, translated where it does not. */

import type { JsonObject, ModelError, Usage } from '@switchyard/dialects';
import {
  type EmbeddingsAnswer,
  type EmbeddingsRequest,
  geminiEmbeddings,
  ollamaEmbeddings,
  openaiEmbeddings,
} from '@switchyard/dialects/embeddings/index';
import type { EmbeddingsFormat, Endpoint } from '@switchyard/dialects/endpoints';
import { abortSignalOf } from '@switchyard/kit/cancel';
import type { AttemptRecord } from '../call/record.ts';
import { type SimpleRequest, simpleCall } from '../call/simple-call.ts';
import { dialects } from '../router.ts';
import type { Candidate } from '../routing/resolve.ts';
import { allowedAmong, privacyDemanded } from './constraints.ts';
import { dialectOf, type Inbound, modelOf, routeOf } from './serve.ts';

/** The dialect in which each format tells its errors. */
const errorDialects = { openai: 'openai-chat', gemini: 'gemini', ollama: 'ollama' } as const;

export async function serveEmbeddings(inbound: Inbound, endpoint: Endpoint & { operation: 'embeddings' }): Promise<void> {
  const { router, body, answer, requestId, caller, startedAtMs, commonHeaders } = inbound;
  const client = dialectOf(endpoint);
  const model = endpoint.model ?? modelOf(body);
  const privacy = privacyDemanded(inbound, undefined);
  const found = await routeOf(router, model);
  const candidates = 'error' in found ? found : await allowedAmong(router, privacy, found);
  if ('error' in candidates) return answer.fail(client, candidates.error, candidates);
  let asked: EmbeddingsRequest | undefined;
  const request = () => {
    asked ??=
      endpoint.format === 'gemini'
        ? geminiEmbeddings.parseRequest(body.value(), { model })
        : openaiEmbeddings.parseRequest(body.value());
    return asked;
  };
  const prepare = ({ provider, model }: Candidate): SimpleRequest | ModelError => {
    const { embeddings } = provider.profile;
    if (!embeddings) return { kind: 'unsupported', message: `${provider.name} makes no embeddings` };
    const { format } = embeddings;
    const native = format === 'openai' && endpoint.format === 'openai';
    const privateFields = privacy === 'any' ? undefined : provider.profile.privateFields;
    return {
      path: embeddings.path(model, native ? 1 : request().inputs.length),
      body: native
        ? body.rewritten({ set: { model, ...privateFields?.((name) => body.member(name)) } })
        : JSON.stringify({ ...rendered(format, { ...request(), model }), ...privateFields?.(() => undefined) }),
      headers: commonHeaders,
      parseError: (status, error) => dialects[errorDialects[format]].parseError(status, error),
      // Vectors that go on as they came need not be read.
      usageOf: (found) => usageOf(format, native ? { ...found, data: [] } : found, model),
    };
  };
  // A body that cannot be read is the client's mistake whoever would serve it.
  request();
  const left = abortSignalOf(answer.leaving());
  const attempts: AttemptRecord[] = [];
  const result = await simpleCall({ ...router.simpleEnvironment(), payer: caller }, candidates, left, prepare, attempts);
  if ('failure' in result) answer.fail(client, result.failure.error, result.failure);
  else {
    const { provider, model: served } = result.candidate;
    const format = provider.profile.embeddings?.format as EmbeddingsFormat;
    answer.set('x-switchyard-provider', provider.name);
    if (format === 'openai' && endpoint.format === 'openai') answer.whole(200, result.bytes);
    else answer.whole(200, JSON.stringify(forClient(endpoint, read(format, result.body, served), request())));
  }
  router.settled({
    requestId,
    caller,
    operation: 'embeddings',
    dialect: `${endpoint.format}-embeddings`,
    model,
    stream: false,
    outcome: left.aborted ? 'aborted' : 'failure' in result ? 'error' : 'ok',
    ...('failure' in result && { errorKind: result.failure.error.kind }),
    attempts,
    startedAtMs,
    durationMs: router.clock.now() - startedAtMs,
  });
}

function rendered(format: EmbeddingsFormat, request: EmbeddingsRequest): JsonObject {
  if (format === 'gemini') return geminiEmbeddings.renderRequest(request).body;
  return (format === 'ollama' ? ollamaEmbeddings : openaiEmbeddings).renderRequest(request).body;
}

function read(format: EmbeddingsFormat, body: JsonObject, model: string): EmbeddingsAnswer {
  if (format === 'gemini') return geminiEmbeddings.parseAnswer(body, { model });
  return format === 'ollama' ? ollamaEmbeddings.parseAnswer(body) : openaiEmbeddings.parseAnswer(body);
}

function forClient(
  endpoint: Endpoint & { operation: 'embeddings' },
  answer: EmbeddingsAnswer,
  request: EmbeddingsRequest,
): JsonObject {
  if (endpoint.format === 'gemini') return geminiEmbeddings.renderAnswer(answer, { isBatch: endpoint.isBatch ?? false });
  return openaiEmbeddings.renderAnswer(answer, request);
}

/** What the accounting needs. Throws DialectError for a body that is no answer. */
function usageOf(format: EmbeddingsFormat, body: JsonObject, model: string): Usage | undefined {
  const { inputTokens, costUsd, costDiem } = read(format, body, model);
  if (inputTokens === undefined && costUsd === undefined) return undefined;
  return {
    ...(inputTokens !== undefined && { inputTokens }),
    ...(costUsd !== undefined && { costUsd }),
    ...(costDiem !== undefined && { costDiem }),
  };
}
