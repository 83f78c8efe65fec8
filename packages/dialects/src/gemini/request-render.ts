/**
 * Writes a request for Gemini. Model and streaming stand in the path, which is the caller's business. A request that came from
 * a client of Gemini keeps its form; one of another dialect is brought into Gemini's order: system apart, roles in turn, calls signed.
 */
import type { Loss, RenderedRequest } from '../dialect.ts';
import { unpack } from '../fields.ts';
import { fieldsOf, lossesOfForeignBag } from '../model/bag.ts';
import { type JsonObject, stringOf } from '../model/json.ts';
import type { Message, ModelRequest } from '../model/request.ts';
import { renderGeneration } from './generation-render.ts';
import { type PartContext, renderPart } from './part-render.ts';
import { modes } from './request-parse.ts';
import { noSignature } from './signature.ts';
import { nameFor, renderTools } from './tools.ts';

/** Never throws: what Gemini cannot carry is listed. */
export function renderRequest(request: ModelRequest): RenderedRequest {
  const isNative = request.bag?.dialect === 'gemini';
  const context: PartContext = { isNative, losses: lossesOfForeignBag(request, 'gemini'), names: new Map() };
  const { system, contents } = renderMessages(request, context);
  const body: JsonObject = { contents: isNative ? contents : mend(contents, context.losses) };
  if (system !== undefined) body.systemInstruction = system;
  const tools = renderTools(request.tools, isNative, context.losses);
  if (tools.length > 0) body.tools = tools;
  const calling = renderChoice(request, isNative);
  if (calling !== undefined && (isNative || tools.length > 0)) body.toolConfig = { functionCallingConfig: calling };
  const config = renderGeneration(request, context);
  if (Object.keys(config).length > 0) body.generationConfig = config;
  if (!isNative) listLosses(request, context.losses);
  return { body: unpack(body, fieldsOf(request.bag, 'gemini')), losses: context.losses };
}

function listLosses(request: ModelRequest, losses: Loss[]): void {
  const drop = (field: string, why: string) => losses.push({ field, how: 'dropped', why });
  if (request.parallelToolCalls === false) drop('parallelToolCalls', 'Gemini decides itself how many calls it makes');
  if (request.userId !== undefined) drop('userId', 'Gemini has no field for end users');
  if (request.cacheKey !== undefined) drop('cacheKey', 'Gemini finds cached prompts by itself');
  request.tools.forEach((tool, index) => {
    if (tool.strict) drop(`tools[${index}].strict`, 'Gemini has no strict tools');
  });
}

function isSystem(message: Message): boolean {
  return message.role !== 'user' && message.role !== 'assistant' && fieldsOf(message.bag, 'gemini').$place !== 'contents';
}

function renderMessages(request: ModelRequest, context: PartContext): { system?: JsonObject | string; contents: JsonObject[] } {
  const contents: JsonObject[] = [];
  let system: JsonObject | undefined;
  let isString = false;
  request.messages.forEach((message, index) => {
    const path = `messages[${index}]`;
    if (message.name !== undefined) {
      context.losses.push({ field: `${path}.name`, how: 'dropped', why: 'Gemini knows no names of participants' });
    }
    const parts = message.parts.flatMap((part, at) => renderPart(part, `${path}.parts[${at}]`, context));
    const fields = fieldsOf(message.bag, 'gemini');
    if (isSystem(message)) {
      if (contents.length > 0 && !context.isNative) {
        context.losses.push({
          field: path,
          how: 'approximated',
          why: 'Gemini has one place for system text, apart from all contents',
        });
      }
      isString = system === undefined && fields.$form === 'string';
      if (system === undefined) system = unpack({ parts }, fields);
      else (system.parts as JsonObject[]).push(...parts);
    } else if (parts.length > 0 || message.parts.length === 0) {
      const role = fields.$role === undefined ? (message.role === 'assistant' ? 'model' : message.role) : stringOf(fields.$role);
      const content: JsonObject = { ...(role !== undefined && { role }), ...(fields.$parts !== 'none' && { parts }) };
      contents.push(unpack(content, fields));
    }
  });
  if (system === undefined) return { contents };
  const text = isString ? (system.parts as JsonObject[])[0]?.text : undefined;
  return { system: typeof text === 'string' ? text : system, contents };
}

/** Joins contents of one role, puts results first, lets a user begin, and signs the first call of each turn where Gemini did not. */
function mend(contents: JsonObject[], losses: Loss[]): JsonObject[] {
  const mended: { role: string; parts: JsonObject[] }[] = [];
  for (const content of contents) {
    const role = content.role === 'model' ? 'model' : 'user';
    const parts = content.parts as JsonObject[];
    const before = mended.at(-1);
    if (before?.role === role) before.parts.push(...parts);
    else mended.push({ role, parts: [...parts] });
  }
  for (const content of mended) {
    if (content.role === 'user') {
      content.parts.sort((a, b) => Number(b.functionResponse !== undefined) - Number(a.functionResponse !== undefined));
      continue;
    }
    const call = content.parts.find((part) => part.functionCall !== undefined);
    if (call !== undefined && call.thoughtSignature === undefined) call.thoughtSignature = noSignature;
  }
  if (mended[0]?.role !== 'user') {
    // An ellipsis asks for nothing; any words would be an instruction that nobody gave.
    mended.unshift({ role: 'user', parts: [{ text: '…' }] });
    losses.push({
      field: 'messages[0]',
      how: 'approximated',
      why: 'at Gemini a user begins: an ellipsis stands before the first answer',
    });
  }
  return mended as unknown as JsonObject[];
}

/** `functionCallingConfig`. A choice among several that is not forced is VALIDATED: AUTO takes no names. */
function renderChoice(request: ModelRequest, isNative: boolean): JsonObject | undefined {
  const choice = request.toolChoice;
  if (choice === undefined) return undefined;
  const mode = choice.type === 'tool' ? 'required' : choice.type === 'allowed' ? choice.mode : choice.type;
  const names = choice.type === 'tool' ? [choice.name] : choice.type === 'allowed' ? choice.names : undefined;
  const noted = stringOf(fieldsOf(request.bag, 'gemini').$mode);
  const config: JsonObject = {};
  if (noted !== undefined && modes[noted.toUpperCase()] === mode) config.mode = noted;
  else config.mode = mode === 'required' ? 'ANY' : mode === 'none' ? 'NONE' : names === undefined ? 'AUTO' : 'VALIDATED';
  if (names !== undefined) {
    const offered = new Map(request.tools.map((tool) => [tool.name, tool]));
    config.allowedFunctionNames = names.map((name) => nameFor(offered.get(name) ?? { name }, isNative));
  }
  return config;
}
