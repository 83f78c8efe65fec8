// Requests of chat completions: what clients really send comes back as they wrote it, and what it means is in the model.
import t from 'tap';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { openaiChat } from '../src/openai-chat/index.ts';

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};
const user = { role: 'user', content: 'Hi' };
const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } };

const requests: Record<string, JsonObject> = {
  'the smallest': { model: 'm', messages: [user] },
  'every knob of OpenAI': {
    model: 'gpt',
    messages: [{ role: 'developer', content: 'Be brief' }, user],
    max_completion_tokens: 100,
    temperature: 0,
    top_p: 0.9,
    n: 2,
    stop: 'END',
    seed: 7,
    presence_penalty: 0.1,
    frequency_penalty: 0.2,
    logit_bias: { '50256': -100 },
    logprobs: true,
    top_logprobs: 3,
    user: 'u1',
    prompt_cache_key: 'k',
    safety_identifier: 's',
    service_tier: 'flex',
    store: false,
    metadata: { a: 'b' },
    parallel_tool_calls: false,
    reasoning_effort: 'low',
    verbosity: 'low',
    stream: true,
    stream_options: { include_usage: true, include_obfuscation: false },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'x', strict: true, schema: { type: 'object' }, note: 1 },
      more: 2,
    },
  },
  'nulls and odd types stay': {
    model: 'm',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
    temperature: null,
    stop: null,
    max_tokens: null,
    tools: null,
    tool_choice: null,
    response_format: null,
    stream: false,
    stream_options: null,
    user: null,
    seed: '7',
  },
  'both limits': { model: 'm', messages: [user], max_tokens: 5, max_completion_tokens: 6, stop: ['a', 'b'] },
  opencode: {
    model: 'venice/x',
    max_tokens: 32000,
    temperature: 0.55,
    messages: [
      { role: 'system', content: 'You are opencode' },
      user,
      { role: 'assistant', content: '', tool_calls: [call, { ...call, id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: '4 degrees' },
      { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: '5 degrees' }] },
      { role: 'assistant', content: 'Cold.', reasoning_content: 'It is cold' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
        ],
      },
    ],
    tools: [weather],
    tool_choice: 'auto',
    stream: true,
    stream_options: { include_usage: true },
  },
  OpenRouter: {
    model: 'anthropic/claude',
    models: ['a', 'b'],
    provider: { order: ['x'], allow_fallbacks: false, zdr: true },
    plugins: [{ id: 'web' }],
    reasoning: { effort: 'high', exclude: true, enabled: true },
    usage: { include: true },
    session_id: 's',
    transforms: ['middle-out'],
    top_k: 40,
    messages: [
      user,
      {
        role: 'assistant',
        content: null,
        reasoning: 'think',
        reasoning_details: [
          { type: 'reasoning.text', text: 'think', signature: 'sig', format: 'anthropic-claude-v1', index: 0, id: null },
          { type: 'reasoning.encrypted', data: 'abc', format: 'google-gemini-v1', index: 1, id: 'call_1' },
        ],
        tool_calls: [call],
      },
      { role: 'tool', tool_call_id: 'call_1', name: 'weather', content: '' },
    ],
    tools: [
      { ...weather, cache_control: { type: 'ephemeral' } },
      { type: 'openrouter:web_search', parameters: { n: 1 } },
    ],
  },
  'OpenRouter with a budget': { model: 'm', messages: [user], reasoning: { max_tokens: 2000 } },
  'OpenRouter without thought': { model: 'm', messages: [user], reasoning: { enabled: false } },
  Venice: {
    model: 'default:enable_web_search=auto',
    messages: [user, { role: 'assistant', content: 'Hey', thought_signature: 'gsig' }, user],
    venice_parameters: { include_venice_system_prompt: false },
    reasoning_effort: 'none',
  },
  'Venice, signature over a call': {
    model: 'gemini',
    messages: [user, { role: 'assistant', content: '', thought_signature: 'gsig', tool_calls: [call] }],
  },
  'Google compatible': {
    model: 'gemini',
    extra_body: { google: { thinking_config: { include_thoughts: true } } },
    messages: [
      user,
      { role: 'assistant', tool_calls: [{ ...call, extra_content: { google: { thought_signature: 'gsig', x: 1 } } }] },
      { role: 'tool', tool_call_id: 'call_1', content: '4' },
    ],
  },
  'pictures, sound, files': {
    model: 'm',
    messages: [
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' }, cache_control: { type: 'ephemeral' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
          { type: 'file', file: { file_id: 'file-1' } },
          { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
          { type: 'video_url', video_url: { url: 'https://x/y.mp4' } },
          { type: 'hologram', depth: 3 },
        ],
      },
    ],
  },
  'legacy functions': {
    model: 'm',
    functions: [weather.function],
    function_call: { name: 'weather' },
    messages: [
      user,
      { role: 'assistant', content: null, function_call: { name: 'weather', arguments: '{}' } },
      { role: 'function', name: 'weather', content: '4' },
    ],
  },
  'custom tools and allowed tools': {
    model: 'gpt',
    tools: [
      {
        type: 'custom',
        custom: { name: 'patch', description: 'd', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } },
      },
      { type: 'custom', custom: { name: 'free', format: { type: 'text' } } },
      { type: 'function', function: { ...weather.function, strict: null } },
    ],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: {
        mode: 'required',
        tools: [
          { type: 'custom', custom: { name: 'patch' } },
          { type: 'function', function: { name: 'weather' } },
        ],
      },
    },
    messages: [
      user,
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'patch', input: '*** Begin' } }] },
      { role: 'tool', tool_call_id: 'c', content: 'done' },
    ],
  },
  refusals: {
    model: 'm',
    messages: [
      user,
      { role: 'assistant', content: null, refusal: 'No.' },
      user,
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      { role: 'assistant', content: 'x', refusal: null, annotations: [], audio: { id: 'a' } },
    ],
  },
  'chosen tools': {
    model: 'm',
    messages: [user],
    tools: [weather],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  },
  'empty content': {
    model: 'm',
    messages: [
      { role: 'user', content: '' },
      { role: 'user', content: [] },
      { role: 'assistant', content: '' },
      { role: 'assistant', content: null },
      { role: 'assistant', content: 'a', tool_calls: [] },
    ],
  },
};

for (const [what, body] of Object.entries(requests)) {
  t.test(`comes back as it was: ${what}`, async (t) => {
    const before = JSON.stringify(body);
    const { body: written, losses } = openaiChat.renderRequest(openaiChat.parseRequest(body));
    t.strictSame(written, JSON.parse(before));
    t.same(losses, []);
    t.equal(JSON.stringify(body), before, 'what was read is not touched');
  });
}

t.test('what a request means', async (t) => {
  const request = openaiChat.parseRequest(requests['every knob of OpenAI'] as JsonObject);
  t.match(request, {
    model: 'gpt',
    stream: true,
    includeUsage: true,
    sampling: { maxOutputTokens: 100, temperature: 0, topP: 0.9, candidates: 2, stop: ['END'], seed: 7 },
    reasoning: { effort: 'low' },
    userId: 'u1',
    cacheKey: 'k',
    parallelToolCalls: false,
    output: { type: 'json-schema', name: 'x', strict: true },
  });
  const router = openaiChat.parseRequest(requests.OpenRouter as JsonObject);
  t.same(router.reasoning, { effort: 'high', summary: false });
  t.equal(openaiChat.parseRequest(requests['OpenRouter without thought'] as JsonObject).reasoning?.effort, 'none');
  const replayed = router.messages[1]?.parts[0];
  t.match(replayed, {
    type: 'reasoning',
    text: 'think',
    opaque: [{ origin: 'openai-chat', kind: 'details' }, { itemId: 'call_1' }],
  });
  t.match(router.messages[2], { role: 'user', parts: [{ type: 'tool-result', callId: 'call_1', name: 'weather', content: [] }] });
  t.match(openaiChat.parseRequest(requests['Google compatible'] as JsonObject).messages[1]?.parts, [
    {
      type: 'tool-call',
      id: 'call_1',
      arguments: '{"city":"Oslo"}',
      opaque: { origin: 'gemini', kind: 'signature', value: 'gsig' },
    },
  ]);
  t.equal(openaiChat.parseRequest(requests.opencode as JsonObject).messages[3]?.parts.length, 2, 'results stand together');
});

t.test('sloppy clients are understood', async (t) => {
  const request = openaiChat.parseRequest({
    model: 'm',
    messages: [{ role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: { a: 1 } } }] }],
    tools: [{ function: { name: 'f' } }],
    tool_choice: 'any',
  });
  t.match(request.messages[0]?.parts[0], { name: 'f', arguments: '{"a":1}' });
  t.same(request.toolChoice, { type: 'required' });
  t.equal(request.tools[0]?.name, 'f');
});

t.test('what cannot be a request says which field is wrong', async (t) => {
  const wrong: [body: JsonObject, param: string][] = [
    [{ messages: [] }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ model: 'm', messages: 'hi' }, 'messages'],
    [{ model: 'm', messages: [1] }, 'messages[0]'],
    [{ model: 'm', messages: [{ role: 'king', content: '' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ model: 'm', messages: [{ role: 'tool', content: '' }] }, 'messages[0].tool_call_id'],
    [{ model: 'm', messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] }, 'messages[0].tool_calls[0].function.name'],
    [{ model: 'm', messages: [], tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
  ];
  for (const [body, param] of wrong) t.throws(() => openaiChat.parseRequest(body), { name: 'DialectError', param });
});

const base: ModelRequest = { model: 'm', stream: false, messages: [], tools: [], sampling: {} };
const assistant = (parts: Message['parts']): ModelRequest => ({ ...base, messages: [{ role: 'assistant', parts }] });

t.test('requests of other dialects take the form most servers know', async (t) => {
  const { body, losses } = openaiChat.renderRequest({
    ...base,
    stream: true,
    sampling: { maxOutputTokens: 9, topK: 3 },
    reasoning: { budgetTokens: 1000 },
    tools: [
      { name: 'echo', namespace: 'mcp__probe', parameters: { type: 'object' } },
      { name: 'apply_patch', isCustom: true, description: 'Edit', grammar: { syntax: 'lark', definition: 'start: x' } },
      { name: 'web_search', isProviderTool: true, bag: { dialect: 'anthropic', fields: {} } },
    ],
    toolChoice: { type: 'tool', name: 'echo' },
    messages: [
      { role: 'assistant', parts: [{ type: 'tool-call', id: 'c', name: 'apply_patch', arguments: '*** Begin', isCustom: true }] },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'Look' },
          {
            type: 'tool-result',
            callId: 'c',
            isError: true,
            content: [
              { type: 'text', text: 'no' },
              { type: 'image', source: { kind: 'url', url: 'https://x' } },
            ],
          },
        ],
      },
    ],
    bag: { dialect: 'anthropic', fields: { context_management: {} } },
  });
  t.match(body, { max_tokens: 9, reasoning_effort: 'low', stream_options: { include_usage: true } });
  t.match(body.tools, [
    { function: { name: 'mcp__probe__echo' } },
    { type: 'function', function: { name: 'apply_patch', description: /lark grammar/ } },
  ]);
  t.equal((body.tools as unknown[]).length, 2);
  t.same(body.tool_choice, { type: 'function', function: { name: 'mcp__probe__echo' } });
  t.strictSame(body.messages, [
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'apply_patch', arguments: '{"input":"*** Begin"}' } }],
    },
    { role: 'tool', tool_call_id: 'c', content: 'no' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Output of tool call c:' },
        { type: 'image_url', image_url: { url: 'https://x' } },
        { type: 'text', text: 'Look' },
      ],
    },
  ]);
  t.same(losses.map(({ field, how }) => `${how} ${field}`).sort(), [
    'approximated messages[1].parts[1]',
    'approximated reasoning.budgetTokens',
    'approximated tools[1]',
    'dropped context_management',
    'dropped messages[1].parts[1].isError',
    'dropped tools[2]',
  ]);
});

t.test('an upstream never sees what another provider signed', async (t) => {
  const signed = { origin: 'anthropic', kind: 'signature', value: 's' } as const;
  const { body, losses } = openaiChat.renderRequest(
    assistant([
      { type: 'reasoning', text: 'think', opaque: [signed] },
      { type: 'text', text: 'x' },
    ]),
  );
  t.strictSame(body.messages, [{ role: 'assistant', content: 'x', reasoning_content: 'think' }]);
  t.match(losses, [{ field: 'messages[0].parts[0].opaque', how: 'dropped' }]);
});

t.test('what a chat client replays of other providers finds its place again', async (t) => {
  const opaque = { origin: 'anthropic', kind: 'signature', value: 's' } as const;
  const entry = (more: JsonObject) => ({ type: 'reasoning.encrypted', format: 'switchyard', ...more });
  const request = openaiChat.parseRequest({
    model: 'm',
    messages: [
      {
        role: 'assistant',
        content: 'x',
        reasoning_content: 'onetwo',
        reasoning_details: [
          { type: 'reasoning.text', text: 'o', format: 'switchyard', index: 0 },
          { type: 'reasoning.text', text: 'ne', format: 'switchyard', index: 0 },
          entry({ data: wrapOpaque(opaque), index: 0, id: null }),
          entry({ data: wrapOpaque({ ...opaque, value: 't' }), index: 1, id: 'part' }),
          { type: 'reasoning.text', text: 'two', format: 'switchyard', index: 2 },
          entry({ data: wrapOpaque({ ...opaque, value: 'u' }), index: 2, id: null }),
          entry({ data: wrapOpaque({ ...opaque, value: 'v' }), index: 3, id: 'call_1' }),
        ],
        tool_calls: [call],
      },
    ],
  });
  t.match(request.messages[0]?.parts, [
    { type: 'reasoning', text: 'one', opaque: [opaque] },
    { type: 'text', text: 'x', opaque: { value: 't' } },
    { type: 'reasoning', text: 'two', opaque: [{ value: 'u' }] },
    { type: 'tool-call', opaque: { value: 'v' } },
  ]);
});
