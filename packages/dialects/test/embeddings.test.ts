// Embeddings in three dialects.
import t from 'tap';
import { geminiEmbeddings, ollamaEmbeddings, openaiEmbeddings } from '../src/embeddings/index.ts';
import type { JsonObject } from '../src/model/json.ts';

t.test('requests come back as they were', async (t) => {
  const openai: JsonObject[] = [
    { model: 'm', input: 'a' },
    { model: 'm', input: ['a'], encoding_format: 'base64', dimensions: 8, user: 'u', input_type: 'query' },
    { model: 'm', input: [[1, 2], [3]] },
    { model: 'm', input: ['a', 'b'], encoding_format: null, dimensions: null },
  ];
  for (const body of openai)
    t.strictSame(openaiEmbeddings.renderRequest(openaiEmbeddings.parseRequest(body)), { body, losses: [] });
  const ollama: JsonObject[] = [
    { model: 'm', input: 'a' },
    { model: 'm', input: ['a', 'b'], truncate: false, keep_alive: '5m', dimensions: 8, options: { num_ctx: 1 } },
  ];
  for (const body of ollama)
    t.strictSame(ollamaEmbeddings.renderRequest(ollamaEmbeddings.parseRequest(body)), { body, losses: [] });
  const one = { model: 'models/m', content: { parts: [{ text: 'a' }] }, taskType: 'RETRIEVAL_QUERY', outputDimensionality: 8 };
  const batch = { requests: [one, { ...one, content: { parts: [{ text: 'b' }] } }] };
  t.strictSame(geminiEmbeddings.renderRequest(geminiEmbeddings.parseRequest(batch, { model: 'm' })), { body: batch, losses: [] });
  t.strictSame(geminiEmbeddings.renderRequest(geminiEmbeddings.parseRequest(one, { model: 'm' })), {
    body: { requests: [one] },
    losses: [],
  });
});

t.test('between dialects', async (t) => {
  const request = openaiEmbeddings.parseRequest({ model: 'm', input: ['a', 'b'], dimensions: 8, user: 'u', input_type: 'query' });
  const ollama = ollamaEmbeddings.renderRequest(request);
  t.strictSame(ollama.body, { model: 'm', input: ['a', 'b'], dimensions: 8 });
  t.same(
    ollama.losses.map(({ field }) => field),
    ['input_type', 'userId'],
  );
  const gemini = geminiEmbeddings.renderRequest(request);
  t.match(gemini.body, { requests: [{ model: 'models/m', content: { parts: [{ text: 'a' }] }, outputDimensionality: 8 }, {}] });
  const tokens = openaiEmbeddings.parseRequest({ model: 'm', input: [1, 2] });
  t.same(tokens.inputs, [[1, 2]]);
  t.throws(() => ollamaEmbeddings.renderRequest(tokens), { name: 'DialectError', param: 'input' });
  t.throws(() => geminiEmbeddings.renderRequest(tokens), { name: 'DialectError', param: 'input' });
});

t.test('wrong requests', async (t) => {
  for (const input of [undefined, [], 5, [1, 'a'], [['a']]]) {
    t.throws(() => openaiEmbeddings.parseRequest({ model: 'm', input } as JsonObject), { name: 'DialectError', param: 'input' });
  }
  t.throws(() => openaiEmbeddings.parseRequest({ input: 'a' }), { name: 'DialectError', param: 'model' });
  t.throws(() => ollamaEmbeddings.parseRequest({ model: 'm', input: [1] }), { name: 'DialectError', param: 'input' });
  t.throws(() => geminiEmbeddings.parseRequest({ content: { parts: [{ inlineData: {} }] } }, { model: 'm' }), {
    name: 'DialectError',
    param: 'content',
  });
});

t.test('answers', async (t) => {
  const body = {
    object: 'list',
    data: [
      { object: 'embedding', index: 1, embedding: [0.5, -1] },
      { object: 'embedding', index: 0, embedding: openaiEmbeddings.encodeVector([0.25, 2]) },
    ],
    model: 'm',
    usage: { prompt_tokens: 4, total_tokens: 4 },
    cost: { usd: 0.1, diem: 0.2 },
  };
  const answer = openaiEmbeddings.parseAnswer(body);
  t.strictSame(answer, {
    model: 'm',
    vectors: [
      [0.25, 2],
      [0.5, -1],
    ],
    inputTokens: 4,
    costUsd: 0.1,
    costDiem: 0.2,
  });
  t.match(openaiEmbeddings.renderAnswer(answer, {}), {
    data: [{ index: 0, embedding: [0.25, 2] }, {}],
    usage: { prompt_tokens: 4 },
  });
  const base64 = openaiEmbeddings.renderAnswer(answer, { encodingFormat: 'base64' });
  t.match(base64, { data: [{ embedding: 'AACAPgAAAEA=' }, {}] }, 'little-endian 32-bit floats');
  t.same(openaiEmbeddings.parseAnswer(base64).vectors, answer.vectors);

  t.strictSame(ollamaEmbeddings.parseAnswer({ model: 'm', embeddings: [[1]], prompt_eval_count: 3 }), {
    model: 'm',
    vectors: [[1]],
    inputTokens: 3,
  });
  t.strictSame(ollamaEmbeddings.renderAnswer({ model: 'm', vectors: [[1]], inputTokens: 3 }), {
    model: 'm',
    embeddings: [[1]],
    prompt_eval_count: 3,
  });
  t.strictSame(geminiEmbeddings.parseAnswer({ embedding: { values: [1] } }, { model: 'm' }), { model: 'm', vectors: [[1]] });
  t.strictSame(geminiEmbeddings.parseAnswer({ embeddings: [{ values: [1] }] }, { model: 'm' }), { model: 'm', vectors: [[1]] });
  t.strictSame(geminiEmbeddings.renderAnswer({ model: 'm', vectors: [[1]] }, { isBatch: true }), {
    embeddings: [{ values: [1] }],
  });
  t.strictSame(geminiEmbeddings.renderAnswer({ model: 'm', vectors: [[1]] }, { isBatch: false }), { embedding: { values: [1] } });
  for (const parse of [openaiEmbeddings.parseAnswer, ollamaEmbeddings.parseAnswer]) {
    t.throws(() => parse({ error: { message: 'x' } }), { name: 'AnswerError' });
    t.throws(() => parse({}), { name: 'DialectError' });
  }
});
