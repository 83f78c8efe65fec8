// Claude Code and Codex say system text in several places; chat templates of open models take it in one.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import type { JsonObject } from '../src/model/json.ts';
import { ollama } from '../src/ollama/index.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';

const claudeCode: JsonObject = {
  model: 'm',
  max_tokens: 100,
  system: [
    { type: 'text', text: 'You are Claude Code' },
    { type: 'text', text: 'Be brief' },
  ],
  messages: [
    { role: 'user', content: 'Fix it' },
    { role: 'system', content: '<system-reminder>the skills</system-reminder>' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'read', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'text' }] },
    { role: 'system', content: '<system-reminder>the time</system-reminder>' },
    { role: 'user', content: 'Go on' },
  ],
};
const item = (role: string, text: string) => ({ type: 'message', role, content: [{ type: 'input_text', text }] });
const codex: JsonObject = {
  model: 'm',
  instructions: 'You are Codex',
  input: [item('developer', 'permissions'), item('developer', 'skills'), item('user', 'Fix it')],
};
const messagesOf = (body: JsonObject) => body.messages as JsonObject[];
const texts = (content: unknown): unknown =>
  Array.isArray(content) ? content.map((part: { text: string }) => part.text).join('\n') : content;
const told = (messages: JsonObject[]) => messages.map(({ role, content }) => [role, texts(content)]);

t.test('Claude Code', async (t) => {
  for (const dialect of [openaiChat, ollama]) {
    const { body, losses } = dialect.renderRequest(anthropic.parseRequest(structuredClone(claudeCode)));
    const messages = told(messagesOf(body));
    t.match(messages[0], ['system', /^You are Claude Code\s+Be brief$/], dialect.name);
    t.same(messages[1], ['user', 'Fix it\n<system-reminder>the skills</system-reminder>']);
    t.same(messages[3], ['tool', 'text']);
    t.same(messages[4], ['user', '<system-reminder>the time</system-reminder>\nGo on']);
    t.equal(messages.length, 5);
    t.same(
      losses.filter(({ why }) => why.includes('beginning')).map(({ field }) => field),
      ['messages[2]', 'messages[5]'],
    );
  }
});

t.test('Codex', async (t) => {
  for (const dialect of [openaiChat, ollama]) {
    const { body } = dialect.renderRequest(openaiResponses.parseRequest(structuredClone(codex)));
    const [first, ...others] = messagesOf(body);
    t.equal(first?.role, 'system');
    t.match(first?.content, /^You are Codex\s+permissions\s+skills$/, 'one text');
    t.same(told(others), [['user', 'Fix it']]);
  }
});

t.test('a client of chat has its messages where it put them', async (t) => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'system', content: 'b' },
    { role: 'developer', content: 'c' },
  ];
  const { body, losses } = openaiChat.renderRequest(openaiChat.parseRequest({ model: 'm', messages: structuredClone(messages) }));
  t.same(body.messages, messages);
  t.same(losses, []);
});
