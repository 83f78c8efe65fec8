// What newer servers may say and older clients cannot hear is wrapped; everything else is left as it is, byte for byte.
import t from 'tap';
import { objectContentOnly, objectSchemasOnly } from '../src/edge/legacy-shapes.ts';

t.test('output schemas', async (t) => {
  const tool = (schema: string) => `{"tools":[{"name":"x","outputSchema":${schema},"n":1.50}],"nextCursor":"7"}`;
  const wrapped = (schema: string) => `{"type":"object","properties":{"result":${schema}},"required":["result"]}`;
  for (const kept of ['{"type":"object"}', '{"properties":{},"type":"object"}'])
    t.equal(objectSchemasOnly(tool(kept)), tool(kept));
  for (const changed of ['{"type":"array","items":{"const":1.50}}', '{"type":["object","null"]}', '{"anyOf":[]}', '{}', 'true'])
    t.equal(objectSchemasOnly(tool(changed)), tool(wrapped(changed)));
  const plain = '{"tools":[ {"name":"x"} ]}';
  t.equal(objectSchemasOnly(plain), plain);
  const mixed = `{"tools":[{"name":"a","outputSchema":{"type":"string"}},{"name":"b","description":"\\"outputSchema\\""}]}`;
  t.same(JSON.parse(objectSchemasOnly(mixed)).tools[1], JSON.parse(mixed).tools[1]);
});

t.test('structured content', async (t) => {
  const result = (content: string) => `{"content":[],"structuredContent":${content},"x":1.50}`;
  t.equal(objectContentOnly(result('{"a":[1]}')), result('{"a":[1]}'));
  for (const content of ['[1,2.0]', '"text"', '7', 'true', 'null'])
    t.equal(objectContentOnly(result(content)), result(`{"result":${content}}`));
  const none = '{"content":[{"type":"text","text":"\\"structuredContent\\":[]"}]}';
  t.equal(objectContentOnly(none), none);
});
