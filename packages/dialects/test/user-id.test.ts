// Who the end user is stays with the dialect that said it; others are told an id that all of them take.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { openaiCompletions } from '../src/openai-completions/index.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';

const claudeCode = JSON.stringify({ device_id: 'd'.repeat(64), account_uuid: '', session_id: 's'.repeat(36) });
const ofAnthropic = (user_id: string) =>
  anthropic.parseRequest({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hi' }], metadata: { user_id } });
const ofChat = (user: string) => openaiChat.parseRequest({ model: 'm', messages: [{ role: 'user', content: 'hi' }], user });

t.test('a long id becomes a short one, the same each time', async (t) => {
  for (const dialect of [openaiChat, openaiResponses, openaiCompletions]) {
    const told = () => dialect.renderRequest(ofAnthropic(claudeCode)).body.user;
    t.match(told(), /^[0-9a-f]{64}$/, dialect.name);
    t.equal(told(), told());
  }
  t.not(openaiChat.renderRequest(ofAnthropic('a b')).body.user, openaiChat.renderRequest(ofAnthropic('a c')).body.user);
});

t.test('an address of a person is not told', async (t) => {
  t.match(anthropic.renderRequest(ofChat('ada@example.org')).body.metadata, { user_id: /^[0-9a-f]{64}$/ });
  t.match(openaiResponses.renderRequest(ofChat('ada@example.org')).body.user, /^[0-9a-f]{64}$/);
});

t.test('short and plain ids pass, and so does any to its own dialect', async (t) => {
  t.equal(openaiChat.renderRequest(ofAnthropic('user-1_A')).body.user, 'user-1_A');
  t.same(anthropic.renderRequest(ofChat('user-1_A')).body.metadata, { user_id: 'user-1_A' });
  t.same(anthropic.renderRequest(ofAnthropic(claudeCode)).body.metadata, { user_id: claudeCode });
  t.equal(openaiChat.renderRequest(ofChat('ada@example.org')).body.user, 'ada@example.org');
});
