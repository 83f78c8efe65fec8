/** The router's own endpoints that take a body: no dialect's, so errors are RFC 9457 problems. */
import { DialectError } from '@switchyard/dialects';
import type { Access } from '@switchyard/kit/access';
import { BodyCutError, BodyTooLargeError, readBody } from '@switchyard/kit/body';
import { refusalOf } from '@switchyard/kit/guard';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import { JsonBody, JsonBodyError } from '@switchyard/kit/json-body';
import { badRequest, forbidden, Problem, toProblemJson, unauthorized } from '@switchyard/kit/problem';
import { requestIdFrom } from '@switchyard/kit/request-id';
import { ClientAnswer } from '../call/client-answer.ts';
import type { Router } from '../router.ts';
import { type Asker, askerOf } from './asker.ts';
import { explainRoute } from './explain.ts';
import { feedback } from './feedback.ts';
import { allowOrigin } from './serve.ts';

export interface OwnPost extends Asker {
  router: Router;
  request: InboundRequest;
  answer: ClientAnswer;
  query: URLSearchParams;
  body: JsonBody;
}

export const ownPosts: Readonly<Record<string, (post: OwnPost) => Promise<void>>> = {
  '/v1/route/explain': explainRoute,
  '/v1/feedback': feedback,
};

/** Answers a POST to one of them. Never rejects. */
export async function serveOwn(
  router: Router,
  access: Access,
  path: string,
  request: InboundRequest,
  response: OutboundResponse,
): Promise<void> {
  const answer = new ClientAnswer(response, { 'x-request-id': requestIdFrom(request.headers) }, router.mask);
  try {
    const bytes = await readBody(request, router.config.bodyLimitBytes);
    const refusal = refusalOf(request, router.config);
    if (refusal !== undefined) throw forbidden(refusal);
    const asker = askerOf(request, access, router.config);
    if (asker.refusal !== undefined) throw unauthorized(asker.refusal);
    allowOrigin(request, answer);
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    const serve = ownPosts[path] as (post: OwnPost) => Promise<void>;
    const { caller, delegate } = asker;
    await serve({ router, request, answer, query, caller, delegate, body: new JsonBody(bytes) });
  } catch (error) {
    if (error instanceof BodyCutError) return;
    const problem = problemOf(error);
    if (problem.status >= 500) router.logger.error('a request failed', { error, path });
    answer.whole(problem.status, router.mask(JSON.stringify(toProblemJson(problem))), 'application/problem+json');
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DialectError || error instanceof JsonBodyError) return badRequest(error.message);
  if (error instanceof BodyTooLargeError) return new Problem(413, { detail: error.message });
  return new Problem(500, { detail: 'the router failed; its log has the reason' });
}
