// Finding members in JSON text, against JSON.parse on generated documents; and that what is relayed keeps its digits.
import t from 'tap';
import { isTooDeep, JsonStructureError, maxDepth, memberText, rewriteObject, scanArray, scanObject } from '../src/json-scan.ts';
import { Random } from './fixtures/random.ts';

const scalars = [
  'null',
  'true',
  'false',
  '0',
  '-1.50',
  '1e400',
  '123456789012345678901234567890.10',
  '""',
  '"a"',
  '"\\""',
  '"\\\\"',
  '"\\\\\\""',
  '"{[,:]}"',
  '"\\u0022"',
  '"\u2028"',
  '"é👩‍🚀"',
  '"\\ud800"',
];
// No key that begins with a backslash: V8 13.6 then takes an escaped key that comes later for that one.
const keys = ['"a"', '"b"', '""', '"_meta"', '"\\u0061"', '"\\""', '"é"', '"__proto__"', '"{"'];

/** The text of a value, with white space wherever it may be. */
function value(random: Random, depth = 0): string {
  const space = () => random.text(random.below(3), ' \n\t\r');
  const kind = depth > 4 ? 0 : random.below(4);
  if (kind < 2) return random.pick(scalars);
  const members = Array.from({ length: random.below(4) }, () => {
    const member = `${space()}${value(random, depth + 1)}${space()}`;
    return kind === 2 ? member : `${space()}${random.pick(keys)}${space()}:${member}`;
  });
  const inside = members.length === 0 ? space() : members.join(',');
  return kind === 2 ? `[${inside}]` : `{${inside}}`;
}

const parsed = (text: string): unknown => JSON.parse(text);
/** As a list, so that `__proto__` is a key like any other. */
const entries = (value: unknown) => Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));

t.test('objects and arrays are taken apart as JSON.parse does', async (t) => {
  const random = new Random(1);
  let objects = 0;
  let arrays = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const text = random.text(random.below(2), ' \n') + value(random) + random.text(random.below(2), ' \n');
    const whole = parsed(text);
    if (Array.isArray(whole)) {
      arrays += 1;
      t.same(scanArray(text).map(parsed), whole, { diagnostic: false });
    } else if (whole !== null && typeof whole === 'object') {
      objects += 1;
      const found = Object.fromEntries(scanObject(text).map(({ key, start, end }) => [key, parsed(text.slice(start, end))]));
      t.same(entries(found), entries(whole));
      for (const key of Object.keys(whole))
        t.same(parsed(memberText(text, key) ?? 'undefined'), (whole as Record<string, unknown>)[key]);
      t.equal(memberText(text, 'nowhere'), undefined);
    }
  }
  t.ok(objects > 1000 && arrays > 1000, `${objects} objects, ${arrays} arrays`);
});

t.test('rewriting changes what it should and nothing else', async (t) => {
  const random = new Random(2);
  for (let round = 0; round < 10_000; round += 1) {
    const text = value(random);
    const whole = parsed(text);
    if (whole === null || typeof whole !== 'object' || Array.isArray(whole)) continue;
    const changes: Record<string, string | undefined> = {};
    for (const key of ['a', 'b', 'new'])
      if (random.below(2) === 0) changes[key] = random.pick(['1', '"x"', '{"y":[]}', undefined]);
    const expected: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(whole))
      if (!Object.hasOwn(changes, key))
        Object.defineProperty(expected, key, { value: member, enumerable: true, writable: true, configurable: true });
    for (const [key, change] of Object.entries(changes)) if (change !== undefined) expected[key] = parsed(change);
    const rewritten = rewriteObject(text, changes);
    t.same(entries(parsed(rewritten)), entries(expected));
    for (const { key, start, end } of scanObject(text)) {
      if (!Object.hasOwn(changes, key)) t.ok(rewritten.includes(text.slice(start, end)), 'byte for byte');
    }
  }
});

t.test('digits, order and unknown members survive', async (t) => {
  const text = '{"z":1.50,"big":123456789012345678901234567890,"e":1E+2,"name":"old","x-unknown":{"k": [ 1 ]},"-0":-0}';
  t.equal(rewriteObject(text, { name: '"new"' }), text.replace('old', 'new').replaceAll(', ', ', '));
  t.equal(memberText(text, 'big'), '123456789012345678901234567890');
  t.equal(rewriteObject(text, {}), text);
  t.equal(rewriteObject('{}', { a: '1', b: undefined }), '{"a":1}');
  t.equal(rewriteObject('{"a":1,"a":2,"b":3}', { a: '9' }), '{"a":9,"b":3}', 'a member that was there twice is there once');
  t.equal(rewriteObject('{"a":1,"a":2}', { a: undefined }), '{}');
  t.equal(memberText('{"a":1,"a":2}', 'a'), '2', 'the last one counts');
});

t.test('broken texts are refused, whatever is missing', async (t) => {
  const text = '{"a":[1,{"b":"c\\"d"}],"e":{"f":null}}';
  for (let end = 0; end < text.length; end += 1)
    t.throws(() => scanObject(text.slice(0, end)), JsonStructureError, text.slice(0, end));
  for (const broken of [
    '',
    ' ',
    'null',
    '1',
    '"a"',
    '[]',
    '{a:1}',
    '{"a"}',
    '{"a":}',
    '{"a":1 "b":2}',
    '{"a":1,}',
    '{"a":[1}]}',
    '{,}',
    "{'a':1}",
  ])
    t.throws(() => scanObject(broken), JsonStructureError, broken);
  for (const broken of ['', '{}', '[1', '[1 2]', '[1,]', '[,]', '[{]}'])
    t.throws(() => scanArray(broken), JsonStructureError, broken);
});

t.test('depth', async (t) => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  t.notOk(isTooDeep(nested(maxDepth)));
  t.ok(isTooDeep(nested(maxDepth + 1)));
  t.notOk(isTooDeep(`[${'[],'.repeat(5000)}[]]`), 'wide is not deep');
  t.notOk(isTooDeep(`["${'['.repeat(5000)}","\\"${'{'.repeat(5000)}"]`), 'brackets in strings do not count');
});
