/**
 * Our client and undici hear the same of the same upstream: status, fields and body, or that there is no answer to be had.
 * Where they do not, the case is one of those listed below.
 */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { createHttpClient, type HttpClient } from '../../src/http-client.ts';
import { oddAnswer } from '../fixtures/odd-answers.ts';
import { Random } from '../fixtures/random.ts';
import { ask, type RawUpstream, rawUpstream } from '../fixtures/raw-upstream.ts';

const cases = Number(process.env.ANSWER_CASES ?? 6000);
const abreast = 8;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Answers that one of the two refuses and the other does not, or reads as another, and why that is well. */
const tolerated: { why: string; is(bytes: string): boolean; ours: 'refuses' | 'accepts' | 'differs' }[] = [
  {
    why: 'undici takes blanks behind a Content-Length for a part of it, RFC 9110 §5.5 does not',
    is: (bytes) => /^content-length:.*[ \t]\r$/im.test(bytes),
    ours: 'accepts',
  },
  {
    why: 'undici takes 100 Continue for an error, RFC 9110 §15.2 wants it to be read past',
    is: (bytes) => bytes.startsWith('HTTP/1.1 100'),
    ours: 'accepts',
  },
  {
    why: 'we know no transfer coding but one `chunked`, undici guesses where such a body ends',
    is: (bytes) =>
      /^transfer-encoding:(?![ \t]*chunked[ \t]*\r$)/im.test(bytes) || bytes.match(/^transfer-encoding:/gim)?.length === 2,
    ours: 'refuses',
  },
  {
    why: 'we know HTTP/1.0 and HTTP/1.1, undici any version that has two digits',
    is: (bytes) => /^HTTP\/(?!1\.[01] )\d\.\d /m.test(bytes),
    ours: 'refuses',
  },
  {
    why: 'we take no control character in a status line, undici all but LF',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it is about
    is: (bytes) => /^HTTP\/1\.[01] \d{3}.*[\0-\x08\x0b-\x1f\x7f]./s.test(bytes.slice(0, bytes.indexOf('\n'))),
    ours: 'refuses',
  },
  {
    why: 'a length that comes twice, but the same, is a length (RFC 9112 §6.3)',
    is: (bytes) => /^content-length:[ \t]*(\d+)[ \t]*\r\n(?:.*\r\n)*content-length:[ \t]*\1[ \t]*\r\n/im.test(bytes),
    ours: 'accepts',
  },
  {
    why: 'what has no body needs no sound length',
    is: (bytes) => /^HTTP\/1\.1 (?:1\d\d|[23]04) /m.test(bytes),
    ours: 'accepts',
  },
  {
    why: 'undici takes a tab behind `chunked` for a part of it, and reads the chunks as a body that lasts until the end',
    is: (bytes) => /^transfer-encoding:.*\t[ \t]*\r$/im.test(bytes),
    ours: 'differs',
  },
  {
    why: 'blanks behind the size of a chunk are read past, as old servers send them',
    is: (bytes) => /^[0-9a-f]+[ \t]+\r$/im.test(bytes),
    ours: 'accepts',
  },
  {
    why: 'extensions of chunks are read past, whatever they say',
    is: (bytes) => /^[0-9a-f]+[ \t]*;/im.test(bytes),
    ours: 'accepts',
  },
  {
    why: 'an answer begins with its first byte, undici reads past empty lines',
    is: (bytes) => /^[\r\n]/.test(bytes),
    ours: 'refuses',
  },
  {
    why: 'trailers are read past, whatever is in their lines',
    is: (bytes) => /^0+(?:;.*)?\r\n(?!\r\n)/m.test(bytes),
    ours: 'accepts',
  },
];

interface Outcome {
  /** Undefined where there was no sound answer. */
  answer: string | undefined;
  why: string;
}

/** Undici leaves the blanks behind a value on it. */
const trimmed = (value: string | string[]): string | string[] =>
  typeof value === 'string' ? value.replace(/[ \t]+$/, '') : value.map((one) => one.replace(/[ \t]+$/, ''));

function sound(status: number | undefined, headers: Record<string, string | string[]>, body: string): string {
  const fields = Object.entries(headers).map(([name, value]) => [name, trimmed(value)] as const);
  return JSON.stringify([status, fields.sort(([a], [b]) => (a < b ? -1 : 1)), body]);
}

async function byOurs(client: HttpClient, upstream: RawUpstream, path: string): Promise<Outcome> {
  const heard = await ask(client, { target: { ...upstream.target, path } }, { headersTimeoutMs: 3000, bodyTimeoutMs: 3000 });
  const answer = heard.failure ? undefined : sound(heard.status, heard.headers, heard.body);
  return { answer, why: String(heard.failure?.message) };
}

async function byUndici(client: HttpClient, upstream: RawUpstream, path: string): Promise<Outcome> {
  try {
    const { status, headers, body } = await client.request(`http://127.0.0.1:${upstream.port}${path}`, {
      headersTimeoutMs: 3000,
      bodyTimeoutMs: 3000,
    });
    const bytes = Buffer.concat(await body.toArray());
    return { answer: sound(status, headers, bytes.toString('latin1')), why: 'undefined' };
  } catch (error) {
    return { answer: undefined, why: `${(error as Error).message} ${(error as Error).cause}` };
  }
}

t.test('random answers', { timeout: 300_000 }, async (t) => {
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const scripts = new Map<string, string[]>();
  const upstream = await rawUpstream(t, async (socket, request) => {
    const pieces = scripts.get(/ (\S+) /.exec(request)?.[1] ?? '') ?? [];
    for (const piece of pieces) {
      if (socket.destroyed) return;
      socket.write(piece, 'latin1');
      await turn();
      await turn();
    }
    socket.end();
  });
  let [done, accepted, shown] = [0, 0, 0];
  const used = new Map<string, number>();
  const rows = Array.from({ length: abreast }, async () => {
    while (done < cases && shown < 10) {
      const path = `/${done++}`;
      const bytes = oddAnswer(random);
      const cut = random.below(bytes.length + 1);
      scripts.set(path, random.below(3) === 0 ? [bytes.slice(0, cut), bytes.slice(cut)] : [bytes]);
      // Each with a connection of its own: whether a kept one is still there when it is used is another matter.
      const client = createHttpClient();
      const [ours, usual] = await Promise.all([byOurs(client, upstream, path), byUndici(client, upstream, path)]);
      await client.close(0);
      scripts.delete(path);
      if (ours.answer !== undefined) accepted += 1;
      if (ours.answer === usual.answer) continue;
      const known = tolerated.find(
        ({ is, ours: does }) => (does === 'differs' || (ours.answer === undefined) === (does === 'refuses')) && is(bytes),
      );
      if (known) used.set(known.why, (used.get(known.why) ?? 0) + 1);
      else {
        shown += 1;
        t.fail(`${JSON.stringify(bytes)}\nours:   ${ours.answer ?? ours.why}\nundici: ${usual.answer ?? usual.why}`);
      }
    }
  });
  await Promise.all(rows);
  t.comment(`${done} answers, ${accepted} of them sound`);
  for (const [why, count] of used) t.comment(`${count} times ${why}`);
  t.ok(accepted > done / 4 && accepted < done, `${accepted} of ${done}`);
});
