import t from 'tap';
import { plainHeadOf } from '../../src/http1/request-head.ts';

const head = (fields: string, body = '') => Buffer.from(`POST /mcp?x=1 HTTP/1.1\r\n${fields}\r\n\r\n${body}`, 'latin1');
const plain = 'Host: a\r\nContent-Length: 4\r\nX-Name:  va lue \t';

t.test('what a plain head says', async (t) => {
  const found = plainHeadOf(head(plain, 'body'));
  t.match(found, { url: '/mcp?x=1', bodyBytes: 4, headBytes: head(plain).length });
  t.strictSame({ ...found?.headers }, { host: 'a', 'content-length': '4', 'x-name': 'va lue' });
});

t.test('a head that came before on the connection is known again, and one that differs anywhere is not', async (t) => {
  const before = plainHeadOf(head(plain, 'body'));
  t.equal(plainHeadOf(head(plain, 'else'), before), before);
  t.equal(plainHeadOf(head(plain), before), before, 'with its body still to come');
  const bytes = head(plain, 'body');
  const headBytes = before?.headBytes ?? 0;
  for (let at = 0; at < headBytes; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = changed[at] === 0x78 ? 0x79 : 0x78;
    const found = plainHeadOf(changed, before);
    t.not(found, before, `byte ${at}`);
    const alone = plainHeadOf(changed);
    t.strictSame(
      found && { ...found.headers, url: found.url },
      alone && { ...alone.headers, url: alone.url },
      `byte ${at} alone`,
    );
  }
  for (let length = 0; length < headBytes; length += 1) t.equal(plainHeadOf(bytes.subarray(0, length), before), undefined);
});

t.test('the head is kept apart from the bytes it came in', async (t) => {
  const bytes = head(plain, 'body');
  const before = plainHeadOf(bytes);
  bytes.fill(0);
  t.equal(plainHeadOf(head(plain, 'body'), before), before);
  const long = head(`${plain}\r\nx-long: ${'a'.repeat(4000)}`);
  const found = plainHeadOf(long);
  t.ok(found);
  t.equal(found?.bytes, undefined, 'long ones are not kept');
  t.not(plainHeadOf(long, found), found);
});
