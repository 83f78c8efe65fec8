/** What is said in the matrix: one conversation per scenario, the same in every dialect. */
import type { JsonObject } from '../../src/model/json.ts';

export const scenarios = ['plain', 'tools', 'parallel', 'images', 'reasoning', 'schema'] as const;
export type Scenario = (typeof scenarios)[number];

export const system = 'Be brief.';
export const question = 'What is the weather in Oslo and Bergen?';
export const followUp = 'Thanks. And tomorrow?';

export const tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city' } },
    required: ['city'],
    additionalProperties: false,
  } satisfies JsonObject,
};

export const schema: JsonObject = {
  type: 'object',
  properties: { degrees: { type: 'number' }, sky: { type: 'string', enum: ['clear', 'grey'] } },
  required: ['degrees', 'sky'],
  additionalProperties: false,
};

export const pngBase64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
export const imageUrl = 'https://example.org/oslo.png';

/** Deltas cross the borders of code points, quotes and escapes. */
export const texts: Record<Scenario, string> = {
  plain: 'Grey, 4 °C — "as usual" 🌧️\nBergen: rain.',
  tools: 'Let me look. ',
  parallel: '',
  images: 'A tiny picture of Oslo 🏔️.',
  reasoning: 'I will look it up.',
  schema: '{"degrees":4,"sky":"grey"}',
};

export const thought = 'The user wants "weather" for Oslo → call the tool.\nOnce.';

export interface Call {
  id: string;
  name: string;
  args: JsonObject;
}

const oslo: JsonObject = { city: 'Oslo "Ø" 🏔️' };
const bergen: JsonObject = { city: 'Bergen' };

/** The calls of the answer; ids are those of an upstream that has ids. */
export function callsOf(scenario: Scenario): Call[] {
  if (scenario === 'tools' || scenario === 'reasoning') return [{ id: 'call_oslo1', name: tool.name, args: oslo }];
  if (scenario !== 'parallel') return [];
  return [
    { id: 'call_oslo1', name: tool.name, args: oslo },
    { id: 'call_bergen2', name: tool.name, args: bergen },
  ];
}

export const results = ['4 degrees, "grey"', '7 degrees'];

export const hasTools = (scenario: Scenario): boolean => callsOf(scenario).length > 0;

/** Tokens of the answer, where the upstream counts them. */
export const counts = { input: 1000, cached: 600, cacheWrite: 100, output: 200, reasoning: 50 };
export type Counter = keyof typeof counts;

/** Pieces in which a stream brings a text: odd lengths, so that escapes and surrogates are cut. */
export function pieces(text: string, length = 7): string[] {
  const found: string[] = [];
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at += length) found.push(characters.slice(at, at + length).join(''));
  return found;
}

/** What a turn of the model says, read from a wire by the test's own readers. */
export interface Turn {
  /** Words of thought and the tokens that vouch for them, as the dialect has them. */
  thoughts: string[];
  text: string;
  /** Token on the text (Gemini). */
  textToken?: string;
  calls: { id?: string; name: string; args: JsonObject; token?: string }[];
}

/** A result as an upstream reads it: joined to its call by id where it has ids, else by order. */
export interface Result {
  callId?: string;
  text: string;
}

/** What a client read of an answer. */
export interface Reading extends Turn {
  counts: Partial<Record<Counter, number>>;
  /** How it ended, in the client's word. */
  finish: string;
  /** What a client keeps as its history. */
  history: JsonObject[];
}

/** A client of one dialect, with as little code as an SDK needs. */
export interface Client {
  /** Counters that its dialect has a field for. */
  counters: readonly Counter[];
  request(scenario: Scenario, isStream: boolean): JsonObject;
  readWhole(body: JsonObject): Reading;
  /** Throws when the stream does not end as its dialect ends one. */
  readStream(text: string): Reading;
  /** The request of the next turn: what was said, and results or a further question. */
  next(request: JsonObject, reading: Reading, results: readonly Result[]): JsonObject;
  /** `finish` of an answer that waits for tools, and of one that is over. */
  finishes: { calls: string; over: string };
}

/** An upstream of one dialect. */
export interface Upstream {
  model: string;
  /** Counters that it reports. */
  counters: readonly Counter[];
  /** Whether its calls have ids. */
  hasIds: boolean;
  whole(scenario: Scenario): JsonObject;
  stream(scenario: Scenario): string;
  /** The turn of the model and the results in a request that it was sent; the last of each. */
  readTurn(body: JsonObject): Turn;
  readResults(body: JsonObject): Result[];
  /** The turn as it answered it: what the next request must hold. */
  said(scenario: Scenario): Turn;
}
