/** A client of generateContent: parts, replayed as they came. */
import type { JsonObject } from '../../src/model/json.ts';
import { countsOf } from './client-chat.ts';
import { frames, json, list, num, obj, str } from './json.ts';
import {
  type Client,
  followUp,
  hasTools,
  imageUrl,
  pngBase64,
  question,
  type Reading,
  schema,
  system,
  tool,
} from './scenario.ts';

export const geminiClient: Client = {
  counters: ['input', 'cached', 'output', 'reasoning'],
  finishes: { calls: 'STOP', over: 'STOP' },
  request(scenario) {
    const images = [
      { inlineData: { mimeType: 'image/png', data: pngBase64 } },
      { fileData: { mimeType: 'image/png', fileUri: imageUrl } },
    ];
    const config: JsonObject = {
      ...(scenario === 'reasoning' && { thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true } }),
      ...(scenario === 'schema' && { responseMimeType: 'application/json', responseJsonSchema: schema }),
    };
    return {
      systemInstruction: { parts: [{ text: system }] },
      contents: [{ role: 'user', parts: [{ text: question }, ...(scenario === 'images' ? images : [])] }],
      ...(hasTools(scenario) && {
        tools: [
          {
            functionDeclarations: [{ name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters }],
          },
        ],
      }),
      ...(Object.keys(config).length > 0 && { generationConfig: config }),
    };
  },
  readWhole(body) {
    return readingOf([body]);
  },
  readStream(text) {
    return readingOf(frames(text).map((frame) => json(frame.data)));
  },
  next(request, reading, results) {
    const parts =
      results.length > 0
        ? results.map((result, index) => ({
            functionResponse: {
              ...(reading.calls[index]?.id && { id: reading.calls[index].id }),
              name: tool.name,
              response: { output: result.text },
            },
          }))
        : [{ text: followUp }];
    return { ...request, contents: [...list(request.contents), ...reading.history, { role: 'user', parts }] };
  },
};

function readingOf(bodies: JsonObject[]): Reading {
  const candidates = bodies.map((body) => obj(list(body.candidates)[0]));
  const parts = candidates.flatMap((candidate) => list(obj(candidate.content).parts));
  const finish = candidates.map((candidate) => str(candidate.finishReason)).findLast((reason) => reason !== '');
  if (finish === undefined) throw new Error('the stream has no finishReason');
  const usage = obj(bodies.findLast((body) => body.usageMetadata !== undefined)?.usageMetadata);
  const output = num(usage.candidatesTokenCount);
  const reasoning = num(usage.thoughtsTokenCount);
  const words = (isThought: boolean) =>
    parts.filter((part) => typeof part.text === 'string' && (part.thought === true) === isThought).map((part) => str(part.text));
  const thoughts = words(true).join('');
  return {
    thoughts: thoughts === '' ? [] : [thoughts],
    text: words(false).join(''),
    calls: parts
      .filter((part) => part.functionCall !== undefined)
      .map(({ functionCall }) => ({
        ...(obj(functionCall).id !== undefined && { id: str(obj(functionCall).id) }),
        name: str(obj(functionCall).name),
        args: obj(obj(functionCall).args),
      })),
    counts: countsOf({
      input: num(usage.promptTokenCount),
      cached: num(usage.cachedContentTokenCount),
      // Gemini counts thoughts apart.
      output: output === undefined ? undefined : output + (reasoning ?? 0),
      reasoning,
    }),
    finish,
    history: [{ role: 'model', parts }],
  };
}
