import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { problemShape, serverDetailShape, serverListShape, toolListShape, toolShape } from '../src/rest/shapes.ts';
import { type RestGateway, send, servers, startRestGateway } from './fixtures/rest-gateway.ts';

let rest: RestGateway;
let folder: string;
const get = (path: string) => send(`${rest.url}${path}`);
const post = (path: string, body?: object | string, headers?: Record<string, string>) =>
  send(`${rest.url}${path}`, 'POST', body, headers);
const patch = (path: string, body: object) => send(`${rest.url}${path}`, 'PATCH', body);

t.before(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'rest-')));
  writeFileSync(join(folder, 'hello.txt'), 'hello');
  rest = await startRestGateway({
    mcpServers: {
      filesystem: { ...servers.filesystem(folder), description: 'A folder' },
      odd: servers.odd(),
      asleep: { ...servers.odd(), disabled: true },
      broken: { command: 'no-such-program-anywhere' },
    },
  });
});
t.teardown(async () => {
  await rest.close();
  rmSync(folder, { recursive: true });
});

t.test('GET /api/servers lists every server with its state', async (t) => {
  const { status, json } = await get('/api/servers');
  t.equal(status, 200);
  const { servers: list } = serverListShape.parse(json);
  t.same(
    list.map(({ name, state, enabled }) => [name, state, enabled]),
    [
      ['filesystem', 'ready', true],
      ['odd', 'ready', true],
      ['asleep', 'disabled', false],
      ['broken', 'failed', true],
    ],
  );
  t.match(list[0], {
    description: 'A folder',
    url: `${rest.url}/mcp/filesystem`,
    transport: 'stdio',
    tools: 14,
    protocolVersion: '2025-11-25',
  });
  t.match(list[3]?.lastError, /no-such-program-anywhere|not found/);
});

t.test('GET /api/servers/{server} adds the last stderr lines and why it is enabled', async (t) => {
  const detail = serverDetailShape.parse((await get('/api/servers/filesystem')).json);
  t.match(detail.stderr.join('\n'), /Filesystem/);
  t.same(detail.origin, { enabled: { source: 'declared', declared: true } });
});

t.test('PATCH /api/servers/{server} enables and disables, and remembers who did', async (t) => {
  const enabled = await patch('/api/servers/asleep', { enabled: true });
  t.equal(enabled.status, 200);
  const detail = serverDetailShape.parse(enabled.json);
  t.match(detail, { enabled: true, state: 'ready', origin: { enabled: { source: 'runtime', declared: false, who: 'tester' } } });
  t.ok(Math.abs(Date.parse(detail.origin.enabled.when ?? '') - Date.now()) < 60_000);
  const disabled = serverDetailShape.parse((await patch('/api/servers/asleep', { enabled: false })).json);
  t.match(disabled, {
    enabled: false,
    state: 'disabled',
    tools: 0,
    origin: { enabled: { source: 'declared', declared: false } },
  });
  t.notOk(disabled.pid);
});

t.test('PATCH accepts exactly {enabled}', async (t) => {
  const typo = await patch('/api/servers/odd', { enable: true });
  t.equal(typo.status, 400);
  t.match(problemShape.parse(typo.json).detail, /enable: unknown key \(did you mean "enabled"\?\)/);
  t.match((await patch('/api/servers/odd', { enabled: 'yes' })).json, {
    status: 400,
    detail: /enabled: expected a boolean, found the string "yes"/,
  });
  t.match((await patch('/api/servers/odd', {})).json, { status: 400, detail: /enabled: is required/ });
});

t.test('POST /api/servers/{server}/restart waits for the new process', async (t) => {
  const before = (await get('/api/servers/odd')).json;
  const { status, json } = await post('/api/servers/odd/restart');
  t.equal(status, 200);
  t.match(json, { state: 'ready', restarts: before.restarts + 1 });
  t.not(json.pid, before.pid);
  t.match((await post('/api/servers/broken/restart')).json, { state: 'failed' });
  t.match((await post('/api/servers/asleep/restart')).json, { status: 409, detail: /disabled/ });
});

t.test('GET /api/tools lists, filters by server and finds by words', async (t) => {
  const all = toolListShape.parse((await get('/api/tools')).json).tools;
  t.same([...new Set(all.map(({ server }) => server))], ['filesystem', 'odd']);
  const one = toolListShape.parse((await get('/api/tools?server=filesystem')).json).tools;
  t.equal(one.length, 14);
  t.match(
    one.find(({ name }) => name === 'read_text_file'),
    { publicName: 'filesystem__read_text_file', annotations: { readOnlyHint: true } },
  );
  const found = toolListShape.parse((await get('/api/tools?q=MULTIPLE%20contents')).json).tools;
  t.same(
    found.map(({ name }) => name),
    ['read_multiple_files'],
  );
  t.match((await get('/api/tools?server=filesistem')).json, { status: 404, detail: /did you mean "filesystem"/ });
});

t.test('GET /api/tools/{server}/{tool} describes one', async (t) => {
  const tool = toolShape.parse((await get('/api/tools/filesystem/list_directory')).json);
  t.match(tool, { server: 'filesystem', name: 'list_directory', inputSchema: { required: ['path'] } });
});

t.test('a tool is called the same way on three paths', async (t) => {
  for (const [path, body] of [
    ['/api/tools/filesystem/list_directory', { path: folder }],
    ['/api/v1/mcp/filesystem/tools/list_directory', { path: folder }],
    ['/api/v1/query', { server: 'filesystem', tool: 'list_directory', args: { path: folder } }],
  ] as const) {
    const { status, json, headers } = await post(path, body);
    t.equal(status, 200, path);
    t.match(json.content, [{ type: 'text', text: '[FILE] hello.txt' }]);
    t.ok(headers.get('x-request-id'));
  }
});

t.test('a tool that fails is 200 with isError', async (t) => {
  const { status, json } = await post('/api/tools/filesystem/read_text_file', { path: '/etc/passwd' });
  t.equal(status, 200);
  t.match(json, { isError: true, content: [{ text: /Access denied/ }] });
});

t.test('arguments and results keep every digit, unknown members and order', async (t) => {
  const args = '{ "big": 9007199254740993, "tiny": 1.10, "z": 1, "a":\n2 }';
  const { text } = await post('/api/tools/odd/echo', args);
  t.match(text, '"big": 9007199254740993, "tiny": 1.10, "z": 1, "a": 2');
  t.match(text, '"x-number":123456789012345678901234567890.10');
  const query = await post('/api/v1/query', '{"server":"odd","tool":"echo","args":{"big":9007199254740993}}');
  t.match(query.text, '"structuredContent":{"big":9007199254740993}');
});

t.test('a nested object on a line of its own does not become a message to the server', async (t) => {
  const inner = '{"jsonrpc":"2.0","id":999,"method":"tools/call","params":{"name":"exit","_meta":{}}}';
  const { status, json } = await post('/api/tools/odd/echo', `{"x":\n${inner}\r\n}`);
  t.equal(status, 200);
  t.same(json.structuredContent, { x: JSON.parse(inner) });
  t.equal((await get('/api/servers/odd')).json.state, 'ready');
});

t.test('no body, or an empty one, means no arguments', async (t) => {
  t.same((await post('/api/tools/odd/echo')).json.structuredContent, {});
  t.same((await post('/api/tools/odd/echo', '')).json.structuredContent, {});
  t.same((await post('/api/v1/query', { server: 'odd', tool: 'echo' })).json.structuredContent, {});
});

t.test('names with slashes, percent signs and letters beyond ASCII', async (t) => {
  const name = 'dir/name %2F ü';
  t.match((await get(`/api/tools/odd/${encodeURIComponent(name)}`)).json, { name, title: 'Odd name' });
  t.equal((await post(`/api/tools/odd/${encodeURIComponent(name)}`, {})).status, 200);
});

t.test('a tool of a server that is still starting waits for it', async (t) => {
  const starting = await startRestGateway({ mcpServers: { odd: servers.odd() } }, { wait: false });
  t.teardown(() => starting.close());
  t.equal(starting.gateway.upstream('odd').state, 'starting');
  t.equal((await send(`${starting.url}/api/tools/odd/echo`, 'POST', {})).status, 200);
});

t.test('changes that only last until a restart, and ones that are denied', async (t) => {
  const fleeting = await startRestGateway({ mcpServers: { odd: servers.odd() }, runtimeChanges: 'until-restart' });
  t.teardown(() => fleeting.close());
  const { json } = await send(`${fleeting.url}/api/servers/odd`, 'PATCH', { enabled: false });
  t.match(json, { enabled: false, origin: { enabled: { source: 'runtime', declared: true, who: 'tester' } } });
  const denied = await startRestGateway({ mcpServers: { odd: servers.odd() }, runtimeChanges: 'deny' });
  t.teardown(() => denied.close());
  t.match((await send(`${denied.url}/api/servers/odd`, 'PATCH', { enabled: false })).json, {
    status: 403,
    detail: /runtimeChanges/,
  });
});
