// What a provider signs returns to it unchanged, through a client that speaks another dialect and knows nothing of it.
import t from 'tap';
import { anthropic } from '../src/anthropic/index.ts';
import type { Dialect } from '../src/dialect.ts';
import { gemini } from '../src/gemini/index.ts';
import type { ModelAnswer, ModelEvent } from '../src/model/answer.ts';
import type { JsonObject } from '../src/model/json.ts';
import type { Opaque } from '../src/model/opaque.ts';
import type { Part } from '../src/model/request.ts';
import { requestOf, textOfEvents } from './fixtures/streams.ts';

const of = (origin: Opaque['origin'], kind: Opaque['kind'], value: string, itemId?: string): Opaque => ({
  origin,
  kind,
  value,
  ...(itemId && { itemId }),
});
const asked = requestOf({ reasoning: { effort: 'high', summary: 'auto' } });

/** What a client keeps of an answer, as the assistant turn of its next request. */
const turnOf: Record<string, (answer: JsonObject) => JsonObject> = {
  anthropic: (answer) => ({
    model: 'm',
    max_tokens: 5,
    messages: [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: answer.content },
    ],
  }),
  gemini: (answer) => ({
    contents: [{ role: 'user', parts: [{ text: 'x' }] }, (answer.candidates as JsonObject[])[0]?.content as JsonObject],
  }),
};

const back = (client: Dialect, answer: JsonObject): Part[] =>
  (client.parseRequest(turnOf[client.name]?.(answer) as JsonObject, { model: 'm' }).messages[1]?.parts ?? []).map((part) => {
    // Forms and marks of the client's dialect are not the matter here.
    const { bag: _, ...rest } = part as Part & { bag?: unknown };
    return (
      rest.type === 'reasoning' ? { type: 'reasoning', text: rest.text, ...(rest.opaque && { opaque: rest.opaque }) } : rest
    ) as Part;
  });

const turns: [what: string, parts: Part[], clients?: Dialect[]][] = [
  [
    'a thought that Anthropic signed',
    [
      { type: 'reasoning', text: 'why', opaque: [of('anthropic', 'signature', 'EqQ+/=')] },
      { type: 'text', text: 'so' },
    ],
  ],
  [
    'a thought that Anthropic keeps',
    [
      { type: 'reasoning', text: '', opaque: [of('anthropic', 'redacted', 'data')] },
      { type: 'text', text: 'so' },
    ],
  ],
  [
    'calls that Gemini signed',
    [
      { type: 'text', text: 'I look' },
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{"a":1}', opaque: of('gemini', 'signature', 'S1') },
      { type: 'tool-call', id: 'c2', name: 'g', arguments: '{}' },
      { type: 'tool-call', id: 'c3', name: 'g', arguments: '{}', opaque: of('gemini', 'signature', 'S3') },
    ],
  ],
  [
    'text that Gemini signed',
    [
      { type: 'text', text: 'so', opaque: of('gemini', 'signature', 'T') },
      { type: 'text', text: '', opaque: of('gemini', 'signature', 'E') },
    ],
  ],
  [
    'encrypted thought',
    [
      { type: 'reasoning', text: 'summary', opaque: [of('openai-responses', 'encrypted', 'gAAA', 'rs_1')] },
      { type: 'reasoning', text: '', opaque: [of('openai-responses', 'encrypted', 'gBBB', 'rs_2')] },
      { type: 'text', text: 'so' },
    ],
    [anthropic],
  ],
  [
    'details with several tokens',
    [
      {
        type: 'reasoning',
        text: 'words',
        opaque: [
          of('openai-chat', 'details', '[{"type":"reasoning.text"}]'),
          of('openai-chat', 'encrypted', 'x', 'd1'),
          of('openai-chat', 'encrypted', 'y'),
        ],
      },
      { type: 'tool-call', id: 'c1', name: 'f', arguments: '{}' },
    ],
  ],
];
const sentinel = of('gemini', 'signature', 'skip_thought_signature_validator');

for (const [what, parts, clients = [anthropic, gemini]] of turns) {
  for (const client of clients) {
    t.test(`${what}, through a client of ${client.name}`, async (t) => {
      const answer: ModelAnswer = { id: 'x', model: 'm', parts, stop: { reason: 'stop' } };
      const rendered = client.renderAnswer(answer, { request: asked, nowMs: 0 });
      // A client of Gemini is given a stand-in where the first call has no signature.
      const expected = parts.map((part, index) => {
        const isFirst = part.type === 'tool-call' && parts.findIndex((one) => one.type === 'tool-call') === index;
        return client === gemini && isFirst && part.opaque === undefined ? { ...part, opaque: sentinel } : part;
      });
      t.same(back(client, JSON.parse(JSON.stringify(rendered))), expected);
    });
  }
}

t.test('a signed call of Gemini, streamed to a client of Anthropic and sent back to Gemini', async (t) => {
  const stream = [
    {
      candidates: [
        {
          content: { parts: [{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG==' }], role: 'model' },
          index: 0,
          finishReason: 'STOP',
        },
      ],
      responseId: 'r',
      modelVersion: 'm',
    },
  ];
  const events: ModelEvent[] = [];
  const parser = gemini.streamParser((event) => events.push(event));
  for (const chunk of stream) parser.feed(`data: ${JSON.stringify(chunk)}\r\n\r\n`);
  parser.end();
  const text = textOfEvents(anthropic, events);
  const content: JsonObject[] = [];
  for (const found of text.matchAll(/^data: (.*)$/gm)) {
    const event = JSON.parse(found[1] as string);
    if (event.type === 'content_block_start') content.push({ ...event.content_block });
    const block = content.at(-1) as JsonObject;
    if (event.delta?.type === 'signature_delta') block.signature = event.delta.signature;
    if (event.delta?.type === 'input_json_delta') block.input = JSON.parse(event.delta.partial_json);
  }
  const id = String(content[1]?.id);
  const request = anthropic.parseRequest({
    model: 'm',
    max_tokens: 5,
    messages: [
      { role: 'user', content: 'x' },
      { role: 'assistant', content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'r' }] },
    ],
  });
  t.same((gemini.renderRequest(request).body.contents as JsonObject[]).slice(1), [
    { role: 'model', parts: [{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG==' }] },
    { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'r' } } }] },
  ]);
});

t.test('a thought of Anthropic, streamed in pieces to a client of Gemini and sent back to Anthropic', async (t) => {
  const opaque = of('anthropic', 'signature', 'EqQ=');
  const text = textOfEvents(
    gemini,
    [
      { type: 'start', id: 'x', model: 'm' },
      { type: 'reasoning', text: 'one ' },
      { type: 'reasoning', text: 'two' },
      { type: 'reasoning-end', opaque: [opaque] },
      { type: 'tool-start', index: 0, id: 'toolu_1', name: 'f' },
      { type: 'tool-arguments', index: 0, text: '{}' },
      { type: 'tool-end', index: 0 },
      { type: 'stop', stop: { reason: 'tool-calls' } },
      { type: 'end' },
    ],
    { request: asked },
  );
  const parts = [...text.matchAll(/^data: (.*)\r$/gm)].flatMap(
    (found) => JSON.parse(found[1] as string).candidates[0].content.parts as JsonObject[],
  );
  const request = gemini.parseRequest(
    {
      contents: [
        { role: 'user', parts: [{ text: 'x' }] },
        { role: 'model', parts: parts.slice(0, -1) },
        { role: 'user', parts: [{ functionResponse: { name: 'f', id: 'toolu_1', response: { output: 'r' } } }] },
      ],
    },
    { model: 'm' },
  );
  t.same((anthropic.renderRequest(request).body.messages as JsonObject[]).slice(1), [
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'one two', signature: 'EqQ=' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'r' }] },
  ]);
});

t.test('a signed text does not end in a block of thought', async (t) => {
  const opaque = of('gemini', 'signature', 'E');
  const parts: Part[] = [
    { type: 'text', text: 'so' },
    { type: 'text', text: '', opaque },
  ];
  const answer: ModelAnswer = { id: 'x', model: 'm', parts, stop: { reason: 'stop' } };
  const rendered = anthropic.renderAnswer(answer, { request: asked, nowMs: 0 });
  t.match(rendered.content, [{ type: 'thinking' }, { type: 'text', text: 'so' }]);
  t.same(back(anthropic, rendered), [{ type: 'text', text: 'so', opaque }]);
  const events: ModelEvent[] = [{ type: 'text', text: 'so' }, { type: 'text', text: '', opaque }, { type: 'end' }];
  t.notMatch(textOfEvents(anthropic, events), 'thinking');
});
