// Requests of other dialects in Gemini’s words.
import t from 'tap';
import { gemini } from '../src/gemini/index.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { requestOf } from './fixtures/streams.ts';

const foreign = (messages: Message[], more: Partial<ModelRequest> = {}) =>
  gemini.renderRequest(requestOf({ model: 'gemini-3.8-flash', messages, ...more }));
const user = (text: string): Message => ({ role: 'user', parts: [{ type: 'text', text }] });

t.test('a conversation of another dialect is brought into order and signed', async (t) => {
  const { body, losses } = foreign([
    { role: 'system', parts: [{ type: 'text', text: 'A' }] },
    user('one'),
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm', opaque: [{ origin: 'anthropic', kind: 'signature', value: 'x' }] },
        { type: 'tool-call', id: 'c1', namespace: 'mcp__p', name: 'a', arguments: '{"x":1}' },
        { type: 'tool-call', id: 'c2', name: 'b', arguments: 'broken' },
      ],
    },
    { role: 'user', parts: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: 'r1' }] }] },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'look' },
        {
          type: 'tool-result',
          callId: 'c2',
          content: [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'a' } }],
          isError: true,
        },
      ],
    },
    {
      role: 'assistant',
      parts: [
        {
          type: 'tool-call',
          id: 'gemcall_abc',
          name: 'c',
          arguments: '',
          opaque: { origin: 'gemini', kind: 'signature', value: 'SIG' },
        },
      ],
    },
    {
      role: 'user',
      parts: [
        { type: 'tool-result', callId: 'gemcall_abc', content: [] },
        { type: 'image', source: { kind: 'url', url: 'https://e.org/a.webp?x' } },
      ],
    },
    { role: 'developer', parts: [{ type: 'text', text: 'B' }] },
  ]);
  t.same(body, {
    contents: [
      { role: 'user', parts: [{ text: 'one' }] },
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'mcp__p__a', id: 'c1', args: { x: 1 } }, thoughtSignature: 'skip_thought_signature_validator' },
          { functionCall: { name: 'b', id: 'c2', args: { _raw: 'broken' } } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'mcp__p__a', id: 'c1', response: { output: 'r1' } } },
          {
            functionResponse: {
              name: 'b',
              id: 'c2',
              response: { error: '' },
              parts: [{ inlineData: { mimeType: 'image/png', data: 'a' } }],
            },
          },
          { text: 'look' },
        ],
      },
      { role: 'model', parts: [{ functionCall: { name: 'c', args: {} }, thoughtSignature: 'SIG' }] },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'c', response: { output: '' } } },
          { fileData: { mimeType: 'image/webp', fileUri: 'https://e.org/a.webp?x' } },
        ],
      },
    ],
    systemInstruction: { parts: [{ text: 'A' }, { text: 'B' }] },
  });
  t.same(
    losses.map((loss) => loss.field),
    ['messages[2].parts[0]', 'messages[2].parts[2].arguments', 'messages[6].parts[1].source', 'messages[7]'],
  );
});

const sayings: [what: string, request: Partial<ModelRequest>, body: JsonObject, losses?: string[]][] = [
  [
    'a level',
    { reasoning: { effort: 'xhigh', summary: 'auto' } },
    { generationConfig: { thinkingConfig: { thinkingLevel: 'high', includeThoughts: true } } },
    ['reasoning'],
  ],
  [
    'a budget for Gemini 2.5',
    { model: 'gemini-2.5-pro', reasoning: { effort: 'medium' } },
    { generationConfig: { thinkingConfig: { thinkingBudget: 8192 } } },
  ],
  [
    'no thought',
    { reasoning: { budgetTokens: 0 } },
    { generationConfig: { thinkingConfig: { thinkingLevel: 'minimal' } } },
    ['reasoning'],
  ],
  [
    'no thought at a pro model',
    { model: 'gemini-3.1-pro-preview', reasoning: { effort: 'none' } },
    { generationConfig: { thinkingConfig: { thinkingLevel: 'low' } } },
    ['reasoning'],
  ],
  ['a budget', { reasoning: { budgetTokens: 31999 } }, { generationConfig: { thinkingConfig: { thinkingBudget: 24576 } } }],
  [
    'a schema',
    { output: { type: 'json-schema', name: 'x', schema: { type: 'object' } } },
    { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } } },
  ],
  ['plain text', { output: { type: 'text' } }, { generationConfig: undefined }],
  [
    'sampling',
    { sampling: { seed: 1, candidates: 3, stop: ['a'] } },
    { generationConfig: { seed: 1, stopSequences: ['a'] } },
    ['sampling.candidates'],
  ],
  [
    'some tools',
    { tools: [{ name: 'a' }, { name: 'b' }], toolChoice: { type: 'allowed', names: ['b'], mode: 'auto' } },
    { toolConfig: { functionCallingConfig: { mode: 'VALIDATED', allowedFunctionNames: ['b'] } } },
  ],
  [
    'one tool',
    { tools: [{ name: 'a', namespace: 'n' }], toolChoice: { type: 'tool', name: 'a' } },
    {
      tools: [{ functionDeclarations: [{ name: 'n__a' }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['n__a'] } },
    },
  ],
  [
    'what it has no word for',
    {
      userId: 'u',
      cacheKey: 'k',
      parallelToolCalls: false,
      tools: [
        { name: 'a', strict: true },
        { name: 'w', isProviderTool: true },
      ],
    },
    { tools: [{ functionDeclarations: [{ name: 'a' }] }] },
    ['tools[1]', 'parallelToolCalls', 'userId', 'cacheKey', 'tools[0].strict'],
  ],
];
for (const [what, request, expected, fields = []] of sayings) {
  t.test(`${what} in Gemini's words`, async (t) => {
    const { body, losses } = foreign([user('hi')], request);
    for (const key in expected) t.same(body[key], expected[key], key);
    t.same(
      losses.map((loss) => loss.field),
      fields,
    );
  });
}

t.test('a conversation that an assistant begins', async (t) => {
  t.match(foreign([{ role: 'assistant', parts: [{ type: 'text', text: 'a' }] }]).body.contents, [
    { role: 'user', parts: [{ text: '…' }] },
    { role: 'model' },
  ]);
  t.match(foreign([{ role: 'system', parts: [{ type: 'text', text: 'a' }] }]).body.contents, [
    { role: 'user', parts: [{ text: '…' }] },
  ]);
});
