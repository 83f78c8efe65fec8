import t from 'tap';
import { childTraceparent, newRequestId, parseTraceparent, requestIdFrom } from '../src/request-id.ts';

t.test('ids are short, unique, and sort by age', async (t) => {
  const ids = Array.from({ length: 100_000 }, newRequestId);
  t.match(ids[0], /^[0-9a-z]{15}$/);
  t.equal(new Set(ids).size, ids.length);
  t.same(ids.toSorted(), ids);
});

t.test("the caller's id is taken when it is sane", async (t) => {
  t.equal(requestIdFrom(new Headers({ 'X-Request-Id': 'abc-1.2:3_4' })), 'abc-1.2:3_4');
  t.equal(requestIdFrom({ 'x-request-id': 'abc' }), 'abc');
  for (const bad of ['', 'a b', 'a"b', 'ü', 'a'.repeat(65), '<script>']) {
    t.match(requestIdFrom({ 'x-request-id': bad }), /^[0-9a-z]{15}$/, bad);
  }
  t.match(requestIdFrom({}), /^[0-9a-z]{15}$/);
  t.match(requestIdFrom({ 'x-request-id': ['a', 'b'] }), /^[0-9a-z]{15}$/);
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

t.test('traceparent (W3C Trace Context section 3.2)', async (t) => {
  const parent = { traceId: TRACE, parentId: SPAN, flags: '01' };
  t.same(parseTraceparent(`00-${TRACE}-${SPAN}-01`), parent);
  t.same(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-holds`), parent, 'a later version may hold more');
  const malformed = [
    undefined,
    null,
    '',
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}`,
  ];
  for (const header of malformed) t.equal(parseTraceparent(header), undefined, String(header));
});

t.test('a child stays in the trace and is a new span', async (t) => {
  const child = parseTraceparent(childTraceparent(`00-${TRACE}-${SPAN}-01`));
  t.match(child, { traceId: TRACE, flags: '01' });
  t.not(child?.parentId, SPAN);
  const root = parseTraceparent(childTraceparent());
  t.match(root, { traceId: /^[0-9a-f]{32}$/, flags: '00' });
  t.not(parseTraceparent(childTraceparent('nonsense'))?.traceId, root?.traceId);
  t.match(childTraceparent({ traceId: TRACE, parentId: SPAN, flags: '00' }), new RegExp(`^00-${TRACE}-`));
});
