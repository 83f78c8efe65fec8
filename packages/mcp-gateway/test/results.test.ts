// Long results: what the model sees is bounded, every byte comes back, and only for the caller that got it.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@switchyard/kit/clock';
import t from 'tap';
import { allRights, type Caller } from '../src/call/call.ts';
import { ResultReader } from '../src/results/read.ts';
import { characterStart, shortening } from '../src/results/shorten.ts';
import { ResultStore } from '../src/results/store.ts';

const owner: Caller = { id: 'token:a', rights: allRights };
const origin = { caller: 'token:a', server: 'files', tool: 'read' };

function newStore(test: Tap.Test, options: { quotaBytes?: number; ttlMs?: number; clock?: FakeClock } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'results-'));
  test.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const clock = options.clock ?? new FakeClock();
  const make = () =>
    new ResultStore({ directory, clock, quotaBytes: options.quotaBytes ?? 1e9, ttlMs: options.ttlMs ?? 3600_000 });
  return { make, store: make() };
}

declare namespace Tap {
  type Test = { teardown(fn: () => void): void };
}

const textOf = (result: { text: string }) => (JSON.parse(result.text) as { content: { text: string }[] }).content[0]?.text ?? '';

t.test('a 10 MB text is cut to head and tail, and read back byte for byte', async (t) => {
  const { store } = newStore(t);
  const lines = Array.from({ length: 160_000 }, (_, index) => `line ${index}: ${'äö漢字🚂 '.repeat(4)}${index}`);
  const text = lines.join('\n');
  t.ok(Buffer.byteLength(text) > 10_000_000);
  const structuredContent = { rows: lines.length, big: 12345678901234567890n.toString() };
  const result = JSON.stringify({ content: [{ type: 'text', text }], structuredContent, 'x-unknown': [1.0, '2'] });
  const shorter = shortening(result, 48 * 1024);
  if (!shorter) return t.fail('a long result was not shortened');
  const ids = await Promise.all(shorter.texts.map((one) => store.put(one, origin)));
  t.equal(ids[0], createHash('sha256').update(text).digest('hex'));
  const rendered = shorter.render(ids);
  t.ok(Buffer.byteLength(rendered) <= 50 * 1024, `${Buffer.byteLength(rendered)} bytes`);
  const seen = JSON.parse(rendered);
  t.ok(seen.content[0].text.startsWith(text.slice(0, 1000)));
  t.ok(seen.content[0].text.endsWith(text.slice(-1000)));
  t.notMatch(seen.content[0].text, /\ufffd/, 'no character is cut in two');
  t.match(seen.content[1], { type: 'resource_link', uri: `result://${ids[0]}` });
  t.same(seen.structuredContent, structuredContent);
  t.same(seen['x-unknown'], [1, '2']);

  const reader = new ResultReader({ store, toolClass: () => 'read' });
  const whole = JSON.parse((await reader.readResource(`result://${ids[0]}`, owner)).text);
  t.equal(whole.contents[0].text, text);

  let collected = '';
  for (let offset = 0; ; ) {
    const piece = textOf(await reader.callTool({ id: ids[0], offset, length: 40_000 }, owner));
    const notice = /\n\[bytes (\d+)–(\d+) of (\d+);[^\n]*\]$/.exec(piece) as RegExpExecArray;
    collected += piece.slice(0, notice.index);
    offset = Number(notice[2]);
    if (offset >= Number(notice[3]) || collected.length > 500_000) break;
  }
  t.equal(collected, text.slice(0, collected.length), 'the pieces join without a gap');

  const found = textOf(await reader.callTool({ id: ids[0], grep: 'line 15999:' }, owner));
  t.match(found, /15999/);
  t.match(
    textOf(await reader.callTool({ id: ids[0], grep: '^LINE 1599\\d:', regex: true, ignoreCase: true }, owner)),
    /line 15990/,
  );
  t.equal(textOf(await reader.callTool({ id: ids[0], grep: 'nowhere' }, owner)), 'no line matches');
});

t.test('short results, other content and structured content are left alone', async (t) => {
  t.equal(shortening(JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(48 * 1024) }] }), 48 * 1024), undefined);
  const image = JSON.stringify({ content: [{ type: 'image', data: 'A'.repeat(200_000), mimeType: 'image/png' }] });
  t.equal(shortening(image, 48 * 1024), undefined);
  const structured = JSON.stringify({ content: [], structuredContent: { text: 'x'.repeat(200_000) } });
  t.equal(shortening(structured, 48 * 1024), undefined);
});

t.test('of several texts the longest are cut first; embedded resources count', async (t) => {
  const content = [
    { type: 'text', text: 'short' },
    { type: 'resource', resource: { uri: 'file:///a', text: 'r'.repeat(100_000), mimeType: 'text/plain' } },
    { type: 'text', text: 'l'.repeat(60_000) },
  ];
  const shorter = shortening(JSON.stringify({ content }), 48 * 1024);
  t.same(
    shorter?.texts.map((text) => text.length),
    [100_000, 60_000],
  );
  const seen = JSON.parse(shorter?.render(['a'.repeat(64), 'b'.repeat(64)]) ?? '{}');
  t.equal(seen.content[0].text, 'short');
  t.equal(seen.content[1].resource.uri, 'file:///a');
  t.ok(JSON.stringify(seen).length < 52 * 1024);
});

t.test('another caller, and one who lost the right, reads nothing', async (t) => {
  const { store } = newStore(t);
  const id = await store.put('secret text', origin);
  const reader = new ResultReader({ store, toolClass: () => 'destructive' });
  t.match(textOf(await reader.callTool({ id }, owner)), /secret text/);
  for (const caller of [
    { id: 'token:b', rights: allRights },
    { id: 'token:a', rights: { ...allRights, key: 'r', allowsTool: () => false } },
    { id: 'token:a', rights: { ...allRights, key: 's', allowsServer: () => false } },
  ]) {
    const result = await reader.callTool({ id }, caller);
    t.match(JSON.parse(result.text), { isError: true });
    t.notMatch(result.text, /secret text/);
    await t.rejects(reader.readResource(`result://${id}`, caller), { code: -32602 });
  }
});

t.test('wrong arguments are answered with what is wrong', async (t) => {
  const { store } = newStore(t);
  const id = await store.put('some text\n'.repeat(100), origin);
  const reader = new ResultReader({ store, toolClass: () => 'read' });
  for (const [args, says] of [
    [{}, /"id" must be/],
    [{ id: '../../etc/passwd' }, /"id" must be/],
    [{ id: 'f'.repeat(64) }, /there is no result/],
    [{ id, offset: -1 }, /"offset"/],
    [{ id, length: 'all' }, /"length"/],
    [{ id, grep: '(', regex: true }, /not a regular expression/],
  ] as const) {
    const result = await reader.callTool(args, owner);
    t.match(JSON.parse(result.text), { isError: true, content: [{ text: says }] });
  }
  const evil = await store.put(`${'a'.repeat(40)}!\n`, origin);
  t.match(textOf(await reader.callTool({ id: evil, grep: '^(a+)+$', regex: true }, owner)), /took longer/);
});

t.test('texts survive a restart, expire, and make room by age', async (t) => {
  const clock = new FakeClock();
  const { make, store } = newStore(t, { quotaBytes: 250, ttlMs: 60_000, clock });
  const first = await store.put('1'.repeat(100), origin);
  await clock.advance(1000);
  const second = await store.put('2'.repeat(100), origin);
  const again = make();
  t.equal(await again.text(first), '1'.repeat(100));
  await clock.advance(1000);
  const third = await again.put('3'.repeat(100), origin);
  t.equal(await again.text(first), undefined, 'the oldest went');
  t.equal(await again.text(second), '2'.repeat(100));
  await clock.advance(59_500);
  t.equal(await again.origins(second), undefined, 'too old');
  t.ok(await again.origins(third));
});

t.test('a character is never cut', async (t) => {
  const bytes = Buffer.from('a漢🚂b');
  for (let position = 0; position <= bytes.length; position += 1) {
    const at = characterStart(bytes, position);
    t.notMatch(bytes.toString('utf8', 0, at) + bytes.toString('utf8', at), /\ufffd/);
  }
});
