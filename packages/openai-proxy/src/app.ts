/** The HTTP surface of the proxy: which path leads where. No logic lives here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asksForWebSocket, postPaths } from '@switchyard/dialects/endpoints';
import { Answer } from '@switchyard/kit/answer';
import { drainBody } from '@switchyard/kit/body';
import { refusalOf } from '@switchyard/kit/guard';
import type { HttpClient } from '@switchyard/kit/http-client';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import type { Metrics } from '@switchyard/kit/metrics';
import { forbidden, notFound, Problem, toProblem, toProblemJson } from '@switchyard/kit/problem';
import type { ModelProxy } from './proxy.ts';

/** Builds the listeners for requests: of Node's HTTP server, and of the lane for plain ones. */
export function createApp(proxy: ModelProxy, httpClient: HttpClient, metrics: () => Promise<Metrics>) {
  return {
    lane: (request: InboundRequest, response: OutboundResponse): unknown => proxy.handle(request, response),
    handler: (request: IncomingMessage, response: ServerResponse): unknown =>
      proxy.handle(request, response) || serveRest(request, response),
  };

  async function serveRest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = new Answer(response);
    const { url = '/', method = 'GET', headers } = request;
    const path = url.split('?', 1)[0] as string;
    try {
      await drainBody(request);
      const refusal = refusalOf(request, proxy.config);
      if (refusal !== undefined) throw forbidden(refusal);
      if (method === 'OPTIONS') {
        if (headers.origin !== undefined) answer.set('access-control-allow-origin', headers.origin);
        answer.set('access-control-allow-methods', 'GET, POST, OPTIONS');
        answer.set('access-control-allow-headers', String(headers['access-control-request-headers'] ?? '*'));
        return answer.whole(204, '');
      }
      // Claude Code asks whether somebody is there.
      if (path === '/health/live' || path === '/api/hello') return answer.whole(200, JSON.stringify({ live: true }));
      if (path === '/health/ready') return await ready(answer);
      if (path === '/metrics') {
        const { contentType, body } = await (await metrics()).text();
        return answer.whole(200, body, contentType);
      }
      if (asksForWebSocket(path, headers)) {
        answer.set('upgrade', 'HTTP/1.1');
        throw new Problem(426, { detail: 'there are no WebSockets here: POST to /v1/responses' });
      }
      throw notFound(
        `nothing is at ${method} ${path}; requests go to ${postPaths.join(', ')} and /v1beta/models/MODEL:generateContent`,
      );
    } catch (error) {
      const problem = error instanceof Problem ? error : toProblem(error);
      answer.whole(problem.status, JSON.stringify(toProblemJson(problem)), 'application/problem+json');
    }
  }

  /** Ready when the router is: the proxy alone serves nobody. */
  async function ready(answer: Answer): Promise<void> {
    try {
      const upstream = await httpClient.request(proxy.healthUrl, { signal: AbortSignal.timeout(2000) });
      const report: unknown = JSON.parse(await upstream.text(1024 * 1024));
      answer.whole(upstream.status === 200 ? 200 : 503, JSON.stringify({ ready: upstream.status === 200, router: report }));
    } catch (error) {
      answer.whole(503, JSON.stringify({ ready: false, router: `cannot be reached: ${(error as Error).message}` }));
    }
  }
}
