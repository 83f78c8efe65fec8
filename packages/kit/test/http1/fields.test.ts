import t from 'tap';
import { FieldError, fieldLine } from '../../src/http1/fields.ts';

t.test('a line that was made before is the same as one made anew', async (t) => {
  for (const value of ['same', 'same', 'other', 'same', '', 'other', 7, '7', 'naïve'])
    t.equal(fieldLine('x-kept', value), `x-kept: ${value}\r\n`);
  for (let count = 0; count < 100; count += 1) t.equal(fieldLine('x-changing', count), `x-changing: ${count}\r\n`);
  const long = 'l'.repeat(5000);
  for (const value of [long, 'short', long]) t.equal(fieldLine('x-long', value), `x-long: ${value}\r\n`);
});

t.test('a name that is known makes no value safe', async (t) => {
  t.equal(fieldLine('x-known', 'fine'), 'x-known: fine\r\n');
  for (const value of ['fine\r\nx-other: 1', 'fine\n', '\u0000', 'ł'])
    for (let count = 0; count < 40; count += 1) t.throws(() => fieldLine('x-known', value), FieldError);
  t.equal(fieldLine('x-known', 'fine'), 'x-known: fine\r\n');
});

t.test('a name that is none is refused each time', async (t) => {
  for (const name of ['', 'two words', 'x:', 'x\r\n'])
    for (let count = 0; count < 3; count += 1) t.throws(() => fieldLine(name, 'value'), FieldError);
});

t.test('names that come in thousands do no harm', async (t) => {
  for (let count = 0; count < 2000; count += 1) t.equal(fieldLine(`x-${count}`, 'a'), `x-${count}: a\r\n`);
});
