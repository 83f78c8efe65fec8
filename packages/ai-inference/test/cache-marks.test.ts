// Anthropic's marks of the prompt cache reach who reads them, and nobody else: strict servers refuse fields they do not know.
import type { JsonObject } from '@switchyard/dialects';
import t from 'tap';
import { type ProviderName, startStage } from './fixtures/providers.ts';

const cache_control = { type: 'ephemeral' };
const marked = (text: string) => [{ type: 'text', text, cache_control }];
const body = (provider: ProviderName): JsonObject => ({
  model: `${provider}/m`,
  max_tokens: 100,
  system: marked('Be kind'),
  tools: [{ name: 'weather', input_schema: { type: 'object', properties: {} }, cache_control }],
  messages: [
    { role: 'user', content: marked('Rain?') },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {}, cache_control }] },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'no' }], cache_control }],
    },
  ],
});

t.test('marks of the prompt cache', async (t) => {
  const { chaos, router } = await startStage(t);
  for (const [provider, reads] of [
    ['openai', false],
    ['gemini', false],
    ['ollama', false],
    ['venice', true],
    ['openrouter', true],
    ['anthropic', true],
  ] as const) {
    const response = await fetch(`${router.url}/v1/messages`, { method: 'POST', body: JSON.stringify(body(provider)) });
    t.equal(response.status, 200, provider);
    await response.text();
    t.equal(chaos.requests.at(-1)?.text.includes('cache_control'), reads, provider);
  }
  const messages = chaos.requests[0]?.body?.messages as JsonObject[];
  t.same(messages[0], { role: 'system', content: 'Be kind' }, 'and what is left is in its plain form');
});
