import t from 'tap';
import * as problems from '../src/problem.ts';

const { Problem, problemResponse, toProblem, toProblemJson } = problems;

t.test('a problem as JSON (RFC 9457 section 3)', async (t) => {
  const problem = new Problem(404, { detail: 'No server "x".', server: 'x' });
  t.ok(problem instanceof Error);
  t.equal(problem.message, 'No server "x".');
  t.same(toProblemJson(problem), { type: 'about:blank', title: 'Not Found', status: 404, detail: 'No server "x".', server: 'x' });
  const own = new Problem(409, { title: 'Taken', type: 'https://example.com/taken', detail: 'd' });
  t.match(toProblemJson(own), { title: 'Taken', type: 'https://example.com/taken' });
});

t.test('extension members can not replace the standard ones', async (t) => {
  t.equal(toProblemJson(new Problem(400, { detail: 'd', status: 200 })).status, 400);
});

t.test('a problem as an answer', async (t) => {
  const response = problemResponse(problems.tooManyRequests('Slow down.', 1.2), 'req-1');
  t.equal(response.status, 429);
  t.equal(response.headers.get('content-type'), 'application/problem+json');
  t.equal(response.headers.get('retry-after'), '2');
  t.equal(response.headers.get('x-request-id'), 'req-1');
  t.match(await response.json(), { status: 429, requestId: 'req-1' });
});

t.test('the helpers', async (t) => {
  const cases: [problem: problems.Problem, status: number][] = [
    [problems.badRequest('d', { field: 'a' }), 400],
    [problems.unauthorized('d', { headers: { 'www-authenticate': 'Bearer' } }), 401],
    [problems.forbidden('d'), 403],
    [problems.notFound('d'), 404],
    [problems.payloadTooLarge('d'), 413],
    [problems.tooManyRequests('d', 0), 429],
    [problems.unavailable('d'), 503],
  ];
  for (const [problem, status] of cases) t.match(toProblemJson(problem), { status, detail: 'd' });
  t.match(cases[0]?.[0].extra, { field: 'a' });
  t.equal(
    problemResponse(problems.unauthorized('d', { headers: { 'www-authenticate': 'Bearer' } })).headers.get('www-authenticate'),
    'Bearer',
  );
  t.equal(problems.tooManyRequests('d', 0).headers['retry-after'], '1');
  t.equal(problems.unavailable('d', 30).headers['retry-after'], '30');
});

t.test('an unexpected error gives nothing away', async (t) => {
  const problem = toProblem(new Error('password is hunter2'));
  t.equal(problem.status, 500);
  t.notMatch(JSON.stringify(toProblemJson(problem)), /hunter2/);
  const known = problems.notFound('d');
  t.equal(toProblem(known), known);
});
