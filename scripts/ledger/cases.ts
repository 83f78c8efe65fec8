// The requests of test:ledger, with the scene the provider plays and what it costs, worked out by hand. Prices, USD per million tokens
// (providers' price pages of 2026-11): claude-sonnet-5 2 / 10, cached 0.20, written 2.50 (5 min) and 4 (1 h), web search 10 per 1,000;
// gpt-5.6-sol 4 / 20, cached 0.40, above 272 k 8 / 30; gemini-3.1-pro-preview 2 / 12, above 200 k 4 / 18; gemini-3.8-flash 0.75 / 3.75,
// cached 0.075; text-embedding-3-small 0.02.
import type { Scene } from './provider.ts';
import {
  chatBody,
  chatStreams,
  embeddingsBody,
  geminiBody,
  geminiEvents,
  messageBody,
  messageEvents,
  responseBody,
  responseEvents,
} from './shapes.ts';

export interface Case {
  what: string;
  path: string;
  /** `provider/model` */
  model: string;
  /** False: the path does. */
  namesModel?: boolean;
  body: object;
  /** One for each try. */
  scenes: readonly Scene[];
  /** What the provider bills; null: it does not tell, and nobody can know. */
  usd: number | null;
  source: string;
  /** The client goes away within the stream. */
  leaves?: boolean;
}

const messages = [{ role: 'user', content: 'hi' }];
const chat = { path: '/v1/chat/completions', body: { messages } };
const chatStream = { path: '/v1/chat/completions', body: { messages, stream: true } };
const message = { path: '/v1/messages', body: { messages, max_tokens: 100 } };
const messageStream = { path: '/v1/messages', body: { messages, max_tokens: 100, stream: true } };
const responses = { path: '/v1/responses', body: { input: 'hi' } };
const responsesStream = { path: '/v1/responses', body: { input: 'hi', stream: true } };
const million = 1e6;

const usage = { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200, prompt_tokens_details: { cached_tokens: 600 } };
const byPrice = (400 * 2 + 600 * 0.5 + 200 * 8) / million;
const sonnet = 'anthropic/claude-sonnet-5';

export const cases: readonly Case[] = [
  // The table of prices is needed for the very first request.
  {
    what: 'first request of the process',
    ...message,
    model: sonnet,
    scenes: [messageBody('claude-sonnet-5', { input_tokens: 1000, output_tokens: 100 })],
    usd: (1000 * 2 + 100 * 10) / million,
    source: 'price-table',
  },

  // Streamed usage wherever it stands.
  ...Object.entries(chatStreams).flatMap(([where, events], index): Case[] => [
    {
      what: `stream, usage ${where}`,
      ...chatStream,
      model: `lab/priced${index}`,
      scenes: [{ events: events({ usage }) }],
      usd: byPrice,
      source: 'override',
    },
    {
      what: `the same, byte by byte, client speaks Anthropic`,
      ...messageStream,
      model: `lab/priced-bytes${index}`,
      scenes: [{ events: events({ usage }), pieceBytes: 7 }],
      usd: byPrice,
      source: 'override',
    },
    {
      what: `the same, client asked for usage`,
      path: chatStream.path,
      body: { messages, stream: true, stream_options: { include_usage: true } },
      model: `lab/priced-asked${index}`,
      scenes: [{ events: events({ usage }) }],
      usd: byPrice,
      source: 'override',
    },
    {
      what: `OpenRouter's cost, ${where}`,
      ...chatStream,
      model: `openrouter/stream${index}`,
      scenes: [{ events: events({ usage: { ...usage, cost: 0.0123 } }) }],
      usd: 0.0123,
      source: 'provider',
    },
    {
      what: `Venice's cost, ${where}`,
      ...chatStream,
      model: `venice/stream${index}`,
      scenes: [{ events: events({ usage, cost: { usd: 0.00042, diem: 0 } }) }],
      usd: 0.00042,
      source: 'provider',
    },
  ]),

  // The provider's own figure wins over every table.
  {
    what: "OpenRouter's cost before the table's",
    ...chat,
    model: 'openrouter/anthropic/claude-sonnet-5',
    scenes: [chatBody({ usage: { ...usage, cost: 0.5 } })],
    usd: 0.5,
    source: 'provider',
  },
  {
    what: "OpenRouter's cost for a Messages client",
    ...message,
    model: 'openrouter/skin',
    scenes: [messageBody('m', { input_tokens: 10, output_tokens: 5, cost: 0.25 })],
    usd: 0.25,
    source: 'provider',
  },
  {
    what: "OpenRouter's cost for a Responses client",
    ...responses,
    model: 'openrouter/resp',
    scenes: [responseBody({ input_tokens: 10, output_tokens: 5, total_tokens: 15, cost: 0.125 })],
    usd: 0.125,
    source: 'provider',
  },
  {
    what: "OpenRouter with the owner's own key: its fee and the other provider's bill",
    ...chat,
    model: 'openrouter/byok',
    scenes: [chatBody({ usage: { ...usage, cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } } })],
    usd: 0.21,
    source: 'provider',
  },
  {
    what: 'the same, when nobody tells that bill',
    ...responses,
    model: 'openrouter/byok-silent',
    scenes: [responseBody({ input_tokens: 10, output_tokens: 5, total_tokens: 15, cost: 0.01, is_byok: true })],
    usd: null,
    source: 'unknown',
  },
  {
    what: 'a cost of zero is zero, not unknown',
    ...chat,
    model: 'openrouter/free',
    scenes: [chatBody({ usage: { ...usage, cost: 0 } })],
    usd: 0,
    source: 'provider',
  },
  {
    what: 'Venice paid in DIEM',
    ...chat,
    model: 'venice/diem',
    scenes: [chatBody({ usage, cost: { usd: 0, diem: 0.0031 } })],
    usd: 0.0031,
    source: 'provider',
  },
  {
    what: 'Venice paid in both',
    ...chat,
    model: 'venice/both',
    scenes: [chatBody({ usage, cost: { usd: 0.001, diem: 0.002 } })],
    usd: 0.003,
    source: 'provider',
  },

  // Each cached token once: part of the prompt at OpenAI, beside it at Anthropic.
  {
    what: 'cached tokens, OpenAI (within the prompt)',
    ...chat,
    model: 'openai/gpt-5.6-sol',
    scenes: [chatBody({ model: 'gpt-5.6-sol', usage })],
    usd: (400 * 4 + 600 * 0.4 + 200 * 20) / million,
    source: 'price-table',
  },
  {
    what: 'cached tokens, Anthropic (beside input_tokens)',
    ...message,
    model: sonnet,
    scenes: [
      messageBody('claude-sonnet-5', {
        input_tokens: 400,
        cache_read_input_tokens: 600,
        cache_creation_input_tokens: 0,
        output_tokens: 200,
      }),
    ],
    usd: (400 * 2 + 600 * 0.2 + 200 * 10) / million,
    source: 'price-table',
  },
  {
    what: 'cached tokens, Gemini; thoughts beside the candidates',
    path: '/v1beta/models/gemini/gemini-3.8-flash:generateContent',
    namesModel: false,
    model: 'gemini/gemini-3.8-flash',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody('gemini-3.8-flash', {
        promptTokenCount: 1000,
        cachedContentTokenCount: 600,
        candidatesTokenCount: 50,
        thoughtsTokenCount: 150,
        totalTokenCount: 1200,
      }),
    ],
    usd: (400 * 0.75 + 600 * 0.075 + 200 * 3.75) / million,
    source: 'price-table',
  },
  {
    what: "tokens that Gemini's tools brought in",
    path: '/v1beta/models/gemini/gemini-3.8-flash:generateContent',
    namesModel: false,
    model: 'gemini/gemini-3.8-flash',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody('gemini-3.8-flash', {
        promptTokenCount: 1000,
        toolUsePromptTokenCount: 500,
        candidatesTokenCount: 100,
        totalTokenCount: 1600,
      }),
    ],
    usd: (1500 * 0.75 + 100 * 3.75) / million,
    source: 'price-table',
  },

  // Cache writes by how long they are kept.
  {
    what: 'cache written for 5 minutes',
    ...message,
    model: sonnet,
    scenes: [
      messageBody('claude-sonnet-5', {
        input_tokens: 100,
        cache_creation_input_tokens: 2000,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 0 },
        output_tokens: 10,
      }),
    ],
    usd: (100 * 2 + 2000 * 2.5 + 10 * 10) / million,
    source: 'price-table',
  },
  {
    what: 'cache written for an hour',
    ...message,
    model: sonnet,
    scenes: [
      messageBody('claude-sonnet-5', {
        input_tokens: 100,
        cache_creation_input_tokens: 2000,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 2000 },
        output_tokens: 10,
      }),
    ],
    usd: (100 * 2 + 2000 * 4 + 10 * 10) / million,
    source: 'price-table',
  },
  {
    what: 'both and a read, streamed, split told at the start only',
    ...messageStream,
    model: sonnet,
    scenes: [
      {
        events: messageEvents(
          'claude-sonnet-5',
          {
            input_tokens: 100,
            cache_read_input_tokens: 5000,
            cache_creation_input_tokens: 3000,
            cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 1000 },
            output_tokens: 1,
          },
          { output_tokens: 70 },
        ),
      },
    ],
    usd: (100 * 2 + 5000 * 0.2 + 2000 * 2.5 + 1000 * 4 + 70 * 10) / million,
    source: 'price-table',
  },
  {
    what: 'the same to a Chat client',
    ...chatStream,
    model: sonnet,
    scenes: [
      {
        events: messageEvents(
          'claude-sonnet-5',
          {
            input_tokens: 100,
            cache_read_input_tokens: 5000,
            cache_creation_input_tokens: 3000,
            cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 1000 },
            output_tokens: 1,
          },
          { output_tokens: 70 },
        ),
      },
    ],
    usd: (100 * 2 + 5000 * 0.2 + 2000 * 2.5 + 1000 * 4 + 70 * 10) / million,
    source: 'price-table',
  },
  {
    what: 'message_delta tells zeros for what message_start told',
    ...messageStream,
    model: sonnet,
    scenes: [
      {
        events: messageEvents(
          'claude-sonnet-5',
          { input_tokens: 700, cache_read_input_tokens: 300, output_tokens: 1 },
          { input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 40 },
        ),
      },
    ],
    usd: (700 * 2 + 300 * 0.2 + 40 * 10) / million,
    source: 'price-table',
  },

  // Long prompts have another price, for all of their tokens.
  {
    what: 'long context: 200,001 tokens, Gemini 3.1 Pro',
    path: '/v1beta/models/gemini/gemini-3.1-pro-preview:generateContent',
    namesModel: false,
    model: 'gemini/gemini-3.1-pro-preview',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody('gemini-3.1-pro-preview', { promptTokenCount: 200_001, candidatesTokenCount: 1000, totalTokenCount: 201_001 }),
    ],
    usd: (200_001 * 4 + 1000 * 18) / million,
    source: 'price-table',
  },
  {
    what: 'and 200,000 tokens',
    path: '/v1beta/models/gemini/gemini-3.1-pro-preview:generateContent',
    namesModel: false,
    model: 'gemini/gemini-3.1-pro-preview',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody('gemini-3.1-pro-preview', { promptTokenCount: 200_000, candidatesTokenCount: 1000, totalTokenCount: 201_000 }),
    ],
    usd: (200_000 * 2 + 1000 * 12) / million,
    source: 'price-table',
  },
  {
    what: 'long context: 300,000 tokens, gpt-5.6-sol',
    ...responses,
    model: 'openai/gpt-5.6-sol',
    scenes: [responseBody({ input_tokens: 300_000, output_tokens: 1000, total_tokens: 301_000 })],
    usd: (300_000 * 8 + 1000 * 30) / million,
    source: 'price-table',
  },

  // A stream that ends early.
  {
    what: 'client leaves, usage told by message_start',
    ...messageStream,
    model: sonnet,
    leaves: true,
    scenes: [
      { events: messageEvents('claude-sonnet-5', { input_tokens: 3000, output_tokens: 1 }, {}).slice(0, 3), ending: 'hang' },
    ],
    usd: (3000 * 2 + 10) / million,
    source: 'price-table',
  },
  {
    what: 'client leaves, nothing told',
    ...chatStream,
    model: 'openai/gpt-5.6-sol',
    leaves: true,
    scenes: [{ events: (chatStreams['with the finish reason']?.({}) ?? []).slice(0, 1), ending: 'hang' }],
    usd: null,
    source: 'unknown',
  },
  {
    what: 'provider cuts, usage told by message_start',
    ...messageStream,
    model: sonnet,
    scenes: [
      { events: messageEvents('claude-sonnet-5', { input_tokens: 3000, output_tokens: 1 }, {}).slice(0, 3), ending: 'cut' },
    ],
    usd: (3000 * 2 + 10) / million,
    source: 'price-table',
  },
  {
    what: 'provider cuts, nothing told',
    ...chatStream,
    model: 'lab/priced-cut',
    scenes: [{ events: (chatStreams['with the finish reason']?.({}) ?? []).slice(0, 1), ending: 'cut' }],
    usd: null,
    source: 'unknown',
  },

  // Tools of the provider are paid by the call.
  {
    what: 'two web searches of Anthropic',
    ...message,
    model: sonnet,
    scenes: [
      messageBody('claude-sonnet-5', {
        input_tokens: 1000,
        output_tokens: 100,
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 3 },
      }),
    ],
    usd: (1000 * 2 + 100 * 10) / million + 2 * 0.01,
    source: 'price-table',
  },
  {
    what: 'the same, streamed',
    ...messageStream,
    model: sonnet,
    scenes: [
      {
        events: messageEvents(
          'claude-sonnet-5',
          { input_tokens: 1000, output_tokens: 1, server_tool_use: { web_search_requests: 0 } },
          { output_tokens: 100, server_tool_use: { web_search_requests: 2 } },
        ),
      },
    ],
    usd: (1000 * 2 + 100 * 10) / million + 2 * 0.01,
    source: 'price-table',
  },
  {
    what: 'a tool of Anthropic without a price',
    ...message,
    model: sonnet,
    scenes: [
      messageBody('claude-sonnet-5', { input_tokens: 1000, output_tokens: 100, server_tool_use: { code_execution_requests: 1 } }),
    ],
    usd: null,
    source: 'unknown',
  },
  {
    what: 'a web search of OpenAI, and a page it opened',
    ...responsesStream,
    model: 'openai/gpt-5.6-sol',
    scenes: [
      {
        events: responseEvents({ input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }, [
          { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
          { type: 'web_search_call', id: 'ws_2', status: 'completed', action: { type: 'open_page', url: 'https://example.org' } },
        ]),
      },
    ],
    usd: (1000 * 4 + 100 * 20) / million + 0.01,
    source: 'price-table',
  },
  {
    what: 'a container of OpenAI',
    ...responses,
    model: 'openai/gpt-5.6-sol',
    scenes: [
      responseBody({ input_tokens: 1000, output_tokens: 100, total_tokens: 1100 }, [
        { type: 'code_interpreter_call', id: 'ci_1', status: 'completed', code: '1', container_id: 'c', outputs: [] },
      ]),
    ],
    usd: null,
    source: 'unknown',
  },

  // Every endpoint.
  {
    what: 'Responses, whole',
    ...responses,
    model: 'openai/gpt-5.6-sol',
    scenes: [
      responseBody({ input_tokens: 1000, input_tokens_details: { cached_tokens: 600 }, output_tokens: 200, total_tokens: 1200 }),
    ],
    usd: (400 * 4 + 600 * 0.4 + 200 * 20) / million,
    source: 'price-table',
  },
  {
    what: 'Responses, streamed',
    ...responsesStream,
    model: 'openai/gpt-5.6-sol',
    scenes: [
      {
        events: responseEvents({
          input_tokens: 1000,
          input_tokens_details: { cached_tokens: 600 },
          output_tokens: 200,
          total_tokens: 1200,
        }),
      },
    ],
    usd: (400 * 4 + 600 * 0.4 + 200 * 20) / million,
    source: 'price-table',
  },
  {
    what: 'Messages client before a Chat provider',
    ...message,
    model: 'lab/priced-m',
    scenes: [chatBody({ usage })],
    usd: byPrice,
    source: 'override',
  },
  {
    what: 'legacy completions',
    path: '/v1/completions',
    body: { prompt: 'hi' },
    model: 'lab/priced-c',
    scenes: [
      {
        body: {
          id: 'c',
          object: 'text_completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, text: 'Hello', finish_reason: 'stop' }],
          usage,
        },
      },
    ],
    usd: byPrice,
    source: 'override',
  },
  {
    what: 'embeddings, by the table',
    path: '/v1/embeddings',
    body: { input: 'hi' },
    model: 'openai/text-embedding-3-small',
    scenes: [embeddingsBody({ prompt_tokens: 5000, total_tokens: 5000 })],
    usd: (5000 * 0.02) / million,
    source: 'price-table',
  },
  {
    what: "embeddings, OpenRouter's cost",
    path: '/v1/embeddings',
    body: { input: 'hi' },
    model: 'openrouter/embed',
    scenes: [embeddingsBody({ prompt_tokens: 5000, total_tokens: 5000, cost: 0.0001 })],
    usd: 0.0001,
    source: 'provider',
  },

  // What is refused is free; what nobody knows is not zero.
  {
    what: 'refused with 429',
    ...chat,
    model: 'lab/priced-429',
    scenes: [{ status: 429, body: { error: { message: 'slow down', type: 'rate_limit_error', code: null, param: null } } }],
    usd: 0,
    source: 'refused',
  },
  {
    what: 'refused with 400',
    ...message,
    model: 'anthropic/claude-haiku-4-5',
    scenes: [{ status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message: 'no' } } }],
    usd: 0,
    source: 'refused',
  },
  {
    what: 'a model without any price',
    ...chat,
    model: 'lab/nobody-knows',
    scenes: [chatBody({ usage })],
    usd: null,
    source: 'unknown',
  },
  { what: 'an answer without usage', ...chat, model: 'lab/priced-silent', scenes: [chatBody({})], usd: null, source: 'unknown' },
  ...(['generateContent', 'streamGenerateContent?alt=sse'] as const).map((verb): Case => {
    const counts = { promptTokenCount: 1000, candidatesTokenCount: 200, totalTokenCount: 1200 };
    const groundingMetadata = { webSearchQueries: ['a', 'b', 'c'] };
    return {
      what: `searches of Gemini, by the query (${verb})`,
      path: `/v1beta/models/gemini/gemini-searching:${verb}`,
      namesModel: false,
      model: 'gemini/gemini-searching',
      body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      scenes: [
        verb === 'generateContent'
          ? geminiBody('gemini-searching', counts, { groundingMetadata })
          : { events: geminiEvents('gemini-searching', counts, groundingMetadata) },
      ],
      usd: (1000 * 1 + 200 * 2) / million + 3 * 0.014,
      source: 'override',
    };
  }),
  {
    what: 'searches of Gemini before its third generation, once for an answer',
    path: '/v1beta/models/gemini/gemini-2.5-searching:generateContent',
    namesModel: false,
    model: 'gemini/gemini-2.5-searching',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody(
        'gemini-2.5-searching',
        { promptTokenCount: 1000, candidatesTokenCount: 200, totalTokenCount: 1200 },
        { groundingMetadata: { webSearchQueries: ['a', 'b', 'c'] } },
      ),
    ],
    usd: (1000 * 1 + 200 * 2) / million + 0.014,
    source: 'override',
  },
  {
    what: 'searches of Gemini whose price nobody told',
    path: '/v1beta/models/gemini/gemini-3.8-flash:generateContent',
    namesModel: false,
    model: 'gemini/gemini-3.8-flash',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [
      geminiBody(
        'gemini-3.8-flash',
        { promptTokenCount: 1000, candidatesTokenCount: 200, totalTokenCount: 1200 },
        { groundingMetadata: { webSearchQueries: ['a'] } },
      ),
    ],
    usd: null,
    source: 'unknown',
  },
  {
    what: 'an old name that is served by a newer model',
    path: '/v1beta/models/gemini/gemini-2.5-pro:generateContent',
    namesModel: false,
    model: 'gemini/gemini-2.5-pro',
    body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    scenes: [geminiBody('gemini-3.8-flash', { promptTokenCount: 1000, candidatesTokenCount: 200, totalTokenCount: 1200 })],
    usd: (1000 * 0.75 + 200 * 3.75) / million,
    source: 'price-table',
  },
];
