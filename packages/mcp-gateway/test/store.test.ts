// What survives a restart, and who may read it.
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { baseHash, Store } from '../src/state/store.ts';
import { newFolder } from './fixtures/gateway-process.ts';

const row = {
  server: 'b',
  field: 'enabled',
  value: false,
  baseHash: baseHash(true),
  who: 'ada',
  when: '2026-07-28T00:00:00.000Z',
};

t.test('changes, verdicts and keys are there again', async (t) => {
  const folder = join(newFolder(t), 'deep', 'state');
  const first = new Store(folder);
  first.putOverlay(row);
  first.putOverlay({ ...row, server: 'a' });
  first.putOverlay({ ...row, value: true, who: 'bob' });
  first.putEraVerdict('x', { era: 'modern', at: 1 });
  first.putEraVerdict('y', { era: 'modern', handshake: false, at: 2 });
  first.putEraVerdict('z', { era: 'legacy', at: 3 });
  first.deleteEraVerdict('z');
  const key = first.key('seal');
  t.equal(key.length, 32);
  t.not(key.toString('hex'), first.key('other').toString('hex'));
  first.close();

  const second = new Store(folder);
  t.teardown(() => second.close());
  t.same(second.overlay(), [
    { ...row, server: 'a' },
    { ...row, value: true, who: 'bob' },
  ]);
  second.deleteOverlay('a', 'enabled');
  t.equal(second.overlay().length, 1);
  t.match(second.eraVerdict('x'), { era: 'modern', handshake: undefined, at: 1 });
  t.match(second.eraVerdict('y'), { era: 'modern', handshake: false, at: 2 });
  t.equal(second.eraVerdict('z'), undefined);
  t.ok(second.key('seal').equals(key));
});

t.test('nobody else may read it', async (t) => {
  const folder = join(newFolder(t), 'state');
  new Store(folder).close();
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'state.sqlite')).mode & 0o777, 0o600);
  chmodSync(join(folder, 'state.sqlite'), 0o644);
  const open = new Store(folder);
  t.teardown(() => open.close());
  open.putOverlay(row);
  for (const file of ['state.sqlite', 'state.sqlite-wal', 'state.sqlite-shm'])
    t.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
});

t.test('without a folder nothing is kept', async (t) => {
  const store = new Store(undefined);
  store.putOverlay(row);
  t.equal(store.overlay().length, 1);
  store.close();
  const other = new Store(undefined);
  t.same(other.overlay(), []);
  other.close();
});

t.test('equal values have equal digests, however they are written', async (t) => {
  t.equal(baseHash({ a: 1, b: [1, { c: 2 }] }), baseHash({ b: [1, { c: 2 }], a: 1 }));
  t.equal(baseHash({ a: undefined }), baseHash({}));
  t.not(baseHash([1, 2]), baseHash([2, 1]));
  t.not(baseHash(true), baseHash('true'));
});
