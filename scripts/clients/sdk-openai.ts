// The openai SDK: chat completions, Responses, legacy completions, embeddings, models.
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
  showsThoughts,
  unknownModel,
  weather,
} from './checks.ts';
import { importFrom } from './packages.ts';
import { type Column, clientKey } from './rig.ts';

const user = (content: unknown) => ({ role: 'user', content });
const tools = [
  { type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.parameters } },
];
const tools2 = [...tools, { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: {} } } }];
const flatTools = [{ type: 'function', name: weather.name, parameters: weather.parameters, strict: true }];

export async function openaiClients(folder: string): Promise<SdkClient[]> {
  const { OpenAI, NotFoundError, BadRequestError } = await importFrom(folder, 'openai');
  const { zodResponseFormat, zodTextFormat } = await importFrom(folder, 'openai/helpers/zod');
  const { z } = await importFrom(folder, 'zod');
  const person = z.object({ name: z.string(), age: z.number(), isHappy: z.boolean() });
  const clientOf = ({ url }: Column) => new OpenAI({ apiKey: clientKey, baseURL: `${url}/v1`, maxRetries: 0 });

  return [
    {
      name: 'openai, chat',
      checks: [
        [
          'whole',
          async (column) => {
            const answer = await clientOf(column).chat.completions.create({ model: 'chat', messages: [user(question)] });
            assert.equal(answer.choices[0].message.content, greeting);
            assert.equal(answer.choices[0].finish_reason, 'stop');
            assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0, 'usage');
          },
        ],
        [
          'stream',
          async (column) => {
            const stream = await clientOf(column).chat.completions.create({
              model: 'chat',
              messages: [user(question)],
              stream: true,
              stream_options: { include_usage: true },
            });
            let text = '';
            let usage: { prompt_tokens: number } | undefined;
            for await (const chunk of stream) {
              text += chunk.choices[0]?.delta?.content ?? '';
              usage = chunk.usage ?? usage;
            }
            assert.equal(text, greeting);
            assert.ok((usage?.prompt_tokens ?? 0) > 0, 'usage');
          },
        ],
        [
          'tool turn, streamed',
          async (column) => {
            const { completions } = clientOf(column).chat;
            const messages: unknown[] = [user(`${question}, streamed`)];
            const first = await completions.stream({ model: 'chat', messages, tools }).finalChatCompletion();
            const call = first.choices[0].message.tool_calls[0];
            assert.equal(first.choices[0].finish_reason, 'tool_calls');
            assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], [weather.name, weather.args]);
            messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: weather.result });
            const second = await completions.stream({ model: 'chat', messages, tools }).finalChatCompletion();
            assert.equal(second.choices[0].message.content, weather.answer);
          },
        ],
        [
          'tool turn with reasoning, whole',
          async (column) => {
            const { completions } = clientOf(column).chat;
            const messages: unknown[] = [user(question)];
            const options = { model: 'chat', messages, tools, reasoning_effort: 'low' };
            const first = await completions.create(options);
            const { message } = first.choices[0];
            // Gemini shows its thoughts only when asked to, which an effort alone does not do.
            if (showsThoughts(column.kind) && column.kind !== 'gemini')
              assert.match(message.reasoning_content ?? message.reasoning ?? '', /I think about it/);
            messages.push(message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: weather.result });
            const second = await completions.create(options);
            assert.equal(second.choices[0].message.content, weather.answer);
          },
        ],
        [
          'parallel tools',
          async (column) => {
            const { completions } = clientOf(column).chat;
            const messages: unknown[] = [user('Call both, please')];
            const { choices } = await completions.stream({ model: 'chat', messages, tools: tools2 }).finalChatCompletion();
            const { message } = choices[0];
            assert.deepEqual(
              message.tool_calls.map((call: { function: { name: string } }) => call.function.name),
              [weather.name, 'get_time'],
            );
            assert.notEqual(message.tool_calls[0].id, message.tool_calls[1].id);
            messages.push(message);
            for (const [index, { id }] of message.tool_calls.entries())
              messages.push({ role: 'tool', tool_call_id: id, content: `result ${index}` });
            const second = await completions.create({ model: 'chat', messages, tools: tools2 });
            assert.equal(second.choices[0].message.content, 'The tool says: result 0 | result 1');
          },
        ],
        [
          'structured output',
          async (column) => {
            const response_format = zodResponseFormat(person, shape.name);
            const answer = await clientOf(column).chat.completions.parse({
              model: 'chat',
              messages: [user(question)],
              response_format,
            });
            assert.deepEqual(answer.choices[0].message.parsed, shape.instance);
          },
        ],
        [
          'image',
          async (column) => {
            const content = [
              { type: 'text', text: question },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } },
            ];
            const answer = await clientOf(column).chat.completions.create({ model: 'chat', messages: [user(content)] });
            assert.equal(answer.choices[0].message.content, seen);
          },
        ],
        [
          'legacy completions',
          async (column) => {
            const { completions } = clientOf(column);
            const whole = await completions.create({ model: 'chat', prompt: question, max_tokens: 100 });
            assert.match(whole.choices[0].text, /chaos model/);
            let text = '';
            for await (const chunk of await completions.create({
              model: 'chat',
              prompt: question,
              max_tokens: 100,
              stream: true,
            }))
              text += chunk.choices[0]?.text ?? '';
            assert.equal(text, whole.choices[0].text);
          },
        ],
        [
          'embeddings',
          async (column) => {
            const made = clientOf(column).embeddings.create({ model: 'embed', input: ['one', 'two'] });
            if (!makesEmbeddings(column.kind)) return assert.equal((await errorOf(made)).status, 400);
            const { data } = await made;
            assert.equal(data.length, 2);
            for (const { embedding } of data) isVector(embedding);
          },
        ],
        [
          'models',
          async (column) => {
            const ids: string[] = [];
            for await (const { id } of clientOf(column).models.list()) ids.push(id);
            assert.ok(ids.includes(`${column.kind}/chaos-1`), ids.join(', '));
            assert.equal((await clientOf(column).models.retrieve(`${column.kind}/chaos-1`)).object, 'model');
          },
        ],
        [
          'errors',
          async (column) => {
            const { completions } = clientOf(column).chat;
            const unknown = await errorOf(completions.create({ model: unknownModel, messages: [user(question)] }));
            assert.ok(unknown instanceof NotFoundError, String(unknown));
            assert.deepEqual([unknown.status, unknown.code], [404, 'model_not_found']);
            const bad = await errorOf(completions.create({ model: 'chat', messages: 'none' }));
            assert.ok(bad instanceof BadRequestError, String(bad));
          },
        ],
      ],
    },
    {
      name: 'openai, Responses',
      checks: [
        [
          'whole',
          async (column) => {
            const answer = await clientOf(column).responses.create({ model: 'chat', input: question });
            assert.equal(answer.output_text, greeting);
            assert.equal(answer.status, 'completed');
            assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0, 'usage');
          },
        ],
        [
          'stream',
          async (column) => {
            const stream = clientOf(column).responses.stream({ model: 'chat', input: question });
            let text = '';
            for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
            assert.equal(text, greeting);
            assert.equal((await stream.finalResponse()).output_text, greeting);
          },
        ],
        [
          'tool turn with reasoning, streamed',
          async (column) => {
            const { responses } = clientOf(column);
            const input: unknown[] = [user(question)];
            const options = {
              model: 'chat',
              input,
              tools: flatTools,
              store: false,
              reasoning: { effort: 'low', summary: 'auto' },
              include: ['reasoning.encrypted_content'],
            };
            const first = await responses.stream(options).finalResponse();
            const call = first.output.find((item: { type: string }) => item.type === 'function_call');
            assert.deepEqual([call.name, JSON.parse(call.arguments)], [weather.name, weather.args]);
            input.push(...first.output, { type: 'function_call_output', call_id: call.call_id, output: weather.result });
            const second = await responses.stream(options).finalResponse();
            assert.equal(second.output_text, weather.answer);
          },
        ],
        [
          'structured output',
          async (column) => {
            const text = { format: zodTextFormat(person, shape.name) };
            const answer = await clientOf(column).responses.parse({ model: 'chat', input: question, text });
            assert.deepEqual(answer.output_parsed, shape.instance);
          },
        ],
        [
          'image',
          async (column) => {
            const content = [
              { type: 'input_text', text: question },
              { type: 'input_image', image_url: `data:image/png;base64,${picture}` },
            ];
            const answer = await clientOf(column).responses.create({ model: 'chat', input: [user(content)] });
            assert.equal(answer.output_text, seen);
          },
        ],
        [
          'errors',
          async (column) => {
            const unknown = await errorOf(clientOf(column).responses.create({ model: unknownModel, input: question }));
            assert.ok(unknown instanceof NotFoundError, String(unknown));
            assert.deepEqual([unknown.status, unknown.code], [404, 'model_not_found']);
          },
        ],
      ],
    },
  ];
}
