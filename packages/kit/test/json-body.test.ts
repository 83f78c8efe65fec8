import t from 'tap';
import { type Json, JsonBody, JsonBodyError } from '../src/json-body.ts';

const body = (text: string) => new JsonBody(Buffer.from(text));
const textOf = (changed: Buffer | string) => changed.toString();

t.test('what is not changed keeps its bytes', async (t) => {
  const text = '{ "n": 1.0e2,\n "model" : "a" , "big": 12345678901234567890, "é": "\\u00e9 ü", "x": [ 1 ,{ } ] }';
  t.equal(
    body(text)
      .rewritten({ set: { model: 'b' } })
      .toString(),
    text.replace('"a"', '"b"'),
  );
  const same = body(text);
  t.equal(same.rewritten({}), same.bytes, 'nothing to change: the very same bytes');
  t.equal(same.rewritten({ set: { model: 'a' } }), same.bytes, 'the same value: likewise');
  t.equal(
    body('{"model":"\\u0061"}')
      .rewritten({ set: { model: 'a' } })
      .toString(),
    '{"model":"\\u0061"}',
  );
});

t.test('members are set, added and completed', async (t) => {
  t.equal(textOf(body('{}').changed({ set: { a: 1 } })), '{"a":1}');
  t.equal(textOf(body(' { "b":2}').changed({ set: { a: 1 } })), ' {"a":1, "b":2}');
  t.equal(textOf(body('{"a":0,"a":1}').changed({ set: { a: 2 } })), '{"a":0,"a":2}', 'of a repeated name the last one counts');
  t.equal(textOf(body('{"a":0,"a":1}').changed({ set: { a: 0 } })), '{"a":0,"a":0}');
  t.equal(textOf(body('{"o":{"x":1}}').changed({ defaults: { o: { x: 2, y: 3 }, p: true } })), '{"p":true,"o":{"y":3,"x":1}}');
  t.equal(textOf(body('{"o":{}}').changed({ defaults: { o: { y: 3 } } })), '{"o":{"y":3}}');
  t.equal(textOf(body('{"o":null}').changed({ defaults: { o: { y: 3 } } })), '{"o":null}', 'what is there and no object stays');
});

t.test('a short text of ASCII comes as text, all else as bytes', async (t) => {
  t.type(body('{"a":"b"}').changed({ set: { a: 'c' } }), 'string');
  for (const [text, set] of [
    ['{"a":"ü"}', { b: 'c' }],
    ['{"a":"b"}', { a: 'ü' }],
    [`{"a":"${'b'.repeat(20_000)}"}`, { b: 'c' }],
  ] as const) {
    const changed = body(text).changed({ set });
    t.ok(Buffer.isBuffer(changed));
    t.same(JSON.parse(textOf(changed)), { ...(JSON.parse(text) as object), ...set });
  }
});

t.test('what is no JSON object is refused', async (t) => {
  for (const text of [
    '',
    '[]',
    '"a"',
    '1',
    'null',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1}x',
    '{"a":1}{}',
    '{"a":nul}',
    "{'a':1}",
  ])
    t.throws(() => body(text), JsonBodyError, text);
  t.throws(() => new JsonBody(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), { message: /UTF-8/ });
});

t.test('any object with any changes', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.comment(`SEED=${seed}`);
  let state = seed;
  const below = (count: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const pick = <T>(values: readonly T[]) => values[below(values.length)] as T;
  const space = () => pick(['', '', ' ', '\n\t', '  ']);
  const words = ['a', 'model', '', 'ü', '"', '\\', '\\"', '{', '}]', '\n', '日本', '\u0000', 'x'.repeat(40), '__proto__'];
  const value = (depth: number): Json => {
    const kind = below(depth > 2 ? 4 : 6);
    if (kind === 0) return pick(words);
    if (kind === 1) return below(1000) - 500;
    if (kind === 2) return pick([true, false, null]);
    if (kind === 3) return pick(words) + pick(words);
    if (kind === 4) return Array.from({ length: below(4) }, () => value(depth + 1));
    return object(depth + 1);
  };
  // Names without backslashes in JSON: V8 misreads those after it has seen the name "\\" (nodejs/node#63785).
  const names = words.filter((word) => JSON.stringify(word) === `"${word}"`);
  const object = (depth: number) => Object.fromEntries(Array.from({ length: below(5) }, () => [pick(names), value(depth)]));
  const write = (json: Json): string => {
    if (Array.isArray(json)) return `[${space()}${json.map(write).join(`${space()},${space()}`)}${space()}]`;
    if (typeof json !== 'object' || json === null) return JSON.stringify(json);
    const members = Object.entries(json).map(([key, one]) => `${JSON.stringify(key)}${space()}:${space()}${write(one as Json)}`);
    return `${space()}{${space()}${members.join(`${space()},${space()}`)}${space()}}${space()}`;
  };
  const ascii = (json: { [key: string]: Json }) =>
    Object.fromEntries(Object.entries(json).filter(([key]) => /^[\x20-\x7e]*$/.test(key)));
  const own = (json: object) => Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1));
  let wrong = 0;
  for (let round = 0; round < 5000; round += 1) {
    const before = object(0);
    const text = write(before);
    const set = ascii(object(1));
    const defaults = ascii(object(1));
    for (const key in set) delete defaults[key];
    const after: Record<string, unknown> = { ...before };
    for (const [key, one] of Object.entries(set)) Object.defineProperty(after, key, { value: one, enumerable: true });
    for (const [key, one] of Object.entries(defaults)) {
      const there = Object.hasOwn(after, key) ? after[key] : undefined;
      const isObject = (json: unknown) => typeof json === 'object' && json !== null && !Array.isArray(json);
      if (there === undefined && !Object.hasOwn(after, key)) Object.defineProperty(after, key, { value: one, enumerable: true });
      else if (isObject(there) && isObject(one))
        Object.defineProperty(after, key, { value: { ...(one as object), ...(there as object) }, enumerable: true });
    }
    const changed = JSON.parse(textOf(body(text).changed({ set, defaults }))) as object;
    if (JSON.stringify(sorted(own(changed))) !== JSON.stringify(sorted(own(after)))) {
      wrong += 1;
      if (wrong === 1) t.same(changed, after, `${text} with ${JSON.stringify({ set, defaults })}`);
    }
  }
  t.equal(wrong, 0);
});

/** The same with the members of all objects in one order. */
function sorted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sorted);
  if (typeof json !== 'object' || json === null) return json;
  return Object.entries(json)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, sorted(value)]);
}

t.test('a body that was let go of says so', async (t) => {
  for (const text of ['{"model":"a"}', `{"model":"${'a'.repeat(10_000)}"}`]) {
    const gone = body(text);
    gone.release();
    t.equal(gone.bytes.length, 0);
    t.throws(() => gone.value(), /let go of/);
    t.throws(() => gone.member('model'), /let go of/);
    t.throws(() => gone.changed({ set: { model: 'b' } }), /let go of/);
  }
});
