// Public names: what they look like, that two tools never share one, and that a name depends on nothing but its tool.
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import { buildSnapshot } from '../src/catalog/catalog.ts';
import { publicName } from '../src/catalog/names.ts';
import { emptyLists } from '../src/upstream/lists.ts';

t.test('plain names stay readable', async (t) => {
  t.equal(publicName('github', 'create_issue'), 'github__create_issue');
  t.equal(publicName('a-b', 'C-d_9'), 'a-b__C-d_9');
  t.equal(publicName('s', 'list_messages'), 's__list_messages');
  t.equal(publicName('s', 'x'.repeat(61)), `s__${'x'.repeat(61)}`, '64 characters are still plain');
});

t.test('others are cleaned or cut, and marked', async (t) => {
  const cases: [server: string, name: string, looks: RegExp][] = [
    ['s', 'x'.repeat(62), /^s__x{52}_([a-z]\d){4}$/],
    ['x'.repeat(64), 'read_file', /^x{44}__read_file_([a-z]\d){4}$/],
    ['x'.repeat(64), 'y'.repeat(64), /^x{16}__y{37}_([a-z]\d){4}$/],
    ['s', 'with space', /^s__with_space_([a-z]\d){4}$/],
    ['s', 'a.b', /^s__a_b_([a-z]\d){4}$/],
    ['s', '日本', /^s____([a-z]\d){4}$/],
    ['my.server', 'x', /^my_server__x_([a-z]\d){4}$/],
    ['a__b', 'c', /^a__b__c_([a-z]\d){4}$/],
    ['a_', 'c', /^a___c_([a-z]\d){4}$/],
  ];
  for (const [server, name, looks] of cases) t.match(publicName(server, name), looks, `${server} ${name}`);
});

t.test('a tool that is named like a mark gets a mark of its own', async (t) => {
  for (const [server, name] of [
    ['s', 'with space'],
    ['s', 'x'.repeat(80)],
    ['a__b', 'c'],
  ] as const) {
    const marked = publicName(server, name);
    const [owner = '', ...rest] = marked.split('__');
    t.not(publicName(owner, rest.join('__')), marked);
  }
});

t.test('every name is valid, and no two pairs share one', async (t) => {
  const random = new Random(1);
  const pairs = new Set<string>();
  for (let round = 0; round < 20_000; round += 1) {
    const server = random.pick('ab0') + random.text(random.below(4), 'ab_.-');
    const name = random.text(random.below(6), 'ab_.- /é') + (random.below(20) === 0 ? 'x'.repeat(random.below(80)) : '');
    pairs.add(JSON.stringify([server, name]));
  }
  const owners = new Map<string, string>();
  for (const pair of pairs) {
    const [server, name] = JSON.parse(pair);
    const published = publicName(server, name);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(published)) t.fail(`${pair}: ${published}`);
    const owner = owners.get(published);
    if (owner !== undefined) t.fail(`${owner} and ${pair} are both ${published}`);
    owners.set(published, pair);
  }
  t.equal(owners.size, pairs.size);
});

t.test('names do not depend on who else is there', async (t) => {
  const random = new Random(2);
  const members = Array.from({ length: 12 }, (_, index) => ({
    name: random.pick(['s', 'a_', 'a__b', 'with.dot']) + index,
    lists: {
      ...emptyLists,
      tools: Array.from({ length: 8 }, () => random.text(1 + random.below(70), 'ab_ .')).map((key) => ({
        key,
        text: JSON.stringify({ name: key }),
        value: {},
      })),
    },
  }));
  const all = buildSnapshot(members).tools;
  for (let round = 0; round < 50; round += 1) {
    const some = members.filter(() => random.below(2) === 0);
    for (const [published, route] of buildSnapshot(some).tools) t.same(all.get(published), route);
  }
});
