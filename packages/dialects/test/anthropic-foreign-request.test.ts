// Requests of other dialects in Anthropic’s words.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { requestOf } from './fixtures/streams.ts';

const cache = { type: 'ephemeral', ttl: '1h' };
const foreign = (messages: Message[], more: Partial<ModelRequest> = {}) =>
  anthropic.renderRequest(
    requestOf({ model: 'claude-opus-5-5', stream: false, messages, sampling: { maxOutputTokens: 100 }, ...more }),
  );
const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

t.test('a conversation of another dialect is brought into order', async (t) => {
  const { body, losses } = foreign([
    { role: 'system', parts: [{ type: 'text', text: 'A' }] },
    { role: 'developer', parts: [{ type: 'text', text: 'B', cacheControl: cache }] },
    user('one'),
    {
      role: 'user',
      name: 'Ann',
      parts: [
        { type: 'text', text: 'two' },
        { type: 'text', text: ' ' },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm', opaque: [{ origin: 'gemini', kind: 'signature', value: 'x' }] },
        {
          type: 'tool-call',
          id: 'functions.a:0',
          name: 'a',
          arguments: '',
          opaque: { origin: 'gemini', kind: 'signature', value: 'x' },
        },
        { type: 'tool-call', id: 'c2', namespace: 'mcp__p', name: 'b', arguments: '{broken' },
        { type: 'tool-call', id: 'c3', name: 'patch', arguments: '*** Begin', isCustom: true },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'and' },
        { type: 'tool-result', callId: 'functions.a:0', content: [{ type: 'text', text: 'r' }] },
      ],
    },
    { role: 'user', parts: [{ type: 'tool-result', callId: 'c2', content: [], isError: true }] },
    { role: 'system', parts: [{ type: 'text', text: 'C' }] },
  ]);
  t.same(body, {
    model: 'claude-opus-5-5',
    max_tokens: 100,
    system: [
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B', cache_control: cache },
      { type: 'text', text: 'C' },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'one' },
          { type: 'text', text: 'two' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'toolu_ZnVuY3Rpb25zLmE6MA', name: 'a', input: {} },
          { type: 'tool_use', id: 'c2', name: 'mcp__p__b', input: { _raw: '{broken' } },
          { type: 'tool_use', id: 'c3', name: 'patch', input: { input: '*** Begin' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_ZnVuY3Rpb25zLmE6MA', content: 'r' },
          { type: 'tool_result', tool_use_id: 'c2', is_error: true },
          { type: 'text', text: 'and' },
        ],
      },
    ],
  });
  t.same(
    losses.map((loss) => [loss.field, loss.how]),
    [
      ['messages[3].name', 'dropped'],
      ['messages[4].parts[0]', 'dropped'],
      ['messages[4].parts[1].opaque', 'dropped'],
      ['messages[4].parts[2].arguments', 'approximated'],
      ['messages[7]', 'approximated'],
    ],
  );
});

t.test('an assistant that begins gets a user before it', async (t) => {
  const { body, losses } = foreign([{ role: 'assistant', parts: [{ type: 'text', text: 'Hello' }] }, user('hi')]);
  t.match(body.messages, [{ role: 'user', content: [{ type: 'text', text: '…' }] }, { role: 'assistant' }, { role: 'user' }]);
  t.match(losses, [{ field: 'messages[0]', how: 'approximated' }]);
});

const sayings: [what: string, request: Partial<ModelRequest>, body: JsonObject, losses?: string[]][] = [
  ['no limit', { sampling: {} }, { max_tokens: 32000 }, ['sampling.maxOutputTokens']],
  [
    'a high temperature',
    { sampling: { maxOutputTokens: 5, temperature: 1.7, topP: 0.5 } },
    { temperature: 1, top_p: undefined },
    ['sampling.temperature', 'sampling.topP'],
  ],
  [
    'what Anthropic has no word for',
    { sampling: { maxOutputTokens: 5, seed: 1, presencePenalty: 1, frequencyPenalty: 1, candidates: 2 } },
    {},
    ['sampling.seed', 'sampling.presencePenalty', 'sampling.frequencyPenalty', 'sampling.candidates'],
  ],
  [
    'a stop of white space',
    { sampling: { maxOutputTokens: 5, stop: ['\n', 'X'] } },
    { stop_sequences: ['X'] },
    ['sampling.stop'],
  ],
  ['effort', { reasoning: { effort: 'high' } }, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
  [
    'the least effort',
    { reasoning: { effort: 'minimal', summary: 'auto' } },
    { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
    ['reasoning.effort'],
  ],
  ['no effort', { reasoning: { effort: 'none' } }, { thinking: { type: 'disabled' } }],
  [
    'effort for an old model',
    { model: 'claude-haiku-4-5-20251001', sampling: { maxOutputTokens: 5000 }, reasoning: { effort: 'high' } },
    { thinking: { type: 'enabled', budget_tokens: 4000 }, output_config: undefined },
  ],
  [
    'effort where there is no room',
    { model: 'claude-haiku-4-5', reasoning: { effort: 'high' } },
    { thinking: undefined },
    ['reasoning'],
  ],
  [
    'effort and a forced call',
    { reasoning: { effort: 'high' }, toolChoice: { type: 'required' }, tools: [{ name: 'a' }] },
    { thinking: undefined, tool_choice: { type: 'any' }, output_config: { effort: 'high' } },
    ['reasoning'],
  ],
  [
    'thought and temperature',
    { sampling: { maxOutputTokens: 5, temperature: 0.2 }, reasoning: { effort: 'low' } },
    { temperature: undefined },
    ['sampling.temperature'],
  ],
  [
    'a schema',
    {
      output: {
        type: 'json-schema',
        name: 'x',
        schema: {
          type: 'object',
          properties: { properties: { type: 'object', properties: { a: { enum: [{ properties: {} }] } } } },
        },
      },
    },
    {
      output_config: {
        format: {
          type: 'json_schema',
          schema: {
            type: 'object',
            additionalProperties: false,
            properties: {
              properties: { type: 'object', additionalProperties: false, properties: { a: { enum: [{ properties: {} }] } } },
            },
          },
        },
      },
    },
  ],
  [
    'JSON of any kind',
    { output: { type: 'json' } },
    { system: [{ type: 'text', text: 'Answer with a single JSON object and nothing else.' }] },
    ['output'],
  ],
  [
    'tools of others',
    { tools: [{ name: 'x', isProviderTool: true, bag: { dialect: 'gemini', fields: {} } }] },
    { tools: undefined },
    ['tools[0]'],
  ],
  [
    'one call at a time',
    { tools: [{ name: 'a', strict: true }], parallelToolCalls: false },
    {
      tools: [{ name: 'a', input_schema: { type: 'object', properties: {} }, strict: true }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    },
  ],
  [
    'some tools',
    { tools: [{ name: 'a' }, { name: 'b', description: 'B' }], toolChoice: { type: 'allowed', names: ['b'], mode: 'required' } },
    { tools: [{ name: 'b', description: 'B', input_schema: { type: 'object', properties: {} } }], tool_choice: { type: 'any' } },
    ['toolChoice'],
  ],
  [
    'a custom tool',
    { tools: [{ name: 'patch', isCustom: true, description: 'P' }] },
    { tools: [{ name: 'patch' }] },
    ['tools[0]'],
  ],
  ['a choice without tools', { toolChoice: { type: 'none' } }, { tool_choice: undefined }],
  ['a user', { userId: 'u', cacheKey: 'k' }, { metadata: { user_id: 'u' } }, ['cacheKey']],
];
for (const [what, request, expected, fields = []] of sayings) {
  t.test(`${what} in Anthropic's words`, async (t) => {
    const { body, losses } = foreign([user('hi')], request);
    for (const key in expected) {
      if (what === 'a custom tool') t.match(body[key], expected[key], key);
      else t.same(body[key], expected[key], key);
    }
    t.same(
      losses.map((loss) => loss.field),
      fields,
    );
  });
}

t.test('results for a turn without signed thought turn a budget off', async (t) => {
  const turn: Message[] = [
    user('go'),
    { role: 'assistant', parts: [{ type: 'tool-call', id: 'a', name: 'f', arguments: '{}' }] },
    { role: 'user', parts: [{ type: 'tool-result', callId: 'a', content: [] }] },
  ];
  const { body, losses } = foreign(turn, { reasoning: { budgetTokens: 2000 }, sampling: { maxOutputTokens: 9000 } });
  t.equal(body.thinking, undefined);
  t.match(losses, [{ field: 'reasoning', how: 'dropped' }]);
});

t.test('media in Anthropic’s words', async (t) => {
  const file = (source: object, name?: string) => ({ type: 'file', source, ...(name && { name }) });
  const { body, losses } = foreign([
    {
      role: 'user',
      parts: [
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aa' } },
        { type: 'image', source: { kind: 'file-id', fileId: 'f' } },
        file({ kind: 'base64', mediaType: 'application/pdf', data: 'aa' }, 'a.pdf'),
        file({ kind: 'base64', mediaType: 'text/markdown', data: 'YQ==' }),
        file({ kind: 'base64', mediaType: 'audio/wav', data: 'aa' }),
        file({ kind: 'url', url: 'https://e.org/a.pdf' }),
      ] as Message['parts'],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'image', source: { kind: 'url', url: 'https://e.org' } },
        { type: 'refusal', text: 'no' },
      ],
    },
  ]);
  t.same((body.messages as JsonObject[])[0]?.content, [
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aa' } },
    { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'aa' }, title: 'a.pdf' },
    { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a' } },
    { type: 'document', source: { type: 'url', url: 'https://e.org/a.pdf' } },
  ]);
  t.same((body.messages as JsonObject[])[1]?.content, [{ type: 'text', text: 'no' }]);
  t.same(
    losses.map((loss) => loss.field),
    ['messages[0].parts[1]', 'messages[0].parts[4]', 'messages[1].parts[0]'],
  );
});

t.test('what a search for tools found is told elsewhere as words', async (t) => {
  const content = [{ type: 'tool_reference', tool_name: 'mcp__probe__echo' }];
  const body: JsonObject = {
    model: 'm',
    max_tokens: 1,
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_01', name: 'ToolSearch', input: { query: 'echo' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01', content }] },
    ],
  };
  const request = anthropic.parseRequest(structuredClone(body));
  t.same(anthropic.renderRequest(request).body, body);
  const { messages } = openaiChat.renderRequest(request).body as { messages: JsonObject[] };
  t.match(messages.at(-1), { role: 'tool', content: 'The tool mcp__probe__echo can be called now.' });
});
