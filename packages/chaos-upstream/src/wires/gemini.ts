/** `generateContent` as Gemini 3 speaks it: calls without ids, signatures that must come back. */
import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '@switchyard/dialects';
import { type Ask, type AskedTool, pieces, Refusal, type Reply, type Wire } from '../ask.ts';
import { isSignatureOf, sign } from '../signature.ts';

/** `isArray`: a stream without `alt=sse` is one JSON array. */
export function geminiWire(isArray: boolean): Wire {
  const frame = (value: JsonObject, isFirst: boolean) =>
    isArray ? `${isFirst ? '[' : ',\r\n'}${JSON.stringify(value)}` : `data: ${JSON.stringify(value)}\r\n\r\n`;
  const unavailable = (message: string) => ({ error: { code: 503, message, status: 'UNAVAILABLE' } });
  return {
    contentType: 'text/event-stream',
    read,
    whole: (reply, ask) => ({
      candidates: [
        { content: { parts: partsOf(reply, ask), role: 'model' }, finishReason: finishOf(reply), index: 0, safetyRatings: [] },
      ],
      usageMetadata: usageOf(reply),
      ...idsOf(reply),
    }),
    stream(reply, ask, usage) {
      const parts = partsOf(reply, ask).flatMap((part) => inPieces(part));
      const counts = { promptTokenCount: reply.counts.input, totalTokenCount: reply.counts.input };
      const chunks = parts.map(
        (part): JsonObject => ({
          candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }],
          ...(usage === 'normal' && { usageMetadata: counts }),
          ...idsOf(reply),
        }),
      );
      chunks.push({
        candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: finishOf(reply), index: 0 }],
        ...(usage === 'normal' && { usageMetadata: usageOf(reply) }),
        ...idsOf(reply),
      });
      const frames = chunks.map((chunk, index) => frame(chunk, index === 0));
      // Usage of its own behind the last content has been seen too.
      if (usage === 'odd') frames.splice(-1, 0, frame({ usageMetadata: usageOf(reply), ...idsOf(reply) }, false));
      if (isArray) frames[frames.length - 1] += '\r\n]';
      return frames;
    },
    errorEvent: (message) => frame(unavailable(message), false),
    errorInside: unavailable,
    errorBody: (status, message) => ({ error: { code: status, message, status: names[status] ?? 'INTERNAL' } }),
  };
}

const names: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};
const standIn = 'skip_thought_signature_validator';

function read(body: JsonObject, path: { model?: string; stream?: boolean }): Ask {
  const contents = arrayOf(body.contents).filter(isObject);
  if (contents.length === 0) throw new Refusal(400, 'GenerateContentRequest.contents: contents is not specified');
  const model = path.model ?? '';
  verify(contents, model);
  const lastAnswer = contents.findLastIndex((content) => content.role === 'model');
  const after = contents.slice(lastAnswer + 1).flatMap(partsIn);
  const results = after.filter((part) => isObject(part.functionResponse));
  const lastUser = contents.findLast((content) => content.role !== 'model');
  const texts = (lastUser === undefined ? [] : partsIn(lastUser)).map((part) => stringOf(part.text) ?? '');
  const config = objectOf(body.generationConfig);
  const calling = objectOf(objectOf(body.toolConfig).functionCallingConfig);
  const allowed = arrayOf(calling.allowedFunctionNames);
  const thinking = objectOf(config.thinkingConfig);
  const schema = config.responseJsonSchema ?? config.responseSchema;
  return {
    model,
    stream: path.stream === true,
    prompt: texts.filter(Boolean).join('\n'),
    tools: calling.mode === 'NONE' ? [] : toolsOf(body).filter((tool) => allowed.length === 0 || allowed.includes(tool.name)),
    ...(results.length > 0 && { results: results.map((part) => resultOf(objectOf(part.functionResponse))) }),
    ...(config.responseMimeType === 'application/json' && {
      schema: isObject(schema) ? schema : { type: 'object', properties: { answer: { type: 'string' } } },
    }),
    images: (lastUser === undefined ? [] : partsIn(lastUser)).filter(
      (part) => isObject(part.inlineData) || isObject(part.fileData),
    ).length,
    reasons: thinking.thinkingBudget !== 0 && (thinking.includeThoughts === true || thinking.thinkingLevel !== undefined),
    hidesThought: thinking.includeThoughts !== true,
    wantsUsage: true,
    ...(typeof config.maxOutputTokens === 'number' && { maxTokens: config.maxOutputTokens }),
  };
}

const partsIn = (content: JsonObject): JsonObject[] => arrayOf(content.parts).filter(isObject);

function toolsOf(body: JsonObject): AskedTool[] {
  return arrayOf(body.tools)
    .filter(isObject)
    .flatMap((entry) => arrayOf(entry.functionDeclarations).filter(isObject))
    .map((tool) => ({ name: String(tool.name), schema: objectOf(tool.parametersJsonSchema ?? tool.parameters) }));
}

function resultOf(result: JsonObject): string {
  const response = objectOf(result.response);
  return stringOf(response.output) ?? stringOf(response.error) ?? JSON.stringify(response);
}

/**
 * In the turn that goes on (all since the last words of the user), the first call of each step needs the signature it was given.
 * Results must follow their calls, as many as there are.
 */
function verify(contents: readonly JsonObject[], model: string): void {
  const turn = contents.findLastIndex(
    (content) => content.role !== 'model' && partsIn(content).some((part) => typeof part.text === 'string'),
  );
  contents.forEach((content, index) => {
    if (content.role !== 'model') return;
    const calls = partsIn(content).filter((part) => isObject(part.functionCall));
    const next = contents[index + 1];
    const results = (next === undefined ? [] : partsIn(next)).filter((part) => isObject(part.functionResponse));
    if (calls.length > 0 && results.length !== calls.length) {
      throw new Refusal(
        400,
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
    if (/gemini-[12]/.test(model)) return;
    for (const [at, part] of calls.entries()) {
      const call = objectOf(part.functionCall);
      const signature = part.thoughtSignature;
      if (signature === undefined) {
        if (at === 0 && index > turn)
          throw new Refusal(
            400,
            `Function call is missing a thought_signature in functionCall parts. Function call \`${call.name}\`.`,
          );
      } else if (signature !== standIn && !isSignatureOf(signature, whatIsSigned(String(call.name), objectOf(call.args)))) {
        throw new Refusal(400, 'Thought signature is not valid.');
      }
    }
  });
}

const whatIsSigned = (name: string, args: JsonObject) => `gemini:${name}:${JSON.stringify(args)}`;

function partsOf(reply: Reply, ask: Ask): JsonObject[] {
  const parts: JsonObject[] = [];
  if (reply.thought !== undefined && !ask.hidesThought) parts.push({ text: reply.thought, thought: true });
  if (reply.text !== '') parts.push({ text: reply.text });
  reply.calls.forEach((call, index) => {
    // Of parallel calls only the first is signed.
    const signature = index === 0 ? { thoughtSignature: sign(whatIsSigned(call.name, call.args)) } : undefined;
    parts.push({ functionCall: { name: call.name, args: call.args }, ...signature });
  });
  return parts;
}

function inPieces(part: JsonObject): JsonObject[] {
  return typeof part.text === 'string' ? pieces(part.text).map((text) => ({ ...part, text })) : [part];
}

const finishOf = (reply: Reply) => (reply.isCutShort ? 'MAX_TOKENS' : 'STOP');
const idsOf = (reply: Reply): JsonObject => ({ modelVersion: reply.model, responseId: `r${reply.id}` });

/** Candidates leave thoughts out. */
function usageOf(reply: Reply): JsonObject {
  const { input, cached, output, reasoning } = reply.counts;
  return {
    promptTokenCount: input,
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    candidatesTokenCount: output - reasoning,
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    totalTokenCount: input + output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
  };
}
