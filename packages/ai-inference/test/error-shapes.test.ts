// Every error body that providers are known to send, before clients of every dialect: its class, whether it is tried again, whether the
// next model of the route is asked, and what the client hears.
import { type ErrorShape, errorShapes, startChaosUpstream } from '@switchyard/chaos-upstream';
import type { ErrorKind } from '@switchyard/dialects';
import t from 'tap';
import { ask, type ClientName, clientNames, clients } from './fixtures/clients.ts';
import { baseUrls, type Stage, startStage } from './fixtures/providers.ts';

/** What a class means, as the reference sheets have it: statuses for clients of OpenAI, Anthropic and Gemini. */
const meaning: Record<ErrorKind, { retry: boolean; fallback: boolean; status: [number, number, number] }> = {
  authentication: { retry: false, fallback: true, status: [401, 401, 401] },
  permission: { retry: false, fallback: true, status: [403, 403, 403] },
  balance: { retry: false, fallback: true, status: [402, 402, 403] },
  'rate-limit': { retry: true, fallback: true, status: [429, 429, 429] },
  overloaded: { retry: true, fallback: true, status: [503, 529, 503] },
  'context-length': { retry: false, fallback: true, status: [400, 400, 400] },
  'too-large': { retry: false, fallback: true, status: [413, 413, 413] },
  'content-policy': { retry: false, fallback: false, status: [400, 400, 400] },
  'not-found': { retry: false, fallback: true, status: [404, 404, 404] },
  unsupported: { retry: false, fallback: true, status: [400, 400, 400] },
  'invalid-request': { retry: false, fallback: false, status: [400, 400, 400] },
  timeout: { retry: false, fallback: true, status: [504, 504, 504] },
  transport: { retry: true, fallback: true, status: [502, 502, 502] },
  malformed: { retry: true, fallback: true, status: [502, 502, 502] },
  cut: { retry: true, fallback: true, status: [502, 502, 502] },
  server: { retry: true, fallback: true, status: [500, 500, 500] },
};
const maxDelayMs = 1500;

/** Which dialect a client and a provider share: there the provider's own body goes through. */
const spoken: Record<string, readonly ClientName[]> = {
  openai: ['openai-chat', 'openai-completions', 'openai-responses'],
  venice: ['openai-chat'],
  openrouter: ['openai-chat', 'openai-completions', 'openai-responses'],
  anthropic: ['anthropic'],
  gemini: ['gemini'],
  ollama: [],
};

let stage: Stage;
t.before(async () => {
  const chaos = await startChaosUpstream();
  t.teardown(() => chaos.close());
  // One provider for each row and client: what one failure means for the next request is another test's matter.
  const providers = Object.fromEntries(
    errorShapes.flatMap(({ name, provider }) =>
      [...clientNames, 'route'].map((client) => [
        `${name}.${client}`,
        { type: provider, baseUrl: baseUrls(chaos.url)[provider], apiKey: 'k' },
      ]),
    ),
  );
  const aliases = Object.fromEntries(errorShapes.map(({ name }) => [name, [`${name}.route/x/shape-${name}`, 'openai/good']]));
  stage = await startStage(t, { providers, aliases, retries: { attempts: 2, baseDelayMs: 5, maxDelayMs } }, { upstream: chaos });
});

/** How long the row asks to be left alone, in ms; -1 when it does not say. */
function asksMs({ headers, body }: ErrorShape): number {
  const after = headers['retry-after'];
  if (after !== undefined) return Number(after.replace('date+', '')) * 1000;
  const text = JSON.stringify(body);
  const inBody = /"retryDelay":"([\d.]+)s"/.exec(text)?.[1] ?? /try again in ([\d.]+)s/.exec(text)?.[1];
  return inBody === undefined ? -1 : Number(inBody) * 1000;
}

const isOwnWord = ({ provider, body }: ErrorShape, client: ClientName) =>
  spoken[provider]?.includes(client) === true && typeof body === 'object' && typeof body.error === 'object';

for (const shape of errorShapes) {
  t.test(`${shape.name}: ${shape.expectedKind}`, async (t) => {
    const { chaos, router } = stage;
    const { retry, fallback, status } = meaning[shape.expectedKind];
    const waitMs = asksMs(shape);
    const tries = retry && waitMs <= maxDelayMs && (shape.expectedKind !== 'rate-limit' || waitMs >= 0) ? 2 : 1;

    const before = chaos.requests.length;
    const served = await ask(router.url, 'openai-chat', { model: shape.name });
    const asked = chaos.requests.slice(before).map(({ model }) => model);
    t.same(asked, [...Array(tries).fill(`x/shape-${shape.name}`), ...(fallback ? ['good'] : [])], 'who was asked');
    t.equal(served.status, fallback ? 200 : isOwnWord(shape, 'openai-chat') ? shape.status : status[0], 'the route');

    await Promise.all(
      clientNames.map(async (client) => {
        const heard = await ask(router.url, client, {
          model: `${shape.name}.${client}/x/shape-${shape.name}`,
          stream: client.endsWith('array'),
        });
        const isOwn = isOwnWord(shape, client);
        // OpenRouter's errors have metadata instead of a type; who asks it knows.
        t.ok(isOwn || clients[client].isError(heard.json), `${client} understands ${heard.text.slice(0, 200)}`);
        const told = client === 'anthropic' ? status[1] : client.startsWith('gemini') ? status[2] : status[0];
        const isKept = client === 'anthropic' && (shape.status === 408 || shape.status === 410);
        t.equal(heard.status, isOwn || isKept ? shape.status : told, `${client}: status`);
        if (isOwn) t.same(heard.json, shape.body, `${client}: the provider's own words`);
        const after = heard.headers.get('retry-after');
        if (waitMs < 0) t.equal(after, null, `${client}: no time to wait is invented`);
        else if (shape.headers['retry-after']?.startsWith('date'))
          t.ok(Date.parse(String(after)) > Date.now(), `${client}: the date`);
        else t.equal(Number(after), Math.ceil(waitMs / 1000), `${client}: the time to wait`);
      }),
    );
    const { recent } = await router.status();
    t.same(
      [...new Set(recent.slice(0, clientNames.length).map(({ errorKind }) => errorKind))],
      [shape.expectedKind],
      'its class',
    );
  });
}
