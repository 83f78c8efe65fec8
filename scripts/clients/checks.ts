// What a client of the table is: a name and what it is to do, once for each kind of provider.
import assert from 'node:assert/strict';
import type { Column, Kind } from './rig.ts';

/** Throws when the client did not get what it should. */
export type Check = [name: string, run: (column: Column) => Promise<unknown>];

export interface SdkClient {
  name: string;
  checks: Check[];
}

/** What is asked, and what the chaos model answers to it. */
export const question = 'Good morning';
export const greeting = `Hello from the chaos model. You said: ${question}`;

/** The tool of the checks, what the chaos model calls it with, what it gives, and what the model makes of that. */
export const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
    required: ['city', 'days'],
    additionalProperties: false,
  },
  args: { city: 'hello from chaos', days: 2 },
  result: '18 degrees, rain at noon',
  answer: 'The tool says: 18 degrees, rain at noon',
};

/** A shape for structured output and the instance of it that the chaos model makes. */
export const shape = {
  name: 'person',
  schema: {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' }, isHappy: { type: 'boolean' } },
    required: ['name', 'age', 'isHappy'],
    additionalProperties: false,
  },
  instance: { name: 'hello from chaos', age: 1, isHappy: true },
};

/** One red pixel. */
export const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
export const seen = 'I see 1 image.';

export const unknownModel = 'no-such-model';

/** Anthropic has no embeddings. */
export const makesEmbeddings = (kind: Kind) => kind !== 'anthropic';
/** OpenAI keeps the words of its thoughts to itself in chat completions, and servers of unknown make are taken for such. */
export const showsThoughts = (kind: Kind) => kind !== 'openai' && kind !== 'openai-compatible';

export function isVector(vector: unknown, dimensions = 8): void {
  assert.ok(Array.isArray(vector) && vector.length === dimensions, `a vector of ${dimensions}, not ${JSON.stringify(vector)}`);
  assert.ok(vector.every((one) => typeof one === 'number' && one !== 0 && Math.abs(one) <= 1));
}

/** The error a promise fails with. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown> & Error;
  }
  throw new Error('it should have failed');
}
