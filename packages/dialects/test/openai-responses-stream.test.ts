// Streams of responses, read and written.
import t, { type Test } from 'tap';
import type { ModelEvent, Usage } from '../src/model/answer.ts';
import { type JsonObject, objectOf } from '../src/model/json.ts';
import type { Opaque } from '../src/model/opaque.ts';
import { openaiResponses } from '../src/openai-responses/index.ts';
import { response, responseUsage } from './fixtures/openai-bodies.ts';
import { cutsThatEnd, eventsOfText, joined, splitsThatDiffer, sse, textOfEvents } from './fixtures/streams.ts';

const created = { type: 'response.created', response: response('in_progress') };
const completed = { type: 'response.completed', response: response('completed', { usage: responseUsage }) };
const added = (output_index: number, item: object) => ({ type: 'response.output_item.added', output_index, item });
const done = (output_index: number, item: object) => ({ type: 'response.output_item.done', output_index, item });
const delta = (type: string, output_index: number, text: string, more: object = {}) => ({
  type: `response.${type}.delta`,
  item_id: 'x',
  output_index,
  delta: text,
  ...more,
});

const start: ModelEvent = { type: 'start', id: 'resp_1', model: 'm', createdAtMs: 1_700_000_000_000 };
const read: ModelEvent = {
  type: 'usage',
  usage: { inputTokens: 100, cachedInputTokens: 60, outputTokens: 20, reasoningTokens: 5, totalTokens: 120 },
};
const stop = (reason: 'stop' | 'tool-calls' | 'length' | 'refusal', raw = 'completed'): ModelEvent => ({
  type: 'stop',
  stop: { reason, raw },
});
const end: ModelEvent = { type: 'end' };
const own: Opaque = { origin: 'openai-responses', kind: 'encrypted', value: 'gAAAA', itemId: 'rs_1' };

const streams: Record<string, [text: string, events: ModelEvent[]]> = {
  'a thought and a text': [
    sse(
      created,
      { type: 'response.in_progress', response: response('in_progress') },
      added(0, { type: 'reasoning', id: 'rs_1', summary: [] }),
      {
        type: 'response.reasoning_summary_part.added',
        output_index: 0,
        summary_index: 0,
        part: { type: 'summary_text', text: '' },
      },
      delta('reasoning_summary_text', 0, '**Plän**', { summary_index: 0 }),
      delta('reasoning_summary_text', 0, 'next', { summary_index: 1 }),
      done(0, {
        type: 'reasoning',
        id: 'rs_1',
        summary: [
          { type: 'summary_text', text: '**Plän**' },
          { type: 'summary_text', text: 'next' },
        ],
        encrypted_content: 'gAAAA',
      }),
      added(1, { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] }),
      { type: 'response.content_part.added', output_index: 1, content_index: 0, part: { type: 'output_text', text: '' } },
      delta('output_text', 1, 'Héllo', { content_index: 0, logprobs: [] }),
      delta('output_text', 1, ' 👋', { content_index: 0, logprobs: [] }),
      { type: 'response.output_text.done', output_index: 1, text: 'Héllo 👋' },
      done(1, { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Héllo 👋' }] }),
      completed,
    ),
    [
      start,
      { type: 'ping' },
      { type: 'reasoning', text: '**Plän**', isSummary: true },
      { type: 'reasoning', text: '\n\n', isSummary: true },
      { type: 'reasoning', text: 'next', isSummary: true },
      { type: 'reasoning-end', opaque: [own] },
      { type: 'text', text: 'Héllo' },
      { type: 'text', text: ' 👋' },
      read,
      stop('stop'),
      end,
    ],
  ],
  'parallel calls, one of a namespace, one custom': [
    sse(
      created,
      added(0, { type: 'function_call', id: 'fc_1', call_id: 'c1', namespace: 'mcp__probe', name: 'echo', arguments: '' }),
      added(1, { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c2', name: 'apply_patch', input: '' }),
      delta('function_call_arguments', 0, '{"a"'),
      delta('custom_tool_call_input', 1, '*** Begin'),
      delta('function_call_arguments', 0, ':1}'),
      done(0, { type: 'function_call', id: 'fc_1', call_id: 'c1', namespace: 'mcp__probe', name: 'echo', arguments: '{"a":1}' }),
      done(1, { type: 'custom_tool_call', id: 'ctc_1', call_id: 'c2', name: 'apply_patch', input: '*** Begin' }),
      completed,
    ),
    [
      start,
      { type: 'tool-start', index: 0, id: 'c1', name: 'echo', namespace: 'mcp__probe' },
      { type: 'tool-start', index: 1, id: 'c2', name: 'apply_patch', isCustom: true },
      { type: 'tool-arguments', index: 0, text: '{"a"' },
      { type: 'tool-arguments', index: 1, text: '*** Begin' },
      { type: 'tool-arguments', index: 0, text: ':1}' },
      { type: 'tool-end', index: 0 },
      { type: 'tool-end', index: 1 },
      read,
      stop('tool-calls'),
      end,
    ],
  ],
  'items without deltas, named only by their event': [
    [
      created,
      done(0, { type: 'message', content: [{ type: 'output_text', text: 'a' }] }),
      done(1, { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' }),
      completed,
    ]
      .map(({ type, ...rest }) => `event: ${type}\ndata: ${JSON.stringify(rest)}\n\n`)
      .join(''),
    [
      start,
      { type: 'text', text: 'a' },
      { type: 'tool-start', index: 0, id: 'c', name: 'f' },
      { type: 'tool-arguments', index: 0, text: '{"a":1}' },
      { type: 'tool-end', index: 0 },
      read,
      stop('tool-calls'),
      end,
    ],
  ],
  'raw thoughts, a refusal, a picture, an unknown item, a citation': [
    sse(
      created,
      added(0, { type: 'reasoning', id: 'rs_1', summary: [] }),
      delta('reasoning_text', 0, 'raw', { content_index: 0 }),
      done(0, { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'raw' }] }),
      added(1, { type: 'message', content: [] }),
      delta('output_text', 1, 'see', { content_index: 0 }),
      { type: 'response.output_text.annotation.added', output_index: 1, annotation: { type: 'url_citation' } },
      delta('refusal', 1, 'No.', { content_index: 1 }),
      done(1, { type: 'message', content: [] }),
      done(2, { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'AAAA' }),
      done(3, { type: 'web_search_call', id: 'ws_1', status: 'completed' }),
      completed,
    ),
    [
      start,
      { type: 'reasoning', text: 'raw' },
      { type: 'reasoning-end' },
      { type: 'text', text: 'see' },
      { type: 'extra', bag: { dialect: 'openai-responses', fields: { $annotation: { type: 'url_citation' } } } },
      { type: 'refusal', text: 'No.' },
      {
        type: 'part',
        part: {
          type: 'image',
          source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' },
          bag: {
            dialect: 'openai-responses',
            fields: { $item: { type: 'image_generation_call', id: 'ig_1', status: 'completed' } },
          },
        },
      },
      {
        type: 'part',
        part: {
          type: 'unknown',
          bag: { dialect: 'openai-responses', fields: { type: 'web_search_call', id: 'ws_1', status: 'completed' } },
        },
      },
      { ...read, usage: { ...(read as { usage: Usage }).usage, webSearches: 1, otherToolCalls: 1 } } as ModelEvent,
      stop('refusal'),
      end,
    ],
  ],
  'too long': [
    sse(created, delta('output_text', 0, 'a'), {
      type: 'response.incomplete',
      response: response('incomplete', { usage: responseUsage, incomplete_details: { reason: 'max_output_tokens' } }),
    }),
    [start, { type: 'text', text: 'a' }, read, stop('length', 'max_output_tokens'), end],
  ],
};

for (const [what, [text, events]] of Object.entries(streams)) {
  t.test(`stream: ${what}`, async (t) => {
    t.strictSame(eventsOfText(openaiResponses, text), events);
    t.same(splitsThatDiffer(openaiResponses, text), [], 'any split gives the same');
    t.same(cutsThatEnd(openaiResponses, text), [], 'a cut is never an end');
    const written = textOfEvents(openaiResponses, events);
    t.strictSame(joined(eventsOfText(openaiResponses, written)), joined(events), 'written and read again');
    checkOrder(t, written);
  });
}

t.test('only a final response is enough', async (t) => {
  const output = [
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'x' }] },
    { type: 'message', content: [{ type: 'output_text', text: 'a' }] },
  ];
  t.match(eventsOfText(openaiResponses, sse({ type: 'response.completed', response: response('completed', { output }) })), [
    start,
    { type: 'reasoning', text: 'x' },
    { type: 'reasoning-end' },
    { type: 'text', text: 'a' },
    stop('stop'),
    end,
  ]);
});

/** The rules of the stream that clients rely on. */
function checkOrder(t: Test, text: string): void {
  const events = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('event:'))
    .map((frame) => {
      const [name, data] = frame.split('\n') as [string, string];
      const event = JSON.parse(data.slice(6)) as JsonObject;
      t.equal(name, `event: ${event.type}`);
      return event;
    });
  t.same(
    events.map((event) => event.sequence_number),
    events.map((_, index) => index),
    'numbers without gaps',
  );
  t.same(
    events.slice(0, 2).map((event) => event.type),
    ['response.created', 'response.in_progress'],
  );
  const items = new Map<number, JsonObject>();
  for (const event of events) {
    const index = event.output_index as number;
    if (event.type === 'response.output_item.added') {
      t.equal(index, items.size, 'items are numbered without gaps');
      items.set(index, event.item as JsonObject);
    } else if (event.item_id !== undefined) t.equal(event.item_id, items.get(index)?.id, 'events name their item');
    else if (event.type === 'response.output_item.done') t.equal(objectOf(event.item).id, items.get(index)?.id);
  }
  const last = objectOf(events.at(-1)?.response);
  t.notOk(text.includes('[DONE]'));
  t.equal(events.filter((event) => /completed|incomplete|failed$/.test(String(event.type))).length, 1, 'one terminal event');
  const outputs = events.filter((event) => event.type === 'response.output_item.done');
  t.same(
    last.output,
    outputs.toSorted((a, b) => Number(a.output_index) - Number(b.output_index)).map((event) => event.item),
    'the last event repeats all items',
  );
  const ids = [...items.values()].map((item) => item.id);
  t.equal(new Set(ids).size, ids.length, 'ids of items differ');
  for (const item of items.values()) if (item.call_id !== undefined) t.not(item.call_id, item.id);
}

const failures: Record<string, [text: string, error: object]> = {
  'a response that failed': [
    sse(created, {
      type: 'response.failed',
      response: response('failed', { error: { code: 'rate_limit_exceeded', message: 'Please try again in 2s.' } }),
    }),
    { kind: 'rate-limit', retryAfterMs: 2000 },
  ],
  'an error event': [
    sse(created, { type: 'error', code: 'server_error', message: 'boom', param: null }),
    { kind: 'server', message: 'boom' },
  ],
  'an error event with an object': [
    sse({ type: 'error', error: { code: 'context_length_exceeded', message: 'x' } }),
    { kind: 'context-length' },
  ],
  'no JSON': ['event: response.created\ndata: {\n\n', { kind: 'malformed' }],
  'no end': [sse(created, delta('output_text', 0, 'a')), { kind: 'cut' }],
};

for (const [what, [text, error]] of Object.entries(failures)) {
  t.test(`failure: ${what}`, async (t) => {
    const events = eventsOfText(openaiResponses, text);
    t.match(events.at(-1), { type: 'error', error });
    const written = textOfEvents(openaiResponses, [...events, { type: 'text', text: 'late' }, end]);
    t.notOk(written.includes('late'), 'nothing follows an error');
    t.match(eventsOfText(openaiResponses, written).at(-1), { type: 'error', error: { kind: (error as { kind: string }).kind } });
    checkOrder(t, written);
  });
}
