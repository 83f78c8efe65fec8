/**
 * The matrix: every client dialect against every upstream dialect, in every scenario, whole and streamed. A cell is a
 * conversation of two turns: question, answer, and the answer's history with results or a further question. What is checked is
 * read from the wire by readers that share no code with the dialects.
 *
 * A check that fails is excused only by a loss that the renderer itself reported for that very field.
 */
import { isDeepStrictEqual } from 'node:util';
import { anthropic } from '../../src/anthropic/index.ts';
import type { Dialect, Loss, RenderAnswerOptions } from '../../src/dialect.ts';
import { gemini } from '../../src/gemini/index.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import type { DialectName } from '../../src/model/request.ts';
import { ollama } from '../../src/ollama/index.ts';
import { openaiChat } from '../../src/openai-chat/index.ts';
import { openaiResponses } from '../../src/openai-responses/index.ts';
import { countingIds, splitsThatDiffer } from '../fixtures/streams.ts';
import { anthropicClient } from './client-anthropic.ts';
import { chatClient } from './client-chat.ts';
import { geminiClient } from './client-gemini.ts';
import { responsesClient } from './client-responses.ts';
import { clean, holds } from './json.ts';
import {
  type Client,
  callsOf,
  counts,
  followUp,
  imageUrl,
  pngBase64,
  question,
  type Reading,
  type Result,
  results,
  type Scenario,
  scenarios,
  schema,
  system,
  texts,
  thought,
  tool,
  type Upstream,
} from './scenario.ts';
import { anthropicUpstream } from './upstream-anthropic.ts';
import { chatUpstream } from './upstream-chat.ts';
import { geminiUpstream } from './upstream-gemini.ts';
import { ollamaUpstream } from './upstream-ollama.ts';
import { responsesUpstream } from './upstream-responses.ts';

const tokenOfText = 'the token of the text comes back';

export const clients: [Dialect, Client][] = [
  [openaiChat, chatClient],
  [openaiResponses, responsesClient],
  [anthropic, anthropicClient],
  [gemini, geminiClient],
];
export const upstreams: [Dialect, Upstream][] = [
  [openaiChat, chatUpstream],
  [openaiResponses, responsesUpstream],
  [anthropic, anthropicUpstream],
  [gemini, geminiUpstream],
  [ollama, ollamaUpstream],
];

/** Choices that no renderer can report, because they are made while an answer streams. Each stands in the README. */
const choices: { client: DialectName; upstream: DialectName; scenario: Scenario; check: string; why: string }[] = [
  {
    client: 'anthropic',
    upstream: 'gemini',
    scenario: 'plain',
    check: tokenOfText,
    why: 'a text is signed behind its words, where clients of Anthropic would take a block for the answer; Gemini does not demand it',
  },
];

export interface Cell {
  client: DialectName;
  upstream: DialectName;
  scenario: Scenario;
  isStream: boolean;
  /** What went wrong without an excuse. */
  failures: string[];
  /** Losses that excuse a check. */
  excuses: Loss[];
}

class Checks {
  readonly failures: string[] = [];
  readonly excuses: Loss[] = [];
  losses: Loss[] = [];

  /** `fields` are those whose loss excuses this check. */
  check(what: string, isRight: boolean, fields?: RegExp, detail = ''): void {
    if (isRight) return;
    const loss = fields && this.losses.find((one) => fields.test(one.field));
    if (loss === undefined) this.failures.push(`${what}${detail}`);
    else this.excuses.push(loss);
  }

  equal(what: string, found: unknown, expected: unknown, fields?: RegExp): void {
    const detail = `: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`;
    this.check(what, isDeepStrictEqual(found, expected), fields, detail);
  }
}

/** All cells of the matrix. */
export function runMatrix(): Cell[] {
  const cells: Cell[] = [];
  for (const client of clients) {
    for (const upstream of upstreams) {
      for (const scenario of scenarios) {
        for (const isStream of [false, true]) cells.push(runCell(client, upstream, scenario, isStream));
      }
    }
  }
  return cells;
}

/** Streams of the upstreams that give other events when they are split somewhere. */
export function streamsThatDiffer(): string[] {
  return upstreams.flatMap(([dialect, upstream]) =>
    scenarios
      .filter((scenario) => splitsThatDiffer(dialect, upstream.stream(scenario)).length > 0)
      .map((scenario) => `${dialect.name} ${scenario}`),
  );
}

function runCell(
  [inward, client]: [Dialect, Client],
  [outward, upstream]: [Dialect, Upstream],
  scenario: Scenario,
  isStream: boolean,
): Cell {
  const checks = new Checks();
  try {
    const asked = client.request(scenario, isStream);
    const sent = translate(inward, asked, outward, upstream.model, isStream, checks);
    checkRequest(sent, scenario, isStream, outward.name, checks);
    const reading = answer(inward, client, outward, upstream, scenario, isStream, asked);
    checkReading(reading, client, upstream, scenario, checks);
    const told: Result[] = reading.calls.map((call, index) => ({
      ...(call.id !== undefined && { callId: call.id }),
      text: results[index] ?? '',
    }));
    const again = translate(inward, client.next(asked, reading, told), outward, upstream.model, isStream, checks);
    checkTurn(again, upstream, scenario, checks);
  } catch (error) {
    checks.failures.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  const { excuses } = checks;
  const chosen = isStream
    ? choices.filter((one) => one.client === inward.name && one.upstream === outward.name && one.scenario === scenario)
    : [];
  const failures = checks.failures.filter((failure) => {
    const choice = chosen.find((one) => failure.startsWith(one.check));
    if (choice !== undefined) excuses.push({ field: 'a choice of ours', how: 'dropped', why: choice.why });
    return choice === undefined;
  });
  return { client: inward.name, upstream: outward.name, scenario, isStream, failures, excuses };
}

/** The client's request as the upstream gets it, over JSON text both ways. */
function translate(
  inward: Dialect,
  body: JsonObject,
  outward: Dialect,
  model: string,
  isStream: boolean,
  checks: Checks,
): JsonObject {
  const request = inward.parseRequest(clean(body), { model: 'auto', stream: isStream });
  const { body: sent, losses } = outward.renderRequest({ ...request, model });
  checks.losses = losses;
  return clean(sent);
}

const thinking: Partial<Record<DialectName, (body: JsonObject) => JsonValue | undefined>> = {
  'openai-chat': (body) => body.reasoning_effort,
  'openai-responses': (body) => body.reasoning,
  anthropic: (body) => body.thinking,
  gemini: (body) => (holds(body.generationConfig, 'HIGH') || holds(body.generationConfig, 'high') ? true : undefined),
  ollama: (body) => body.think,
};

function checkRequest(sent: JsonObject, scenario: Scenario, isStream: boolean, name: DialectName, checks: Checks): void {
  checks.check('the question is asked', holds(sent, question));
  checks.check('the system prompt is told', holds(sent, system));
  // Gemini says it in the path.
  if (name !== 'gemini') checks.check('streaming is asked for', (sent.stream === true) === isStream);
  if (callsOf(scenario).length > 0) {
    checks.check('the tool is offered', holds(sent, tool.name) && holds(sent, tool.description), /^tools/);
    checks.check('its schema is whole', holds(sent, tool.parameters), /^tools/);
  }
  if (scenario === 'images') {
    checks.check('the picture is shown', holds(sent, pngBase64), /^messages\[\d+\]\.parts/);
    checks.check('the address of a picture is told', holds(sent, imageUrl), /^messages\[\d+\]\.parts/);
  }
  if (scenario === 'schema') checks.check('the schema of the answer is told', holds(sent, schema), /^output/);
  if (scenario === 'reasoning') checks.check('thought is asked for', Boolean(thinking[name]?.(sent)), /^reasoning/);
}

/** The upstream's answer as the client reads it. */
function answer(
  inward: Dialect,
  client: Client,
  outward: Dialect,
  upstream: Upstream,
  scenario: Scenario,
  isStream: boolean,
  asked: JsonObject,
): Reading {
  const request = inward.parseRequest(clean(asked), { model: 'auto', stream: isStream });
  const newId = countingIds();
  const options: RenderAnswerOptions = { request, nowMs: 1_760_000_000_000, newId };
  if (!isStream) {
    const read = outward.parseAnswer(clean(upstream.whole(scenario)), { newId });
    return client.readWhole(clean(inward.renderAnswer(read, options)));
  }
  let text = '';
  const renderer = inward.streamRenderer((piece) => {
    text += piece;
  }, options);
  const parser = outward.streamParser((event) => renderer.push(event), { newId });
  const stream = upstream.stream(scenario);
  for (let at = 0; at < stream.length; at += 11) parser.feed(stream.slice(at, at + 11));
  parser.end();
  return client.readStream(text);
}

function checkReading(reading: Reading, client: Client, upstream: Upstream, scenario: Scenario, checks: Checks): void {
  const calls = callsOf(scenario);
  checks.equal('the client reads the text', reading.text, texts[scenario]);
  checks.equal('and the thought', reading.thoughts.join(''), scenario === 'reasoning' ? thought : '');
  const names = reading.calls.map(({ name, args }) => ({ name, args }));
  checks.equal(
    'and the calls',
    names,
    calls.map(({ name, args }) => ({ name, args })),
  );
  const ids = reading.calls.map((call) => call.id);
  if (upstream.hasIds) {
    checks.equal(
      'and their ids',
      ids,
      calls.map((call) => call.id),
    );
  } else if (ids.some((id) => id !== undefined)) checks.equal('and ids that differ', new Set(ids).size, calls.length);
  for (const counter of upstream.counters) {
    if (client.counters.includes(counter)) checks.equal(`and counts ${counter}`, reading.counts[counter], counts[counter]);
  }
  checks.equal('and how it ended', reading.finish, calls.length > 0 ? client.finishes.calls : client.finishes.over);
}

function checkTurn(sent: JsonObject, upstream: Upstream, scenario: Scenario, checks: Checks): void {
  const turn = upstream.readTurn(sent);
  const said = upstream.said(scenario);
  checks.equal('the thought comes back exactly', turn.thoughts, said.thoughts);
  checks.equal('the text comes back', turn.text, said.text);
  checks.equal(tokenOfText, turn.textToken, said.textToken);
  const without = (calls: typeof turn.calls) => calls.map(({ id, ...call }) => (upstream.hasIds ? { id, ...call } : call));
  checks.equal('the calls come back with ids and tokens', without(turn.calls), without(said.calls));
  const calls = callsOf(scenario);
  if (calls.length === 0) {
    checks.check('the further question is asked', holds(sent, followUp));
    return;
  }
  checks.equal(
    'the results find their calls',
    upstream.readResults(sent),
    calls.map((call, index) => ({ ...(upstream.hasIds && { callId: call.id }), text: results[index] })),
  );
}
