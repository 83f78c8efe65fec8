// Values in headers: what is safe goes plain, everything else in base64, and comes back the same; parameters mirrored so.
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../src/protocol/header-value.ts';
import { checkParamHeaders, paramHeadersOf, renderParamHeaders } from '../src/protocol/param-headers.ts';

t.test('what is encoded is decoded to the same, through what HTTP does to headers', async (t) => {
  const random = new Random(1);
  const texts = [
    '',
    ' ',
    'a',
    ' a',
    'a ',
    '\t',
    'a b',
    'é',
    '日本',
    '👩‍🚀',
    'a\nb',
    'a\r\nx: y',
    '\0',
    '=?base64?eA==?=',
    '=?base64??=',
    '=?BASE64?eA==?=',
  ];
  for (let round = 0; round < 5000; round += 1) texts.push(random.text(random.below(10), 'ab =?64\t\n\0é👩?base'));
  for (const text of texts.map((text) => text.toWellFormed())) {
    const encoded = encodeHeaderValue(text);
    if (!/^[\x20-\x7e\t]*$/.test(encoded)) t.fail(`${JSON.stringify(text)} is not fit for a header: ${encoded}`);
    if (decodeHeaderValue(`  ${encoded}\t`) !== text)
      t.fail(`${JSON.stringify(text)} came back as ${decodeHeaderValue(encoded)}`);
  }
  t.equal(encodeHeaderValue('list_files'), 'list_files');
  t.equal(encodeHeaderValue('=?base64?eA==?='), '=?base64?PT9iYXNlNjQ/ZUE9PT89?=', 'what looks encoded is encoded again');
});

t.test('broken encodings', async (t) => {
  for (const text of [
    '=?base64?eA?=',
    '=?base64?e===?=',
    '=?base64?%%%%?=',
    '=?base64?/w==?=',
    '=?base64?e A=?=',
    'caf\u00e9',
    'a\u0001',
  ])
    t.equal(decodeHeaderValue(text), undefined, text);
});

t.test('declared parameters', async (t) => {
  const schema = {
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: {
        type: 'object',
        properties: { level: { type: 'integer', 'x-mcp-header': 'Level' }, dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' } },
      },
      examples: { type: 'string', default: { 'x-mcp-header': 'not one' } },
    },
  };
  const declared = paramHeadersOf(schema);
  t.same(
    declared.map(({ header, path }) => [header, path.join('.')]),
    [
      ['mcp-param-region', 'region'],
      ['mcp-param-level', 'deep.level'],
      ['mcp-param-dry-run', 'deep.dry'],
    ],
  );
  const args = { region: 'Zürich', deep: { level: 3, dry: false } };
  const headers = renderParamHeaders(declared, args);
  t.same(headers, { 'mcp-param-region': '=?base64?WsO8cmljaA==?=', 'mcp-param-level': '3', 'mcp-param-dry-run': 'false' });
  t.equal(checkParamHeaders(declared, args, headers), undefined);
  t.equal(checkParamHeaders(declared, args, { ...headers, 'mcp-param-level': '3.0' }), undefined, 'numbers are compared as such');
  t.equal(checkParamHeaders(declared, {}, {}), undefined);
  t.equal(checkParamHeaders(declared, { region: null }, {}), undefined, 'null counts as absent');
  const wrong: [args: unknown, headers: Record<string, string>, says: RegExp][] = [
    [args, { ...headers, 'mcp-param-level': '4' }, /mcp-param-level does not match the argument deep\.level/],
    [args, { ...headers, 'mcp-param-level': '' }, /does not match/],
    [args, { ...headers, 'mcp-param-dry-run': 'False' }, /does not match/],
    [args, {}, /region is present but the header mcp-param-region is missing/],
    [{}, headers, /present but the argument region is not/],
    ['text', headers, /is not/],
    [{ region: {} }, { 'mcp-param-region': '[object Object]' }, /does not match/],
    [{ region: { toString: 1, valueOf: 2 } }, { 'mcp-param-region': 'x' }, /does not match/],
    [args, { ...headers, 'mcp-param-region': '=?base64?x?=' }, /not validly encoded/],
  ];
  for (const [given, sent, says] of wrong) t.match(checkParamHeaders(declared, given, sent), says);
});

t.test('declarations that are none', async (t) => {
  const header = (name: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': name });
  const bad: [schema: object, says: RegExp][] = [
    [{ properties: { a: header('x y') } }, /x-mcp-header of a is not a header name/],
    [{ properties: { a: header('') } }, /not a header name/],
    [{ properties: { a: header(7) } }, /not a header name/],
    [{ properties: { a: header('X\r\nY') } }, /not a header name/],
    [{ properties: { a: header('X', 'number') } }, /needs type string, integer or boolean/],
    [{ properties: { a: header('X', ['string', 'null']) } }, /needs type/],
    [{ properties: { a: header('X'), b: header('x') } }, /two parameters use the header mcp-param-x/],
    [header('X'), /the schema root is not reachable/],
    [{ properties: { a: { type: 'array', items: header('X') } } }, /not reachable/],
    [{ anyOf: [{ properties: { a: header('X') } }] }, /not reachable/],
    [{ $defs: { d: { properties: { a: header('X') } } } }, /not reachable/],
  ];
  for (const [schema, says] of bad) t.throws(() => paramHeadersOf(schema), { message: says });
});
