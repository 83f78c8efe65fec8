/** The Responses API of OpenAI, stateless: items in, items out, typed events, no `[DONE]`. */
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { type Ask, type AskedTool, pieces, Refusal, type Reply, type Wire } from '../ask.ts';
import { isSignatureOf, sign } from '../signature.ts';
import { halves } from './chat.ts';

export const responses: Wire = {
  contentType: 'text/event-stream',
  read,
  whole: (reply, ask) => responseOf(reply, 'completed', itemsOf(reply, ask), reply),
  stream: (reply, ask, usage) => streamOf(reply, ask, usage !== 'missing'),
  errorEvent: (message) => event({ type: 'error', code: 'server_error', message, param: null, sequence_number: 99 }),
  errorInside: (message) => ({
    id: 'resp_x',
    object: 'response',
    status: 'failed',
    error: { code: 'server_error', message },
    output: [],
  }),
  errorBody: (status, message) => ({
    error: { message, type: status === 429 ? 'rate_limit_error' : 'invalid_request_error', param: null, code: null },
  }),
};

const event = (value: JsonObject): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

function read(body: JsonObject): Ask {
  const items = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : arrayOf(body.input).filter(isObject);
  if (items.length === 0) throw new Refusal(400, "Missing required parameter: 'input'.");
  for (const item of items) verify(item);
  const isAnswer = (item: JsonObject) =>
    item.role === 'assistant' || item.type === 'function_call' || item.type === 'custom_tool_call' || item.type === 'reasoning';
  const last = items.findLastIndex(isAnswer);
  const results = items.slice(last + 1).filter((item) => /_call_output$/.test(String(item.type)));
  const lastUser = items.findLast((item) => item.role === 'user');
  const format = objectOf(objectOf(body.text).format);
  const effort = stringOf(objectOf(body.reasoning).effort);
  const forced = stringOf(objectOf(body.tool_choice).name);
  const json = { type: 'object', properties: { answer: { type: 'string' } } };
  return {
    model: stringOf(body.model) ?? '',
    stream: body.stream === true,
    prompt: textOf(lastUser?.content),
    tools: body.tool_choice === 'none' ? [] : arrayOf(body.tools).filter(isObject).flatMap(toolsOf),
    ...(forced !== undefined && { forcedTool: forced }),
    ...(results.length > 0 && { results: results.map((item) => textOf(item.output)) }),
    ...(format.type === 'json_schema' && { schema: objectOf(format.schema) }),
    ...(format.type === 'json_object' && { schema: json }),
    images: arrayOf(lastUser?.content).filter((part) => objectOf(part).type === 'input_image').length,
    reasons: effort !== undefined && effort !== 'none',
    hidesThought: !arrayOf(body.include).includes('reasoning.encrypted_content'),
    wantsUsage: true,
    ...(typeof body.max_output_tokens === 'number' && { maxTokens: body.max_output_tokens }),
  };
}

function toolsOf(tool: JsonObject): AskedTool[] {
  if (tool.type === 'namespace') {
    return arrayOf(tool.tools)
      .filter(isObject)
      .flatMap(toolsOf)
      .map((inner) => ({ ...inner, namespace: String(tool.name) }));
  }
  if (tool.type === 'custom') return [{ name: String(tool.name), schema: {}, isCustom: true }];
  return tool.type === 'function' ? [{ name: String(tool.name), schema: objectOf(tool.parameters) }] : [];
}

function verify(item: JsonObject): void {
  if (item.type !== 'reasoning' || typeof item.encrypted_content !== 'string') return;
  if (!isSignatureOf(item.encrypted_content, `responses:${item.id}`)) {
    throw new Refusal(400, `The encrypted content for item ${item.id} could not be verified.`, 'invalid_encrypted_content');
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return arrayOf(content)
    .map((part) => stringOf(objectOf(part).text) ?? '')
    .filter(Boolean)
    .join('\n');
}

function itemsOf(reply: Reply, ask: Ask): JsonObject[] {
  const items: JsonObject[] = [];
  if (reply.thought !== undefined) {
    const id = `rs_${reply.id}`;
    const encrypted = ask.hidesThought ? undefined : { encrypted_content: sign(`responses:${id}`) };
    items.push({ id, type: 'reasoning', summary: [{ type: 'summary_text', text: reply.thought }], ...encrypted });
  }
  if (reply.text !== '') {
    const content = [{ type: 'output_text', text: reply.text, annotations: [], logprobs: [] }];
    items.push({ id: `msg_${reply.id}`, type: 'message', status: 'completed', role: 'assistant', content });
  }
  for (const call of reply.calls) {
    const names = {
      call_id: `call_${call.id}`,
      name: call.name,
      ...(call.namespace !== undefined && { namespace: call.namespace }),
    };
    if (call.isCustom)
      items.push({
        id: `ctc_${call.id}`,
        type: 'custom_tool_call',
        status: 'completed',
        ...names,
        input: String(call.args.input),
      });
    else
      items.push({
        id: `fc_${call.id}`,
        type: 'function_call',
        status: 'completed',
        ...names,
        arguments: JSON.stringify(call.args),
      });
  }
  return items;
}

function responseOf(reply: Reply, status: string, output: JsonObject[], counted?: Reply): JsonObject {
  const counts = counted?.counts;
  const isCut = status === 'completed' && reply.isCutShort;
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: reply.created,
    status: isCut ? 'incomplete' : status,
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    model: reply.model,
    output,
    parallel_tool_calls: true,
    usage:
      counts === undefined
        ? null
        : {
            input_tokens: counts.input,
            input_tokens_details: { cached_tokens: counts.cached },
            output_tokens: counts.output,
            output_tokens_details: { reasoning_tokens: counts.reasoning },
            total_tokens: counts.input + counts.output,
          },
  };
}

function streamOf(reply: Reply, ask: Ask, isCounted: boolean): string[] {
  const events: string[] = [];
  const push = (value: JsonObject) => events.push(event({ ...value, sequence_number: events.length }));
  push({ type: 'response.created', response: responseOf(reply, 'in_progress', []) });
  push({ type: 'response.in_progress', response: responseOf(reply, 'in_progress', []) });
  const items = itemsOf(reply, ask);
  items.forEach((item, output_index) => {
    const at = { item_id: item.id, output_index };
    const { encrypted_content: _, ...bare } = item;
    const empty: JsonObject = { ...bare, ...(item.type !== 'reasoning' && { status: 'in_progress' }) };
    if (item.type === 'message') empty.content = [];
    if (item.type === 'reasoning') empty.summary = [];
    if (item.type === 'function_call') empty.arguments = '';
    if (item.type === 'custom_tool_call') empty.input = '';
    push({ type: 'response.output_item.added', output_index, item: empty });
    if (item.type === 'message') {
      const part = { type: 'output_text', text: reply.text, annotations: [], logprobs: [] };
      push({ type: 'response.content_part.added', ...at, content_index: 0, part: { ...part, text: '' } });
      for (const delta of pieces(reply.text))
        push({ type: 'response.output_text.delta', ...at, content_index: 0, delta, logprobs: [] });
      push({ type: 'response.output_text.done', ...at, content_index: 0, text: reply.text, logprobs: [] });
      push({ type: 'response.content_part.done', ...at, content_index: 0, part });
    } else if (item.type === 'reasoning') {
      const part = { type: 'summary_text', text: reply.thought ?? '' };
      push({ type: 'response.reasoning_summary_part.added', ...at, summary_index: 0, part: { ...part, text: '' } });
      for (const delta of pieces(part.text))
        push({ type: 'response.reasoning_summary_text.delta', ...at, summary_index: 0, delta });
      push({ type: 'response.reasoning_summary_text.done', ...at, summary_index: 0, text: part.text });
      push({ type: 'response.reasoning_summary_part.done', ...at, summary_index: 0, part });
    } else {
      const [name, field] =
        item.type === 'function_call' ? ['function_call_arguments', 'arguments'] : ['custom_tool_call_input', 'input'];
      const text = String(item[field as string]);
      for (const delta of halves(text)) push({ type: `response.${name}.delta`, ...at, delta });
      push({ type: `response.${name}.done`, ...at, [field as string]: text });
    }
    push({ type: 'response.output_item.done', output_index, item });
  });
  const response = responseOf(reply, 'completed', items, isCounted ? reply : undefined);
  push({ type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed', response });
  return events;
}
