// Gemini’s own requests: read, and given back as they came.
import t from 'tap';
import { gemini } from '../src/gemini/index.ts';
import type { JsonObject } from '../src/model/json.ts';

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
