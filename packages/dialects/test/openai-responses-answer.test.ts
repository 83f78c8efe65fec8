// Whole responses, read and written.
import t from 'tap';
import type { ModelAnswer } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Tool } from '../src/model/request.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';
import { response, responseUsage } from './fixtures/openai-bodies.ts';
import { countingIds, requestOf } from './fixtures/streams.ts';

const answer: JsonObject = {
  ...response('completed', { usage: responseUsage }),
  completed_at: 5,
  error: null,
  incomplete_details: null,
  output: [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [
        { type: 'summary_text', text: 'a' },
        { type: 'summary_text', text: 'b' },
      ],
      encrypted_content: 'gAAAA',
    },
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      phase: 'final_answer',
      content: [
        { type: 'output_text', text: 'x', annotations: [{ type: 'url_citation' }], logprobs: [] },
        { type: 'refusal', refusal: 'no' },
      ],
    },
    {
      type: 'message',
      id: 'msg_2',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'y', annotations: [], logprobs: [] }],
    },
    {
      type: 'function_call',
      id: 'fc_1',
      status: 'completed',
      call_id: 'c1',
      namespace: 'mcp__probe',
      name: 'echo',
      arguments: '{}',
    },
    { type: 'custom_tool_call', id: 'ctc_1', status: 'completed', call_id: 'c2', name: 'apply_patch', input: '*** Begin' },
    { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'AAAA' },
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
  ],
  service_tier: 'default',
};

t.test('a whole answer comes back as it was, around what the request said', async (t) => {
  const found = openaiResponses.parseAnswer(answer);
  t.match(found, { id: 'resp_1', stop: { reason: 'tool-calls' }, usage: { cachedInputTokens: 60, reasoningTokens: 5 } });
  const request = openaiResponses.parseRequest({
    model: 'm',
    instructions: 'Be',
    input: 'x',
    tools: [{ type: 'web_search' }],
    store: false,
    metadata: { a: 'b' },
  });
  const written = openaiResponses.renderAnswer(found, { request, nowMs: 5000 });
  t.match(written, answer);
  t.strictSame(written.output, answer.output);
  t.match(written, {
    instructions: 'Be',
    tools: [{ type: 'web_search' }],
    store: false,
    metadata: { a: 'b' },
    tool_choice: 'auto',
  });
  t.notOk('input' in written);
});

const tools: Tool[] = [{ name: 'echo', namespace: 'mcp__probe' }, { name: 'apply_patch', isCustom: true }, { name: 'f' }];
const foreign: ModelAnswer = {
  id: 'msg_1',
  model: 'claude',
  parts: [
    { type: 'reasoning', text: 'think', opaque: [{ origin: 'anthropic', kind: 'signature', value: 's' }] },
    { type: 'reasoning', text: '', opaque: [{ origin: 'anthropic', kind: 'redacted', value: 'r' }] },
    { type: 'text', text: 'a', opaque: { origin: 'gemini', kind: 'signature', value: 'g0' } },
    {
      type: 'tool-call',
      id: 't1',
      name: 'mcp__probe__echo',
      arguments: '{"a":1}',
      opaque: { origin: 'gemini', kind: 'signature', value: 'g1' },
    },
    { type: 'tool-call', id: 't2', name: 'apply_patch', arguments: '{"input":"*** Begin"}' },
    { type: 'tool-call', id: 't3', name: 'f', arguments: '' },
  ],
  stop: { reason: 'tool-calls', raw: 'tool_use' },
};
const expectedParts = [
  foreign.parts[0],
  foreign.parts[1],
  foreign.parts[2],
  { type: 'tool-call', id: 't1', name: 'echo', namespace: 'mcp__probe', arguments: '{"a":1}', opaque: { value: 'g1' } },
  { type: 'tool-call', id: 't2', name: 'apply_patch', isCustom: true, arguments: '*** Begin' },
  { type: 'tool-call', id: 't3', name: 'f', arguments: '{}' },
];

for (const summary of ['auto', undefined]) {
  t.test(`answers of other dialects, summary ${summary}`, async (t) => {
    const request = requestOf({ tools, ...(summary !== undefined && { reasoning: { summary } }) });
    const written = openaiResponses.renderAnswer(foreign, { request, nowMs: 0, newId: countingIds() });
    t.match(written, { id: 'resp_msg_1', status: 'completed' });
    // Codex gives `content` of reasoning items not back.
    const items = (written.output as JsonObject[]).map(({ content, ...item }) =>
      item.type === 'message' ? { ...item, content } : item,
    );
    const replayed = openaiResponses.parseRequest({ model: 'm', input: items as JsonObject[] });
    t.equal(replayed.messages.length, 1);
    t.match(replayed.messages[0]?.parts, expectedParts);
    t.equal(replayed.messages[0]?.parts.length, expectedParts.length);
  });
}

t.test('statuses', async (t) => {
  const of = (reason: ModelAnswer['stop']['reason']) =>
    openaiResponses.renderAnswer({ ...foreign, stop: { reason } }, { request: requestOf(), nowMs: 0 });
  t.match(of('length'), { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  t.match(of('context'), { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  t.match(of('content-filter'), { status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
  t.match(of('pause'), { status: 'completed', incomplete_details: null });
  t.throws(() => openaiResponses.parseAnswer(response('failed', { error: { code: 'server_error', message: 'x' } })), {
    name: 'AnswerError',
  });
  t.throws(() => openaiResponses.parseAnswer({ error: { message: 'x' } }), { name: 'AnswerError' });
  t.throws(() => openaiResponses.parseAnswer({}), { name: 'DialectError', param: 'output' });
});
