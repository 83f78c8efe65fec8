// Streams of Gemini: whole calls, signatures on any part, no last event but a clean end after a finishReason.
import t from 'tap';
import { gemini, geminiArrayStream } from '../src/gemini/index.ts';
import type { ModelEvent } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import { countingIds, eventsOfText, joined, requestOf, splitsThatDiffer, textOfEvents } from './fixtures/streams.ts';

const ids = { modelVersion: 'gemini-3.8-flash', responseId: 'r1' };
const stream = (...chunks: JsonObject[]) => chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('');
const content = (parts: JsonObject[], more: JsonObject = {}, top: JsonObject = {}): JsonObject => ({
  candidates: [{ content: { parts, role: 'model' }, index: 0, ...more }],
  ...ids,
  ...top,
});
const usageMetadata = { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 5, totalTokenCount: 18 };
const usage = { type: 'usage', usage: { inputTokens: 9, outputTokens: 9, reasoningTokens: 5, totalTokens: 18 } };
const start = { type: 'start', id: 'r1', model: 'gemini-3.8-flash' };
const signed = (value: string) => ({ origin: 'gemini', kind: 'signature', value });

const samples: [what: string, text: string, events: object[]][] = [
  [
    'text',
    stream(
      content([{ text: 'Grüß ' }]),
      content([{ text: '👩‍🚀' }]),
      content([{ text: '', thoughtSignature: 'END' }], { finishReason: 'STOP' }, { usageMetadata }),
    ),
    [
      start,
      { type: 'text', text: 'Grüß 👩‍🚀', opaque: signed('END') },
      { type: 'stop', stop: { reason: 'stop', raw: 'STOP' } },
      usage,
      { type: 'end' },
    ],
  ],
  [
    'thoughts and calls, counted after the end',
    stream(
      content([{ text: '**Plan**\n', thought: true }]),
      content([
        { text: 'more', thought: true },
        { functionCall: { name: 'f', args: { a: 'ü' } }, thoughtSignature: 'SIG' },
        { functionCall: { id: 'own', name: 'g' } },
      ]),
      content([{ text: '' }], { finishReason: 'STOP' }),
      { usageMetadata, ...ids },
    ),
    [
      start,
      { type: 'reasoning', text: '**Plan**\nmore', isSummary: true },
      { type: 'tool-start', index: 0, id: 'gemcall_new1', name: 'f', opaque: signed('SIG') },
      { type: 'tool-arguments', index: 0, text: '{"a":"ü"}' },
      { type: 'tool-end', index: 0 },
      { type: 'tool-start', index: 1, id: 'own', name: 'g' },
      { type: 'tool-arguments', index: 1, text: '{}' },
      { type: 'tool-end', index: 1 },
      { type: 'stop', stop: { reason: 'tool-calls', raw: 'STOP' } },
      usage,
      { type: 'end' },
    ],
  ],
  [
    'an image and a signed thought',
    stream(
      content([{ text: 'Hm', thought: true, thoughtSignature: 'T' }]),
      content([{ inlineData: { mimeType: 'image/png', data: 'aa' }, thoughtSignature: 'I' }], { finishReason: 'MAX_TOKENS' }),
    ),
    [
      start,
      { type: 'reasoning', text: 'Hm', isSummary: true },
      { type: 'reasoning-end', opaque: [signed('T')] },
      {
        type: 'part',
        part: { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'aa' }, opaque: signed('I') },
      },
      { type: 'stop', stop: { reason: 'length', raw: 'MAX_TOKENS' } },
      { type: 'end' },
    ],
  ],
  [
    'a blocked prompt',
    stream({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata, ...ids }),
    [
      start,
      { type: 'extra', bag: { dialect: 'gemini', fields: { $chunk: { promptFeedback: { blockReason: 'SAFETY' } } } } },
      { type: 'stop', stop: { reason: 'content-filter', raw: 'SAFETY' } },
      usage,
      { type: 'end' },
    ],
  ],
];

/** The last chunk is rendered with stop and counts at once, so that their order may differ. */
const sorted = (events: ModelEvent[] | object[]) => {
  const list = joined(events as ModelEvent[]);
  return [...list.filter((event) => event.type !== 'usage'), ...list.filter((event) => event.type === 'usage')];
};

for (const [what, text, events] of samples) {
  t.test(`a stream of ${what}`, async (t) => {
    t.same(joined(eventsOfText(gemini, text)), events);
    t.same(splitsThatDiffer(gemini, text), [], 'the same in every split');
    const options = { request: requestOf({ reasoning: { summary: 'auto' } }) };
    const again = textOfEvents(gemini, eventsOfText(gemini, text), options);
    t.same(sorted(eventsOfText(gemini, again)), sorted(events), 'written and read again');
  });
}

t.test('a stream is cut until a finishReason came', async (t) => {
  const endsOf = (text: string) => {
    const chunks = text.split(/(?<=\r\n\r\n)/);
    return chunks.map((_, count) => {
      const last = eventsOfText(gemini, chunks.slice(0, count).join('')).at(-1);
      return last?.type === 'error' ? last.error.kind : last?.type;
    });
  };
  t.same(endsOf(samples[0]?.[1] as string), ['cut', 'cut', 'cut']);
  t.same(endsOf(samples[1]?.[1] as string), ['cut', 'cut', 'cut', 'end'], 'what follows the finishReason may be missing');
});

const broken: [what: string, text: string, error: object][] = [
  [
    'an error chunk',
    stream(
      content([{ text: 'a' }]),
      { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } },
      content([{ text: 'b' }], { finishReason: 'STOP' }),
    ),
    { kind: 'overloaded', code: 'UNAVAILABLE' },
  ],
  ['no JSON', 'data: {"candidates"\r\n\r\n', { kind: 'malformed' }],
  ['nothing', '', { kind: 'cut' }],
];
for (const [what, text, error] of broken) {
  t.test(`a stream that holds ${what}`, async (t) => {
    const events = eventsOfText(gemini, text);
    t.match(events.at(-1), { type: 'error', error });
    t.notOk(events.some((event) => event.type === 'end' || event.type === 'stop'));
  });
}

const events: ModelEvent[] = [
  { type: 'start', id: '', model: '' },
  { type: 'reasoning', text: 'not asked for' },
  { type: 'reasoning-end', opaque: [{ origin: 'anthropic', kind: 'signature', value: 'x' }] },
  { type: 'ping' },
  { type: 'text', text: 'a' },
  { type: 'tool-start', index: 0, id: 'c0', name: 'f' },
  { type: 'tool-start', index: 1, id: 'c1', name: 'g' },
  { type: 'tool-arguments', index: 1, text: '{"b":' },
  { type: 'tool-arguments', index: 0, text: '{}' },
  { type: 'tool-arguments', index: 1, text: '2}' },
  { type: 'tool-end', index: 0 },
  { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } },
  { type: 'stop', stop: { reason: 'tool-calls', raw: 'tool_calls' } },
  { type: 'end' },
];
const chunks = [
  { candidates: [{ content: { parts: [{ text: 'a' }], role: 'model' }, index: 0 }], modelVersion: 'm', responseId: 'new1' },
  {
    candidates: [
      {
        content: {
          parts: [{ functionCall: { name: 'f', id: 'c0', args: {} }, thoughtSignature: 'skip_thought_signature_validator' }],
          role: 'model',
        },
        index: 0,
      },
    ],
    modelVersion: 'm',
    responseId: 'new1',
  },
  {
    candidates: [{ content: { parts: [{ functionCall: { name: 'g', id: 'c1', args: { b: 2 } } }], role: 'model' }, index: 0 }],
    modelVersion: 'm',
    responseId: 'new1',
  },
  {
    candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
    modelVersion: 'm',
    responseId: 'new1',
  },
];

t.test('calls are whole, each when it is ended', async (t) => {
  const text = textOfEvents(gemini, events);
  t.same(
    text
      .split('\r\n\r\n')
      .filter(Boolean)
      .map((chunk) => JSON.parse(chunk.slice(6))),
    chunks,
  );
});

t.test('without alt=sse a stream is one array', async (t) => {
  const array = (list: ModelEvent[]) => {
    let text = '';
    const renderer = geminiArrayStream(
      (piece) => {
        text += piece;
      },
      { request: requestOf(), nowMs: 0, newId: countingIds() },
    );
    for (const event of list) renderer.push(event);
    return text;
  };
  t.same(JSON.parse(array(events)), chunks);
  t.match(array(events), /^\[\{.*\}\r\n,\{/);
  const failed = array([
    ...events.slice(0, 5),
    { type: 'error', error: { kind: 'rate-limit', message: 'slow', retryAfterMs: 1500 } },
    { type: 'end' },
  ]);
  t.match(JSON.parse(failed), [
    {},
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'slow', details: [{ retryDelay: '1.5s' }] } },
  ]);
  t.throws(() => JSON.parse(array(events.slice(0, 5))), 'an array that was not ended is not closed');
});

t.test('an error is the last chunk, without a finishReason', async (t) => {
  const text = textOfEvents(gemini, [
    ...events.slice(0, 5),
    { type: 'error', error: { kind: 'cut', message: 'gone' } },
    { type: 'end' },
  ]);
  t.match(text, /\{"error":\{"code":502,"message":"gone","status":"INTERNAL"\}\}\r\n\r\n$/);
  t.notMatch(text, 'finishReason');
});
