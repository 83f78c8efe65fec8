/** How many tokens a prompt has: asked of the provider that would serve it where it counts, estimated where it does not. */

import type { Dialect } from '@switchyard/dialects';
import type { Endpoint } from '@switchyard/dialects/endpoints';
import { abortSignalOf } from '@switchyard/kit/cancel';
import { estimateTokens } from '../call/estimate-tokens.ts';
import type { AttemptRecord } from '../call/record.ts';
import { simpleCall } from '../call/simple-call.ts';
import { allowedAmong, privacyDemanded } from './constraints.ts';
import { type Inbound, modelOf, routeOf } from './serve.ts';

export async function countTokens(
  inbound: Inbound,
  endpoint: Endpoint & { operation: 'count-tokens' },
  client: Dialect,
): Promise<void> {
  const { router, body, answer, commonHeaders, request } = inbound;
  const model = endpoint.model ?? modelOf(body);
  const found = await routeOf(router, model);
  const privacy = privacyDemanded(inbound, undefined);
  const candidates = 'error' in found ? found : await allowedAmong(router, privacy, found);
  if ('error' in candidates) return answer.fail(client, candidates.error, candidates);
  const [first] = candidates;
  const path = first?.provider.profile.countTokens?.[endpoint.dialect]?.(first.model);
  if (first && path !== undefined) {
    const left = abortSignalOf(answer.leaving());
    const attempts: AttemptRecord[] = [];
    const version = request.headers['anthropic-version'];
    const result = await simpleCall(
      router.simpleEnvironment(),
      [first],
      left,
      () => ({
        path,
        body: body.rewritten({ set: endpoint.dialect === 'gemini' ? {} : { model: first.model } }),
        headers: { ...commonHeaders, ...(typeof version === 'string' && { 'anthropic-version': version }) },
        parseError: (status, error) => client.parseError(status, error),
        usageOf: () => undefined,
      }),
      attempts,
    );
    if ('bytes' in result) return answer.whole(200, result.bytes);
    return answer.fail(client, result.failure.error, result.failure);
  }
  const value = body.value();
  // Gemini's SDK wraps the request when it counts more than contents.
  const wrapped = value.generateContentRequest;
  const asked = typeof wrapped === 'object' && wrapped !== null && !Array.isArray(wrapped) ? wrapped : value;
  const tokens = estimateTokens(client.parseRequest({ max_tokens: 1, ...asked }, { model, stream: false }));
  answer.set('x-switchyard-estimate', 'true');
  answer.whole(200, JSON.stringify(endpoint.dialect === 'gemini' ? { totalTokens: tokens } : { input_tokens: tokens }));
}
