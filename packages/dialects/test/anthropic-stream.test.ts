// Streams of Anthropic: one reading whatever the split, no end that was not sent, and blocks as its SDKs demand them.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import type { ModelEvent } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import { formatSseEvent } from '../src/sse.ts';
import { cutsThatEnd, eventsOfText, joined, requestOf, splitsThatDiffer, textOfEvents } from './fixtures/streams.ts';

const stream = (...events: JsonObject[]) =>
  events.map((event) => formatSseEvent({ event: String(event.type), data: JSON.stringify(event) })).join('');
const start = (
  usage: JsonObject = { input_tokens: 25, cache_creation_input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 },
): JsonObject => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-opus-5-5',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  },
});
const block = (index: number, content_block: JsonObject): JsonObject => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, type: string, fields: JsonObject): JsonObject => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...fields },
});
const stop = (index: number): JsonObject => ({ type: 'content_block_stop', index });
const last = (stop_reason: string, usage: JsonObject = { output_tokens: 15 }): JsonObject[] => [
  { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
  { type: 'message_stop' },
];
const started = {
  type: 'start',
  id: 'msg_1',
  model: 'claude-opus-5-5',
  usage: { inputTokens: 40, cachedInputTokens: 5, cacheWriteTokens: 10, outputTokens: 1 },
};
const counted = { type: 'usage', usage: { inputTokens: 40, cachedInputTokens: 5, cacheWriteTokens: 10, outputTokens: 15 } };

const samples: [what: string, text: string, events: object[]][] = [
  [
    'text',
    stream(
      start(),
      block(0, { type: 'text', text: '' }),
      { type: 'ping' },
      delta(0, 'text_delta', { text: 'Grüß ' }),
      delta(0, 'text_delta', { text: '👩‍🚀' }),
      stop(0),
      ...last('end_turn'),
    ),
    [
      started,
      { type: 'text', text: 'Grüß 👩‍🚀' },
      counted,
      { type: 'stop', stop: { reason: 'stop', raw: 'end_turn' } },
      { type: 'end' },
    ],
  ],
  [
    'thought, text and two calls',
    stream(
      start(),
      block(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, 'thinking_delta', { thinking: 'Hm' }),
      delta(0, 'thinking_delta', { thinking: '.' }),
      delta(0, 'signature_delta', { signature: 'sig==' }),
      stop(0),
      block(1, { type: 'redacted_thinking', data: 'secret' }),
      stop(1),
      block(2, { type: 'text', text: '' }),
      delta(2, 'text_delta', { text: 'Now' }),
      stop(2),
      block(3, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }),
      delta(3, 'input_json_delta', { partial_json: '' }),
      delta(3, 'input_json_delta', { partial_json: '{"a":' }),
      delta(3, 'input_json_delta', { partial_json: '"ü"}' }),
      stop(3),
      block(4, { type: 'tool_use', id: 'toolu_2', name: 'g', input: {} }),
      stop(4),
      ...last('tool_use'),
    ),
    [
      started,
      { type: 'reasoning', text: 'Hm.' },
      { type: 'reasoning-end', opaque: [{ origin: 'anthropic', kind: 'signature', value: 'sig==' }] },
      { type: 'reasoning-end', opaque: [{ origin: 'anthropic', kind: 'redacted', value: 'secret' }] },
      { type: 'text', text: 'Now' },
      { type: 'tool-start', index: 0, id: 'toolu_1', name: 'f' },
      { type: 'tool-arguments', index: 0, text: '{"a":"ü"}' },
      { type: 'tool-end', index: 0 },
      { type: 'tool-start', index: 1, id: 'toolu_2', name: 'g' },
      { type: 'tool-arguments', index: 1, text: '{}' },
      { type: 'tool-end', index: 1 },
      counted,
      { type: 'stop', stop: { reason: 'tool-calls', raw: 'tool_use' } },
      { type: 'end' },
    ],
  ],
];

for (const [what, text, events] of samples) {
  t.test(`a stream of ${what}`, async (t) => {
    t.same(joined(eventsOfText(anthropic, text)), events);
    t.same(splitsThatDiffer(anthropic, text), [], 'the same in every split');
    const frames = text.split(/(?<=\n\n)/);
    const ends = frames.map((_, count) => eventsOfText(anthropic, frames.slice(0, count).join('')));
    t.ok(
      ends.every((cut) => cut.every((event) => event.type !== 'end')),
      'a cut is no end',
    );
    t.ok(
      ends.every((cut) => cut.at(-1)?.type === 'error'),
      'a cut is said',
    );
    t.same(cutsThatEnd(anthropic, text), [], 'a cut is a cut');
    const options = { request: requestOf({ reasoning: { budgetTokens: 1024 } }) };
    const again = textOfEvents(anthropic, eventsOfText(anthropic, text), options);
    t.same(joined(eventsOfText(anthropic, again)), events, 'written and read again');
  });
}

t.test('what only Anthropic knows passes through its own events', async (t) => {
  const citation = { type: 'char_location', cited_text: 'x', document_index: 0 };
  const text = stream(
    { ...start(), message: { ...(start().message as JsonObject), container: null } },
    block(0, { type: 'server_tool_use', id: 'srv_1', name: 'web_search', input: {} }),
    delta(0, 'input_json_delta', { partial_json: '{"query":"x"}' }),
    stop(0),
    block(1, { type: 'web_search_tool_result', tool_use_id: 'srv_1', content: [] }),
    stop(1),
    block(2, { type: 'text', text: '' }),
    delta(2, 'text_delta', { text: 'a' }),
    delta(2, 'citations_delta', { citation }),
    stop(2),
    block(3, { type: 'text', text: '' }),
    delta(3, 'text_delta', { text: 'b' }),
    stop(3),
    block(4, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {}, caller: { type: 'direct' } }),
    delta(4, 'input_json_delta', { partial_json: '{}' }),
    stop(4),
    { type: 'novelty', of: 'today' },
    {
      type: 'message_delta',
      delta: { stop_reason: 'refusal', stop_sequence: null, stop_details: { type: 'refusal' } },
      usage: { output_tokens: 9 },
      context_management: { applied_edits: [] },
    },
    { type: 'message_stop' },
  );
  const events = eventsOfText(anthropic, text);
  const again = textOfEvents(anthropic, events, {});
  const fields = (text: string) =>
    [...text.matchAll(/^data: (.*)$/gm)].map((found) => JSON.parse(found[1] as string) as JsonObject);
  t.same(fields(again).slice(1, -2), fields(text).slice(1, -2));
  t.match(fields(again)[0], { message: { container: null } });
  t.match(fields(again).at(-2), { delta: { stop_details: { type: 'refusal' } }, context_management: { applied_edits: [] } });
});

const usages: [what: string, first: JsonObject | undefined, later: JsonObject, usage: object][] = [
  [
    'counts that grow',
    { input_tokens: 5, output_tokens: 1 },
    { output_tokens: 7, input_tokens: 9 },
    { inputTokens: 9, outputTokens: 7 },
  ],
  [
    'a zero at the end',
    { input_tokens: 5, output_tokens: 1 },
    { output_tokens: 7, input_tokens: 0 },
    { inputTokens: 5, outputTokens: 7 },
  ],
  [
    'a zero at the start',
    { input_tokens: 0, output_tokens: 0 },
    { input_tokens: 8, cache_read_input_tokens: 2, output_tokens: 7 },
    { inputTokens: 10, cachedInputTokens: 2, outputTokens: 7 },
  ],
  [
    'null',
    { input_tokens: 5, cache_read_input_tokens: 3, output_tokens: 1 },
    { input_tokens: null, cache_read_input_tokens: null, output_tokens: 7 },
    { inputTokens: 8, cachedInputTokens: 3, outputTokens: 7 },
  ],
  [
    'the split of writes',
    { input_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 3 }, output_tokens: 1 },
    { output_tokens: 2 },
    { inputTokens: 6, cacheWriteTokens: 5, cacheWrite5mTokens: 2, cacheWrite1hTokens: 3, outputTokens: 2 },
  ],
];
for (const [what, first, later, usage] of usages) {
  t.test(`usage with ${what}`, async (t) => {
    const events = eventsOfText(anthropic, stream(start(first), ...last('end_turn', later)));
    t.match(events.find((event) => event.type === 'usage')?.usage, usage);
  });
}

const broken: [what: string, text: string, kind: string, code?: string][] = [
  [
    'an error event',
    stream(start(), { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, ...last('end_turn')),
    'overloaded',
    'overloaded_error',
  ],
  ['an error before anything', stream({ type: 'error', error: { type: 'api_error', message: 'x' } }), 'server'],
  ['no JSON', 'event: message_start\ndata: {"type":\n\n', 'malformed'],
  ['a delta without a block', stream(start(), delta(3, 'text_delta', { text: 'x' })), 'malformed'],
  ['nothing', '', 'cut'],
  ['a page', '<html>\n\n', 'cut'],
  ['all but the last event', stream(start(), last('end_turn')[0] as JsonObject), 'cut'],
];
for (const [what, text, kind, code] of broken) {
  t.test(`a stream that holds ${what}`, async (t) => {
    const events = eventsOfText(anthropic, text);
    const found = events.at(-1);
    t.match(found, { type: 'error', error: { kind, ...(code && { code }) } });
    t.equal(events.filter((event) => event.type === 'error' || event.type === 'end').length, 1);
  });
}

/** The events of a rendered stream as [name, data]. */
const written = (events: ModelEvent[], request = requestOf()) =>
  [...textOfEvents(anthropic, events, { request }).matchAll(/event: (.*)\ndata: (.*)\n\n/g)].map(
    (found) => JSON.parse(found[2] as string) as JsonObject,
  );

t.test('usage that comes at the end stands in the last delta', async (t) => {
  const events = written([
    { type: 'start', id: 'x', model: 'm' },
    { type: 'text', text: 'a' },
    { type: 'usage', usage: { inputTokens: 100, cachedInputTokens: 60, outputTokens: 5 } },
    { type: 'stop', stop: { reason: 'stop' } },
    { type: 'end' },
  ]);
  t.match(events[0], { message: { usage: { input_tokens: 0, output_tokens: 0 } } });
  t.same(events.at(-2), {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { input_tokens: 40, cache_creation_input_tokens: 0, cache_read_input_tokens: 60, output_tokens: 5 },
  });
});

t.test('interleaved calls become blocks one after the other', async (t) => {
  const events = written([
    { type: 'start', id: 'x', model: 'm' },
    { type: 'reasoning', text: 'not asked for' },
    { type: 'text', text: 'a' },
    { type: 'tool-start', index: 0, id: 'c0', name: 'f' },
    { type: 'tool-start', index: 1, id: 'c1', name: 'g', opaque: { origin: 'gemini', kind: 'signature', value: 's' } },
    { type: 'tool-arguments', index: 0, text: '{"a"' },
    { type: 'tool-arguments', index: 1, text: '{"b"' },
    { type: 'tool-arguments', index: 0, text: ':1}' },
    { type: 'tool-arguments', index: 1, text: ':2}' },
    { type: 'text', text: 'late' },
    { type: 'tool-end', index: 1 },
    { type: 'tool-end', index: 0 },
    { type: 'stop', stop: { reason: 'stop' } },
    { type: 'end' },
  ]);
  const shapes = events.map((event) => {
    const inner = (event.content_block ?? event.delta ?? {}) as JsonObject;
    return [event.type, event.index, inner.type, inner.partial_json ?? inner.text ?? inner.id];
  });
  t.same(shapes.slice(1, -2), [
    ['content_block_start', 0, 'text', ''],
    ['content_block_delta', 0, 'text_delta', 'a'],
    ['content_block_stop', 0, undefined, undefined],
    ['content_block_start', 1, 'tool_use', 'c0'],
    ['content_block_delta', 1, 'input_json_delta', '{"a"'],
    ['content_block_delta', 1, 'input_json_delta', ':1}'],
    ['content_block_stop', 1, undefined, undefined],
    ['content_block_start', 2, 'thinking', undefined],
    ['content_block_delta', 2, 'signature_delta', undefined],
    ['content_block_stop', 2, undefined, undefined],
    ['content_block_start', 3, 'tool_use', 'c1'],
    ['content_block_delta', 3, 'input_json_delta', '{"b"'],
    ['content_block_delta', 3, 'input_json_delta', ':2}'],
    ['content_block_stop', 3, undefined, undefined],
    ['content_block_start', 4, 'text', ''],
    ['content_block_delta', 4, 'text_delta', 'late'],
    ['content_block_stop', 4, undefined, undefined],
  ]);
  t.match(events.at(-2), { delta: { stop_reason: 'tool_use' } });
});

t.test('calls that were never ended are written to the end', async (t) => {
  const events = written([
    { type: 'tool-start', index: 0, id: 'c0', name: 'f' },
    { type: 'tool-start', index: 1, id: 'c1', name: 'g' },
    { type: 'tool-arguments', index: 1, text: '{}' },
    { type: 'end' },
  ]);
  t.same(
    events.map((event) => event.type),
    [
      'message_start',
      'content_block_start',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  );
});

t.test('an error is the last word, and nothing else is invented', async (t) => {
  const events = written([
    { type: 'start', id: 'x', model: 'm' },
    { type: 'text', text: 'a' },
    { type: 'error', error: { kind: 'overloaded', message: 'busy' } },
    { type: 'text', text: 'b' },
    { type: 'end' },
  ]);
  t.same(events.at(-1), { type: 'error', error: { type: 'overloaded_error', message: 'busy' } });
  t.equal(events.length, 4);
  t.same(
    written([
      { type: 'start', id: 'x', model: 'm' },
      { type: 'text', text: 'a' },
    ]).map((event) => event.type),
    ['message_start', 'content_block_start', 'content_block_delta'],
  );
});
