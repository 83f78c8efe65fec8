import t from 'tap';
import { createLogger, type LoggerOptions } from '../src/logger.ts';

const capture = (options: Partial<LoggerOptions> = {}) => {
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', write: (line) => lines.push(line), ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)?.replace(/^<\d>/, '') ?? 'null') };
};

t.test('one JSON object a line', async (t) => {
  const { logger, lines, last } = capture();
  logger.info('started', { port: 8085, list: [1, 'a'], nothing: undefined, text: 'two\nlines' });
  t.match(lines[0], /^\{"time":"\d{4}-.*Z","level":"info","name":"test","msg":"started","port":8085.*\}\n$/);
  t.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
  t.match(last(), { list: [1, 'a'], text: 'two\nlines' });
});

t.test('levels, shared with children', async (t) => {
  const { logger, lines } = capture({ level: 'warn' });
  const child = logger.child({ server: 'a' });
  child.info('dropped');
  t.equal(lines.length, 0);
  logger.level = 'debug';
  child.child({ id: 1 }).debug('kept');
  t.match(lines[0], /"server":"a","id":1/);
  t.equal(child.level, 'debug');
});

t.test('errors keep message, code, stack and cause', async (t) => {
  const { logger, last } = capture();
  const cause = Object.assign(new Error('inner'), { code: 'ECONNRESET' });
  logger.error('failed', { error: new TypeError('outer', { cause }) });
  t.match(last().error, { message: 'outer', stack: /TypeError: outer\n.*at /, cause: { message: 'inner', code: 'ECONNRESET' } });
  logger.error('bare', new Error('as fields'));
  t.match(last().error, { message: 'as fields' });
});

t.test('fields can not hide what every line has', async (t) => {
  const { logger, last } = capture();
  logger.child({ level: 3 }).info('msg', { name: 'github', time: 1 });
  t.match(last(), { name: 'test', name_: 'github', level: 'info', level_: 3, time_: 1 });
});

t.test('nothing makes it throw', async (t) => {
  const { logger, lines, last } = capture();
  const circle: Record<string, unknown> = { a: 1 };
  circle.self = circle;
  circle.list = [circle];
  const hostile = {
    circle,
    big: 10n,
    map: new Map([['k', 1]]),
    set: new Set([1]),
    date: new Date(0),
    bad: new Date(Number.NaN),
    fn: () => 1,
    symbol: Symbol('x'),
    toJSON: 1,
    twice: [circle.a, circle.a],
    get trap() {
      throw new Error('no');
    },
    json: {
      toJSON() {
        throw new Error('no');
      },
    },
    proxy: new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no');
        },
      },
    ),
    long: 'x'.repeat(100_000),
    deep: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`),
  };
  logger.info('hostile', hostile);
  t.equal(lines.length, 1);
  t.match(last(), { circle: { self: '[circular]' }, big: '10', map: { k: 1 }, set: [1], trap: '[unprintable]', twice: [1, 1] });
  t.ok((lines[0]?.length ?? 0) < 20_000);
  logger.info('null', null as unknown as object);
  t.equal(lines.length, 2);
  const broken = createLogger({
    name: 'x',
    write: () => {
      throw new Error('disk full');
    },
  });
  t.doesNotThrow(() => broken.error('x'));
  const brokenMask = createLogger({
    name: 'x',
    write: () => {},
    mask: () => {
      throw new Error('x');
    },
  });
  t.doesNotThrow(() => brokenMask.error('x'));
});

t.test('the mask sees the finished line', async (t) => {
  const { logger, lines } = capture({ mask: (text) => text.replaceAll('hunter2', '•••') });
  logger.child({ a: 'hunter2' }).info('hunter2', { b: { c: ['hunter2'] }, error: new Error('hunter2') });
  t.notMatch(lines[0], /hunter2/);
});

t.test('journald gets the priority in front', async (t) => {
  const { logger, lines } = capture({ format: 'journal', level: 'debug' });
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  logger.error('d');
  t.same(
    lines.map((line) => line.slice(0, 4)),
    ['<7>{', '<6>{', '<4>{', '<3>{'],
  );
});

t.test('people get one plain line', async (t) => {
  const { logger, lines } = capture({ format: 'human' });
  logger.warn('slow\nanswer', { server: 'git hub', ms: 12, error: new Error('late\nagain') });
  t.match(lines[0], /^\d\d:\d\d:\d\d\.\d{3} .*warn.* test: slow answer server="git hub" ms=12 error="late\\nagain"\n$/);
});
