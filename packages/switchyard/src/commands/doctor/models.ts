/** The router of models and the proxy in front of it. */
import { isAlive, type RouterView } from '../../model-plane.ts';
import { bad, type Check, type Finding, note, ok } from './finding.ts';
import { get } from './gateway.ts';

export const checkRouter: Check = async ({ router, env }) => {
  const answer = await get(`${router}/status`, env.SWITCHYARD_ROUTER_KEY);
  if (answer === undefined)
    return [note('router-down', `no model router answers at ${router}`, '`switchyard up` or `switchyard run ai-inference`')];
  const view = answer.body as Partial<RouterView> | undefined;
  if (answer.status === 401 || answer.status === 403)
    return [
      bad(
        'router-refuses',
        `the model router at ${router} does not let us in (${answer.status})`,
        'export its key as SWITCHYARD_ROUTER_KEY',
      ),
    ];
  if (!Array.isArray(view?.providers))
    return [
      bad(
        'router-foreign',
        `what answers at ${router} (${answer.status}) is no model router`,
        'another program has the port: end it, or give the router another one (`listen.port`) and set SWITCHYARD_ROUTER_URL',
      ),
    ];
  const { providers, missing = [] } = view;
  if (providers.length > 0) return providers.map(checkProvider);
  const remedy = `${missing.map(({ name, remedy }) => `${name}: ${remedy}`).join('; ')}; or start Ollama`;
  return [note('router-without-providers', `the model router answers at ${router}, and has no provider`, remedy)];
};

function checkProvider({ name, baseUrl, state, problem = '', models }: RouterView['providers'][number]): Finding {
  if (state === 'ready') return ok('provider', `models of ${name}: ready${models === undefined ? '' : `, ${models} models`}`);
  const what = `models of ${name}: ${problem}`;
  if (/\b40[13]\b|key|unauthor|forbidden/i.test(problem))
    return bad(
      'provider-key-refused',
      what,
      `${name} does not take the key: make a new one, and put it where its configuration refers to`,
    );
  if (/listens|host name|network|reach|connect|time allowed/i.test(problem))
    return bad('provider-unreachable', what, `check the network, and that ${baseUrl} is right`);
  return bad('provider-failing', what, `check its key, and that ${baseUrl} can be reached`);
}

export const checkProxy: Check = async ({ proxy }) =>
  (await isAlive(proxy))
    ? [ok('proxy', `openai-proxy answers at ${proxy}`)]
    : [note('proxy-down', `no openai-proxy answers at ${proxy}`, '`switchyard up` or `switchyard run openai-proxy`')];
