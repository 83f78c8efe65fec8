/** The HTTP surface of the router: which path leads where. No logic lives here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asksForWebSocket, clientProtocol, getEndpoint, postEndpoint, postPaths } from '@switchyard/dialects/endpoints';
import type { Access } from '@switchyard/kit/access';
import { drainBody } from '@switchyard/kit/body';
import { refusalOf } from '@switchyard/kit/guard';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import type { Metrics } from '@switchyard/kit/metrics';
import { forbidden, notFound, Problem, toProblemJson, unauthorized } from '@switchyard/kit/problem';
import { requestIdFrom } from '@switchyard/kit/request-id';
import { ClientAnswer } from './call/client-answer.ts';
import { serveModels } from './edge/models.ts';
import { ownPosts, serveOwn } from './edge/own-posts.ts';
import { allowOrigin, serve } from './edge/serve.ts';
import { reconciliation, usage } from './edge/usage.ts';
import type { Router } from './router.ts';
import { routerStatus, statusPage, statusPolicy } from './status/status.ts';

/** Builds the listeners for requests: of Node's HTTP server, and of the lane for plain ones. */
export function createApp(router: Router, access: Access, metrics: () => Promise<Metrics>) {
  /** A POST that has a place; false for all else. */
  const post = (request: InboundRequest, response: OutboundResponse): unknown => {
    const { url = '/' } = request;
    const { path, query } = partsOf(url);
    const endpoint = postEndpoint(path, query);
    if (endpoint && endpoint.operation !== 'models') return serve(router, access, endpoint, request, response);
    return Object.hasOwn(ownPosts, path) && serveOwn(router, access, path, request, response);
  };
  return {
    lane: post,
    handler: (request: IncomingMessage, response: ServerResponse): unknown => {
      const { url = '/', method = 'GET' } = request;
      return (method === 'POST' && post(request, response)) || serveRest(partsOf(url).path, method, request, response);
    },
  };

  async function serveRest(path: string, method: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = new ClientAnswer(response, { 'x-request-id': requestIdFrom(request.headers) }, router.mask);
    try {
      await drainBody(request);
      const refusal = refusalOf(request, router.config);
      if (refusal !== undefined) throw forbidden(refusal);
      allowOrigin(request, answer);
      if (method === 'OPTIONS') return preflight(request, answer);
      if (path === '/health/live') return json(answer, { live: true });
      if (path === '/health/ready') return ready(answer);
      const admission = access.admit(request);
      if (admission.refusal !== undefined) throw unauthorized(admission.refusal);
      if (method !== 'GET' && method !== 'HEAD') throw notAllowed(path, method);
      if (asksForWebSocket(path, request.headers)) {
        answer.set('upgrade', 'HTTP/1.1');
        throw new Problem(426, { detail: 'there are no WebSockets here: POST to /v1/responses' });
      }
      if (path === '/metrics') {
        const { contentType, body } = await (await metrics()).text();
        return answer.whole(200, body, contentType);
      }
      if (path === '/status' || path === '/') return status(request, answer);
      if (path === '/v1/usage/reconciliation') return reconciliation(router, answer);
      if (path === '/v1/usage') return usage(router, answer, request.url ?? '');
      const endpoint = getEndpoint(path);
      if (endpoint?.operation === 'models')
        return await serveModels(router, answer, endpoint.model, clientProtocol(request.headers, path));
      throw notAllowed(path, method);
    } catch (error) {
      const problem =
        error instanceof Problem ? error : new Problem(500, { detail: 'the router failed; its log has the reason' });
      if (problem.status >= 500) router.logger.error('a request failed', { error, path });
      answer.whole(problem.status, JSON.stringify(toProblemJson(problem)), 'application/problem+json');
    }
  }

  function ready(answer: ClientAnswer): void {
    const { ready, providers, missing } = routerStatus(router);
    const problems = providers
      .filter(({ problem }) => problem !== undefined)
      .map(({ name, problem }) => ({ provider: name, problem }));
    const told = ready ? { ready, problems } : { ready, remedy: router.remedy, missing };
    answer.whole(ready ? 200 : 503, router.mask(JSON.stringify(told)));
  }

  function status({ headers }: IncomingMessage, answer: ClientAnswer): void {
    const found = routerStatus(router);
    // What a provider said of a failure is shown, and may hold anything.
    if (!/\btext\/html\b/.test(headers.accept ?? '')) return answer.whole(200, router.mask(JSON.stringify(found)));
    answer.set('content-security-policy', statusPolicy);
    answer.whole(200, router.mask(statusPage(found)), 'text/html; charset=utf-8');
  }
}

function partsOf(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

function json(answer: ClientAnswer, value: unknown): void {
  answer.whole(200, JSON.stringify(value));
}

function preflight({ headers }: IncomingMessage, answer: ClientAnswer): void {
  answer.set('access-control-allow-methods', 'GET, POST, OPTIONS');
  answer.set('access-control-allow-headers', String(headers['access-control-request-headers'] ?? '*'));
  answer.set('access-control-max-age', '600');
  answer.whole(204, '');
}

function notAllowed(path: string, method: string): Problem {
  if (method !== 'POST' && (postEndpoint(path, '') || Object.hasOwn(ownPosts, path)))
    return new Problem(405, { detail: `${path} takes POST` });
  return notFound(`nothing is at ${path}; requests go to ${postPaths.join(', ')}`);
}
