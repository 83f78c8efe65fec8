// Requests, answers and errors of Anthropic: what its own clients say comes back to the last field, what others say is brought into its order.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import { AnswerError } from '../src/dialect.ts';
import type { ErrorKind } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { openaiChat } from '../src/openai-chat/index.ts';
import { countingIds, requestOf } from './fixtures/streams.ts';

const cache = { type: 'ephemeral', ttl: '1h' };

/** What Claude Code 2.1 sends, shortened. */
const claudeCode: JsonObject = {
  model: 'claude-opus-5-5',
  max_tokens: 32000,
  stream: true,
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.328; cc_entrypoint=cli;' },
    { type: 'text', text: "You are Claude Code, Anthropic's official CLI for Claude.", cache_control: cache },
  ],
  messages: [
    { role: 'user', content: 'hi' },
    {
      role: 'user',
      content: [
        { type: 'text', text: '<system-reminder>As you answer…</system-reminder>\n' },
        { type: 'text', text: 'Look at both files', cache_control: { type: 'ephemeral' } },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } },
        { type: 'image', source: { type: 'file', file_id: 'file_011' }, cache_control: null },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
          title: 'a.pdf',
          citations: { enabled: true },
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'grün 👩‍🚀' }, context: 'notes' },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'one' }] } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: '', signature: 'EqQBCkYIBxgCKkA=' },
        { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
        { type: 'text', text: 'I will search.', citations: null },
        {
          type: 'tool_use',
          id: 'toolu_01',
          name: 'ToolSearch',
          input: { query: 'select:mcp__probe__echo' },
          caller: { type: 'direct' },
        },
        { type: 'tool_use', id: 'toolu_02', name: 'Read', input: {}, cache_control: cache },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
        {
          type: 'web_search_tool_result',
          tool_use_id: 'srvtoolu_1',
          content: [{ type: 'web_search_result', url: 'https://e.org', encrypted_content: 'x' }],
        },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_01', content: [{ type: 'tool_reference', tool_name: 'mcp__probe__echo' }] },
        { type: 'tool_result', tool_use_id: 'toolu_02', content: 'ENOENT', is_error: true, cache_control: { type: 'ephemeral' } },
        { type: 'tool_result', tool_use_id: 'toolu_03' },
        { type: 'tool_result', tool_use_id: 'toolu_04', content: [] },
        {
          type: 'tool_result',
          tool_use_id: 'toolu_05',
          content: [
            { type: 'text', text: 'a', cache_control: cache },
            { type: 'image', source: { type: 'url', url: 'https://e.org/i' } },
          ],
          is_error: false,
        },
        { type: 'search_result', source: 'https://e.org', title: 't', content: [{ type: 'text', text: 'c' }] },
      ],
    },
    { role: 'system', content: 'The clock says noon.' },
    { role: 'assistant', content: '{' },
  ],
  tools: [
    {
      name: 'ToolSearch',
      description: 'Finds tools',
      input_schema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { query: { type: 'string' } },
        required: ['query'],
        additionalProperties: false,
      },
    },
    {
      name: 'mcp__probe__echo',
      description: 'Echo',
      input_schema: { type: 'object' },
      defer_loading: true,
      cache_control: cache,
      strict: false,
    },
    { type: 'custom', name: 'Read', input_schema: { type: 'object' }, eager_input_streaming: true, input_examples: [{}] },
    { type: 'web_search_20250305', name: 'web_search', max_uses: 8 },
    { type: 'browser_20260801', configs: {} },
  ],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 31999, display: 'omitted' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  output_config: {
    effort: 'medium',
    format: { type: 'json_schema', schema: { type: 'object', additionalProperties: false } },
    future: 1,
  },
  metadata: { user_id: '{"device_id":"d","session_id":"s"}', other: 1 },
  betas: ['advanced-tool-use-2025-11-20'],
  service_tier: 'auto',
  temperature: 1,
  top_k: 5,
  stop_sequences: ['\n\nHuman:'],
};

const minimal: JsonObject = { model: 'claude-haiku-5-5', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] };
const own: [what: string, body: JsonObject][] = [
  ['Claude Code', claudeCode],
  ['the least there is', minimal],
  ['system text', { ...minimal, system: 'Be brief.', stream: false }],
  ['empty fields', { ...minimal, system: [], tools: [], stop_sequences: [], metadata: {}, output_config: {}, temperature: null }],
  ['an empty system text', { ...minimal, system: '' }],
  [
    'a forced tool',
    { ...minimal, tool_choice: { type: 'tool', name: 'json' }, tools: [{ name: 'json', input_schema: { type: 'object' } }] },
  ],
  ['any tool', { ...minimal, tool_choice: { type: 'any', disable_parallel_tool_use: false }, top_p: 0.9 }],
  ['no tool', { ...minimal, tool_choice: { type: 'none' } }],
  [
    'thinking left to the model',
    { ...minimal, thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'max' } },
  ],
  ['thinking off', { ...minimal, thinking: { type: 'disabled' } }],
  ['thinking of a new kind', { ...minimal, thinking: { type: 'between_tools' }, output_config: { task_budget: { total: 5 } } }],
  ['the older place of a format', { ...minimal, output_format: { type: 'json_schema', schema: { type: 'object' } } }],
  [
    'blocks that nobody knows',
    { ...minimal, messages: [{ role: 'user', content: [{ type: 'hologram', of: 'a cat' }], id: 'm1' }] },
  ],
  [
    'an empty answer',
    {
      ...minimal,
      messages: [
        { role: 'user', content: [] },
        { role: 'assistant', content: [] },
      ],
    },
  ],
];
for (const [what, body] of own) {
  t.test(`a request with ${what} is given back as it came`, async (t) => {
    const before = structuredClone(body);
    const rendered = anthropic.renderRequest(anthropic.parseRequest(body));
    t.same(rendered, { body: before, losses: [] });
    t.same(body, before, 'the input was not changed');
  });
}

t.test('what a request says is understood', async (t) => {
  const request = anthropic.parseRequest(claudeCode);
  t.match(request, {
    model: 'claude-opus-5-5',
    stream: true,
    userId: '{"device_id":"d","session_id":"s"}',
    parallelToolCalls: false,
    toolChoice: { type: 'auto' },
    reasoning: { effort: 'medium', budgetTokens: 31999, summary: false },
    output: { type: 'json-schema' },
    sampling: { maxOutputTokens: 32000, temperature: 1, topK: 5, stop: ['\n\nHuman:'] },
  });
  t.equal(request.messages[0]?.role, 'system');
  t.match(request.messages[3]?.parts, [
    { type: 'reasoning', text: '', opaque: [{ origin: 'anthropic', kind: 'signature', value: 'EqQBCkYIBxgCKkA=' }] },
    { type: 'reasoning', text: '', opaque: [{ origin: 'anthropic', kind: 'redacted', value: 'EmwKAhgBEgy3va3pzix' }] },
    { type: 'text', text: 'I will search.' },
    { type: 'tool-call', id: 'toolu_01', name: 'ToolSearch', arguments: '{"query":"select:mcp__probe__echo"}' },
    { type: 'tool-call', arguments: '{}', cacheControl: cache },
    { type: 'unknown' },
    { type: 'unknown' },
  ]);
  t.match(request.tools[3], { name: 'web_search', isProviderTool: true });
});

const wrong: [what: string, body: JsonObject, param: string][] = [
  ['no model', { messages: [] }, 'model'],
  ['no messages', { model: 'm' }, 'messages'],
  ['a message that is none', { model: 'm', messages: ['hi'] }, 'messages[0]'],
  ['an unknown role', { model: 'm', messages: [{ role: 'tool', content: '' }] }, 'messages[0].role'],
  ['no content', { model: 'm', messages: [{ role: 'user' }] }, 'messages[0].content'],
  ['a tool without a name', { model: 'm', messages: [], tools: [{}] }, 'tools[0].name'],
  ['a choice without a name', { model: 'm', messages: [], tool_choice: { type: 'tool' } }, 'tool_choice.name'],
];
for (const [what, body, param] of wrong)
  t.test(`${what} is refused`, async (t) => t.throws(() => anthropic.parseRequest(body), { name: 'DialectError', param }));

/** A request of another dialect, and what Anthropic is told. */
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

const answer: JsonObject = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5-5',
  content: [
    { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
    { type: 'redacted_thinking', data: 'data' },
    { type: 'text', text: 'Hello', citations: null },
    { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  stop_details: null,
  container: null,
  usage: {
    input_tokens: 10,
    cache_creation_input_tokens: 30,
    cache_read_input_tokens: 200,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 50,
    output_tokens_details: { thinking_tokens: 12 },
    service_tier: 'standard',
    server_tool_use: { web_search_requests: 1 },
  },
};

t.test('an answer is read, and given back as it came', async (t) => {
  const parsed = anthropic.parseAnswer(answer);
  t.match(parsed, {
    id: 'msg_01',
    stop: { reason: 'tool-calls', raw: 'tool_use' },
    usage: {
      inputTokens: 240,
      cachedInputTokens: 200,
      cacheWriteTokens: 30,
      cacheWrite5mTokens: 10,
      cacheWrite1hTokens: 20,
      outputTokens: 50,
      reasoningTokens: 12,
    },
  });
  const options = { request: requestOf({ reasoning: { budgetTokens: 2000 } }), nowMs: 0 };
  t.same(anthropic.renderAnswer(parsed, options), answer);
});

t.test('an answer that is none', async (t) => {
  t.throws(() => anthropic.parseAnswer({}), { name: 'DialectError', param: 'content' });
  t.throws(
    () => anthropic.parseAnswer({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    AnswerError,
  );
});

t.test('what a client did not ask for it is not shown, what must return it is given', async (t) => {
  const parts = [
    { type: 'reasoning' as const, text: 'plain' },
    {
      type: 'reasoning' as const,
      text: 'signed',
      opaque: [{ origin: 'gemini' as const, kind: 'signature' as const, value: 's' }],
    },
    { type: 'image' as const, source: { kind: 'base64' as const, mediaType: 'image/png', data: '' } },
  ];
  const render = (reasoning: ModelRequest['reasoning']) =>
    anthropic.renderAnswer(
      { id: '', model: 'm', parts, stop: { reason: 'stop' } },
      { request: requestOf(reasoning && { reasoning }), nowMs: 0, newId: countingIds() },
    );
  const signature = wrapOpaque({ origin: 'gemini', kind: 'signature', value: 's' });
  const note = { type: 'text', text: '[The model made an image (image/png), which this API cannot carry.]' };
  t.same(render({ effort: 'high' }).content, [
    { type: 'thinking', thinking: 'plain', signature: '' },
    { type: 'thinking', thinking: 'signed', signature },
    note,
  ]);
  t.same(render({ budgetTokens: 2000, summary: false }).content, [{ type: 'thinking', thinking: '', signature }, note]);
  t.same(render(undefined).content, [{ type: 'thinking', thinking: 'signed', signature }, note]);
  t.equal(render(undefined).id, 'msg_new1');
});

t.test('a server that says stop beside tool calls', async (t) => {
  const parts = [{ type: 'tool-call' as const, id: 'a', name: 'f', arguments: 'no json' }];
  const rendered = anthropic.renderAnswer(
    { id: 'x', model: 'm', parts, stop: { reason: 'stop' } },
    { request: requestOf(), nowMs: 0 },
  );
  t.match(rendered, { stop_reason: 'tool_use', content: [{ type: 'tool_use', input: { _raw: 'no json' } }] });
});

const stops: [raw: string, reason: string][] = [
  ['end_turn', 'stop'],
  ['max_tokens', 'length'],
  ['tool_use', 'tool-calls'],
  ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
  ['model_context_window_exceeded', 'context'],
];
for (const [raw, reason] of stops) {
  t.test(`${raw} is ${reason}, both ways`, async (t) => {
    const parsed = anthropic.parseAnswer({ content: [], stop_reason: raw });
    t.equal(parsed.stop.reason, reason);
    t.equal(anthropic.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }).stop_reason, raw);
  });
}

const error = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_1' });
const errors: [status: number, body: unknown, kind: ErrorKind, code?: string][] = [
  [400, error('invalid_request_error', 'messages: roles must alternate'), 'invalid-request', 'invalid_request_error'],
  [400, error('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'), 'context-length'],
  [400, error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), 'balance'],
  [400, error('invalid_request_error', 'Output blocked by content filtering policy'), 'content-policy'],
  [401, error('authentication_error', 'invalid x-api-key'), 'authentication'],
  [402, error('billing_error', 'pay'), 'balance'],
  [403, error('permission_error', 'no'), 'permission'],
  [404, error('not_found_error', 'model: claude-3-7-sonnet-20250219'), 'not-found'],
  [413, error('request_too_large', 'Request exceeds the maximum size'), 'too-large'],
  [429, error('rate_limit_error', 'This request would exceed your rate limit'), 'rate-limit'],
  [500, error('api_error', 'Internal server error'), 'server'],
  [504, error('timeout_error', 'slow'), 'timeout'],
  [529, error('overloaded_error', 'Overloaded'), 'overloaded', 'overloaded_error'],
  [502, '<html><body>502 Bad Gateway</body></html>', 'transport'],
  [503, '', 'overloaded'],
  [418, { detail: 'teapot' }, 'invalid-request'],
  [500, { error: 'text' }, 'server'],
];
for (const [status, body, kind, code] of errors) {
  t.test(`status ${status} ${JSON.stringify(body).slice(0, 60)} is ${kind}`, async (t) => {
    const parsed = anthropic.parseError(status, body);
    t.match(parsed, { kind, status, ...(code && { code }) });
    t.notMatch(parsed.message, '<html>');
    const rendered = anthropic.renderError(parsed);
    t.equal(
      anthropic.parseError(rendered.status, rendered.body).kind,
      kind === 'transport' ? 'server' : kind,
      'and is understood by clients',
    );
  });
}

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
