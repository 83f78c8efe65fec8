/**
 * Writes a request for Anthropic. One that came from a client of Anthropic keeps its form to the last field; one of another
 * dialect is brought into the order that Anthropic demands: system on top, roles in turn, results first, a user to begin with.
 */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf, lossesOfForeignBag } from '../model/bag.ts';
import { functionOfCustomTool } from '../model/custom-tools.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Message, ModelRequest, Tool, ToolChoice } from '../model/request.ts';
import { flatToolName } from '../model/tool-names.ts';
import { type BlockContext, renderParts } from './block-render.ts';
import { renderGeneration } from './generation-render.ts';

/** Never throws: what Anthropic cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const isNative = request.bag?.dialect === 'anthropic';
  const context: BlockContext = { isNative, losses: lossesOfForeignBag(request, 'anthropic') };
  const body: JsonObject = { model: request.model };
  const { system, messages } = renderMessages(request, context);
  const generation = renderGeneration(request, context);
  if (generation.instruction !== undefined) system.push({ type: 'text', text: generation.instruction });
  if (system.length > 0)
    body.system = isNative && isStringSystem(request) && system.length === 1 ? (system[0]?.text as string) : system;
  body.messages = isNative ? messages : mend(messages, context.losses);
  Object.assign(body, renderTools(request, context), generation.fields);
  if (request.stream) body.stream = true;
  return { body: unpack(body, fieldsOf(request.bag, 'anthropic')), losses: context.losses };
}

function isStringSystem(request: ModelRequest): boolean {
  const system = request.messages.filter((message) => isSystem(message));
  return system.length === 1 && fieldsOf(system[0]?.bag, 'anthropic').$form === 'string';
}

/** A system message that goes to the top of the request: all but those a client of Anthropic put among the messages. */
function isSystem(message: Message): boolean {
  return message.role !== 'user' && message.role !== 'assistant' && fieldsOf(message.bag, 'anthropic').$place !== 'messages';
}

function renderMessages(request: ModelRequest, context: BlockContext): { system: JsonObject[]; messages: JsonObject[] } {
  const system: JsonObject[] = [];
  const messages: JsonObject[] = [];
  request.messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    if (message.name !== undefined) {
      context.losses.push({ field: `${path}.name`, how: 'dropped', why: 'Anthropic knows no names of participants' });
    }
    const blocks = renderParts(partsFor(message, path, context), `${path}.parts`, context);
    if (isSystem(message)) {
      if (messages.length > 0 && !context.isNative) {
        context.losses.push({
          field: path,
          how: 'approximated',
          why: 'Anthropic has one place for system text, above all messages',
        });
      }
      system.push(...blocks);
    } else if (blocks.length > 0 || message.parts.length === 0) {
      const fields = fieldsOf(message.bag, 'anthropic');
      const isString = fields.$form === 'string' && blocks.length === 1 && blocks[0]?.type === 'text';
      const content = isString ? (blocks[0]?.text as string) : blocks;
      messages.push(unpack({ role: message.role === 'developer' ? 'system' : message.role, content }, fields));
    }
  });
  return { system, messages };
}

/** The parts that this role can hold at Anthropic. */
function partsFor(message: Message, path: string, context: BlockContext): Message['parts'] {
  if (context.isNative || message.role === 'user') return message.parts;
  return message.parts.filter((part, index) => {
    if (part.type !== 'image' && part.type !== 'file') return true;
    const why = `Anthropic takes images and files from users only, not as ${message.role}`;
    context.losses.push({ field: `${path}.parts[${index}]`, how: 'dropped', why });
    return false;
  });
}

/** Joins messages of one role, puts results before other content, and lets a user begin. */
function mend(messages: JsonObject[], losses: Loss[]): JsonObject[] {
  const mended: { role: JsonValue | undefined; content: JsonObject[] }[] = [];
  for (const message of messages) {
    const before = mended.at(-1);
    const content: JsonObject[] =
      typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : (message.content as JsonObject[]);
    if (before?.role === message.role) before?.content.push(...content);
    else mended.push({ role: message.role, content: [...content] });
  }
  for (const message of mended) {
    if (message.role === 'user')
      message.content.sort((a, b) => Number(b.type === 'tool_result') - Number(a.type === 'tool_result'));
  }
  if (mended[0]?.role === 'assistant') {
    // An ellipsis asks for nothing; any words would be an instruction that nobody gave.
    mended.unshift({ role: 'user', content: [{ type: 'text', text: '…' }] });
    losses.push({
      field: 'messages[0]',
      how: 'approximated',
      why: 'at Anthropic a user begins: an ellipsis stands before the first answer',
    });
  }
  return mended as unknown as JsonObject[];
}

function renderTools(request: ModelRequest, context: BlockContext): JsonObject {
  const allowed = request.toolChoice?.type === 'allowed' ? new Set(request.toolChoice.names) : undefined;
  const tools: JsonObject[] = [];
  request.tools.forEach((tool, index) => {
    if (allowed?.has(tool.name) === false) return;
    const rendered = renderTool(tool, `tools[${index}]`, context);
    if (rendered !== undefined) tools.push(rendered);
  });
  if (allowed !== undefined) {
    const why = 'Anthropic has no list of allowed tools: the others are not offered';
    context.losses.push({ field: 'toolChoice', how: 'approximated', why });
  }
  const choice = tools.length > 0 || context.isNative ? renderChoice(request) : undefined;
  return { ...(tools.length > 0 && { tools }), ...(choice && { tool_choice: choice }) };
}

function renderTool(tool: Tool, field: string, context: BlockContext): JsonObject | undefined {
  const fields = fieldsOf(tool.bag, 'anthropic');
  if (tool.isProviderTool && tool.bag?.dialect !== 'anthropic') {
    const why = `only ${tool.bag?.dialect ?? 'its own provider'} runs this tool`;
    context.losses.push({ field, how: 'dropped', why });
    return undefined;
  }
  const isKept = context.isNative && tool.namespace === undefined;
  const rendered: JsonObject =
    fields.$isNameless === true ? {} : { name: isKept ? tool.name : flatToolName(tool.namespace, tool.name) };
  if (tool.isCustom) {
    const { description, parameters } = functionOfCustomTool(tool);
    Object.assign(rendered, { description, input_schema: parameters });
    context.losses.push({
      field,
      how: 'approximated',
      why: 'Anthropic has no tools with free text: the text is the argument `input`',
    });
    return rendered;
  }
  if (tool.description !== undefined) rendered.description = tool.description;
  if (tool.parameters !== undefined) {
    rendered.input_schema =
      isKept || tool.parameters.type === 'object' ? tool.parameters : { ...tool.parameters, type: 'object' };
  } else if (!isKept) rendered.input_schema = { type: 'object', properties: {} };
  // Anthropic's strict mode demands `additionalProperties: false` throughout, as OpenAI's does.
  if (tool.strict !== undefined && (isKept || tool.strict)) rendered.strict = tool.strict;
  if (tool.cacheControl !== undefined) rendered.cache_control = tool.cacheControl;
  return unpack(rendered, fields);
}

function renderChoice(request: ModelRequest): JsonObject | undefined {
  const choice = request.toolChoice;
  if (choice === undefined && request.parallelToolCalls === undefined) return undefined;
  const isForeign = request.bag?.dialect !== 'anthropic';
  // Anthropic's own default is to allow several calls: a foreign `true` needs no words.
  if (isForeign && choice === undefined && request.parallelToolCalls === true) return undefined;
  const rendered: JsonObject = choice === undefined ? {} : choiceFields(choice, request.tools, isForeign);
  if (choice === undefined && isForeign) rendered.type = 'auto';
  const saysParallel = request.parallelToolCalls !== undefined && (!isForeign || rendered.type !== 'none');
  if (saysParallel && !(isForeign && request.parallelToolCalls)) rendered.disable_parallel_tool_use = !request.parallelToolCalls;
  return rendered;
}

function choiceFields(choice: ToolChoice, tools: readonly Tool[], isForeign: boolean): JsonObject {
  if (choice.type === 'tool') {
    const tool = isForeign ? (tools.find((one) => one.name === choice.name) ?? { name: choice.name }) : undefined;
    return {
      type: 'tool',
      name: tool === undefined ? choice.name : flatToolName('namespace' in tool ? tool.namespace : undefined, tool.name),
    };
  }
  const mode = choice.type === 'allowed' ? choice.mode : choice.type;
  return { type: mode === 'required' ? 'any' : mode };
}
