// How providers tell usage and cost, also where it is told oddly: the wire shapes that other routers were caught counting wrongly.
import type { Scene } from './provider.ts';

const data = (value: object | string) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
const named = (value: { type: string }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

const chunk = (choices: object[], more: object = {}) =>
  data({ id: 'c', object: 'chat.completion.chunk', created: 1_795_000_000, model: 'm', choices, ...more });
const words = chunk([{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: null }]);
const stop = (more: object = {}) => chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], more);

/** Where the usage of a chat stream stands. */
export const chatStreams: Readonly<Record<string, (more: object) => string[]>> = {
  'in a chunk with choices []': (more) => [words, stop(), chunk([], more), data('[DONE]')],
  'in a chunk with choices [{index: 0, delta: {}}]': (more) => [
    words,
    stop(),
    chunk([{ index: 0, delta: {} }], more),
    data('[DONE]'),
  ],
  'with the finish reason': (more) => [words, stop(more), data('[DONE]')],
  'told twice': (more) => [words, stop(more), chunk([], more), data('[DONE]')],
  'null first': (more) => [
    chunk([{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: null }], { usage: null }),
    stop({ usage: null }),
    chunk([], more),
    data('[DONE]'),
  ],
};

export const chatBody = (more: object): Scene => ({
  body: {
    id: 'c',
    object: 'chat.completion',
    created: 1_795_000_000,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
    ...more,
  },
});

export const messageBody = (model: string, usage: object): Scene => ({
  body: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: 'Hello' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  },
});

/** `first` is told by message_start, `last` by message_delta. */
export const messageEvents = (model: string, first: object, last: object): string[] => [
  named({
    type: 'message_start',
    message: { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null, usage: first },
  } as { type: string }),
  named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as { type: string }),
  named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } } as { type: string }),
  named({ type: 'content_block_stop', index: 0 } as { type: string }),
  named({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: last } as { type: string }),
  named({ type: 'message_stop' }),
];

const response = (usage: object, items: object[] = []) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_795_000_000,
  status: 'completed',
  model: 'gpt-5.6-sol',
  output: [
    ...items,
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
    },
  ],
  usage,
});
export const responseBody = (usage: object, items: object[] = []): Scene => ({ body: response(usage, items) });
export const responseEvents = (usage: object, items: object[] = []): string[] => [
  named({ type: 'response.created', response: { ...response(usage), status: 'in_progress', output: [], usage: null } } as {
    type: string;
  }),
  named({ type: 'response.completed', response: response(usage, items) } as { type: string }),
];

const geminiAnswer = (model: string, usageMetadata: object, candidate: object) => ({
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP', index: 0, ...candidate }],
  usageMetadata,
  modelVersion: model,
  responseId: 'r',
});
export const geminiBody = (model: string, usageMetadata: object, candidate: object = {}): Scene => ({
  body: geminiAnswer(model, usageMetadata, candidate),
});
/** The grounding comes before the last chunk, as Google sends it; the counts come with both. */
export const geminiEvents = (model: string, usageMetadata: object, groundingMetadata: object): string[] => [
  data(geminiAnswer(model, usageMetadata, { finishReason: undefined, groundingMetadata })),
  data(geminiAnswer(model, usageMetadata, {})),
];

export const embeddingsBody = (usage: object): Scene => ({
  body: { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [0.5, 0.25] }], usage },
});
