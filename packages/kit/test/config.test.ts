import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { ConfigError, configJsonSchema, configReference, loadConfig, parseConfig, parseJson } from '../src/config.ts';

const server = z.strictObject({
  command: z.string().min(1).describe('Program to start.'),
  args: z.array(z.string()).default([]).describe('Its arguments.'),
  env: z.record(z.string(), z.string()).default({}),
  isolation: z.enum(['unit', 'bubblewrap', 'none']).default('unit').describe('How it is kept apart.'),
});
const schema = z.strictObject({
  servers: z.record(z.string(), server).default({}),
  listen: z.array(z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(1).max(65535) })).default([]),
  auth: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('token'), file: z.string() }),
    ])
    .optional(),
  target: z
    .union([z.string(), z.strictObject({ url: z.string() }), z.strictObject({ path: z.string(), watch: z.boolean() })])
    .optional(),
  limits: z.strictObject({ idleMs: z.number().min(0).default(60_000), tokenBudget: z.number().optional() }).prefault({}),
  apiKey: z.string().optional(),
});

const issuesOf = (value: unknown): string[] => {
  try {
    parseConfig(schema, value, 'test.json');
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

t.test('a good configuration comes back with its defaults', async (t) => {
  const config = parseConfig(schema, { servers: { a: { command: 'x' } } }, 'test.json');
  t.same(config.servers.a, { command: 'x', args: [], env: {}, isolation: 'unit' });
  t.equal(config.limits.idleMs, 60_000);
});

t.test('what is wrong is said by path, with what was found and what was meant', async (t) => {
  const cases: [value: object, ...issues: string[]][] = [
    [{ servrs: {} }, 'servrs: unknown key (did you mean "servers"?)'],
    [
      { servers: { github: { comand: 'x' } } },
      'servers.github.command: is required (a string)',
      'servers.github.comand: unknown key (did you mean "command"?)',
    ],
    [
      { servers: { 'a.b': { command: 'x', zebra: 1 } } },
      'servers["a.b"].zebra: unknown key (known: command, args, env, isolation)',
    ],
    [{ servers: { a: { command: 1 } } }, 'servers.a.command: expected a string, found the number 1'],
    [{ servers: { a: { command: null } } }, 'servers.a.command: expected a string, found null'],
    [{ servers: { a: { command: '' } } }, 'servers.a.command: must have at least 1 character, found the string ""'],
    [{ servers: { a: { command: 'x', args: ['-v', {}] } } }, 'servers.a.args[1]: expected a string, found an object'],
    [
      { servers: { a: { command: 'x', isolation: 'units' } } },
      'servers.a.isolation: expected one of "unit", "bubblewrap", "none", found the string "units" (did you mean "unit"?)',
    ],
    [{ servers: [] }, 'servers: expected an object, found an array of 0'],
    [{ listen: [{ port: 80 }, { prot: 1, port: 81 }] }, 'listen[1].prot: unknown key (did you mean "port"?)'],
    [{ listen: [{ port: 70000 }] }, 'listen[0].port: must be at most 65535, found the number 70000'],
    [{ listen: [{ port: 1.5 }] }, 'listen[0].port: expected an integer, found the number 1.5'],
    [{ limits: { idleMS: 1 } }, 'limits.idleMS: unknown key (did you mean "idleMs"?)'],
    [{ auth: { kind: 'tokn' } }, 'auth.kind: expected one of "none", "token", found the string "tokn" (did you mean "token"?)'],
    [{ auth: {} }, 'auth.kind: is required (one of "none", "token")'],
    [{ auth: 'none' }, 'auth: expected an object, found the string "none"'],
    [
      { auth: { kind: 'token', fille: 'x' } },
      'auth.file: is required (a string)',
      'auth.fille: unknown key (did you mean "file"?)',
    ],
    [{ target: 7 }, 'target: expected a string or an object, found the number 7'],
    [{ target: { ulr: 'x' } }, 'target.url: is required (a string)', 'target.ulr: unknown key (did you mean "url"?)'],
    [
      { target: { path: '/x', wach: true } },
      'target.watch: is required (a boolean)',
      'target.wach: unknown key (did you mean "watch"?)',
    ],
    [
      { target: { url: 'x', path: '/x' } },
      'target.path: does not go together with the other keys beside it (it belongs to another form of this setting)',
    ],
  ];
  for (const [value, ...issues] of cases) t.same(issuesOf(value), issues, JSON.stringify(value));
});

t.test('all issues come at once, each with the name of the file', async (t) => {
  t.throws(() => parseConfig(schema, { a: 1, listen: 3 }, '/etc/x.json'), {
    message: /^\/etc\/x\.json: listen: expected an array, found the number 3\n\/etc\/x\.json: a: unknown key/,
  });
  t.throws(() => parseConfig(schema, 'text', '/etc/x.json'), {
    message: '/etc/x.json: expected an object, found the string "text"',
  });
});

t.test('a value that may be secret is never shown', async (t) => {
  const secret = 'hunter2-hunter2';
  const leaks = [
    { apiKey: [secret] },
    { servers: { a: { command: 'x', env: secret } } },
    { servers: { a: { command: 'x', env: { TOKEN: { value: secret } } } } },
    { listen: secret.concat('0123456789abcdef') },
    { listen: `https://user:${secret}@example.com` },
    { listen: `sk-${secret}` },
    { limits: { tokenBudget: secret } },
    { auth: { kind: `Bearer ${secret}` } },
    [secret],
  ];
  for (const value of leaks) {
    const issues = issuesOf(value);
    t.ok(issues.length > 0, JSON.stringify(issues));
    t.notMatch(issues.join('\n'), /hunter2/);
  }
  t.match(issuesOf({ listen: 'x'.repeat(100) })[0], /found the string "x{39}…"$/, 'long text is cut');
});

t.test('files', async (t) => {
  const folder = t.testdir({
    'good.json': '{"$schema": "./schema.json", "servers": {"a": {"command": "x"}}}',
    'bom.json': '\uFEFF{}',
    'comma.json': '{\n  "servers": {},\n}\n',
    'secret.json': '{\n  "apiKey": "hunter2-hunter2" "x"\n}',
    folder: {},
  });
  t.equal((await loadConfig(schema, join(folder, 'good.json'))).servers.a?.command, 'x');
  await t.resolves(loadConfig(schema, join(folder, 'bom.json')));
  await t.rejects(loadConfig(schema, join(folder, 'comma.json')), {
    message: `${join(folder, 'comma.json')}:2:16: not valid JSON: the last entry of an object must not be followed by a comma`,
  });
  const leak = await loadConfig(schema, join(folder, 'secret.json')).catch((error: Error) => error.message);
  t.match(leak, /secret\.json:2:31: not valid JSON: "," or "}" was expected$/);
  t.notMatch(leak, /hunter2/);
  await t.rejects(loadConfig(schema, join(folder, 'none.json')), { message: /none\.json: the file does not exist \(create it/ });
  await t.rejects(loadConfig(schema, join(folder, 'folder')), { message: /is a folder, not a file/ });
  if (process.getuid?.() === 0) return t.pass('root may read everything');
  writeFileSync(join(folder, 'closed.json'), '{}');
  chmodSync(join(folder, 'closed.json'), 0);
  await t.rejects(loadConfig(schema, join(folder, 'closed.json')), { message: /may not be read by user/ });
});

t.test('JSON errors have a place and a reason', async (t) => {
  const cases: [text: string, place: string, reason: RegExp][] = [
    ['', '1:1', /ends where a value/],
    ['{', '1:2', /ends where a key/],
    ['{"a": 1', '1:8', /ends where "," or "}"/],
    ['{"a" 1}', '1:6', /":" after the key/],
    ["{'a': 1}", '1:2', /double quotes/],
    ['{a: 1}', '1:2', /a key in double quotes/],
    ['{\n// note\n}', '2:1', /comments are not allowed/],
    ['{"a": /* x */ 1}', '1:7', /comments are not allowed/],
    ['[1, 2,]', '1:6', /last entry of an array/],
    ['{"a": 01}', '1:7', /a value/],
    ['{"a": truee}', '1:7', /a value/],
    ['{"a": "x\ny"}', '1:7', /not closed/],
    ['{"a": "x\ty"}', '1:9', /control character/],
    ['{"a": "\\x"}', '1:8', /unknown escape/],
    ['{} x', '1:4', /after the end/],
    ['[1] [2]', '1:5', /after the end/],
  ];
  for (const [text, place, reason] of cases) {
    const error = (() => {
      try {
        parseJson(text, 'f');
      } catch (error) {
        return error as Error;
      }
    })();
    t.ok(error?.message.startsWith(`f:${place}: not valid JSON: `), `${JSON.stringify(text)}: ${error?.message}`);
    t.match(error?.message, reason);
  }
});

t.test('every text that JSON.parse refuses gets a known reason, at every cut', async (t) => {
  const text = JSON.stringify({ a: [1, -2.5e3, true, null, 'q"\\\u0001é'], b: { c: {} }, d: '' }, null, 1);
  for (let cut = 0; cut < text.length; cut++) {
    t.throws(() => parseJson(text.slice(0, cut), 'f'), { message: /^f:\d+:\d+: not valid JSON: (?!syntax error)/ });
  }
});

t.test('JSON Schema describes what an author writes', async (t) => {
  t.match(configJsonSchema(schema), {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    additionalProperties: false,
    properties: { $schema: { type: 'string' }, servers: { default: {} } },
  });
  t.notOk('required' in configJsonSchema(schema), 'fields with a default need not be written');
});

t.test('the reference lists every field', async (t) => {
  const text = configReference(schema, 'test');
  t.match(text, /^## test\n\n\| Field \| Type \| Default \| Meaning \|\n\|---/);
  for (const row of [
    '| `servers` | `map of object` | `{}` |  |',
    '| `servers.<name>.command` | `string` | *required* | Program to start. |',
    '| `servers.<name>.args` | `array of string` | `[]` | Its arguments. |',
    '| `servers.<name>.isolation` | `"unit" \\| "bubblewrap" \\| "none"` | `"unit"` | How it is kept apart. |',
    '| `listen[].port` | `integer` | *required* |  |',
    '| `auth.file` | `string` | *required* |  |',
    '| `limits.idleMs` | `number` | `60000` |  |',
  ]) {
    t.ok(text.includes(row), row);
  }
  t.notMatch(text, /\$schema/);
});

t.test('a schema that refers to itself ends', async (t) => {
  const tree: z.ZodType = z.strictObject({ name: z.string(), children: z.array(z.lazy(() => tree)).optional() });
  t.match(configReference(tree, 'tree'), /`children\[\]\.name`|`children`/);
  t.throws(() => parseConfig(tree, { name: 'a', children: [{ name: 'b', childern: [] }] }, 'f'), {
    message: 'f: children[0].childern: unknown key (did you mean "children"?)',
  });
});
