// Requests, answers and errors of Gemini: its own come back as they came, others are brought into its order and signed.
import t from 'tap';
import { AnswerError } from '../src/dialect.ts';
import { gemini } from '../src/gemini/index.ts';
import type { ErrorKind } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import { wrapOpaque } from '../src/model/opaque.ts';
import type { Message, ModelRequest } from '../src/model/request.ts';
import { countingIds, requestOf } from './fixtures/streams.ts';

const context = { model: 'gemini-3.8-flash', stream: true };

/** What Gemini CLI 0.61 sends, shortened, and what else the API takes. */
const cli: JsonObject = {
  contents: [
    {
      role: 'user',
      parts: [
        { text: 'This is the Gemini CLI.' },
        { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=', displayName: 'a.png' } },
      ],
    },
    {
      role: 'model',
      parts: [
        { text: '**Planning**', thought: true },
        { text: 'I will read both.', thoughtSignature: 'c2ln' },
        { functionCall: { name: 'read_file', args: { path: 'a' } }, thoughtSignature: 'skip_thought_signature_validator' },
        { functionCall: { id: 'call_9', name: 'read_file', args: { path: 'b' } } },
        { functionCall: { name: 'now' } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { name: 'read_file', response: { output: 'A' } } },
        { functionResponse: { id: 'call_9', name: 'read_file', response: { error: 'ENOENT' } } },
        {
          functionResponse: {
            name: 'now',
            response: { output: { hour: 12 }, zone: 'UTC' },
            parts: [{ inlineData: { mimeType: 'image/png', data: 'aa' } }],
            willContinue: false,
          },
        },
      ],
    },
    { role: 'model', parts: [{ executableCode: { language: 'PYTHON', code: '1' } }, { text: '', thoughtSignature: 'end' }] },
    {
      parts: [
        { fileData: { mimeType: 'video/mp4', fileUri: 'https://youtu.be/x' }, videoMetadata: { fps: 1 } },
        { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/a', mimeType: 'application/pdf' } },
      ],
    },
  ],
  systemInstruction: { role: 'user', parts: [{ text: 'You are an interactive CLI agent.' }] },
  tools: [
    {
      functionDeclarations: [
        {
          name: 'read_file',
          description: 'Reads',
          parametersJsonSchema: { type: 'object', properties: { path: { type: 'string' } } },
        },
        { name: 'now', behavior: 'BLOCKING' },
      ],
    },
  ],
  toolConfig: {
    functionCallingConfig: { mode: 'VALIDATED', streamFunctionCallArguments: false },
    retrievalConfig: { languageCode: 'en' },
  },
  generationConfig: {
    temperature: 1,
    topP: 0.95,
    topK: 64,
    maxOutputTokens: 1000,
    stopSequences: ['X'],
    seed: 7,
    presencePenalty: 0,
    frequencyPenalty: 0.5,
    candidateCount: 1,
    responseMimeType: 'application/json',
    responseJsonSchema: { type: 'object', properties: { complexity_score: { type: 'integer' } } },
    thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true, future: 1 },
    mediaResolution: 'MEDIA_RESOLUTION_LOW',
  },
  safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
  cachedContent: 'cachedContents/x',
  labels: { a: 'b' },
};
const minimal: JsonObject = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
const own: [what: string, body: JsonObject][] = [
  ['Gemini CLI', cli],
  ['the least there is', minimal],
  ['empty fields', { ...minimal, generationConfig: {}, safetySettings: [], tools: [], toolConfig: {} }],
  [
    'a schema of its own kind',
    {
      ...minimal,
      generationConfig: {
        responseMimeType: 'application/json',
        responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING', nullable: true } }, propertyOrdering: ['a'] },
      },
    },
  ],
  [
    'parameters of its own kind',
    {
      ...minimal,
      tools: [
        {
          functionDeclarations: [
            {
              name: 'f',
              parameters: { type: 'OBJECT', properties: { n: { type: 'ARRAY', items: { type: 'INTEGER' }, minItems: '1' } } },
            },
          ],
        },
      ],
    },
  ],
  [
    'JSON of any kind',
    { ...minimal, generationConfig: { responseMimeType: 'application/json', thinkingConfig: { thinkingBudget: 0 } } },
  ],
  ['a forced call', { ...minimal, toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } } }],
  [
    'some allowed calls',
    { ...minimal, toolConfig: { functionCallingConfig: { mode: 'any', allowedFunctionNames: ['f', 'g'] } } },
  ],
  ['no calls', { ...minimal, toolConfig: { functionCallingConfig: { mode: 'NONE' } } }],
  [
    'several entries of tools',
    {
      ...minimal,
      tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'f' }] }, { codeExecution: {}, urlContext: {} }],
    },
  ],
  [
    'functions and search in one entry',
    { ...minimal, tools: [{ functionDeclarations: [{ name: 'f' }], googleSearch: { timeRangeFilter: {} } }] },
  ],
  ['system text', { ...minimal, systemInstruction: 'Be brief.' }],
];
for (const [what, body] of own) {
  t.test(`a request with ${what} is given back as it came`, async (t) => {
    const before = structuredClone(body);
    t.same(gemini.renderRequest(gemini.parseRequest(body, context)), { body: before, losses: [] });
    t.same(body, before, 'the input was not changed');
  });
}

t.test('what a request says is understood', async (t) => {
  const request = gemini.parseRequest(cli, context);
  t.match(request, {
    model: 'gemini-3.8-flash',
    stream: true,
    toolChoice: { type: 'auto' },
    output: { type: 'json-schema' },
    reasoning: { effort: 'high', summary: 'auto' },
    sampling: { maxOutputTokens: 1000, temperature: 1, topP: 0.95, topK: 64, stop: ['X'], seed: 7, candidates: 1 },
  });
  t.match(request.messages[2]?.parts, [
    { type: 'reasoning', text: '**Planning**', isSummary: true },
    { type: 'text', opaque: { origin: 'gemini', kind: 'signature', value: 'c2ln' } },
    {
      type: 'tool-call',
      id: 'gemcall_0',
      name: 'read_file',
      arguments: '{"path":"a"}',
      opaque: { value: 'skip_thought_signature_validator' },
    },
    { type: 'tool-call', id: 'call_9' },
    { type: 'tool-call', id: 'gemcall_1', arguments: '{}' },
  ]);
  t.match(request.messages[3]?.parts, [
    { type: 'tool-result', callId: 'gemcall_0', name: 'read_file', content: [{ type: 'text', text: 'A' }] },
    { type: 'tool-result', callId: 'call_9', isError: true, content: [{ text: 'ENOENT' }] },
    { type: 'tool-result', callId: 'gemcall_1', content: [{ type: 'text' }, { type: 'image' }] },
  ]);
  t.match(request.messages[5]?.parts, [{ source: { kind: 'url' } }, { source: { kind: 'file-id' } }]);
});

t.test('fields with underscores, contents without an array, and schemas in upper case are read', async (t) => {
  const request = gemini.parseRequest(
    {
      contents: { parts: [{ text: 'hi' }, { inline_data: { mime_type: 'image/png', data: 'a' } }] },
      system_instruction: { parts: { text: 'S' } },
      generation_config: {
        max_output_tokens: 5,
        response_mime_type: 'application/json',
        response_schema: { type: 'OBJECT', nullable: true, properties: { type: { type: 'STRING', enum: ['A'] } } },
      },
      tools: [{ function_declarations: [{ name: 'f', parameters: { type: 'OBJECT' } }] }, { google_search: {} }],
      tool_config: { function_calling_config: { mode: 'ANY' } },
    } as unknown as JsonObject,
    { model: 'models/gemini-3' },
  );
  t.match(request, {
    model: 'gemini-3',
    stream: false,
    messages: [
      { role: 'system', parts: [{ text: 'S' }] },
      { role: 'user', parts: [{ text: 'hi' }, { type: 'image', source: { mediaType: 'image/png' } }] },
    ],
    sampling: { maxOutputTokens: 5 },
    output: { type: 'json-schema', schema: { type: ['object', 'null'], properties: { type: { type: 'string', enum: ['A'] } } } },
    tools: [
      { name: 'f', parameters: { type: 'object' } },
      { name: 'googleSearch', isProviderTool: true },
    ],
    toolChoice: { type: 'required' },
  });
});

t.test('a request that is none', async (t) => {
  t.throws(() => gemini.parseRequest({ contents: [] }, context), { name: 'DialectError', param: 'contents' });
  t.throws(() => gemini.parseRequest(minimal), { name: 'DialectError', param: 'model' });
  t.throws(() => gemini.parseRequest({ contents: [5] }, context), { name: 'DialectError', param: 'contents[0]' });
  t.throws(() => gemini.parseRequest({ contents: [{ role: 'assistant', parts: [] }] }, context), {
    name: 'DialectError',
    param: 'contents[0].role',
  });
});

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

const answer: JsonObject = {
  candidates: [
    {
      content: {
        parts: [
          { text: 'Thinking', thought: true },
          { text: 'Hello' },
          { functionCall: { id: 'fc1', name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG' },
          { functionCall: { name: 'g', args: {} } },
          { inlineData: { mimeType: 'image/png', data: 'aa' }, thoughtSignature: 'IMG' },
        ],
        role: 'model',
      },
      finishReason: 'STOP',
      index: 0,
      safetyRatings: [],
      avgLogprobs: -0.1,
    },
  ],
  usageMetadata: {
    promptTokenCount: 100,
    cachedContentTokenCount: 60,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 30,
    totalTokenCount: 150,
    toolUsePromptTokenCount: 3,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 100 }],
  },
  modelVersion: 'gemini-3.8-flash',
  responseId: 'abc',
};

t.test('an answer is read, and given back as it came', async (t) => {
  const parsed = gemini.parseAnswer(answer, { newId: countingIds() });
  t.match(parsed, {
    id: 'abc',
    model: 'gemini-3.8-flash',
    stop: { reason: 'tool-calls', raw: 'STOP' },
    usage: {
      inputTokens: 103,
      cachedInputTokens: 60,
      outputTokens: 50,
      reasoningTokens: 30,
      totalTokens: 150,
      bag: { fields: { toolUsePromptTokenCount: 3 } },
    },
  });
  t.match(parsed.parts[3], { id: 'gemcall_new1' });
  t.same(gemini.renderAnswer(parsed, { request: requestOf({ reasoning: { summary: 'auto' } }), nowMs: 0 }), answer);
});

t.test('a blocked prompt is an answer', async (t) => {
  const blocked = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 5, totalTokenCount: 5 },
    modelVersion: 'm',
    responseId: 'r',
  };
  const parsed = gemini.parseAnswer(blocked);
  t.match(parsed, { parts: [], stop: { reason: 'content-filter', raw: 'PROHIBITED_CONTENT' } });
  t.same(gemini.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }), blocked);
});

t.test('an answer that is none', async (t) => {
  t.throws(() => gemini.parseAnswer({}), { name: 'DialectError', param: 'candidates' });
  t.throws(() => gemini.parseAnswer({ error: { code: 503, message: 'x', status: 'UNAVAILABLE' } }), AnswerError);
});

const stops: [raw: string, reason: string][] = [
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['PROHIBITED_CONTENT', 'content-filter'],
  ['MALFORMED_FUNCTION_CALL', 'other'],
  ['LANGUAGE', 'other'],
];
for (const [raw, reason] of stops) {
  t.test(`${raw} is ${reason}, both ways`, async (t) => {
    const parsed = gemini.parseAnswer({ candidates: [{ finishReason: raw }] });
    t.equal(parsed.stop.reason, reason);
    t.match(gemini.renderAnswer(parsed, { request: requestOf(), nowMs: 0 }).candidates, [{ finishReason: raw }]);
  });
}

t.test('what another provider made is signed for the way back', async (t) => {
  const opaque = { origin: 'anthropic' as const, kind: 'signature' as const, value: 's' };
  const parts = [
    { type: 'reasoning' as const, text: 'why', opaque: [opaque] },
    { type: 'tool-call' as const, id: 'toolu_1', name: 'f', arguments: '{}' },
    { type: 'tool-call' as const, id: 'toolu_2', name: 'f', arguments: 'x' },
  ];
  const render = (summary: string | false) =>
    gemini.renderAnswer(
      { id: '', model: '', parts, stop: { reason: 'tool-calls' } },
      { request: requestOf({ model: 'm', reasoning: { summary } }), nowMs: 0, newId: countingIds() },
    );
  const calls = [
    { functionCall: { name: 'f', id: 'toolu_1', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
    { functionCall: { name: 'f', id: 'toolu_2', args: { _raw: 'x' } } },
  ];
  t.same(render('auto'), {
    candidates: [
      {
        content: { parts: [{ text: 'why', thought: true, thoughtSignature: wrapOpaque(opaque) }, ...calls], role: 'model' },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    modelVersion: 'm',
    responseId: 'new1',
  });
  t.same(
    (render(false).candidates as { content: { parts: object[] } }[])[0]?.content.parts,
    calls,
    'a signature without its words would be refused',
  );
});

const status = (code: number, name: string, message: string, ...details: object[]) => ({
  error: { code, message, status: name, ...(details.length > 0 && { details }) },
});
const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '37.5s' };
const quota = (quotaId: string) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] });
const errors: [status: number, body: unknown, kind: ErrorKind, more?: object][] = [
  [400, status(400, 'INVALID_ARGUMENT', 'Unknown name "x"'), 'invalid-request', { code: 'INVALID_ARGUMENT' }],
  [
    400,
    status(400, 'INVALID_ARGUMENT', 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).'),
    'context-length',
  ],
  [
    400,
    status(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'API_KEY_INVALID',
    }),
    'authentication',
    { code: 'API_KEY_INVALID' },
  ],
  [400, status(400, 'FAILED_PRECONDITION', 'Please enable billing on your project'), 'balance'],
  [401, status(401, 'UNAUTHENTICATED', 'x'), 'authentication'],
  [403, status(403, 'PERMISSION_DENIED', 'x'), 'permission'],
  [404, status(404, 'NOT_FOUND', 'models/gemini-2.0-flash is not found'), 'not-found'],
  [
    429,
    status(429, 'RESOURCE_EXHAUSTED', 'x', quota('GenerateRequestsPerMinutePerProjectPerModel'), retry),
    'rate-limit',
    { retryAfterMs: 37_500 },
  ],
  [429, status(429, 'RESOURCE_EXHAUSTED', 'x', quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry), 'balance'],
  [429, [status(429, 'RESOURCE_EXHAUSTED', 'x')], 'rate-limit'],
  [500, status(500, 'INTERNAL', 'x'), 'server'],
  [503, status(503, 'UNAVAILABLE', 'The model is overloaded.'), 'overloaded'],
  [504, status(504, 'DEADLINE_EXCEEDED', 'x'), 'timeout'],
  [502, '<!DOCTYPE html><title>Error 502</title>', 'transport'],
];
for (const [code, body, kind, more] of errors) {
  t.test(`status ${code} ${JSON.stringify(body).slice(0, 70)} is ${kind}`, async (t) => {
    const parsed = gemini.parseError(code, body);
    t.match(parsed, { kind, status: code, ...more });
    const rendered = gemini.renderError(parsed);
    t.match(rendered.body, { error: { code: rendered.status, message: parsed.message } });
    t.equal(gemini.parseError(rendered.status, rendered.body).retryAfterMs, parsed.retryAfterMs);
  });
}
