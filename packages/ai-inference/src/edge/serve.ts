/** From a request to its answer: who it is, what it asks for, and which call does it. Everything a client hears is in its own dialect. */
import { type Dialect, DialectError, isObject, type ModelError, type ModelRequest } from '@switchyard/dialects';
import type { Endpoint } from '@switchyard/dialects/endpoints';
import { geminiArrayStream } from '@switchyard/dialects/gemini/stream-render';
import type { Access } from '@switchyard/kit/access';
import { BodyCutError, BodyTooLargeError, readBody } from '@switchyard/kit/body';
import { refusalOf } from '@switchyard/kit/guard';
import type { InboundRequest, OutboundResponse } from '@switchyard/kit/inbound';
import { JsonBody, JsonBodyError } from '@switchyard/kit/json-body';
import { childTraceparent, requestIdFrom } from '@switchyard/kit/request-id';
import { type CachedAnswer, cachedOf } from '../call/answer-cache.ts';
import { type CascadeSettings, cascadeCall } from '../call/cascade-call.ts';
import { ClientAnswer } from '../call/client-answer.ts';
import { headerSafe, ModelCall, type ModelCallOptions } from '../call/model-call.ts';
import { type SemanticQuestion, wordsOf } from '../call/semantic-cache.ts';
import { type Decision, parseRouteName } from '../policy/route-policy.ts';
import { dialects, type Router } from '../router.ts';
import type { PrivacyLevel } from '../routing/privacy.ts';
import type { Candidate, Route } from '../routing/resolve.ts';
import { type Asker, askerOf } from './asker.ts';
import { Constraints, knowPrivacy, privacyDemanded, type Rejection } from './constraints.ts';
import { countTokens } from './count-tokens.ts';
import { serveEmbeddings } from './embeddings.ts';

/** A request whose sender is known and whose body has been read. */
export interface Inbound extends Asker {
  router: Router;
  request: InboundRequest;
  answer: ClientAnswer;
  requestId: string;
  body: JsonBody;
  startedAtMs: number;
  /** Headers for every provider. */
  commonHeaders: Record<string, string>;
}

/** Gemini without `alt=sse`: the same events as elements of one array. */
const geminiArray = { ...dialects.gemini, streamRenderer: geminiArrayStream, streamType: 'application/json' };

/** The dialect whose errors the client of an endpoint understands. */
export function dialectOf(endpoint: Endpoint | undefined): Dialect {
  if (endpoint?.operation === 'chat') return endpoint.asArray ? geminiArray : dialects[endpoint.dialect];
  if (endpoint?.operation === 'count-tokens') return dialects[endpoint.dialect];
  if (endpoint?.operation === 'embeddings' && endpoint.format === 'gemini') return dialects.gemini;
  return dialects['openai-chat'];
}

/** Answers a POST to an endpoint. Never rejects. */
export async function serve(
  router: Router,
  access: Access,
  endpoint: Exclude<Endpoint, { operation: 'models' }>,
  request: InboundRequest,
  response: OutboundResponse,
): Promise<void> {
  const requestId = requestIdFrom(request.headers);
  const answer = new ClientAnswer(response, { 'x-request-id': requestId }, router.mask);
  const client = dialectOf(endpoint);
  try {
    const admitted = admit(access, client, { router, request, answer, requestId, startedAtMs: router.clock.now() });
    // Waiting for what is there would put off the call behind everything else that this turn has to do.
    const inbound = admitted instanceof Promise ? await admitted : admitted;
    if (!inbound) return;
    try {
      if (endpoint.operation === 'chat') return await serveChat(inbound, endpoint, client);
      if (endpoint.operation === 'embeddings') return await serveEmbeddings(inbound, endpoint);
      return await countTokens(inbound, endpoint, client);
    } finally {
      // What is left of a request may be reachable until the next full collection: a few objects, and not all that was asked.
      inbound.body.release();
    }
  } catch (error) {
    if (error instanceof BodyCutError) return;
    const told = errorOf(error);
    if (told.kind === 'server') router.logger.error('a request failed', { error, requestId });
    if (answer.committed) answer.cut();
    else answer.fail(client, told);
  }
}

/**
 * Reads the body and finds out who sent it; undefined when the sender was refused, and told so. Nothing but the `JsonBody` holds on to the
 * bytes then. Throws or rejects for a body that is none.
 */
function admit(
  access: Access,
  client: Dialect,
  known: Pick<Inbound, 'router' | 'request' | 'answer' | 'requestId' | 'startedAtMs'>,
): Inbound | undefined | Promise<Inbound | undefined> {
  const { router, request, answer, requestId } = known;
  const take = (bytes: Buffer): Inbound | undefined => {
    const refusal = refusalOf(request, router.config);
    if (refusal !== undefined) return void answer.fail(client, { kind: 'permission', message: refusal });
    const asker = askerOf(request, access, router.config);
    if (asker.refusal !== undefined) return void answer.fail(client, { kind: 'authentication', message: asker.refusal });
    allowOrigin(request, answer);
    const traceparent = childTraceparent(request.headers.traceparent as string | undefined);
    const { caller, delegate } = asker;
    const body = new JsonBody(bytes);
    return { ...known, caller, delegate, body, commonHeaders: { 'x-request-id': requestId, traceparent } };
  };
  const read = readBody(request, router.config.bodyLimitBytes);
  return read instanceof Promise ? read.then(take) : take(read);
}

async function serveChat(inbound: Inbound, endpoint: Endpoint & { operation: 'chat' }, client: Dialect): Promise<void> {
  const { router, body, answer, requestId, caller, startedAtMs, commonHeaders } = inbound;
  const model = endpoint.model ?? modelOf(body);
  const stream = endpoint.stream ?? body.member('stream') === true;
  let read: ModelRequest | undefined;
  const request = () => {
    read ??= client.parseRequest(body.value(), { model, stream });
    return read;
  };
  // A stream may take minutes, and what was asked can be large: an agent's whole conversation.
  answer.onStream = () => {
    body.release();
    if (read) read = { ...read, messages: [] };
  };
  const passHeaders = passHeadersOf(inbound.request, client);
  const { routes } = router.config;
  const named = parseRouteName(model, routes);
  const parts = () => [client.name, model, JSON.stringify(passHeaders)];
  const route = named && routes[named.route];
  const privacy = privacyDemanded(inbound, route);
  const cacheKey = router.cache.keyOf(route, stream, caller, body, parts);
  const cached = cacheKey === undefined ? undefined : router.cache.get(cacheKey, router.clock.now());
  if (cached) return serveCached(inbound, client, model, cached);
  const question = cacheKey === undefined ? undefined : semanticQuestion(inbound, client, model, privacy, request);
  const similar = question && (await router.semanticCache.lookup(question));
  if (similar) {
    answer.set('x-switchyard-similarity', similar.similarity.toFixed(3));
    return serveCached(inbound, client, model, similar);
  }
  answer.keeps = cacheKey !== undefined;
  const constraints = new Constraints(router, privacy, body.bytes.length, request);
  if (privacy !== 'any') await knowPrivacy(router);
  const decision =
    named &&
    router.accounting.routes.decide({
      model,
      requestId,
      app: caller,
      bodyBytes: body.bytes.length,
      session: sessionOf(inbound.request, body),
      request,
      suits: (candidate) => constraints.problemOf(candidate) === undefined,
    });
  const known = decision ? undefined : router.resolveNow(model);
  const found =
    known && 'candidates' in known
      ? known.candidates
      : await (decision ? candidatesOf(router, decision.models) : routeOf(router, model));
  const candidates = 'error' in found ? found : constraints.suitable(found);
  if ('error' in candidates) {
    decision?.settle(undefined);
    return answer.fail(client, candidates.error, candidates);
  }
  if (decision) answer.set('x-switchyard-decision', decisionHeader(decision.decision));
  const call: ModelCallOptions = {
    requestId,
    caller,
    client,
    model,
    stream,
    body,
    request,
    candidates,
    privacy,
    decision,
    answer,
    passHeaders,
    commonHeaders,
    startedAtMs,
  };
  const steps = decision && route?.cascade && (await cascadeSteps(router, route.cascade, decision.decision, constraints));
  const record =
    steps && decision && route?.cascade
      ? await cascadeCall(router.callEnvironment(), { settings: route.cascade, steps, call: { ...call, decision } })
      : await new ModelCall(router.callEnvironment(), call).run();
  const kept = cacheKey === undefined ? undefined : cachedOf(record, answer.kept);
  if (!kept || cacheKey === undefined) return;
  router.cache.put(cacheKey, kept, router.clock.now());
  if (question) void router.semanticCache.add(question, kept);
}

/** How a request is asked for in the cache of what means the same; undefined where it is not. */
function semanticQuestion(
  { router, caller }: Inbound,
  client: Dialect,
  model: string,
  privacy: PrivacyLevel,
  request: () => ModelRequest,
): SemanticQuestion | undefined {
  if (!router.semanticCache.serves(privacy)) return undefined;
  const text = wordsOf(request());
  return text === undefined ? undefined : { app: router.cache.ownerOf(caller), model, dialect: client.name, text };
}

/** Who serves each model of a cascade; undefined when the request does not take it, or not all of its models can serve it. */
async function cascadeSteps(
  router: Router,
  { models }: CascadeSettings,
  { reason }: Decision,
  constraints: Constraints,
): Promise<(readonly Candidate[])[] | undefined> {
  if (reason !== 'cascade') return undefined;
  const steps: (readonly Candidate[])[] = [];
  for (const model of models) {
    const found = await routeOf(router, model);
    const candidates = 'error' in found ? [] : found.filter((candidate) => constraints.problemOf(candidate) === undefined);
    if (candidates.length === 0) return undefined;
    steps.push(candidates);
  }
  return steps;
}

/** Answers with what was answered before. It costs nothing, and the ledger says what was saved. */
function serveCached(inbound: Inbound, client: Dialect, model: string, cached: CachedAnswer): void {
  const { router, answer, requestId, caller, startedAtMs } = inbound;
  answer.set('x-switchyard-cache', 'hit');
  answer.set('x-switchyard-provider', cached.provider);
  answer.set('x-switchyard-model', headerSafe(cached.model));
  answer.whole(200, cached.body);
  const durationMs = router.clock.now() - startedAtMs;
  router.settled({
    requestId,
    caller,
    operation: 'chat',
    dialect: client.name,
    model,
    stream: false,
    outcome: 'ok',
    attempts: [
      {
        provider: cached.provider,
        model: cached.model,
        outcome: 'ok',
        startedAtMs,
        durationMs,
        costUsd: 0,
        costSource: 'cache',
        ...(cached.usd !== undefined && { savedUsd: cached.usd }),
      },
    ],
    startedAtMs,
    durationMs,
  });
}

/**
 * What the client calls this conversation: a header, OpenAI's `prompt_cache_key`, Anthropic's `metadata.user_id` (which holds the session
 * in Claude Code). Undefined when it says nothing.
 */
export function sessionOf({ headers }: InboundRequest, body: JsonBody): string | undefined {
  const metadata = body.member('metadata');
  const named = [
    headers['x-session-id'],
    body.member('prompt_cache_key'),
    isObject(metadata) ? metadata.user_id : undefined,
  ].find((value) => typeof value === 'string' && value !== '');
  return named === undefined ? undefined : String(named).slice(0, 512);
}

/** The candidates of all models of a route that resolve; the error of the first when none does. */
export async function candidatesOf(router: Router, models: readonly string[]): Promise<readonly Candidate[] | Rejection> {
  const found: Candidate[] = [];
  let rejection: Rejection | undefined;
  for (const model of models) {
    const candidates = await routeOf(router, model);
    if ('error' in candidates) rejection ??= candidates;
    else found.push(...candidates);
  }
  return found.length > 0 ? found : (rejection as Rejection);
}

export function decisionHeader({ side, reason, score, quantile }: Decision): string {
  return `${side}; reason=${reason}; score=${score.toFixed(1)}; quantile=${quantile.toFixed(3)}`;
}

/** The candidates for a model, or the error that says why there are none. */
export async function routeOf(router: Router, model: string): Promise<readonly Candidate[] | Rejection> {
  let route: Route = router.resolveNow(model);
  if ('problem' in route) route = await router.resolve(model);
  if (!('problem' in route)) return route.candidates;
  if (route.problem === 'no-provider') return { error: { kind: 'overloaded', message: router.remedy, code: 'no_provider' } };
  return { error: { kind: 'not-found', message: route.message, code: 'model_not_found', param: 'model' } };
}

/** The model a body asks for. Throws DialectError. */
export function modelOf(body: JsonBody): string {
  const model = body.member('model');
  if (typeof model === 'string' && model.trim() !== '') return model;
  throw new DialectError(
    'model',
    model === undefined ? 'is missing: name a model, such as "provider/model"' : 'must be a non-empty string',
  );
}

const ofAnthropic = ['anthropic-version', 'anthropic-beta'];
const ofOthers = ['openai-beta', 'x-session-id', 'x-session-affinity'];

/** What a client of a dialect may tell a provider of the same dialect in headers; nothing of who the client is. */
function passHeadersOf({ headers }: InboundRequest, { name }: Dialect): Record<string, string> {
  const pass: Record<string, string> = {};
  for (const one of name === 'anthropic' ? ofAnthropic : name === 'gemini' ? [] : ofOthers) {
    const value = headers[one];
    if (typeof value === 'string') pass[one] = value;
  }
  return pass;
}

const exposedHeaders =
  'retry-after, x-request-id, x-switchyard-provider, x-switchyard-model, x-switchyard-decision, x-switchyard-cache, x-switchyard-cascade, x-switchyard-warning';

/** Lets a page of an allowed origin read the answer; foreign ones were refused before. */
export function allowOrigin({ headers }: InboundRequest, answer: ClientAnswer): void {
  if (headers.origin === undefined) return;
  answer.set('access-control-allow-origin', headers.origin);
  answer.set('access-control-expose-headers', exposedHeaders);
  answer.set('vary', 'Origin');
}

function errorOf(error: unknown): ModelError {
  if (error instanceof DialectError) return error.toModelError();
  if (error instanceof JsonBodyError) return new DialectError(error.key, error.message).toModelError();
  if (error instanceof BodyTooLargeError)
    return { kind: 'too-large', message: `${error.message}; raise "bodyLimitBytes" if that is meant to be` };
  return { kind: 'server', message: 'the router failed while answering this request; its log has the reason' };
}
