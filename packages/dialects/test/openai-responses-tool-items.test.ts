// Tools that Codex brings in items of `input`, as it does to the models it knows, reach every provider.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import { gemini } from '../src/gemini/index.ts';
import type { JsonObject } from '../src/model/json.ts';
import { ollama } from '../src/ollama/index.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';

const parameters = { type: 'object', properties: {} };
const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const wait = (description: string) => ({ type: 'function', name: 'wait', description, strict: false, parameters });
const codex: JsonObject = {
  model: 'gpt-6-sol',
  input: [
    {
      type: 'additional_tools',
      id: 'at_1',
      role: 'developer',
      tools: [
        {
          type: 'namespace',
          name: 'functions',
          description: '',
          tools: [{ type: 'custom', name: 'exec', description: 'Run', format: { type: 'text' } }, wait('old')],
        },
      ],
    },
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'You are Codex' }] },
    user('Fix it'),
    { type: 'custom_tool_call', call_id: 'call_1', namespace: 'functions', name: 'exec', input: 'text("hi")' },
    { type: 'custom_tool_call_output', call_id: 'call_1', output: 'hi' },
    { type: 'additional_tools', role: 'developer', tools: [{ type: 'namespace', name: 'functions', tools: [wait('new')] }] },
    user('Go on'),
  ],
  tools: [{ type: 'function', name: 'plain', strict: false, parameters }],
  tool_choice: 'auto',
  stream: true,
};
const asked = { model: 'gpt-6-sol', stream: true };

t.test('its own dialect gets back what it wrote', async (t) => {
  const { body, losses } = openaiResponses.renderRequest(openaiResponses.parseRequest(structuredClone(codex), asked));
  t.same(body, codex);
  t.same(losses, []);
});

t.test('others are offered them as functions, and told nothing empty', async (t) => {
  const names = ['plain', 'functions__exec', 'functions__wait'];
  const rendered = (dialect: typeof openaiChat) =>
    dialect.renderRequest(openaiResponses.parseRequest(structuredClone(codex), asked)).body as never;
  const chat: { messages: { content: unknown }[]; tools: { function: { name: string; description?: string } }[] } =
    rendered(openaiChat);
  t.same(
    chat.tools.map((tool) => tool.function.name),
    names,
  );
  t.equal(chat.tools[2]?.function.description, 'new');
  t.notOk(chat.messages.some(({ content }) => content === ''));
  const { tools }: { tools: { name: string }[] } = rendered(anthropic);
  t.same(
    tools.map((tool) => tool.name),
    names,
  );
  const google: { tools: [{ functionDeclarations: { name: string }[] }]; systemInstruction: object } = rendered(gemini);
  t.same(
    google.tools[0].functionDeclarations.map((tool) => tool.name),
    names,
  );
  t.same(google.systemInstruction, { parts: [{ text: 'You are Codex' }] });
  const { messages }: { messages: { role: string }[] } = rendered(ollama);
  t.same(
    messages.map(({ role }) => role),
    ['system', 'user', 'assistant', 'tool', 'user'],
  );
});

t.test('a call of the function that stands in for one comes back as the call Codex knows', async (t) => {
  const request = openaiResponses.parseRequest(structuredClone(codex), asked);
  const answer = anthropic.parseAnswer({
    id: 'msg_1',
    model: 'claude',
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'functions__exec', input: { input: 'text("hi")' } }],
    stop_reason: 'tool_use',
    usage: { input_tokens: 1, output_tokens: 1 },
  });
  const { output } = openaiResponses.renderAnswer(answer, { request, nowMs: 0 }) as { output: JsonObject[] };
  t.match(output.at(-1), {
    type: 'custom_tool_call',
    call_id: 'toolu_1',
    namespace: 'functions',
    name: 'exec',
    input: 'text("hi")',
  });
});
