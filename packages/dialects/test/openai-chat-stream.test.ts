// Streams of chat completions, read and written.
import t from 'tap';
import type { ModelEvent } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Opaque } from '../src/model/opaque.ts';
import { chatStreamParser, openaiChat } from '../src/openai-chat/index.ts';
import { chatUsage as usage } from './fixtures/openai-bodies.ts';
import { cutsThatEnd, eventsOfText, joined, requestOf, splitsThatDiffer, sse, textOfEvents } from './fixtures/streams.ts';

const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1700000000, model: 'm' };
const delta = (delta: object, finish: string | null = null, more: object = {}) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const read = {
  inputTokens: 100,
  cachedInputTokens: 60,
  cacheWriteTokens: 10,
  outputTokens: 20,
  reasoningTokens: 5,
  totalTokens: 120,
};
const start: ModelEvent = { type: 'start', id: 'chatcmpl-1', model: 'm', createdAtMs: 1_700_000_000_000 };
const call = (index: number | undefined, id: string | undefined, name: string | undefined, args: unknown) => ({
  ...(index !== undefined && { index }),
  ...(id !== undefined && { id, type: 'function' }),
  function: { ...(name !== undefined && { name }), arguments: args },
});
const stop = (reason: 'stop' | 'tool-calls' | 'length', raw: string): ModelEvent => ({ type: 'stop', stop: { reason, raw } });
const tool = (index: number, id: string, name: string, args: string): ModelEvent[] => [
  { type: 'tool-start', index, id, name },
  { type: 'tool-arguments', index, text: args },
];
const toolEnd = (index: number): ModelEvent => ({ type: 'tool-end', index });
const end: ModelEvent = { type: 'end' };
const detail = (fields: object): Opaque => ({ origin: 'openai-chat', kind: 'details', value: JSON.stringify(fields) });

const streams: Record<string, [text: string, events: ModelEvent[]]> = {
  'text of OpenAI, usage in a chunk of its own': [
    sse(
      delta({ role: 'assistant', content: '', refusal: null }, null, { system_fingerprint: 'fp', obfuscation: 'x', usage: null }),
      delta({ content: 'Hé' }, null, { system_fingerprint: 'fp', obfuscation: 'yy', usage: null }),
      delta({ content: 'llo 👋' }, null, { system_fingerprint: 'fp' }),
      delta({}, 'stop', { system_fingerprint: 'fp' }),
      { ...head, system_fingerprint: 'fp', choices: [], usage },
      '[DONE]',
    ),
    [
      { ...start, bag: { dialect: 'openai-chat', fields: { system_fingerprint: 'fp' } } } as ModelEvent,
      { type: 'text', text: 'Hé' },
      { type: 'text', text: 'llo 👋' },
      { type: 'usage', usage: read },
      stop('stop', 'stop'),
      end,
    ],
  ],
  'usage beside an empty delta, and again with the finish reason': [
    sse(delta({ content: 'a' }), delta({}, null, { usage: { prompt_tokens: 1 } }), delta({}, 'length', { usage }), '[DONE]'),
    [
      start,
      { type: 'text', text: 'a' },
      { type: 'usage', usage: { inputTokens: 1 } },
      { type: 'usage', usage: read },
      stop('length', 'length'),
      end,
    ],
  ],
  'cost and cache counters of Venice': [
    sse(
      delta({ content: 'a' }, 'stop'),
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: 9,
          completion_tokens: 1,
          total_tokens: 10,
          prompt_tokens_details: { cache_creation_input_tokens: 4 },
        },
        cost: { usd: 0.5, diem: 0.25 },
      },
      '[DONE]',
    ),
    [
      start,
      { type: 'text', text: 'a' },
      {
        type: 'usage',
        usage: {
          costUsd: 0.5,
          costDiem: 0.25,
          inputTokens: 9,
          cacheWriteTokens: 4,
          outputTokens: 1,
          totalTokens: 10,
          bag: { dialect: 'openai-chat', fields: { $form: { cacheWrite: 'cache_creation_input_tokens' } } },
        },
      },
      stop('stop', 'stop'),
      end,
    ],
  ],
  'parallel calls that interleave': [
    sse(
      delta({ tool_calls: [call(0, 'c1', 'f', '')] }),
      delta({ tool_calls: [call(1, 'c2', 'g', '{"b"')] }),
      delta({ tool_calls: [call(0, undefined, undefined, '{"a":1}'), call(1, undefined, undefined, ':2}')] }),
      delta({}, 'tool_calls'),
      '[DONE]',
    ),
    [
      start,
      { type: 'tool-start', index: 0, id: 'c1', name: 'f' },
      { type: 'tool-start', index: 1, id: 'c2', name: 'g' },
      { type: 'tool-arguments', index: 1, text: '{"b"' },
      { type: 'tool-arguments', index: 0, text: '{"a":1}' },
      { type: 'tool-arguments', index: 1, text: ':2}' },
      toolEnd(0),
      toolEnd(1),
      stop('tool-calls', 'tool_calls'),
      end,
    ],
  ],
  'whole calls without index, arguments as object, finish reason stop': [
    sse(
      delta({ tool_calls: [call(undefined, 'c1', 'f', { a: 1 })] }),
      delta({ tool_calls: [call(undefined, 'c2', 'f', '{}')] }, 'stop'),
      '[DONE]',
    ),
    [
      start,
      ...tool(0, 'c1', 'f', '{"a":1}'),
      ...tool(1, 'c2', 'f', '{}'),
      toolEnd(0),
      toolEnd(1),
      stop('tool-calls', 'stop'),
      end,
    ],
  ],
  'calls that all have index 0': [
    sse(
      delta({ tool_calls: [call(0, 'c1', 'f', '{}')] }),
      delta({ tool_calls: [call(0, 'c2', 'f', '{}')] }, 'tool_calls'),
      '[DONE]',
    ),
    [
      start,
      ...tool(0, 'c1', 'f', '{}'),
      ...tool(1, 'c2', 'f', '{}'),
      toolEnd(0),
      toolEnd(1),
      stop('tool-calls', 'tool_calls'),
      end,
    ],
  ],
  'a call whose id is repeated, and one without id': [
    sse(
      delta({ tool_calls: [call(0, 'c1', 'f', '{')] }),
      delta({ tool_calls: [call(0, 'c1', 'f', '}')] }),
      delta({ tool_calls: [call(1, undefined, 'g', '{}')] }, 'tool_calls'),
      '[DONE]',
    ),
    [
      start,
      ...tool(0, 'c1', 'f', '{'),
      { type: 'tool-arguments', index: 0, text: '}' },
      ...tool(1, 'call_new1', 'g', '{}'),
      toolEnd(0),
      toolEnd(1),
      stop('tool-calls', 'tool_calls'),
      end,
    ],
  ],
  'thoughts of DeepSeek': [
    sse(
      delta({ reasoning_content: 'a', content: null }),
      delta({ reasoning_content: 'b' }),
      delta({ content: 'c' }),
      delta({}, 'stop'),
      '[DONE]',
    ),
    [
      start,
      { type: 'reasoning', text: 'a' },
      { type: 'reasoning', text: 'b' },
      { type: 'reasoning-end' },
      { type: 'text', text: 'c' },
      stop('stop', 'stop'),
      end,
    ],
  ],
  'thoughts of OpenRouter with their details': [
    sse(
      delta({ content: '', reasoning: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', format: 'x', index: 0 }] }),
      delta({ content: '', reasoning: 'b', reasoning_details: [{ type: 'reasoning.text', text: 'b', format: 'x', index: 0 }] }),
      delta({ content: '', reasoning_details: [{ type: 'reasoning.text', signature: 'sig', format: 'x', index: 0 }] }),
      delta({ content: '', reasoning_details: [{ type: 'reasoning.encrypted', data: 'abc', index: 1 }] }),
      delta({ content: 'c', annotations: [{ type: 'url_citation' }] }, 'stop'),
      '[DONE]',
    ),
    [
      start,
      { type: 'reasoning', text: 'a' },
      { type: 'reasoning', text: 'b' },
      {
        type: 'reasoning-end',
        opaque: [
          detail({ type: 'reasoning.text', text: 'ab', format: 'x', index: 0, signature: 'sig' }),
          detail({ type: 'reasoning.encrypted', data: 'abc', index: 1 }),
        ],
      },
      { type: 'text', text: 'c' },
      { type: 'extra', bag: { dialect: 'openai-chat', fields: { $delta: { annotations: [{ type: 'url_citation' }] } } } },
      stop('stop', 'stop'),
      end,
    ],
  ],
  'signatures of Gemini on calls': [
    sse(
      delta({ tool_calls: [{ ...call(0, 'c1', 'f', '{}'), extra_content: { google: { thought_signature: 'g' } } }] }),
      delta({}, 'tool_calls'),
      '[DONE]',
    ),
    [
      start,
      { type: 'tool-start', index: 0, id: 'c1', name: 'f', opaque: { origin: 'gemini', kind: 'signature', value: 'g' } },
      { type: 'tool-arguments', index: 0, text: '{}' },
      toolEnd(0),
      stop('tool-calls', 'tool_calls'),
      end,
    ],
  ],
  'comments, CRLF and log probabilities': [
    `: OPENROUTER PROCESSING\r\n\r\ndata: ${JSON.stringify({ ...head, choices: [{ index: 0, delta: { content: 'a' }, logprobs: { content: [] } }] })}\r\n\r\ndata: [DONE]\r\n\r\n`,
    [
      { type: 'ping' },
      start,
      { type: 'text', text: 'a' },
      { type: 'extra', bag: { dialect: 'openai-chat', fields: { $choice: { logprobs: { content: [] } } } } },
      end,
    ],
  ],
  'pictures and refusals': [
    sse(
      delta({ images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }),
      delta({ refusal: 'No.' }),
      delta({}, 'stop'),
      '[DONE]',
    ),
    [
      start,
      { type: 'part', part: { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } } },
      { type: 'refusal', text: 'No.' },
      { type: 'stop', stop: { reason: 'refusal', raw: 'stop' } },
      end,
    ],
  ],
  'an array of parts (Mistral)': [
    sse(
      delta(
        {
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 'a' }] },
            { type: 'text', text: 'b' },
          ],
        },
        'stop',
      ),
      '[DONE]',
    ),
    [start, { type: 'reasoning', text: 'a' }, { type: 'reasoning-end' }, { type: 'text', text: 'b' }, stop('stop', 'stop'), end],
  ],
};

for (const [what, [text, events]] of Object.entries(streams)) {
  t.test(`stream: ${what}`, async (t) => {
    t.strictSame(eventsOfText(openaiChat, text), events);
    t.same(splitsThatDiffer(openaiChat, text), [], 'any split gives the same');
    t.same(cutsThatEnd(openaiChat, text), [], 'a cut is never an end');
    const written = eventsOfText(openaiChat, textOfEvents(openaiChat, events));
    t.strictSame(settled(written), settled(events), 'written and read again');
  });
}

/** Tool ends and usage move to the end of a stream on their way through it. */
function settled(events: ModelEvent[]): ModelEvent[] {
  const late = (event: ModelEvent): boolean => event.type === 'usage';
  const all = joined(events);
  const usages = all.filter(late).slice(-1);
  const rest = all.filter((event) => !late(event));
  // A stream without a finish reason is given one.
  if (!rest.some((event) => event.type === 'stop')) rest.splice(-1, 0, stop('stop', 'stop'));
  const [, ...tail] = rest.toReversed();
  return [...tail.toReversed().map(withoutRaw), ...usages, end];
}

function withoutRaw(event: ModelEvent): ModelEvent {
  return event.type === 'stop' ? { type: 'stop', stop: { reason: event.stop.reason } } : event;
}

const failures: Record<string, [text: string, error: object]> = {
  'an error of OpenRouter in the middle': [
    sse(delta({ content: 'a' }), {
      ...delta({ content: '' }, 'error'),
      error: { code: 502, message: 'Provider disconnected', metadata: { error_type: 'provider_unavailable' } },
    }),
    { kind: 'overloaded', code: 'provider_unavailable', message: 'Provider disconnected' },
  ],
  'an error with a number': [sse({ error: { code: 429, message: 'Slow down' } }), { kind: 'rate-limit' }],
  'an error inside the choice': [
    sse({ ...head, choices: [{ index: 0, delta: {}, error: { message: 'x', code: 'content_filter' } }] }),
    { kind: 'content-policy' },
  ],
  'a finish reason error alone': [sse(delta({}, 'error')), { kind: 'server' }],
  'an event named error': [
    'event: error\ndata: {"message":"boom","type":"server_error"}\n\n',
    { kind: 'server', message: 'boom' },
  ],
  'no JSON': ['data: {"id":\n\n', { kind: 'malformed' }],
  'no end': [sse(delta({ content: 'a' }, 'stop')), { kind: 'cut' }],
  nothing: ['', { kind: 'cut' }],
};

for (const [what, [text, error]] of Object.entries(failures)) {
  t.test(`failure: ${what}`, async (t) => {
    const events = eventsOfText(openaiChat, `${text}${text === '' ? '' : what.startsWith('no end') ? '' : 'data: [DONE]\n\n'}`);
    t.match(events.at(-1), { type: 'error', error });
    t.equal(events.filter((event) => event.type === 'error' || event.type === 'end').length, 1);
    const written = textOfEvents(openaiChat, [...events, { type: 'text', text: 'late' }, end]);
    t.notOk(written.includes('[DONE]') || written.includes('late'), 'nothing follows an error');
    t.match(eventsOfText(openaiChat, written).at(-1), { type: 'error', error: { kind: (error as { kind: string }).kind } });
  });
}

t.test('a server that never says [DONE] can be believed', async (t) => {
  const events: ModelEvent[] = [];
  const parser = chatStreamParser((event) => events.push(event), { lenientEnd: true });
  parser.feed(sse(delta({ content: 'a' }, 'stop')));
  parser.end();
  t.same(events.at(-1), end);
});

t.test('what an SDK is sent', async (t) => {
  const written = textOfEvents(openaiChat, [
    start,
    { type: 'text', text: 'a' },
    { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 } },
    stop('stop', 'end_turn'),
    end,
  ]);
  const chunks = written
    .split('\n\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as JsonObject);
  t.match(chunks[0], {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1700000000,
    choices: [{ delta: { role: 'assistant' } }],
  });
  t.match(chunks.at(-2), { choices: [{ delta: {}, finish_reason: 'stop' }] });
  t.match(chunks.at(-1), { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } });
  t.ok(written.endsWith('data: [DONE]\n\n'));
  const silent = textOfEvents(openaiChat, [start, { type: 'usage', usage: { inputTokens: 3 } }, end], {
    request: requestOf({ includeUsage: false }),
  });
  t.notOk(silent.includes('usage'), 'no usage where none was asked for');
  const legacy = requestOf({ bag: { dialect: 'openai-chat', fields: { $form: { tools: 'functions' } } } });
  const functions = textOfEvents(openaiChat, [start, ...tool(0, 'c', 'f', '{}'), toolEnd(0), stop('tool-calls', 'x'), end], {
    request: legacy,
  });
  t.match(functions, /"function_call":\{"name":"f"/);
  t.match(functions, /"finish_reason":"function_call"/);
});
