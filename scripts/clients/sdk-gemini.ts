// The @google/genai SDK: content, chats, counts of tokens, embeddings, models.
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

const model = 'gemini-3.8-flash';
const tools = [
  { functionDeclarations: [{ name: weather.name, description: weather.description, parametersJsonSchema: weather.parameters }] },
];
const plain = { model, contents: question };
const resultFor = ({ id, name }: { id?: string; name: string }) => ({
  functionResponse: { ...(id !== undefined && { id }), name, response: { output: weather.result } },
});

export async function geminiClients(folder: string): Promise<SdkClient[]> {
  const { GoogleGenAI, ApiError, Type } = await importFrom(folder, '@google/genai');
  const clientOf = ({ url }: Column) => new GoogleGenAI({ apiKey: clientKey, vertexai: false, httpOptions: { baseUrl: url } });

  return [
    {
      name: '@google/genai',
      checks: [
        [
          'whole',
          async (column) => {
            const answer = await clientOf(column).models.generateContent(plain);
            assert.equal(answer.text, greeting);
            assert.equal(answer.candidates[0].finishReason, 'STOP');
            assert.ok(answer.usageMetadata.promptTokenCount > 0 && answer.usageMetadata.totalTokenCount > 0, 'usage');
          },
        ],
        [
          'stream',
          async (column) => {
            let text = '';
            let tokens = 0;
            for await (const chunk of await clientOf(column).models.generateContentStream(plain)) {
              text += chunk.text ?? '';
              tokens = chunk.usageMetadata?.totalTokenCount ?? tokens;
            }
            assert.equal(text, greeting);
            assert.ok(tokens > 0, 'usage');
          },
        ],
        [
          'tool turn with thought, in a streamed chat',
          async (column) => {
            const config = { tools, thinkingConfig: { includeThoughts: true } };
            const chat = clientOf(column).chats.create({ model, config });
            let call: { id?: string; name: string; args: unknown } | undefined;
            for await (const chunk of await chat.sendMessageStream({ message: question }))
              call = chunk.functionCalls?.[0] ?? call;
            assert.deepEqual([call?.name, call?.args], [weather.name, weather.args]);
            let text = '';
            const message = [resultFor(call as { name: string })];
            for await (const chunk of await chat.sendMessageStream({ message })) text += chunk.text ?? '';
            assert.equal(text, weather.answer);
          },
        ],
        [
          'tool turn, whole',
          async (column) => {
            const { models } = clientOf(column);
            const contents: unknown[] = [{ role: 'user', parts: [{ text: question }] }];
            const first = await models.generateContent({ model, contents, config: { tools } });
            assert.equal(first.functionCalls.length, 1);
            contents.push(first.candidates[0].content, { role: 'user', parts: first.functionCalls.map(resultFor) });
            assert.equal((await models.generateContent({ model, contents, config: { tools } })).text, weather.answer);
          },
        ],
        [
          'structured output',
          async (column) => {
            const { models } = clientOf(column);
            const responseMimeType = 'application/json';
            const json = await models.generateContent({
              ...plain,
              config: { responseMimeType, responseJsonSchema: shape.schema },
            });
            assert.deepEqual(JSON.parse(json.text), shape.instance);
            const properties = {
              name: { type: Type.STRING },
              age: { type: Type.INTEGER },
              isHappy: { type: Type.BOOLEAN },
            };
            const responseSchema = { type: Type.OBJECT, properties, required: ['name', 'age', 'isHappy'] };
            const own = await models.generateContent({ ...plain, config: { responseMimeType, responseSchema } });
            assert.deepEqual(JSON.parse(own.text), shape.instance);
          },
        ],
        [
          'image',
          async (column) => {
            const contents = [{ inlineData: { mimeType: 'image/png', data: picture } }, { text: question }];
            assert.equal((await clientOf(column).models.generateContent({ model, contents })).text, seen);
          },
        ],
        [
          'count of tokens',
          async (column) => {
            const { totalTokens } = await clientOf(column).models.countTokens(plain);
            assert.ok(totalTokens > 0, String(totalTokens));
          },
        ],
        [
          'embeddings',
          async (column) => {
            const made = clientOf(column).models.embedContent({ model: 'embed', contents: ['one', 'two'] });
            if (!makesEmbeddings(column.kind)) return assert.equal((await errorOf(made)).status, 400);
            const { embeddings } = await made;
            assert.equal(embeddings.length, 2);
            for (const { values } of embeddings) isVector(values);
          },
        ],
        [
          'models',
          async (column) => {
            const names: string[] = [];
            for await (const { name } of await clientOf(column).models.list()) names.push(name);
            assert.ok(names.includes(`models/${column.kind}/chaos-1`), names.join(', '));
            const found = await clientOf(column).models.get({ model: `models/${column.kind}/chaos-1` });
            assert.equal(found.name, `models/${column.kind}/chaos-1`);
          },
        ],
        [
          'errors',
          async (column) => {
            const { models } = clientOf(column);
            for (const ask of [
              () => models.generateContent({ ...plain, model: unknownModel }),
              () => models.generateContentStream({ ...plain, model: unknownModel }),
            ]) {
              const error = await errorOf(ask());
              assert.ok(error instanceof ApiError, String(error));
              assert.equal(error.status, 404);
              assert.match(error.message, /NOT_FOUND/);
            }
          },
        ],
      ],
    },
  ];
}
