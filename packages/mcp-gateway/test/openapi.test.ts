import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { type KnownValues, valueFor } from './fixtures/arguments.ts';
import { type RestGateway, send, servers, startRestGateway } from './fixtures/rest-gateway.ts';

/** The part of a tools document that the tests read. */
interface ToolsDocument {
  info: { title: string; version: string };
  servers: { url: string }[];
  paths: Record<string, { post: Operation }>;
  components: { schemas: Record<string, unknown> };
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  requestBody: { required: boolean; content: { 'application/json': { schema: Record<string, unknown> } } };
  responses: { '200': { content: { 'application/json': { schema: Record<string, unknown> } } } };
}

let rest: RestGateway;
let folder: string;

t.before(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'openapi-')));
  mkdirSync(join(folder, 'files'));
  rest = await startRestGateway({
    mcpServers: {
      filesystem: servers.filesystem(join(folder, 'files')),
      memory: servers.memory(join(folder, 'memory.jsonl')),
      everything: servers.everything(),
      odd: servers.odd(),
    },
  });
});
t.teardown(async () => {
  await rest.close();
  rmSync(folder, { recursive: true });
});

async function documentAt(path: string): Promise<ToolsDocument> {
  const { status, json } = await send(`${rest.url}${path}`);
  t.equal(status, 200, path);
  return json;
}

/** Checks a document as OpenAPI 3.1, its references, and every schema in it as JSON Schema 2020-12. */
async function validate(t: Test, document: ToolsDocument): Promise<void> {
  // The validator adds to what it is given.
  t.same(await new Validator().validate(structuredClone(document) as never), { valid: true });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'document');
  const schemas = Object.values(document.paths).flatMap(({ post }) => [
    post.requestBody.content['application/json'].schema,
    post.responses['200'].content['application/json'].schema,
  ]);
  for (const schema of [...schemas, ...Object.values(document.components.schemas)]) {
    if (!ajv.validateSchema(schema as object)) t.fail('not a JSON Schema', { schema, errors: ajv.errors });
  }
  for (const name of Object.keys(document.components.schemas)) ajv.compile({ $ref: `document#/components/schemas/${name}` });
}

/** Finds what a reference of the document points to. */
const resolver = (document: object) => (reference: string) =>
  reference
    .split('/')
    .slice(1)
    .reduce((value: unknown, key) => (value as Record<string, unknown>)[key], document);

/** Values that make sense to the servers, by tool. `*` is for all tools of the server. */
const knownValues = (): Record<string, Record<string, KnownValues>> => {
  const at = (name: string) => join(folder, 'files', name);
  const directory = { path: at('') };
  return {
    filesystem: {
      '*': {
        path: at('notes.txt'),
        paths: [at('notes.txt'), at('other.txt')],
        source: at('other.txt'),
        destination: at('moved.txt'),
      },
      read_media_file: { path: at('dot.png') },
      write_file: { path: at('written.txt') },
      edit_file: { oldText: 'hello', newText: 'bye' },
      create_directory: { path: at('new') },
      list_directory: directory,
      list_directory_with_sizes: directory,
      directory_tree: directory,
      search_files: { ...directory, pattern: '*.txt' },
    },
    memory: { '*': { name: 'Ada', entityName: 'Ada', from: 'Ada', to: 'Ada', names: ['Ada'], entityNames: ['Ada'] } },
    everything: {
      'trigger-long-running-operation': { duration: 0.2, steps: 2 },
      'gzip-file-as-resource': { data: 'data:text/plain,hello' },
    },
  };
};

/** Tools that ask their caller something, which one over REST cannot be; and the capability they would need. */
const asking: Record<string, string> = {
  'trigger-elicitation-request': 'elicitation',
  'trigger-url-elicitation': 'elicitation',
  'trigger-sampling-request': 'sampling',
};

for (const [server, tools] of [
  ['filesystem', 14],
  ['memory', 9],
  ['everything', 17],
] as const) {
  t.test(`the document of ${server} is OpenAPI 3.1, and a generated call to each of its tools succeeds`, async (t) => {
    writeFileSync(join(folder, 'files', 'notes.txt'), 'hello\n');
    writeFileSync(join(folder, 'files', 'other.txt'), 'hello\n');
    writeFileSync(join(folder, 'files', 'dot.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    const document = await documentAt(`/api/openapi/${server}.json`);
    await validate(t, document);
    t.equal(Object.keys(document.paths).length, tools);
    t.equal(document.servers[0]?.url, rest.url);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const { components } = document;
    const known = knownValues()[server] ?? {};
    for (const [path, { post }] of Object.entries(document.paths)) {
      const tool = post.operationId;
      const { schema } = post.requestBody.content['application/json'];
      const args = valueFor(schema, { ...known['*'], ...known[tool] }, resolver(document));
      t.ok(ajv.validate({ ...schema, components }, args), `${tool}: the generated arguments fit the schema`);
      const { status, json } = await send(`${document.servers[0]?.url}${path}`, 'POST', args as object);
      const capability = asking[tool];
      if (capability !== undefined) {
        t.equal(status, 422, tool);
        t.match(json, { detail: /MCP client/, rpcData: { requiredCapabilities: { [capability]: {} } } }, tool);
        continue;
      }
      t.equal(status, 200, tool);
      t.notOk(json.isError, tool, { args, json });
      const answer = ajv.compile({ ...post.responses['200'].content['application/json'].schema, components });
      t.notOk(answer(json) ? null : answer.errors, `${tool}: the answer fits the schema`);
    }
  });
}

t.test('operations say what the tools are', async (t) => {
  const { paths, info } = await documentAt('/api/openapi/filesystem.json');
  t.match(info, { title: 'filesystem', version: '0.2.0' });
  t.match(paths['/api/tools/filesystem/read_text_file']?.post, {
    operationId: 'read_text_file',
    summary: 'Read Text File',
    description: /Read the complete contents/,
    requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', required: ['path'] } } } },
    responses: {
      200: {
        content: {
          'application/json': { schema: { properties: { structuredContent: { properties: { content: { type: 'string' } } } } } },
        },
      },
    },
  });
  t.notMatch(JSON.stringify(paths), '$schema');
});

t.test('the document of everything at once has one operation per tool with a name of its own', async (t) => {
  const document = await documentAt('/api/openapi.json');
  await validate(t, document);
  const ids = Object.values(document.paths).map(({ post }) => post.operationId);
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.every((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id)));
  t.ok(ids.includes('filesystem__list_directory'));
});

t.test('tools with odd names and schemas do not break the document', async (t) => {
  const document = await documentAt('/api/openapi/odd.json');
  await validate(t, document);
  const schemaOf = (tool: string) =>
    document.paths[`/api/tools/odd/${tool}`]?.post.requestBody.content['application/json'].schema;
  t.same(schemaOf('no-schema'), { type: 'object' });
  t.same(schemaOf('text-schema'), { type: 'object' });
  t.same(schemaOf('broken-schema'), { type: 'object', prefixItems: [{ type: 'string' }] });
  t.match(schemaOf('tree'), {
    properties: { root: { $ref: '#/components/schemas/tree.input.node' }, far: { $comment: /not followed/ } },
  });
  const odd = document.paths['/api/tools/odd/dir%2Fname%20%252F%20%C3%BC'];
  t.match(odd?.post.operationId, /^odd__dir_name_2F_+[a-z0-9]{8}$/);
  t.equal((await send(`${rest.url}/api/tools/odd/dir%2Fname%20%252F%20%C3%BC`, 'POST', {})).status, 200);
});

t.test('the management API is described, and what is described is there', async (t) => {
  const { json } = await send(`${rest.url}/openapi.json`);
  t.same(await new Validator().validate(structuredClone(json)), { valid: true });
  const elsewhere = ['/health/live', '/health/ready', '/metrics'];
  const named: Record<string, string> = { server: 'odd', tool: 'echo', id: 'some-request' };
  for (const [path, item] of Object.entries<Record<string, object>>(json.paths)) {
    if (elsewhere.includes(path)) continue;
    const url = `${rest.url}${path.replace(/\{(\w+)\}/g, (_, name) => named[name] ?? '')}`;
    const methods = Object.keys(item).filter((key) => key !== 'parameters');
    const { status, headers } = await send(url, 'DELETE');
    t.equal(status, 405, path);
    const allowed = (headers.get('allow') ?? '')
      .toLowerCase()
      .split(', ')
      .filter((method) => method !== 'head');
    t.same(allowed.sort(), methods.sort(), path);
  }
});

t.test('the URL of the gateway is the public one where it is set, else that of the request', async (t) => {
  const known = await startRestGateway({ mcpServers: { odd: servers.odd() }, publicUrl: 'https://tools.example.org/mcp/' });
  t.teardown(() => known.close());
  const { json } = await send(`${known.url}/api/openapi/odd.json`);
  t.same(json.servers, [{ url: 'https://tools.example.org/mcp' }]);
  t.equal((await send(`${known.url}/api/servers/odd`)).json.url, 'https://tools.example.org/mcp/mcp/odd');
});
