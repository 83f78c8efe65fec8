/**
 * Requests of the legacy completions: one prompt is one user message. Neither Venice nor most of today's models have this
 * endpoint, so a client of it is mostly answered through chat. `echo`, `suffix`, `best_of`, `logprobs` and `logit_bias` stay in
 * the bag: other dialects report them as losses.
 */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { Fields } from '../fields.ts';
import { formOf, lossesOfForeignBag, wireFieldsOf } from '../model/bag.ts';
import { DialectError } from '../model/error.ts';
import { type JsonObject, numberOf, objectOf, stringOf } from '../model/json.ts';
import type { Message, ModelRequest } from '../model/request.ts';
import { userIdFor } from '../model/user-id.ts';

export const dialect = 'openai-completions';

const counts = [
  ['max_tokens', 'maxOutputTokens'],
  ['temperature', 'temperature'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['seed', 'seed'],
  ['presence_penalty', 'presencePenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['n', 'candidates'],
] as const;

/** Throws DialectError for a prompt of tokens, or of several texts: those are several requests. */
export function parseRequest(body: JsonObject): ModelRequest {
  const fields = new Fields(body);
  const model = fields.take('model', stringOf);
  if (model === undefined || model === '') throw new DialectError('model', 'name a model');
  const form: JsonObject = Array.isArray(body.prompt) ? { prompt: 'array' } : {};
  const prompt = promptOf(body.prompt);
  delete fields.rest.prompt;
  const request: ModelRequest = {
    model,
    stream: body.stream === true,
    messages: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }],
    tools: [],
    sampling: {},
    includeUsage: objectOf(body.stream_options).include_usage === true,
  };
  if (request.stream) delete fields.rest.stream;
  if (request.includeUsage) {
    const { include_usage: _, ...rest } = objectOf(body.stream_options);
    delete fields.rest.stream_options;
    fields.leave('stream_options', rest);
  }
  for (const [name, word] of counts) {
    const value = fields.take(name, numberOf);
    if (value !== undefined) request.sampling[word] = value;
  }
  if (typeof body.stop === 'string') form.stop = 'string';
  const stop = fields.take('stop', (value) => {
    if (typeof value === 'string') return [value];
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? (value as string[]) : undefined;
  });
  if (stop !== undefined) request.sampling.stop = stop;
  const user = fields.take('user', stringOf);
  if (user !== undefined) request.userId = user;
  fields.leave('$form', form);
  request.bag = { dialect, fields: fields.rest };
  return request;
}

function promptOf(prompt: JsonObject[string]): string {
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(prompt) || prompt.length === 0) throw new DialectError('prompt', 'must be a string');
  if (typeof prompt[0] !== 'string') {
    throw new DialectError('prompt', 'lists of tokens belong to one tokenizer and cannot be routed: send the text itself');
  }
  if (prompt.length > 1) throw new DialectError('prompt', 'several prompts are several requests: send them one by one');
  return prompt[0];
}

/** Never throws: what a bare prompt cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const losses: Loss[] = lossesOfForeignBag(request, dialect);
  const form = formOf(request.bag, dialect);
  const extra = wireFieldsOf(request.bag, dialect);
  const prompt = renderPrompt(request.messages, losses);
  const body: JsonObject = { ...extra, model: request.model, prompt: form.prompt === 'array' ? [prompt] : prompt };
  if (request.stream) body.stream = true;
  if (request.stream && request.includeUsage !== false)
    body.stream_options = { ...objectOf(extra.stream_options), include_usage: true };
  for (const [name, word] of counts) if (request.sampling[word] !== undefined) body[name] = request.sampling[word];
  const { stop } = request.sampling;
  if (stop !== undefined) body.stop = form.stop === 'string' && stop.length === 1 ? (stop[0] as string) : stop;
  const userId = userIdFor(request, dialect);
  if (userId !== undefined) body.user = userId;
  const why = 'legacy completions takes only text';
  if (request.tools.length > 0) losses.push({ field: 'tools', how: 'dropped', why });
  if (request.output !== undefined && request.output.type !== 'text') losses.push({ field: 'output', how: 'dropped', why });
  if (request.reasoning !== undefined) losses.push({ field: 'reasoning', how: 'dropped', why });
  return { body, losses };
}

/** One user message is the prompt itself; a conversation becomes a transcript that the model is to continue. */
function renderPrompt(messages: readonly Message[], losses: Loss[]): string {
  const texts = messages.map((message, index) => textOf(message, `messages[${index}]`, losses));
  if (messages.length === 1 && messages[0]?.role === 'user') return texts[0] as string;
  losses.push({
    field: 'messages',
    how: 'approximated',
    why: 'legacy completions has one prompt: the messages are a transcript in it',
  });
  const names = { system: 'System', developer: 'System', user: 'User', assistant: 'Assistant' };
  const lines = messages.map((message, index) => `${names[message.role]}: ${texts[index]}`);
  return `${lines.join('\n\n')}\n\nAssistant:`;
}

function textOf(message: Message, path: string, losses: Loss[]): string {
  return message.parts
    .map((part, index) => {
      if (part.type === 'text' || part.type === 'refusal') return part.text;
      losses.push({
        field: `${path}.parts[${index}]`,
        how: 'dropped',
        why: `legacy completions takes only text, not ${part.type}`,
      });
      return '';
    })
    .join('');
}
