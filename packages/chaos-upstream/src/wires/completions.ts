/** Legacy completions, as OpenAI, OpenRouter and Ollama still have them. Venice has none. */
import { arrayOf, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { pieces, Refusal, type Reply, type Wire } from '../ask.ts';
import { type ChatFlavour, data, errorOf, usageOf } from './chat.ts';

export function completionsWire(flavour: ChatFlavour): Wire {
  const head = (reply: Reply): JsonObject => ({
    id: `cmpl-${reply.id}`,
    object: 'text_completion',
    created: reply.created,
    model: reply.model,
  });
  const finish = (reply: Reply) => (reply.isCutShort ? 'length' : 'stop');
  return {
    contentType: 'text/event-stream',
    read(body) {
      if (flavour === 'venice') throw new Refusal(404, 'Not Found');
      const prompt = stringOf(body.prompt) ?? arrayOf(body.prompt).join('\n');
      if (prompt === '') throw new Refusal(400, "Missing required parameter: 'prompt'.");
      return {
        model: stringOf(body.model) ?? '',
        stream: body.stream === true,
        prompt,
        tools: [],
        images: 0,
        reasons: false,
        wantsUsage: flavour !== 'openai' || objectOf(body.stream_options).include_usage === true,
        ...(typeof body.max_tokens === 'number' && { maxTokens: body.max_tokens }),
      };
    },
    whole: (reply) => ({
      ...head(reply),
      choices: [{ index: 0, text: reply.text, finish_reason: finish(reply), logprobs: null }],
      usage: usageOf(reply, flavour),
    }),
    stream(reply, ask, usage) {
      const events = pieces(reply.text).map((text) =>
        data({ ...head(reply), choices: [{ index: 0, text, finish_reason: null, logprobs: null }] }),
      );
      events.push(data({ ...head(reply), choices: [{ index: 0, text: '', finish_reason: finish(reply), logprobs: null }] }));
      if (usage !== 'missing' && ask.wantsUsage) {
        events.push(
          data({ ...head(reply), choices: usage === 'odd' ? [{ index: 0, text: '' }] : [], usage: usageOf(reply, flavour) }),
        );
      }
      events.push('data: [DONE]\n\n');
      return events;
    },
    errorEvent: (message) => data({ error: { message, type: 'server_error', code: 502 } }),
    errorInside: (message) => ({ error: { message, type: 'server_error', code: 502 } }),
    errorBody: (status, message) => errorOf(status, message, flavour),
  };
}
