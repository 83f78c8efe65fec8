// Entries put into, changed in and taken out of random files of each format: nothing else may change, byte for byte.
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { Random } from '../../kit/test/fixtures/random.ts';
import type { EntriesAt, Fields } from '../src/files/entries.ts';
import { type FormatName, parseText, readEntries, withEntry } from '../src/files/format.ts';
import { type Anchor, jsonDocument, tomlDocument, yamlDocument } from './fixtures/documents.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const rounds = 400;
const anchors: Anchor[] = ['entries', 'empty', 'missing'];

interface Case {
  format: FormatName;
  at: EntriesAt;
  write(random: Random, anchor: Anchor): string;
}

const cases: Case[] = [
  ...[['mcpServers'], ['mcp', 'servers'], ['amp.mcpServers']].map(
    (root): Case => ({
      format: 'json',
      at: { root, shape: 'map' },
      write: (random, anchor) => jsonDocument(random, root, anchor),
    }),
  ),
  {
    format: 'toml',
    at: { root: ['mcp_servers'], shape: 'map' },
    write: (random, anchor) => tomlDocument(random, ['mcp_servers'], anchor),
  },
  ...(['map', 'list'] as const).map(
    (shape): Case => ({
      format: 'yaml',
      at: { root: ['servers'], shape },
      write: (random, anchor) => yamlDocument(random, ['servers'], anchor, shape),
    }),
  ),
];

function ours(random: Random): Fields {
  return {
    name: 'ours',
    command: random.pick(['switchyard', '/a b/c', 'C:\\x\\y', 'quote"', "it's"]),
    args: ['--url', `http://127.0.0.1:${random.below(9999)}/mcp`, 'ü # no comment', 'a: b'],
    env: { A: '${VAR}', B: 'line\nbreak', C: String(random.below(10)) },
    enabled: random.below(2) === 0,
  };
}

/** Whether all of `part` is in `whole`, in this order: nothing was taken away. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of part) {
    at = whole.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

for (const { format, at, write } of cases) {
  t.test(`${format}, ${at.root.join(' › ')}, ${at.shape} (SEED=${seed})`, async (t) => {
    const random = new Random(seed);
    for (let round = 0; round < rounds; round++) {
      const anchor = random.pick(anchors);
      const text = write(random, anchor);
      const told = () => `round ${round}, ${anchor}:\n${JSON.stringify(text)}`;
      const fields = ours(random);
      const added = withEntry(format, text, at, 'ours', fields);
      if (
        !isDeepStrictEqual(
          { ...readEntries(format, added, at).get('ours') },
          { ...readEntries(format, withEntry(format, '', at, 'ours', fields), at).get('ours') },
        )
      )
        return t.fail(`the entry is not what was written; ${told()}`);
      // An empty place may be written as `[]` or `{}`, and gives way.
      const solid = anchor === 'empty' && format === 'yaml' ? text.replace(/^(\uFEFF?servers:) (\{\}|\[\])/m, '$1') : text;
      if (!isWithin(solid.replace(/\s/g, ''), added.replace(/\s/g, ''))) return t.fail(`something is lost: ${told()}\n${added}`);
      if (text.startsWith('\uFEFF') !== added.startsWith('\uFEFF')) return t.fail(`the byte order mark: ${told()}`);
      if (text.includes('\r\n') && /[^\r]\n/.test(added))
        return t.fail(`a line end of another kind: ${told()}\n${JSON.stringify(added)}`);
      if (text.includes('\n') && text.endsWith('\n') !== added.endsWith('\n')) return t.fail(`the last line end: ${told()}`);
      const again = withEntry(format, added, at, 'ours', fields);
      if (!isDeepStrictEqual(parseText(format, again), parseText(format, added))) return t.fail(`written twice: ${told()}`);
      const changed = withEntry(format, added, at, 'ours', { ...fields, command: 'changed' });
      const undone = withEntry(format, changed, at, 'ours', fields);
      if (undone !== again)
        return t.fail(`changed and changed back: ${told()}\n${JSON.stringify(undone)}\n${JSON.stringify(again)}`);
      const removed = withEntry(format, undone, at, 'ours', undefined);
      if (anchor === 'entries' && removed !== text) return t.fail(`taken out: ${told()}\n${JSON.stringify(removed)}`);
      if (!isWithin(solid.replace(/\s/g, ''), removed.replace(/\s/g, ''))) return t.fail(`lost with it: ${told()}\n${removed}`);
    }
    t.pass(`${rounds} files`);
  });
}
