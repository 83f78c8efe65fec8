/** `GET /v1/models`: what all providers have, in the protocol of whoever asks. */

import type { ClientAnswer } from '../call/client-answer.ts';
import type { ModelInfo } from '../providers/provider.ts';
import { dialects, type Router } from '../router.ts';
import { type ListedModel, type ModelsProtocol, modelItem, modelList } from './models-view.ts';

/** Lists all models, or shows the one that is named. */
export async function serveModels(
  router: Router,
  answer: ClientAnswer,
  model: string | undefined,
  protocol: ModelsProtocol,
): Promise<void> {
  const listed = await listModels(router);
  if (model === undefined) return answer.whole(200, JSON.stringify(modelList(listed, protocol)));
  const found = listed.find(({ id, info }) => id === model || info.id === model);
  if (found) return answer.whole(200, JSON.stringify(modelItem(found, protocol)));
  const dialect = protocol === 'openai' ? dialects['openai-chat'] : dialects[protocol];
  answer.fail(dialect, { kind: 'not-found', message: `no provider here has a model "${model}"`, code: 'model_not_found' });
}

/** Routes and aliases first: they are what the owner wants to be used. */
async function listModels(router: Router): Promise<ListedModel[]> {
  const models = await router.models();
  const { aliases, routes } = router.config;
  const own = [...Object.keys(routes), ...Object.keys(aliases).filter((name) => !name.includes('*'))].map((name): ListedModel => {
    const info: ModelInfo = { id: name, capabilities: {}, ownedBy: 'switchyard' };
    const cheap = routes[name]?.cheap;
    const route = router.resolveNow((typeof cheap === 'string' ? cheap : cheap?.[0]) ?? name);
    const [first] = 'candidates' in route ? route.candidates : [];
    const known = first && router.catalog.known(first.provider, first.model);
    return {
      id: name,
      provider: first?.provider.name ?? '',
      info: known ? { ...known, ...info, capabilities: known.capabilities } : info,
    };
  });
  return [...own, ...models.map(({ provider, info }) => ({ id: `${provider.name}/${info.id}`, provider: provider.name, info }))];
}
