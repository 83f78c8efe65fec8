// The @anthropic-ai/sdk: messages, counts of tokens, models.
import assert from 'node:assert/strict';
import {
  errorOf,
  greeting,
  picture,
  question,
  type SdkClient,
  seen,
  shape,
  showsThoughts,
  unknownModel,
  weather,
} from './checks.ts';
import { importFrom } from './packages.ts';
import { type Column, clientKey } from './rig.ts';

const model = 'claude-sonnet-5';
const max_tokens = 2000;
const user = (content: unknown) => ({ role: 'user', content });
const tools = [{ name: weather.name, description: weather.description, input_schema: weather.parameters }];
const plain = { model, max_tokens, messages: [user(question)] };

interface Block {
  type: string;
  id: string;
  name: string;
  input: unknown;
  text: string;
  thinking: string;
}

const textOf = ({ content }: { content: Block[] }) =>
  content
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('');

export async function anthropicClients(folder: string): Promise<SdkClient[]> {
  const { Anthropic, NotFoundError } = await importFrom(folder, '@anthropic-ai/sdk');
  const clientOf = ({ url }: Column) => new Anthropic({ apiKey: clientKey, baseURL: url, maxRetries: 0 });

  return [
    {
      name: '@anthropic-ai/sdk',
      checks: [
        [
          'whole',
          async (column) => {
            const answer = await clientOf(column).messages.create(plain);
            assert.equal(textOf(answer), greeting);
            assert.equal(answer.stop_reason, 'end_turn');
            assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0, 'usage');
          },
        ],
        [
          'stream',
          async (column) => {
            const stream = clientOf(column).messages.stream(plain);
            let text = '';
            stream.on('text', (delta: string) => {
              text += delta;
            });
            const answer = await stream.finalMessage();
            assert.equal(text, greeting);
            assert.equal(textOf(answer), greeting);
            assert.ok(answer.usage.output_tokens > 0, 'usage');
          },
        ],
        [
          'a token instead of a key',
          async ({ url }) => {
            const client = new Anthropic({ apiKey: null, authToken: clientKey, baseURL: url, maxRetries: 0 });
            assert.equal(textOf(await client.messages.create(plain)), greeting);
          },
        ],
        [
          'tool turn with thought, streamed',
          async (column) => {
            const { messages } = clientOf(column);
            const turns: unknown[] = [user(question)];
            const options = {
              model,
              max_tokens: 8000,
              messages: turns,
              tools,
              thinking: { type: 'enabled', budget_tokens: 2000 },
            };
            const first = await messages.stream(options).finalMessage();
            assert.equal(first.stop_reason, 'tool_use');
            const call: Block = first.content.find(({ type }: Block) => type === 'tool_use');
            assert.deepEqual([call.name, call.input], [weather.name, weather.args]);
            const thought: Block | undefined = first.content.find(({ thinking }: Block) => (thinking ?? '') !== '');
            if (showsThoughts(column.kind)) assert.match(thought?.thinking ?? '', /I think about it/);
            turns.push({ role: 'assistant', content: first.content });
            turns.push(user([{ type: 'tool_result', tool_use_id: call.id, content: weather.result }]));
            assert.equal(textOf(await messages.stream(options).finalMessage()), weather.answer);
          },
        ],
        [
          'tool turn, whole',
          async (column) => {
            const { messages } = clientOf(column);
            const turns: unknown[] = [user(question)];
            const first = await messages.create({ model, max_tokens, messages: turns, tools });
            const call: Block = first.content.find(({ type }: Block) => type === 'tool_use');
            turns.push({ role: 'assistant', content: first.content });
            const content = [{ type: 'text', text: weather.result }];
            turns.push(user([{ type: 'tool_result', tool_use_id: call.id, content }]));
            assert.equal(textOf(await messages.create({ model, max_tokens, messages: turns, tools })), weather.answer);
          },
        ],
        [
          'structured output',
          async (column) => {
            const output_config = { format: { type: 'json_schema', schema: shape.schema } };
            const answer = await clientOf(column).messages.parse({ ...plain, output_config });
            assert.deepEqual(JSON.parse(textOf(answer)), shape.instance);
          },
        ],
        [
          'image',
          async (column) => {
            const source = { type: 'base64', media_type: 'image/png', data: picture };
            const messages = [
              user([
                { type: 'image', source },
                { type: 'text', text: question },
              ]),
            ];
            assert.equal(textOf(await clientOf(column).messages.create({ ...plain, messages })), seen);
          },
        ],
        [
          'count of tokens',
          async (column) => {
            const { input_tokens } = await clientOf(column).messages.countTokens({ model, messages: plain.messages, tools });
            assert.ok(input_tokens > 0, String(input_tokens));
          },
        ],
        [
          'models',
          async (column) => {
            const ids: string[] = [];
            for await (const { id } of clientOf(column).models.list({ limit: 1000 })) ids.push(id);
            assert.ok(ids.includes(`${column.kind}/chaos-1`), ids.join(', '));
            assert.equal((await clientOf(column).models.retrieve(`${column.kind}/chaos-1`)).type, 'model');
          },
        ],
        [
          'errors',
          async (column) => {
            const { messages } = clientOf(column);
            for (const ask of [
              () => messages.create({ ...plain, model: unknownModel }),
              () => messages.stream({ ...plain, model: unknownModel }).finalMessage(),
            ]) {
              const error = await errorOf(ask());
              assert.ok(error instanceof NotFoundError, String(error));
              assert.deepEqual([error.status, error.type], [404, 'not_found_error']);
            }
          },
        ],
      ],
    },
  ];
}
