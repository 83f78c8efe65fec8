// Embeddings in OpenAI's and Gemini's format before providers with three formats, and counts of tokens.
import { startChaosUpstream, vectorOf } from '@switchyard/chaos-upstream';
import t from 'tap';
import { clients, post } from './fixtures/clients.ts';
import { type Stage, startStage } from './fixtures/providers.ts';

let stage: Stage;
t.before(async () => {
  const upstream = await startChaosUpstream();
  t.teardown(() => upstream.close());
  stage = await startStage(t, { aliases: { vectors: ['anthropic/none', 'openai/e'] }, retries: { attempts: 1 } }, { upstream });
});
const near = (found: number[], wanted: number[]) =>
  found.length === wanted.length && found.every((value, index) => Math.abs(value - (wanted[index] as number)) < 1e-6);
/** As the provider has them: Ollama's are of length 1. */
function wanted(provider: string, text: string, dimensions = 8): number[] {
  const vector = vectorOf(text, dimensions);
  const length = provider === 'ollama' ? Math.hypot(...vector) : 1;
  return vector.map((value) => value / length);
}

for (const provider of ['openai', 'venice', 'openrouter', 'gemini', 'ollama']) {
  t.test(`OpenAI's embeddings of ${provider}`, async (t) => {
    const embed = async (more: object) => post(`${stage.router.url}/v1/embeddings`, { model: `${provider}/e`, ...more });
    const floats = await embed({ input: ['one', 'two'] });
    t.match(floats, { status: 200, json: { object: 'list', data: [{ index: 0 }, { index: 1 }], usage: {} } });
    t.ok(near(floats.json.data[0].embedding, wanted(provider, 'one')));
    t.ok(near(floats.json.data[1].embedding, wanted(provider, 'two')));
    t.equal(floats.headers.get('x-switchyard-provider'), provider);
    const packed = await embed({ input: 'one', encoding_format: 'base64', dimensions: 4 });
    const bytes = Buffer.from(packed.json.data[0].embedding, 'base64');
    t.ok(near([...new Float32Array(bytes.buffer, bytes.byteOffset, 4)], wanted(provider, 'one', 4)));
    stage.chaos.script({ gzip: true });
    t.ok(near((await embed({ input: 'one' })).json.data[0].embedding, wanted(provider, 'one')), 'packed');
    stage.chaos.script({ malformed: true });
    t.match(await embed({ input: 'one' }), { status: 502, json: { error: { message: String } } });
    stage.chaos.script({ status: 429, headers: { 'retry-after': '7' } });
    const limited = await embed({ input: 'one' });
    t.equal(limited.status, 429);
    t.equal(limited.headers.get('retry-after'), '7');
  });

  t.test(`Gemini's embeddings of ${provider}`, async (t) => {
    const at = `${stage.router.url}/v1beta/models/${provider}/e`;
    const content = (text: string) => ({ content: { parts: [{ text }] } });
    const one = await post(`${at}:embedContent`, { ...content('one'), outputDimensionality: 4 });
    t.ok(near(one.json.embedding.values, wanted(provider, 'one', 4)), one.text);
    const many = await post(`${at}:batchEmbedContents`, { requests: [content('one'), content('two')] });
    t.ok(near(many.json.embeddings[1].values, wanted(provider, 'two')), many.text);
  });
}

t.test('what cannot be embedded', async (t) => {
  const embed = async (model: string, more: object = { input: 'x' }) =>
    post(`${stage.router.url}/v1/embeddings`, { model, ...more });
  t.match(await embed('anthropic/e'), { status: 400, json: { error: { message: /anthropic makes no embeddings/ } } });
  t.match(await embed('vectors'), { status: 200 }, 'the next of the route does it');
  t.match(await embed('openai/e', {}), { status: 400, json: { error: { param: 'input' } } });
  t.match(await post(`${stage.router.url}/v1/embeddings`, '{'), { status: 400, json: { error: {} } });
  stage.chaos.script({ body: { object: 'list', data: 'none' } });
  const strange = await post(`${stage.router.url}/v1beta/models/openai/e:embedContent`, { content: { parts: [{ text: 'x' }] } });
  t.equal(strange.status, 502, 'the provider is to blame for its answer');
  t.ok(clients.gemini.isError(strange.json));
});

t.test('tokens are counted where the provider can', async (t) => {
  const { chaos, router } = stage;
  const body = { system: 'be brief', messages: [{ role: 'user', content: 'How many tokens is this?' }] };
  const exact = await post(
    `${router.url}/v1/messages/count_tokens`,
    { model: 'anthropic/claude', ...body },
    {
      headers: { 'anthropic-version': '2023-06-01', 'x-api-key': 'theirs' },
    },
  );
  t.match(exact.json, { input_tokens: Number });
  t.equal(exact.headers.get('x-switchyard-estimate'), null);
  t.match(chaos.requests.at(-1), { path: '/v1/messages/count_tokens', model: 'claude', body });
  t.not(chaos.requests.at(-1)?.headers['x-api-key'], 'theirs');
  const asked = chaos.requests.length;
  for (const provider of ['venice', 'openrouter', 'openai', 'gemini', 'ollama']) {
    const estimated = await post(`${router.url}/v1/messages/count_tokens`, { model: `${provider}/m`, ...body });
    t.equal(estimated.headers.get('x-switchyard-estimate'), 'true', provider);
    t.ok(estimated.json.input_tokens > 5 && estimated.json.input_tokens < 30);
  }
  t.equal(chaos.requests.length, asked);
  const contents = [{ role: 'user', parts: [{ text: 'How many tokens is this?' }] }];
  const gemini = await post(`${router.url}/v1beta/models/gemini/g:countTokens`, { contents });
  t.match(gemini.json, { totalTokens: Number });
  t.equal(chaos.requests.at(-1)?.path, '/v1beta/models/g:countTokens');
  for (const shape of [{ contents }, { generateContentRequest: { model: 'models/x', contents } }]) {
    const estimated = await post(`${router.url}/v1beta/models/openai/g:countTokens`, shape);
    t.ok(estimated.json.totalTokens > 5 && estimated.json.totalTokens < 30, estimated.text);
  }
  const broken = await post(`${router.url}/v1/messages/count_tokens`, { model: 'openai/m', messages: 5 });
  t.equal(broken.status, 400);
  t.ok(clients.anthropic.isError(broken.json));
});
