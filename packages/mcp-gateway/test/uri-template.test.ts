// Which URIs may have been made from a template, and that no template makes the answer take long.
import t from 'tap';
import { matchesTemplate } from '../src/catalog/uri-template.ts';

const cases: [template: string, uri: string, matches: boolean][] = [
  ['test://template/{id}/data', 'test://template/1/data', true],
  ['test://template/{id}/data', 'test://template//data', true],
  ['test://template/{id}/data', 'test://template/1/2/data', false],
  ['test://template/{id}/data', 'test://template/1/data/more', false],
  ['file:///{+path}', 'file:///a/b/c.txt', true],
  ['file:///{path}', 'file:///a/b', false],
  ['db://{table}{/row}', 'db://users/7', true],
  ['db://{table}{/row}', 'db://users', true],
  ['q://search{?q,limit}', 'q://search?q=a&limit=3', true],
  ['q://search{?q,limit}', 'q://search', true],
  ['a://b.c', 'a://bxc', false],
  ['a://(b)+{x}', 'a://(b)+1', true],
  ['a://{x', 'a://{x', false],
  ['{+all}', 'anything://at/all', true],
  ['a://{x}', 'a://with space', false],
];

for (const [template, uri, matches] of cases) t.equal(matchesTemplate(template, uri), matches, `${template} ${uri}`);

t.test('answers do not take longer than texts are long', async (t) => {
  const patterns = [
    `${'{+a}'.repeat(30)}!`,
    `x:${'{a}'.repeat(400)}!`,
    `x:${'{+a}x'.repeat(100)}!`,
    `x:${'{/a}'.repeat(400)}!`,
    `x:${'{?a}'.repeat(400)}!`,
    `x:${'{#a}{+b}{c}'.repeat(60)}!`,
  ];
  const uris = [`x:${'a'.repeat(4000)}`, `x:${'/a'.repeat(2000)}`, `x:${'?a'.repeat(2000)}`, `x:${'x'.repeat(4000)}`];
  for (const template of patterns)
    for (const uri of uris) t.equal(matchesTemplate(template, uri), false, `${template.slice(0, 20)}… ${uri.slice(0, 6)}…`);
});
