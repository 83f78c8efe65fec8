/** A generateContent upstream: signatures on calls and texts, calls without ids, CRLF between events. */
import type { JsonObject } from '../../src/model/json.ts';
import { list, obj, str } from './json.ts';
import { callsOf, counts, pieces, type Scenario, type Turn, texts, thought, type Upstream } from './scenario.ts';

const signature = 'CiQB+gemini/call/signature==';
const textSignature = 'CiQB+gemini/text/signature==';

const usageMetadata: JsonObject = {
  promptTokenCount: counts.input,
  cachedContentTokenCount: counts.cached,
  candidatesTokenCount: counts.output - counts.reasoning,
  thoughtsTokenCount: counts.reasoning,
  totalTokenCount: counts.input + counts.output,
};

const callParts = (scenario: Scenario): JsonObject[] =>
  callsOf(scenario).map((call, index) => ({
    functionCall: { name: call.name, args: call.args },
    // Only the first of parallel calls is signed.
    ...(index === 0 && { thoughtSignature: signature }),
  }));

function body(parts: JsonObject[], finishReason?: string): JsonObject {
  return {
    candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason && { finishReason }) }],
    modelVersion: 'gemini-3.8-flash',
    responseId: 'resp-gemini',
    usageMetadata: finishReason ? usageMetadata : { promptTokenCount: counts.input, totalTokenCount: counts.input },
  };
}

export const geminiUpstream: Upstream = {
  model: 'gemini-3.8-flash',
  counters: ['input', 'cached', 'output', 'reasoning'],
  hasIds: false,
  whole(scenario) {
    const parts: JsonObject[] = [];
    if (scenario === 'reasoning') parts.push({ text: thought, thought: true });
    if (texts[scenario] !== '')
      parts.push({ text: texts[scenario], ...(scenario === 'plain' && { thoughtSignature: textSignature }) });
    return body([...parts, ...callParts(scenario)], 'STOP');
  },
  stream(scenario) {
    const bodies: JsonObject[] = [];
    if (scenario === 'reasoning') for (const text of pieces(thought, 20)) bodies.push(body([{ text, thought: true }]));
    for (const text of pieces(texts[scenario], 9)) bodies.push(body([{ text }]));
    for (const part of callParts(scenario)) bodies.push(body([part]));
    // The last chunk of a text has no words, but the signature.
    bodies.push(body([{ text: '', ...(scenario === 'plain' && { thoughtSignature: textSignature }) }], 'STOP'));
    return bodies.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join('');
  },
  readTurn(request) {
    const parts = list(obj(list(request.contents).findLast((one) => one.role === 'model')).parts);
    const texts = parts.filter((part) => typeof part.text === 'string' && part.thought !== true);
    const token = texts.find((part) => part.thoughtSignature !== undefined)?.thoughtSignature;
    return {
      // Summaries of thoughts need not return; a token on one would be wrong.
      thoughts: parts
        .filter((part) => part.thought === true && part.thoughtSignature !== undefined)
        .map((part) => str(part.thoughtSignature)),
      text: texts.map((part) => str(part.text)).join(''),
      ...(token !== undefined && { textToken: str(token) }),
      calls: parts
        .filter((part) => part.functionCall !== undefined)
        .map((part) => ({
          name: str(obj(part.functionCall).name),
          args: obj(obj(part.functionCall).args),
          ...(part.thoughtSignature !== undefined && { token: str(part.thoughtSignature) }),
        })),
    };
  },
  readResults(request) {
    const parts = list(obj(list(request.contents).at(-1)).parts);
    return parts
      .filter((part) => part.functionResponse !== undefined)
      .map((part) => ({ text: str(obj(obj(part.functionResponse).response).output) }));
  },
  said(scenario): Turn {
    return {
      thoughts: [],
      text: texts[scenario],
      ...(scenario === 'plain' && { textToken: textSignature }),
      calls: callsOf(scenario).map(({ name, args }, index) => ({ name, args, ...(index === 0 && { token: signature }) })),
    };
  },
};
