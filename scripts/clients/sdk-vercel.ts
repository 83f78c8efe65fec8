// The ai SDK with its three providers: one surface, three wires.
import assert from 'node:assert/strict';
import {
  errorOf,
  greeting,
  isVector,
  makesEmbeddings,
  picture,
  question,
  type SdkClient,
  seen,
  shape,
  unknownModel,
  weather,
} from './checks.ts';
import { importFrom } from './packages.ts';
import { type Column, clientKey } from './rig.ts';

/** The provider for Gemini wraps what a tool gave in an object of its own. */
const saidResult = new RegExp(`^The tool says: .*${weather.result}`);

export async function vercelClients(folder: string): Promise<SdkClient[]> {
  const ai = await importFrom(folder, 'ai');
  const { createOpenAICompatible } = await importFrom(folder, '@ai-sdk/openai-compatible');
  const { createAnthropic } = await importFrom(folder, '@ai-sdk/anthropic');
  const { createGoogleGenerativeAI } = await importFrom(folder, '@ai-sdk/google');
  const apiKey = clientKey;
  const providers = [
    {
      name: 'openai-compatible',
      model: 'gpt-6-sol',
      make: ({ url }: Column) =>
        createOpenAICompatible({
          name: 'switchyard',
          apiKey,
          baseURL: `${url}/v1`,
          includeUsage: true,
          supportsStructuredOutputs: true,
        }),
    },
    { name: 'anthropic', model: 'claude-sonnet-5', make: ({ url }: Column) => createAnthropic({ apiKey, baseURL: `${url}/v1` }) },
    {
      name: 'google',
      model: 'gemini-3.8-flash',
      make: ({ url }: Column) => createGoogleGenerativeAI({ apiKey, baseURL: `${url}/v1beta` }),
    },
  ];
  const tools = {
    [weather.name]: ai.tool({
      description: weather.description,
      inputSchema: ai.jsonSchema(weather.parameters),
      execute: async (args: unknown) => {
        assert.deepEqual(args, weather.args);
        return weather.result;
      },
    }),
  };
  const schema = ai.jsonSchema(shape.schema);

  return providers.map(({ name, model, make }): SdkClient => {
    const options = (column: Column) => ({ model: make(column)(model), maxRetries: 0, prompt: question });
    const turn = (column: Column) => ({ ...options(column), tools, stopWhen: ai.isStepCount?.(4) ?? ai.stepCountIs(4) });
    return {
      name: `ai + ${name}`,
      checks: [
        [
          'whole',
          async (column) => {
            const { text, usage, finishReason } = await ai.generateText(options(column));
            assert.deepEqual([text, finishReason], [greeting, 'stop']);
            assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0, 'usage');
          },
        ],
        [
          'stream',
          async (column) => {
            const stream = ai.streamText(options(column));
            let text = '';
            for await (const delta of stream.textStream) text += delta;
            assert.equal(text, greeting);
            assert.equal(await stream.finishReason, 'stop');
            assert.ok((await stream.usage).inputTokens > 0, 'usage');
          },
        ],
        [
          'tool turn, whole',
          async (column) => {
            const { text, steps } = await ai.generateText(turn(column));
            assert.equal(steps.length, 2);
            assert.match(text, saidResult);
          },
        ],
        [
          'tool turn, streamed',
          async (column) => {
            const stream = ai.streamText({ ...turn(column), onError: () => {} });
            let text = '';
            for await (const delta of stream.textStream) text += delta;
            assert.equal((await stream.steps).length, 2);
            assert.match(text, saidResult);
          },
        ],
        [
          'structured output',
          async (column) => {
            const { output } = await ai.generateText({ ...options(column), output: ai.Output.object({ schema }) });
            assert.deepEqual(output, shape.instance);
          },
        ],
        [
          'image',
          async (column) => {
            const content = [
              { type: 'text', text: question },
              { type: 'file', data: picture, mediaType: 'image/png' },
            ];
            const { prompt: _, ...rest } = options(column);
            assert.equal((await ai.generateText({ ...rest, messages: [{ role: 'user', content }] })).text, seen);
          },
        ],
        ...(name === 'anthropic' ? [] : [embeddings(make)]),
        [
          'errors',
          async (column) => {
            const error = await errorOf(ai.generateText({ ...options(column), model: make(column)(unknownModel) }));
            assert.ok(ai.APICallError.isInstance(error), String(error));
            assert.equal(error.statusCode, 404);
            assert.match(error.message, /no-such-model/);
          },
        ],
      ],
    };
  });

  function embeddings(make: (column: Column) => ReturnType<typeof createOpenAICompatible>): SdkClient['checks'][number] {
    return [
      'embeddings',
      async (column) => {
        const provider = make(column);
        const model = provider.embeddingModel?.('embed') ?? provider.textEmbeddingModel('embed');
        const made = ai.embedMany({ model, values: ['one', 'two'], maxRetries: 0 });
        if (!makesEmbeddings(column.kind)) return assert.equal((await errorOf(made)).statusCode, 400);
        const found = await made;
        assert.equal(found.embeddings.length, 2);
        for (const vector of found.embeddings) isVector(vector);
      },
    ];
  }
}
