// Anthropic’s own requests: read, and given back as they came.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import type { JsonObject } from '../src/model/json.ts';

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
