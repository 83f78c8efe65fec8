// What the MCP endpoints answer to messages that are wrong: the status, the error code, and words that help.
import t from 'tap';
import { overStdio } from './fixtures/conformance-upstream/start.ts';
import { type GatewayProcess, startGateway } from './fixtures/gateway-process.ts';
import { legacy, modern, type Sent, send } from './fixtures/wire.ts';

let gateway: GatewayProcess;
t.before(async () => {
  gateway = await startGateway(t, {
    mcpServers: { up: overStdio('dual'), other: overStdio('2025'), asleep: { ...overStdio('dual'), disabled: true } },
    groups: { pair: ['up', 'other'] },
  });
});

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const raw = (body: string | Buffer, headers = {}): Sent => ({ headers: { ...json, ...headers }, body });
const message = (members: object): Sent => raw(JSON.stringify({ jsonrpc: '2.0', id: 1, ...members }));
const call = (name: unknown, args: unknown = {}) => modern('tools/call', { name, arguments: args });

interface Case {
  what: string;
  path?: string;
  sent: Sent;
  status: number;
  code?: number;
  says?: RegExp;
}

const bodies: Case[] = [
  { what: 'no body', sent: raw(''), status: 400, code: -32700, says: /not JSON/ },
  { what: 'half an object', sent: raw('{"jsonrpc":"2.0",'), status: 400, code: -32700 },
  { what: 'an open string', sent: raw('{"jsonrpc":"2.0","id":1,"method":"ping'), status: 400, code: -32700 },
  { what: 'text after the object', sent: raw('{"jsonrpc":"2.0","id":1,"method":"ping"} x'), status: 400, code: -32700 },
  { what: 'bytes that are not UTF-8', sent: raw(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), status: 400, code: -32700 },
  {
    what: 'a broken character inside a string',
    sent: raw(Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":"'), Buffer.from([0xc3]), Buffer.from('","method":"ping"}')])),
    status: 400,
    code: -32700,
    says: /UTF-8/,
  },
  { what: 'null', sent: raw('null'), status: 400, code: -32600, says: /an object was expected/ },
  { what: 'a number', sent: raw('7'), status: 400, code: -32600 },
  { what: 'an empty batch', sent: raw('[]'), status: 400, code: -32600, says: /batches are not accepted/ },
  {
    what: 'a batch',
    sent: raw('[{"jsonrpc":"2.0","id":1,"method":"ping"}]'),
    status: 400,
    code: -32600,
    says: /one message per POST/,
  },
  { what: 'an empty object', sent: raw('{}'), status: 400, code: -32600, says: /"jsonrpc" must be "2.0"/ },
  { what: 'JSON-RPC 1', sent: raw('{"jsonrpc":"1.0","id":1,"method":"ping"}'), status: 400, code: -32600 },
  {
    what: 'no method, result or error',
    sent: message({}),
    status: 400,
    code: -32600,
    says: /one of "method", "result", "error"/,
  },
  {
    what: 'a method that is a number',
    sent: message({ method: 7 }),
    status: 400,
    code: -32600,
    says: /"method" must be a string/,
  },
  { what: 'an id that is null', sent: message({ id: null, method: 'ping' }), status: 400, code: -32600, says: /"id"/ },
  { what: 'an id that is an object', sent: message({ id: {}, method: 'ping' }), status: 400, code: -32600, says: /"id"/ },
  { what: 'an id that is a boolean', sent: message({ id: true, method: 'ping' }), status: 400, code: -32600, says: /"id"/ },
  {
    what: 'params that are an array',
    sent: message({ method: 'ping', params: [] }),
    status: 400,
    code: -32600,
    says: /"params"/,
  },
  { what: 'params that are null', sent: message({ method: 'ping', params: null }), status: 400, code: -32600, says: /"params"/ },
  { what: 'no content type', sent: { body: '{}' }, status: 415, code: -32600, says: /application\/json, found none/ },
  { what: 'a form', sent: raw('a=b', { 'content-type': 'application/x-www-form-urlencoded' }), status: 415 },
  { what: 'JSON said to be text', sent: raw('{}', { 'content-type': 'text/plain' }), status: 415, says: /found text\/plain/ },
];

const names: Case[] = [
  {
    what: 'an unknown server',
    path: '/mcp/uo',
    sent: call('x'),
    status: 404,
    code: -32602,
    says: /unknown server "uo" \(did you mean "up"\?\)/,
  },
  { what: 'a path below a server', path: '/mcp/up/x', sent: call('x'), status: 404, says: /unknown server/ },
  {
    what: 'an unknown group',
    path: '/mcp/group/pai',
    sent: call('x'),
    status: 404,
    code: -32602,
    says: /unknown group "pai" \(did you mean "pair"\?\)/,
  },
  {
    what: 'an unknown tool',
    sent: call('up__test_simple_txt'),
    status: 200,
    code: -32602,
    says: /unknown tool .* \(did you mean "up__test_simple_text"\?\)/,
  },
  { what: 'a tool name that is a number', sent: call(7), status: 200, code: -32602, says: /"name" must be the name of a tool/ },
  { what: 'no tool name', sent: modern('tools/call', {}), status: 200, code: -32602, says: /"name"/ },
  { what: '__proto__ as a tool', sent: call('__proto__'), status: 200, code: -32602, says: /unknown tool/ },
  {
    what: 'an unknown tool of one server',
    path: '/mcp/up',
    sent: call('test_simple_txt'),
    status: 200,
    code: -32602,
    says: /test_simple_txt/,
  },
  { what: 'arguments that are a text', path: '/mcp/up', sent: call('test_simple_text', 'x'), status: 200, code: -32602 },
  {
    what: 'an unknown prompt',
    sent: modern('prompts/get', { name: 'up__test_simple_promt' }),
    status: 200,
    code: -32602,
    says: /did you mean "up__test_simple_prompt"/,
  },
  {
    what: 'an unknown resource',
    sent: modern('resources/read', { uri: 'nowhere://x' }),
    status: 200,
    code: -32602,
    says: /no server offers the resource "nowhere:\/\/x"/,
  },
  { what: 'a resource URI that is an object', sent: modern('resources/read', { uri: {} }), status: 200, code: -32602 },
  {
    what: 'an unknown prompt to complete',
    sent: modern('completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument: {} }),
    status: 200,
    code: -32602,
    says: /unknown prompt "x"/,
  },
  { what: 'a ref of no kind', sent: modern('completion/complete', { ref: 7 }), status: 200, code: -32602, says: /"ref" must be/ },
  { what: 'a cursor that nobody gave', sent: modern('tools/list', { cursor: 'x' }), status: 200, code: -32602, says: /cursor/ },
  {
    what: 'a filter that is a text',
    sent: modern('subscriptions/listen', { notifications: 'all' }),
    status: 400,
    code: -32602,
    says: /"notifications" must be an object/,
  },
  { what: 'no filter', sent: modern('subscriptions/listen', {}), status: 400, code: -32602 },
  {
    what: 'watched URIs that are numbers',
    sent: modern('subscriptions/listen', { notifications: { resourceSubscriptions: [1] } }),
    status: 400,
    code: -32602,
    says: /array of URIs/,
  },
  {
    what: 'a listener that takes no stream',
    sent: modern('subscriptions/listen', { notifications: {} }, { headers: { accept: 'application/json' } }),
    status: 400,
    says: /text\/event-stream/,
  },
  {
    what: 'a disabled server',
    path: '/mcp/asleep',
    sent: call('test_simple_text'),
    status: 200,
    code: -32603,
    says: /server "asleep" is disabled/,
  },
  { what: 'an unknown method', sent: modern('tools/lists'), status: 404, code: -32601 },
  { what: 'an unknown method of one server', path: '/mcp/up', sent: modern('tools/lists'), status: 404, code: -32601 },
  {
    what: 'a method that went away',
    path: '/mcp/up',
    sent: modern('ping'),
    status: 404,
    code: -32601,
    says: /ping does not exist in MCP 2026-07-28/,
  },
  { what: 'an unknown method of the handshake era', sent: legacy('tools/lists'), status: 200, code: -32601 },
  { what: 'the same at one server', path: '/mcp/up', sent: legacy('tools/lists'), status: 200, code: -32601 },
  {
    what: 'a log level that is none',
    sent: legacy('logging/setLevel', { level: 'loud' }),
    status: 200,
    code: -32602,
    says: /"loud"/,
  },
  {
    what: 'a subscription to nothing',
    sent: legacy('resources/subscribe', {}),
    status: 200,
    code: -32602,
    says: /"uri" must be a string/,
  },
  {
    what: 'a handshake without a revision',
    sent: legacy('initialize', {}),
    status: 200,
    code: -32602,
    says: /"protocolVersion"/,
  },
];

for (const { what, path = '/mcp', sent, status, code, says } of [...bodies, ...names]) {
  t.test(what, async (t) => {
    const { status: found, last } = await send(`${gateway.url}${path}`, sent);
    t.equal(found, status);
    t.type(last.error?.message, 'string');
    if (code !== undefined) t.equal(last.error?.code, code);
    if (says) t.match(last.error?.message, says);
  });
}

t.test('an answer to a request with an id repeats the id', async (t) => {
  const { last } = await send(`${gateway.url}/mcp`, modern('nothing/like-it'));
  t.equal(last.id, 1);
  t.same((await send(`${gateway.url}/mcp`, raw('{'))).last.id, null);
});

t.test('nothing of this was an error of the gateway', async (t) => {
  t.same(
    gateway.log().filter(({ level }) => level === 'error'),
    [],
  );
});
