import t from 'tap';
import { problemShape } from '../src/rest/shapes.ts';
import { type RestGateway, send, servers, startRestGateway } from './fixtures/rest-gateway.ts';

let rest: RestGateway;

t.before(async () => {
  rest = await startRestGateway({
    mcpServers: {
      odd: servers.odd(),
      off: { ...servers.odd(), disabled: true },
      broken: { command: 'no-such-program-anywhere' },
    },
    bodyLimitBytes: 4096,
  });
});
t.teardown(() => rest.close());

interface Case {
  about: string;
  method?: string;
  path: string;
  body?: object | string;
  headers?: Record<string, string>;
  status: number;
  detail: RegExp;
  /** Further members of the problem. */
  members?: object;
  /** Headers of the answer. */
  answer?: Record<string, RegExp>;
}

const echo = '/api/tools/odd/echo';
const cases: Case[] = [
  {
    about: 'unknown server',
    path: '/api/servers/od',
    method: 'GET',
    status: 404,
    detail: /unknown server "od" \(did you mean "odd"\?\)/,
  },
  {
    about: 'unknown server to change',
    path: '/api/servers/xyz',
    method: 'PATCH',
    body: { enabled: true },
    status: 404,
    detail: /xyz/,
  },
  { about: 'unknown server to restart', path: '/api/servers/xyz/restart', status: 404, detail: /xyz/ },
  { about: 'unknown server of a tool', path: '/api/tools/odb/echo', body: {}, status: 404, detail: /did you mean "odd"/ },
  { about: 'unknown tool', path: '/api/tools/odd/ehco', body: {}, status: 404, detail: /"ehco" \(did you mean "echo"\?\)/ },
  { about: 'unknown tool, described', path: '/api/tools/odd/ehco', method: 'GET', status: 404, detail: /did you mean "echo"/ },
  { about: 'unknown tool on the second path', path: '/api/v1/mcp/odd/tools/ehco', status: 404, detail: /did you mean "echo"/ },
  {
    about: 'unknown tool in a query',
    path: '/api/v1/query',
    body: { server: 'odd', tool: 'ehco' },
    status: 404,
    detail: /did you mean "echo"/,
  },
  {
    about: 'unknown tool, as stream',
    path: '/api/tools/odd/ehco',
    headers: { accept: 'text/event-stream' },
    status: 404,
    detail: /echo/,
  },
  {
    about: 'unknown server of a document',
    path: '/api/openapi/od.json',
    method: 'GET',
    status: 404,
    detail: /did you mean "odd"/,
  },
  { about: 'no tool in a query', path: '/api/v1/query', body: { server: 'odd' }, status: 400, detail: /tool: is required/ },
  {
    about: 'misspelt member of a query',
    path: '/api/v1/query',
    body: { server: 'odd', tool: 'echo', arg: {} },
    status: 400,
    detail: /arg: unknown key \(did you mean "args"/,
  },
  {
    about: 'arguments of a query that are no object',
    path: '/api/v1/query',
    body: { server: 'odd', tool: 'echo', args: [] },
    status: 400,
    detail: /args: expected an object/,
  },
  {
    about: 'broken JSON',
    path: echo,
    body: '{"a": 1,\n "b" 2}',
    status: 400,
    detail: /line 2, column 6/,
    members: { line: 2, column: 6 },
  },
  { about: 'an array', path: echo, body: '[1]', status: 400, detail: /must be a JSON object, found an array/ },
  { about: 'null', path: echo, body: 'null', status: 400, detail: /found null/ },
  { about: 'a number', path: echo, body: '7', status: 400, detail: /found a number/ },
  {
    about: 'a form',
    path: echo,
    body: 'a=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    detail: /application\/json/,
  },
  { about: 'plain text', path: echo, body: '{}', headers: { 'content-type': 'text/plain' }, status: 415, detail: /text\/plain/ },
  {
    about: 'another charset',
    path: echo,
    body: '{}',
    headers: { 'content-type': 'application/json; charset=latin1' },
    status: 415,
    detail: /latin1/,
  },
  {
    about: 'a body that is too large',
    path: echo,
    body: { a: 'x'.repeat(5000) },
    status: 413,
    detail: /4096 bytes.*bodyLimitBytes/,
    members: { limitBytes: 4096 },
  },
  { about: 'a broken escape in the path', path: '/api/tools/odd/%zz', status: 400, detail: /escape/ },
  {
    about: 'wrong method on a list',
    path: '/api/servers',
    method: 'DELETE',
    status: 405,
    detail: /GET/,
    answer: { allow: /^GET, HEAD$/ },
  },
  {
    about: 'wrong method on a server',
    path: '/api/servers/odd',
    method: 'PUT',
    body: {},
    status: 405,
    detail: /PATCH/,
    answer: { allow: /^GET, HEAD, PATCH$/ },
  },
  {
    about: 'wrong method on a tool',
    path: echo,
    method: 'DELETE',
    status: 405,
    detail: /POST/,
    answer: { allow: /^GET, HEAD, POST$/ },
  },
  {
    about: 'wrong method on a query',
    path: '/api/v1/query',
    method: 'GET',
    status: 405,
    detail: /POST/,
    answer: { allow: /^POST$/ },
  },
  {
    about: 'invalid params of the server',
    path: '/api/tools/odd/fail',
    body: { code: -32602 },
    status: 400,
    detail: /error -32602/,
    members: { rpcCode: -32602, rpcData: { why: 'asked for' } },
  },
  {
    about: 'any other error of the server',
    path: '/api/tools/odd/fail',
    body: { code: -32050 },
    status: 502,
    detail: /error -32050/,
    members: { rpcCode: -32050 },
  },
  {
    about: 'a link to open first',
    path: '/api/tools/odd/fail',
    body: { code: -32042 },
    status: 422,
    detail: /MCP client/,
    members: { rpcCode: -32042 },
  },
  {
    about: 'a capability that REST has not',
    path: '/api/tools/odd/fail',
    body: { code: -32021 },
    status: 422,
    detail: /MCP client/,
  },
  {
    about: 'a tool that asks',
    path: '/api/tools/odd/ask',
    body: {},
    status: 422,
    detail: /elicitation\/create \("Your name\?"\).*MCP client/,
    members: { inputRequests: { name: { method: 'elicitation/create' } } },
  },
  {
    about: 'a server that is disabled',
    path: '/api/tools/off/echo',
    body: {},
    status: 503,
    detail: /"off" is disabled/,
    members: { server: 'off', state: 'disabled' },
  },
  {
    about: 'a server that is down',
    path: '/api/tools/broken/echo',
    body: {},
    status: 503,
    detail: /"broken" is not running/,
    answer: { 'retry-after': /^\d+$/ },
  },
  {
    about: 'the document of a server that is down',
    path: '/api/openapi/broken.json',
    method: 'GET',
    status: 503,
    detail: /not running/,
  },
  { about: 'a restart of a disabled server', path: '/api/servers/off/restart', status: 409, detail: /disabled/ },
];

t.test('every mistake gets its status and says what to do', async (t) => {
  for (const { about, method = 'POST', path, body, headers, status, detail, members, answer } of cases) {
    const response = await send(`${rest.url}${path}`, method, body, { 'x-request-id': 'mine-1', ...headers });
    t.equal(response.status, status, about);
    t.equal(response.headers.get('content-type'), 'application/problem+json', about);
    const problem = problemShape.parse(response.json);
    t.match(problem, { status, detail, requestId: 'mine-1', ...members }, about);
    for (const [name, value] of Object.entries(answer ?? {})) t.match(response.headers.get(name), value, `${about}: ${name}`);
  }
  t.same(
    rest.log.filter(({ level }) => level === 'error'),
    [],
    'nothing unexpected happened',
  );
});

t.test('bytes that are not UTF-8', async (t) => {
  const response = await fetch(`${rest.url}${echo}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array([0x7b, 0xff, 0x7d]),
  });
  t.equal(response.status, 400);
  t.match(await response.json(), { detail: /UTF-8/ });
});

t.test('a body that is too large and does not say so', async (t) => {
  const body = new ReadableStream({
    start(controller) {
      for (let sent = 0; sent < 64; sent += 1) controller.enqueue(new Uint8Array(1024).fill(0x20));
      controller.close();
    },
  });
  const response = await fetch(`${rest.url}${echo}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    duplex: 'half',
  });
  t.equal(response.status, 413);
});

t.test('17 MiB against the usual limit of 16', async (t) => {
  const usual = await startRestGateway({ mcpServers: { odd: servers.odd() } });
  t.teardown(() => usual.close());
  const { status } = await send(`${usual.url}${echo}`, 'POST', `{"a":"${'x'.repeat(17 * 1024 * 1024)}"}`);
  t.equal(status, 413);
  t.equal((await send(`${usual.url}${echo}`, 'POST', {})).status, 200);
});

t.test('a server that dies in the middle of a call, and comes back', async (t) => {
  const died = await send(`${rest.url}/api/tools/odd/exit`, 'POST', {});
  t.equal(died.status, 502);
  t.match(died.json, { detail: /exited with code 3/ });
  const down = await send(`${rest.url}${echo}`, 'POST', {});
  t.equal(down.status, 503);
  t.ok(Number(down.headers.get('retry-after')) >= 1);
  t.equal((await send(`${rest.url}${echo}`, 'POST', {}, { accept: 'text/event-stream' })).status, 503, 'before a stream begins');
});

t.test('a mistake of our own is a 500 that tells only the log why', async (t) => {
  await send(`${rest.url}/api/servers/odd/restart`, 'POST');
  rest.gateway.call = () => Promise.reject(new TypeError('a secret detail'));
  const { status, json } = await send(`${rest.url}/api/tools/odd/echo`, 'POST', {}, { 'x-request-id': 'mine-2' });
  t.equal(status, 500);
  t.notMatch(json.detail, /secret/);
  t.match(
    rest.log.findLast(({ level }) => level === 'error'),
    { requestId: 'mine-2' },
  );
});
