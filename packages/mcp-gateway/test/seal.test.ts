// What leaves the gateway signed comes back as it was, or not at all.
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { Seal } from '../src/state/seal.ts';

const seal = new Seal(randomBytes(32));
const value = { call: 'x', nested: [1, 'é'], at: 1.5 };

t.test('the good way', async (t) => {
  const text = seal.seal('parked1', value);
  t.same(seal.open('parked1', text), value);
  t.match(text, /^[A-Za-z0-9._-]+$/, 'fit for URLs and headers');
  t.not(seal.seal('session1', value), text);
});

t.test('every change of every character is noticed', async (t) => {
  const text = seal.seal('parked1', value);
  for (let at = 0; at < text.length; at += 1) {
    for (const character of ['A', 'b', '0', '.', '-', '=', ' ', '\0']) {
      if (text[at] === character) continue;
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      // The last character of base64url carries bits that mean nothing.
      if (at < text.length - 1 && seal.open('parked1', changed) !== undefined) t.fail(`changed at ${at}: ${changed}`);
    }
    if (seal.open('parked1', text.slice(0, at)) !== undefined) t.fail(`cut at ${at}`);
  }
  for (const wrong of ['', '.', '..', 'parked1', 'parked1.', 'parked1..', `parked1.${text}`, `${text}.`, `${text}.x`])
    t.equal(seal.open('parked1', wrong), undefined, wrong);
});

t.test('another purpose, another key', async (t) => {
  const text = seal.seal('parked1', value);
  t.equal(seal.open('session1', text), undefined);
  t.equal(seal.open('parked', text), undefined);
  t.equal(seal.open('session1', text.replace('parked1', 'session1')), undefined);
  t.equal(new Seal(randomBytes(32)).open('parked1', text), undefined);
  t.throws(() => new Seal(randomBytes(16)), { message: /at least 32 bytes, this one has 16/ });
});
