import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { allRights } from '../src/call/call.ts';
import { restRoutes } from '../src/rest/routes.ts';
import { servers, startRestGateway } from './fixtures/rest-gateway.ts';

const requests = 10_000;

t.test('mutated requests are refused, never answered with 500', async (t) => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  t.comment(`FUZZ_SEED=${seed}`);
  const random = new Random(seed);
  const below = (limit: number) => random.below(limit);
  const pick = <T>(values: readonly T[]): T => random.pick(values);
  const rest = await startRestGateway({ mcpServers: { odd: servers.odd() }, bodyLimitBytes: 2048 });
  t.teardown(() => rest.close());
  const app = restRoutes(rest.gateway, { callerOf: () => ({ id: 'fuzzer', rights: allRights }) });

  const paths = [
    '/api/servers',
    '/api/servers/odd',
    '/api/tools?server=odd&q=e',
    '/api/tools/odd/echo',
    '/api/tools/odd/ask',
    '/api/tools/odd/steps',
    '/api/tools/odd/fail',
    '/api/v1/mcp/odd/tools/echo',
    '/api/v1/query',
    '/openapi.json',
    '/api/openapi.json',
    '/api/openapi/odd.json',
  ];
  const bodies = [
    '{"server":"odd","tool":"echo","args":{"a":[1,2.5e10,null]}}',
    '{"enabled":true}',
    '{"code":-32602}',
    '{"a":"\\ud800 \\n","b":{"c":[[]]}}',
    '',
  ];
  const alphabet = [
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\n',
    '\u0000',
    '%',
    '/',
    '..',
    '%2F',
    '%00',
    '%ff',
    '?',
    '#',
    '__proto__',
    '1e999',
    '-',
    'ü',
    '\ud800',
    ' ',
  ];
  const mutate = (text: string): string => {
    let out = text;
    for (let times = below(4); times > 0; times -= 1) {
      const at = below(out.length + 1);
      const cut = below(3);
      out = out.slice(0, at) + (below(10) < 7 ? pick(alphabet) : out.slice(below(out.length + 1))) + out.slice(at + cut);
    }
    return below(100) === 0 ? out.repeat(below(100)) : out;
  };

  const statuses = new Map<number, number>();
  for (let count = 0; count < requests; count += 1) {
    const method = pick(['GET', 'POST', 'POST', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']);
    const path = below(3) === 0 ? `/${mutate(pick(paths)).slice(1)}` : pick(paths);
    const body = method === 'GET' ? undefined : mutate(pick(bodies));
    const headers = {
      'content-type': pick([
        'application/json',
        'application/json',
        'application/json',
        'text/plain',
        '',
        'application/json; charset=x',
      ]),
      accept: pick(['*/*', 'text/event-stream', '', 'a/b;q=x']),
    };
    const url = URL.canParse(path, 'http://localhost') ? new URL(path, 'http://localhost').href : 'http://localhost/api/servers';
    const response = await app.request(url, { method, headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    if (response.status === 500) t.fail('answered with 500', { method, url, body, headers, text });
  }
  t.comment(JSON.stringify(Object.fromEntries([...statuses].sort())));
  t.same(
    rest.log.filter(({ level }) => level === 'error'),
    [],
  );
  for (const status of [200, 400, 404, 405, 415]) t.ok(statuses.has(status), `${status} came up`);
  await rest.gateway.setEnabled('odd', true, 'fuzzer');
  t.equal((await app.request('/api/tools/odd/echo', { method: 'POST' })).status, 200, 'still works');
});
