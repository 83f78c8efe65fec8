import t from 'tap';
import { createMetrics } from '../src/metrics.ts';

t.test('a scrape holds our figures, the process, and what runs', async (t) => {
  const metrics = await createMetrics('test', { version: '1.2.3' });
  metrics.counter('calls_total', 'Calls.', ['outcome']).inc({ outcome: 'ok' });
  metrics.gauge('open', 'Open connections.').set(3);
  metrics.histogram('duration_seconds', 'Duration.', ['server'], [0.1, 1]).observe({ server: 'a' }, 0.5);
  const { contentType, body } = await metrics.text();
  t.match(contentType, /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'test_calls_total{outcome="ok"} 1',
    'test_open 3',
    'test_duration_seconds_bucket{le="0.1",server="a"} 0',
    'test_duration_seconds_bucket{le="1",server="a"} 1',
    `test_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
  ]) {
    t.ok(body.includes(`${line}\n`), line);
  }
  t.match(body, /^process_resident_memory_bytes \d+/m);
});

t.test('two daemons in one process do not share a registry', async (t) => {
  const [a, b] = await Promise.all([createMetrics('same'), createMetrics('same')]);
  a.counter('x_total', 'X.').inc();
  b.counter('x_total', 'X.');
  t.match((await a.text()).body, /^same_x_total 1$/m);
  t.match((await b.text()).body, /^same_x_total 0$/m);
  t.throws(() => a.counter('x_total', 'X.'), /already been registered/);
});
