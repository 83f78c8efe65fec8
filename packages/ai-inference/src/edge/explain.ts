/** `POST /v1/route/explain`: what would become of a request and why. Nothing is sent, nothing is counted. */
import { DialectError, type DialectName } from '@switchyard/dialects';
import { didYouMean } from '@switchyard/kit/nearest';
import { badRequest } from '@switchyard/kit/problem';
import { parseRouteName } from '../policy/route-policy.ts';
import { dialects } from '../router.ts';
import { Constraints, knowPrivacy, privacyDemanded } from './constraints.ts';
import type { OwnPost } from './own-posts.ts';
import { candidatesOf, modelOf, routeOf, sessionOf } from './serve.ts';

const parameters = ['dialect', 'model'];

/** The body is a request in the dialect of `?dialect=` (default openai-chat); `?model=` counts instead of the one it names. */
export async function explainRoute(post: OwnPost): Promise<void> {
  const { router, answer, request, query, caller, body } = post;
  for (const name of query.keys())
    if (!parameters.includes(name)) throw badRequest(`unknown parameter "${name}"${didYouMean(name, parameters)}`);
  const dialect = query.get('dialect') ?? 'openai-chat';
  if (!Object.hasOwn(dialects, dialect))
    throw badRequest(
      `dialect: "${dialect}" is none${didYouMean(dialect, Object.keys(dialects))}; take one of ${Object.keys(dialects).join(', ')}`,
    );
  const client = dialects[dialect as DialectName];
  const model = query.get('model') ?? modelOf(body);
  // Anthropic demands a limit of the answer; it changes nothing here.
  const parse = () =>
    client.parseRequest({ max_tokens: 1, ...body.value(), model }, { model, stream: body.member('stream') === true });
  const parsed = parse();
  const { accounting, catalog, health } = router;
  const session = sessionOf(request, body);
  const named = parseRouteName(model, router.config.routes);
  const privacy = privacyDemanded(post, named && router.config.routes[named.route]);
  const constraints = new Constraints(router, privacy, body.bytes.length, () => parsed);
  if (privacy !== 'any') await knowPrivacy(router);
  const explained = accounting.routes.explain({
    model,
    app: caller,
    bodyBytes: body.bytes.length,
    session,
    request: () => parsed,
    suits: (candidate) => constraints.problemOf(candidate) === undefined,
  });
  const found = explained ? await candidatesOf(router, explained.models) : await routeOf(router, model);
  if ('error' in found) throw new DialectError('model', found.error.message);
  const candidates = found.map((candidate) => {
    const { provider, model: name, insteadOf } = candidate;
    const known = catalog.known(provider, name);
    const problem = constraints.problemOf(candidate) ?? health.problemOf(provider);
    return {
      provider: provider.name,
      model: name,
      ...(insteadOf !== undefined && { insteadOf }),
      ...(known?.contextTokens !== undefined && { contextTokens: known.contextTokens }),
      ...(known?.price && { price: known.price }),
      ...(problem !== undefined && { problem }),
    };
  });
  answer.whole(200, router.mask(JSON.stringify({ model, privacy, ...explained, candidates })));
}
