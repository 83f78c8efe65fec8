// Legacy completions: a prompt in, its continuation out.
import t from 'tap';
import type { ModelEvent } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { openaiCompletions } from '../src/openai-completions/index.ts';
import { cutsThatEnd, eventsOfText, requestOf, splitsThatDiffer, sse, textOfEvents } from './fixtures/streams.ts';

const requests: Record<string, JsonObject> = {
  'the smallest': { model: 'm', prompt: 'Once' },
  'every knob': {
    model: 'm',
    prompt: ['Once'],
    max_tokens: 5,
    temperature: 0.1,
    top_p: 1,
    n: 1,
    stop: '\n',
    seed: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    user: 'u',
    suffix: 'end',
    echo: true,
    logprobs: 2,
    best_of: 3,
    logit_bias: null,
    stream: true,
    stream_options: { include_usage: true },
  },
  'an empty prompt': { model: 'm', prompt: '', stop: ['a'], stream: false },
};

for (const [what, body] of Object.entries(requests)) {
  t.test(`comes back as it was: ${what}`, async (t) => {
    const { body: written, losses } = openaiCompletions.renderRequest(openaiCompletions.parseRequest(body));
    t.strictSame(written, body);
    t.same(losses, []);
  });
}

t.test('what cannot be a request says which field is wrong', async (t) => {
  for (const prompt of [[1, 2], [[1]], ['a', 'b'], [], 5, undefined]) {
    t.throws(() => openaiCompletions.parseRequest({ model: 'm', prompt } as JsonObject), {
      name: 'DialectError',
      param: 'prompt',
    });
  }
  t.throws(() => openaiCompletions.parseRequest({ model: 'm', prompt: [1, 2] }), { message: /send the text itself/ });
  t.throws(() => openaiCompletions.parseRequest({ prompt: 'x' }), { name: 'DialectError', param: 'model' });
});

t.test('through chat it is a message, and what chat lacks is a loss', async (t) => {
  const { body, losses } = openaiChat.renderRequest(openaiCompletions.parseRequest(requests['every knob'] as JsonObject));
  t.match(body, { messages: [{ role: 'user', content: 'Once' }], max_tokens: 5, stop: ['\n'], stream: true });
  t.same(losses.map(({ field }) => field).sort(), ['best_of', 'echo', 'logit_bias', 'logprobs', 'suffix']);
});

t.test('a conversation is a transcript, and what is no text is a loss', async (t) => {
  const { body, losses } = openaiCompletions.renderRequest(
    openaiChat.parseRequest({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'image_url', image_url: { url: 'https://x' } },
          ],
        },
      ],
      tools: [{ type: 'function', function: { name: 'f' } }],
    }),
  );
  t.equal(body.prompt, 'System: Be brief\n\nUser: Hi\n\nAssistant:');
  t.same(losses.map(({ field }) => field).sort(), ['messages', 'messages[1].parts[1]', 'tools']);
});

const answer: JsonObject = {
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1700000000,
  model: 'm',
  choices: [
    { text: ' upon', index: 0, logprobs: { tokens: [' upon'] }, finish_reason: 'length' },
    { text: ' a', index: 1, logprobs: null, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  system_fingerprint: 'fp',
};

t.test('answers', async (t) => {
  const found = openaiCompletions.parseAnswer(answer);
  t.match(found, { parts: [{ type: 'text', text: ' upon' }], stop: { reason: 'length' }, usage: { inputTokens: 1 } });
  t.strictSame(openaiCompletions.renderAnswer(found, { request: requestOf(), nowMs: 0 }), answer);
  t.throws(() => openaiCompletions.parseAnswer({ error: 'x' }), { name: 'AnswerError' });
  t.throws(() => openaiCompletions.parseAnswer({ choices: [] }), { name: 'DialectError', param: 'choices[0]' });
});

t.test('streams', async (t) => {
  const chunk = (text: string, finish_reason: string | null = null) => ({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'm',
    choices: [{ text, index: 0, logprobs: null, finish_reason }],
  });
  const text = sse(chunk('Hé'), chunk('llo 👋', 'stop'), { ...chunk(''), choices: [], usage: answer.usage }, '[DONE]');
  const events: ModelEvent[] = [
    { type: 'start', id: 'cmpl-1', model: 'm', createdAtMs: 1000 },
    { type: 'text', text: 'Hé' },
    { type: 'text', text: 'llo 👋' },
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } },
    { type: 'stop', stop: { reason: 'stop', raw: 'stop' } },
    { type: 'end' },
  ];
  t.strictSame(eventsOfText(openaiCompletions, text), events);
  t.same(splitsThatDiffer(openaiCompletions, text), []);
  t.same(cutsThatEnd(openaiCompletions, text), []);
  t.strictSame(eventsOfText(openaiCompletions, textOfEvents(openaiCompletions, events)), events);
  t.match(eventsOfText(openaiCompletions, 'data: {\n\n'), [{ type: 'error', error: { kind: 'malformed' } }]);
  const failed = textOfEvents(openaiCompletions, [
    ...events.slice(0, 2),
    { type: 'error', error: { kind: 'overloaded', message: 'x' } },
    { type: 'end' },
  ]);
  t.notOk(failed.includes('[DONE]'));
  t.match(eventsOfText(openaiCompletions, failed).at(-1), { type: 'error', error: { kind: 'overloaded' } });
});
