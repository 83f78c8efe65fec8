import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { moveObjectSchema, moveSchema } from '../src/rest/openapi/schema.ts';
import { serverToolsDocument } from '../src/rest/openapi/tools-document.ts';

const at = (name: string) => ({ $ref: `#/components/schemas/x.${name}` });

t.test('schemas move with what they refer to', async (t) => {
  const cases: [about: string, schema: unknown, moved: unknown, components?: object][] = [
    ['nothing to do', { type: 'string' }, { type: 'string' }],
    ['booleans', true, true],
    ['no schema at all', 'x', {}],
    ['dialect and place', { $schema: 's', $id: 'https://e.org/a', $anchor: 'a', type: 'string' }, { type: 'string' }],
    ['a definition', { $ref: '#/$defs/a', $defs: { a: { type: 'string' } } }, at('a'), { 'x.a': { type: 'string' } }],
    ['an older definition', { $ref: '#/definitions/a', definitions: { a: true } }, at('a'), { 'x.a': true }],
    [
      'any place',
      { properties: { a: { type: 'string' }, b: { $ref: '#/properties/a' } } },
      { properties: { a: { type: 'string' }, b: at('a') } },
      { 'x.a': { type: 'string' } },
    ],
    [
      'itself',
      { properties: { next: { $ref: '#' } } },
      { properties: { next: at('self') } },
      { 'x.self': { properties: { next: at('self') } } },
    ],
    [
      'a ring of definitions',
      { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { items: { $ref: '#/$defs/a' } } } },
      at('a'),
      { 'x.a': { items: at('b') }, 'x.b': { items: at('a') } },
    ],
    [
      'a reference to a reference to itself',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } },
      at('a'),
      { 'x.a': at('a') },
    ],
    [
      'words beside a reference',
      { $ref: '#/$defs/a', description: 'd', $defs: { a: {} } },
      { description: 'd', ...at('a') },
      { 'x.a': {} },
    ],
    [
      'rules beside a reference',
      { $ref: '#/$defs/a', minimum: 1, $defs: { a: {} } },
      { minimum: 1, allOf: [at('a')] },
      { 'x.a': {} },
    ],
    [
      'an anchor',
      { items: { $ref: '#it' }, $defs: { a: { $anchor: 'it', type: 'null' } } },
      { items: at('it') },
      { 'x.it': { type: 'null' } },
    ],
    [
      'escapes',
      { $ref: '#/$defs/a~1b%20c~0', $defs: { 'a/b c~': { type: 'null' } } },
      at('a_1b_20c_0'),
      { 'x.a_1b_20c_0': { type: 'null' } },
    ],
    [
      'its own URL',
      { $id: 'https://e.org/a', items: { $ref: 'a#/$defs/b' }, $defs: { b: {} } },
      { items: at('b') },
      { 'x.b': {} },
    ],
    [
      'the URL of a part',
      { items: { $ref: 'https://e.org/b' }, $defs: { any: { $id: 'https://e.org/b', type: 'null' } } },
      { items: at('b') },
      { 'x.b': { type: 'null' } },
    ],
    [
      'a part whose references start at itself',
      {
        $ref: '#/$defs/p',
        $defs: { p: { $id: 'https://e.org/p', items: { $ref: '#/$defs/q' }, $defs: { q: { type: 'null' } } }, q: true },
      },
      at('p'),
      { 'x.p': { items: at('q') }, 'x.q': { type: 'null' } },
    ],
    [
      'two of one name',
      { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b/$defs/a' }], $defs: { a: {}, b: { $defs: { a: { type: 'null' } } } } },
      { allOf: [at('a'), at('a-2')] },
      { 'x.a': {}, 'x.a-2': { type: 'null' } },
    ],
    ['the network', { $ref: 'https://e.org/secret.json' }, { $comment: /"https:\/\/e.org\/secret.json".*not followed/ }],
    ['files', { $ref: 'file:///etc/passwd' }, { $comment: /not followed/ }],
    ['nowhere', { $ref: '#/$defs/gone' }, { $comment: /not followed/ }],
    ['prototypes', { $ref: '#/constructor/prototype' }, { $comment: /not followed/ }],
    ['no URL', { $ref: 'http://[' }, { $comment: /not followed/ }],
    ['data that looks like a reference', { const: { $ref: '#/nowhere' } }, { const: { $ref: '#/nowhere' } }],
    [
      'properties named like keywords',
      { properties: { $ref: { type: 'string' }, $id: { type: 'null' } } },
      { properties: { $ref: { type: 'string' }, $id: { type: 'null' } } },
    ],
    [
      'tuples of older drafts',
      { items: [{ type: 'null' }], additionalItems: false },
      { prefixItems: [{ type: 'null' }], items: false },
    ],
    [
      'dependencies of older drafts',
      { dependencies: { a: ['b'], c: { type: 'object' } } },
      { dependentRequired: { a: ['b'] }, dependentSchemas: { c: { type: 'object' } } },
    ],
    ['exclusive bounds of draft 4', { minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
    [
      'values no keyword may have',
      {
        type: 'any',
        required: true,
        enum: 'a',
        minimum: '1',
        pattern: '(',
        allOf: [],
        properties: 1,
        items: 2,
        discriminator: 'k',
      },
      {},
    ],
    ['unknown keywords', { 'x-mcp-header': 'A', nullable: true }, { 'x-mcp-header': 'A', nullable: true }],
  ];
  for (const [about, schema, expected, components = {}] of cases) {
    const moved = moveSchema(schema, 'x');
    t.match(moved.schema, expected as object, about);
    if (!about.match(/network|files|nowhere|prototypes|URL$/)) t.same(moved, { schema: expected, components }, about);
  }
});

t.test('arguments are an object, whatever the server said', async (t) => {
  t.same(moveObjectSchema(undefined, 'x').schema, { type: 'object' });
  t.same(moveObjectSchema(false, 'x').schema, { type: 'object' });
  t.same(moveObjectSchema({ properties: { a: {} } }, 'x').schema, { properties: { a: {} }, type: 'object' });
});

t.test('a bottomless schema ends', async (t) => {
  const text = `${'{"items":'.repeat(5000)}{}${'}'.repeat(5000)}`;
  const { schema } = moveSchema(JSON.parse(text), 'x');
  t.ok(JSON.stringify(schema).length < 1000);
});

t.test('a moved schema accepts and refuses the same values', async (t) => {
  const schema = {
    type: 'object',
    properties: { tree: { $ref: '#/$defs/node' }, kind: { $ref: '#kind' } },
    required: ['tree'],
    $defs: {
      node: {
        type: 'object',
        properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } } },
        additionalProperties: false,
      },
      kind: { $anchor: 'kind', enum: ['a', 'b'] },
    },
  };
  const { schema: moved, components } = moveSchema(schema, 'x');
  const ajv = new Ajv2020({ strict: false });
  const before = ajv.compile(schema);
  const after = ajv.compile({ ...(moved as object), components: { schemas: components } });
  for (const value of [
    { tree: {} },
    { tree: { children: [{ children: [{}] }] }, kind: 'a' },
    {},
    { tree: { leaf: 1 } },
    { tree: {}, kind: 'c' },
    { tree: { children: [{ x: 1 }] } },
  ]) {
    t.equal(after(value), before(value), JSON.stringify(value));
  }
});

t.test('operation ids stay unique and legal', async (t) => {
  const entry = (key: string) => ({ key, text: '', value: { name: key } });
  const names = ['a', 'a', 'with space', 'with  space', 'x'.repeat(80), 'ünï', '', '\ud800', 'a/b', '__proto__'];
  const { paths } = serverToolsDocument({ name: 's', tools: names.map(entry), info: {} }, 'http://h') as {
    paths: Record<string, { post: { operationId: string } }>;
  };
  const ids = Object.values(paths).map(({ post }) => post.operationId);
  t.equal(ids.length, names.length - 1, 'the second "a" is the first one');
  t.equal(new Set(ids).size, ids.length);
  t.ok(
    ids.every((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id)),
    ids.join(' '),
  );
});
