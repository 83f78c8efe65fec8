// Requests of Responses: what Codex and others really send comes back as they wrote it, and what it means is in the model.
import t from 'tap';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { flatToolName, restoreToolName } from '../src/model/tool-names.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';

const text = (value: string) => ({ type: 'input_text', text: value });
const echo = {
  type: 'function',
  name: 'echo',
  description: 'Echo',
  strict: false,
  parameters: { type: 'object', properties: {} },
};

export const codex: JsonObject = {
  model: 'gpt-5-codex',
  instructions: 'You are Codex',
  input: [
    { type: 'message', role: 'developer', content: [text('<permissions>')] },
    { type: 'message', role: 'user', content: [text('# AGENTS.md')] },
    { type: 'message', role: 'user', content: [text('Fix it')] },
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [
        { type: 'summary_text', text: '**Plan**' },
        { type: 'summary_text', text: 'b' },
      ],
      content: null,
      encrypted_content: 'gAAAA',
    },
    {
      type: 'message',
      role: 'assistant',
      id: 'msg_1',
      status: 'completed',
      content: [{ type: 'output_text', text: 'On it', annotations: [], logprobs: [] }],
      phase: 'commentary',
    },
    { type: 'function_call', id: 'fc_1', call_id: 'call_1', namespace: 'mcp__probe', name: 'echo', arguments: '{"a":1}' },
    { type: 'custom_tool_call', status: 'completed', call_id: 'call_2', name: 'apply_patch', input: '*** Begin Patch' },
    {
      type: 'function_call_output',
      call_id: 'call_1',
      output: [text('one'), { type: 'input_image', image_url: 'data:image/png;base64,AAAA' }],
    },
    { type: 'custom_tool_call_output', call_id: 'call_2', output: '{"output":"ok"}' },
    { type: 'reasoning', summary: [], encrypted_content: 'gBBBB' },
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done' }] },
    { type: 'message', role: 'user', content: [text('Thanks')] },
  ],
  tools: [
    { type: 'function', name: 'exec_command', description: 'Run', strict: false, parameters: { type: 'object' } },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Edit',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: x' },
    },
    {
      type: 'namespace',
      name: 'mcp__probe',
      description: 'Probe',
      tools: [echo, { ...echo, name: 'other', defer_loading: true }],
    },
    { type: 'namespace', name: 'mcp__empty', tools: [] },
    { type: 'web_search', external_web_access: false },
    { type: 'function', name: 'plain', parameters: null, strict: null },
    { type: 'function', name: 'silent', parameters: {} },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: false,
  reasoning: { effort: 'medium', summary: 'auto' },
  store: false,
  stream: true,
  include: ['reasoning.encrypted_content'],
  service_tier: 'priority',
  prompt_cache_key: '019a',
  text: { verbosity: 'low' },
  client_metadata: { a: 'b' },
};

const requests: Record<string, JsonObject> = {
  Codex: codex,
  'a string': { model: 'm', input: 'Hi' },
  'easy messages': {
    model: 'm',
    input: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hey' },
      { role: 'user', content: '' },
      { role: 'user', content: [] },
      { role: 'assistant', content: [] },
      { role: 'assistant', content: '' },
    ],
    instructions: null,
    stream: false,
    tools: [],
    reasoning: null,
    max_output_tokens: null,
    temperature: 1,
    top_p: 0.5,
  },
  'a turn of several items': {
    model: 'm',
    input: [
      { role: 'user', content: 'Hi' },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'a' },
          { type: 'output_text', text: 'b' },
        ],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'c' },
          { type: 'refusal', refusal: 'no' },
        ],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'odd', x: 1 },
          { type: 'output_text', text: 'd' },
        ],
      },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'AAAA' },
      { type: 'item_reference', id: 'msg_7' },
      { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', image_url: 'x' } },
      { type: 'reasoning', id: 'rs_2', summary: [], content: [{ type: 'reasoning_text', text: 'raw' }] },
    ],
  },
  'structured output and forced tools': {
    model: 'm',
    input: 'Hi',
    text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' }, strict: true, note: 1 }, verbosity: 'low' },
    tools: [echo, { type: 'custom', name: 'free' }, { type: 'custom', name: 'any', format: { type: 'text' } }],
    tool_choice: {
      type: 'allowed_tools',
      mode: 'required',
      tools: [
        { type: 'function', name: 'echo' },
        { type: 'custom', name: 'free' },
      ],
    },
    reasoning: { effort: 'none', summary: null, generate_summary: null },
    previous_response_id: 'resp_1',
    user: 'u',
    metadata: { a: 'b' },
    truncation: 'auto',
  },
  'hosted choice': {
    model: 'm',
    input: 'Hi',
    tools: [{ type: 'mcp', server_label: 'x' }],
    tool_choice: { type: 'mcp', server_label: 'x' },
  },
  'a chosen custom tool': {
    model: 'm',
    input: 'Hi',
    tools: [{ type: 'custom', name: 'free' }],
    tool_choice: { type: 'custom', name: 'free' },
  },
  json: { model: 'm', input: 'Hi', text: { format: { type: 'json_object' } } },
  'only a stored prompt': { model: 'm', prompt: { id: 'pmpt_1' } },
  files: {
    model: 'm',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_image', image_url: 'https://x/y.png', detail: 'high' },
          { type: 'input_image', file_id: 'file-1', detail: 'auto', image_url: null },
          { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' },
          { type: 'input_file', file_url: 'https://x/a.pdf' },
          { type: 'input_file', file_id: 'file-2' },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'unheard_of' },
        ],
      },
    ],
  },
};

for (const [what, body] of Object.entries(requests)) {
  t.test(`comes back as it was: ${what}`, async (t) => {
    const before = JSON.stringify(body);
    const { body: written, losses } = openaiResponses.renderRequest(openaiResponses.parseRequest(body));
    t.strictSame(written, JSON.parse(before));
    t.same(losses, []);
    t.equal(JSON.stringify(body), before, 'what was read is not touched');
  });
}

t.test('what Codex means', async (t) => {
  const request = openaiResponses.parseRequest(codex);
  t.match(request, {
    stream: true,
    parallelToolCalls: false,
    cacheKey: '019a',
    reasoning: { effort: 'medium', summary: 'auto' },
    toolChoice: { type: 'auto' },
  });
  t.same(
    request.messages.map(({ role, parts }) => `${role}: ${parts.map((part) => part.type).join(' ')}`),
    [
      'system: text',
      'developer: text',
      'user: text',
      'user: text',
      'assistant: reasoning text tool-call tool-call',
      'user: tool-result tool-result',
      'assistant: reasoning unknown text',
      'user: text',
    ],
  );
  t.match(request.messages[4]?.parts, [
    {
      text: '**Plan**\n\nb',
      isSummary: true,
      opaque: [{ origin: 'openai-responses', kind: 'encrypted', value: 'gAAAA', itemId: 'rs_1' }],
    },
    { text: 'On it' },
    { id: 'call_1', name: 'echo', namespace: 'mcp__probe', arguments: '{"a":1}' },
    { id: 'call_2', isCustom: true, arguments: '*** Begin Patch' },
  ]);
  t.match(request.messages[5]?.parts, [
    { callId: 'call_1', name: 'mcp__probe__echo', content: [{ type: 'text', text: 'one' }, { type: 'image' }] },
    { callId: 'call_2', isCustom: true, content: [{ text: '{"output":"ok"}' }] },
  ]);
  t.match(request.tools.slice(0, 4), [
    { name: 'exec_command', strict: false },
    { name: 'apply_patch', isCustom: true, grammar: { syntax: 'lark', definition: 'start: x' } },
    { name: 'echo', namespace: 'mcp__probe' },
    { name: 'other', namespace: 'mcp__probe' },
  ]);
});

t.test('names for dialects without namespaces', async (t) => {
  const tools = [
    { name: 'echo' },
    { name: 'echo', namespace: 'mcp__probe' },
    { name: 'a'.repeat(70), namespace: 'x' },
    { name: 'read.file' },
  ];
  const flat = tools.map((tool) => flatToolName(tool.namespace, tool.name));
  t.same(flat.slice(0, 2), ['echo', 'mcp__probe__echo']);
  for (const name of flat) t.match(name, /^[A-Za-z0-9_-]{1,64}$/);
  t.equal(new Set(flat).size, 4);
  t.not(flatToolName('x', 'a'.repeat(70)), flatToolName('x', 'a'.repeat(71)));
  t.same(
    flat.map((name) => restoreToolName(name, tools)),
    tools,
  );
  t.same(restoreToolName('unknown', tools), { name: 'unknown' });
});

t.test('what cannot be a request says which field is wrong', async (t) => {
  const wrong: [body: JsonObject, param: string][] = [
    [{ input: 'x' }, 'model'],
    [{ model: 'm' }, 'input'],
    [{ model: 'm', input: [1] }, 'input[0]'],
    [{ model: 'm', input: [{ role: 'king', content: '' }] }, 'input[0].role'],
    [{ model: 'm', input: [{ type: 'function_call', call_id: 'x' }] }, 'input[0].name'],
    [{ model: 'm', input: [{ type: 'function_call', name: 'x' }] }, 'input[0].call_id'],
    [{ model: 'm', input: [{ type: 'function_call_output' }] }, 'input[0].call_id'],
    [{ model: 'm', input: 'x', tools: [{ type: 'function' }] }, 'tools[0].name'],
  ];
  for (const [body, param] of wrong) t.throws(() => openaiResponses.parseRequest(body), { name: 'DialectError', param });
});

const base: ModelRequest = { model: 'm', stream: false, messages: [], tools: [], sampling: {} };
const assistant = (parts: Message['parts']): ModelRequest => ({ ...base, messages: [{ role: 'assistant', parts }] });

t.test('requests of other dialects are sent without state', async (t) => {
  const { body, losses } = openaiResponses.renderRequest({
    ...base,
    sampling: { maxOutputTokens: 9, stop: ['x'], seed: 1 },
    reasoning: { budgetTokens: 2000 },
    tools: [{ name: 'f', parameters: {} }],
    messages: [
      {
        role: 'system',
        parts: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      { role: 'system', parts: [{ type: 'text', text: 'late' }] },
    ],
    bag: { dialect: 'anthropic', fields: { context_management: {} } },
  });
  t.strictSame(body, {
    model: 'm',
    instructions: 'a\n\nb',
    input: [
      { type: 'message', role: 'user', content: [text('Hi')] },
      { type: 'message', role: 'system', content: [text('late')] },
    ],
    tools: [{ type: 'function', name: 'f', parameters: {}, strict: false }],
    reasoning: { effort: 'low' },
    max_output_tokens: 9,
    store: false,
    include: ['reasoning.encrypted_content'],
  });
  t.same(losses.map(({ field }) => field).sort(), [
    'context_management',
    'reasoning.budgetTokens',
    'sampling.seed',
    'sampling.stop',
  ]);
});

t.test('an upstream gets back only what it encrypted itself', async (t) => {
  const own = { origin: 'openai-responses', kind: 'encrypted', value: 'gAAAA', itemId: 'rs_1' } as const;
  const { body, losses } = openaiResponses.renderRequest(
    assistant([
      { type: 'reasoning', text: 'mine', opaque: [own] },
      { type: 'reasoning', text: 'theirs', opaque: [{ origin: 'anthropic', kind: 'signature', value: 's' }] },
      { type: 'tool-call', id: 'c', name: 'f', arguments: '', opaque: { origin: 'gemini', kind: 'signature', value: 'g' } },
    ]),
  );
  t.strictSame(body.input, [
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'mine' }], encrypted_content: 'gAAAA' },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
  ]);
  t.equal(losses.length, 3);
});

t.test('what a client replays of other providers finds its place again', async (t) => {
  const signature = { origin: 'anthropic', kind: 'signature', value: 's' } as const;
  const gemini = { origin: 'gemini', kind: 'signature', value: 'g' } as const;
  const words = { origin: 'openai-responses', kind: 'details', value: 'the words' } as const;
  const reasoning = (encrypted_content: string, summary: string[] = []) => ({
    type: 'reasoning',
    summary: summary.map((text) => ({ type: 'summary_text', text })),
    encrypted_content,
  });
  const request = openaiResponses.parseRequest({
    model: 'm',
    input: [
      reasoning(wrapOpaque(signature), ['think']),
      reasoning(`${wrapOpaque(signature)}.${wrapOpaque({ ...signature, value: 't' })}.${wrapOpaque(words)}`),
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'x' }] },
      reasoning(wrapOpaque({ ...gemini, itemId: '^' })),
      reasoning(wrapOpaque({ ...gemini, itemId: 'call:c1' })),
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call', call_id: 'c2', name: 'f', arguments: '{}' },
      reasoning(wrapOpaque({ ...gemini, value: 'h', itemId: 'call:c2' })),
    ],
  });
  t.match(request.messages[0]?.parts, [
    { type: 'reasoning', text: 'think', opaque: [signature] },
    { type: 'reasoning', text: 'the words', opaque: [signature, { value: 't' }] },
    { type: 'text', text: 'x', opaque: gemini },
    { type: 'tool-call', id: 'c1', opaque: gemini },
    { type: 'tool-call', id: 'c2', opaque: { value: 'h' } },
  ]);
  t.equal(request.messages[0]?.parts.length, 5);
});
