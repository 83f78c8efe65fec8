// Cascades: cheap models first, judged by agreement, by a schema or by a program; what is not to be trusted goes to the strong side.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@switchyard/dialects';
import t from 'tap';
import { allAgree, jsonOf, type Said } from '../src/policy/cascade.ts';
import { type ClientName, clientNames, clients, post } from './fixtures/clients.ts';
import { csvRows } from './fixtures/csv.ts';
import { type RouterInput, type RouterProcess, startRouter } from './fixtures/router-process.ts';

interface Owner {
  teardown(action: () => unknown): unknown;
}

/** A provider whose models answer what their names say: `says 42`, `fails 500`, `cut 42` (ends at the limit of tokens), `calls {"a":1}`. */
async function startParrot(t: Owner): Promise<{ url: string; asked: JsonObject[] }> {
  const asked: JsonObject[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const send = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET') return send(200, { object: 'list', data: [] });
    const body = JSON.parse(text) as JsonObject;
    asked.push(body);
    const [verb, ...rest] = String(body.model).split(' ');
    const words = rest.join(' ');
    if (verb === 'fails') return send(Number(words), { error: { message: 'no', type: 'server_error', code: null, param: null } });
    const message =
      verb === 'calls'
        ? {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: words } }],
          }
        : { role: 'assistant', content: words };
    const finish = verb === 'cut' ? 'length' : verb === 'calls' ? 'tool_calls' : 'stop';
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const isChat = request.url?.endsWith('/chat/completions');
    const head = { id: 'x', created: 1, model: body.model, object: isChat ? 'chat.completion' : 'text_completion' };
    const choice = { index: 0, ...(isChat ? { message } : { text: words }), finish_reason: finish };
    if (body.stream !== true) return send(200, { ...head, choices: [choice], usage });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (choices: object[], more: object = {}) =>
      response.write(
        `data: ${JSON.stringify({ ...head, ...(isChat && { object: 'chat.completion.chunk' }), choices, ...more })}\n\n`,
      );
    chunk([{ ...choice, ...(isChat && { message: undefined, delta: message }), finish_reason: null }]);
    chunk([{ index: 0, ...(isChat ? { delta: {} } : { text: '' }), finish_reason: finish }]);
    chunk([], { usage });
    response.end('data: [DONE]\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

const strong = 'lab/says the strong one';

async function startCascade(t: Owner, routes: RouterInput['routes']): Promise<{ router: RouterProcess; asked: JsonObject[] }> {
  const { url, asked } = await startParrot(t);
  const router = await startRouter(t, {
    providers: { lab: { type: 'openai-compatible', baseUrl: url, apiKey: 'k-0123456789' } },
    prices: { 'lab/*': [{ inputUsd: 1, outputUsd: 2 }] },
    retries: { attempts: 1 },
    breaker: { failures: 1000 },
    routes,
  });
  return { router, asked };
}

const route = (models: string[], more: object = {}) => ({ cheap: 'lab/says cheap', strong, cascade: { models, ...more } });

t.test(
  'what agrees is kept, what does not goes to the strong side, for every client and with and without a stream',
  async (t) => {
    const { router, asked } = await startCascade(t, {
      same: route(['lab/says the answer is 42', 'lab/says 42.0']),
      differs: route(['lab/says 41', 'lab/says 42']),
      broken: route(['lab/says 42', 'lab/fails 500']),
      cut: route(['lab/cut 42', 'lab/says 42']),
    });
    const expected: Record<string, { words: string; cascade: RegExp; sent: number }> = {
      same: { words: 'the answer is 42', cascade: /^kept; its models agree/, sent: 2 },
      differs: { words: 'the strong one', cascade: /^escalated; its models disagree/, sent: 3 },
      broken: { words: 'the strong one', cascade: /^escalated; not all of its models answered/, sent: 3 },
      cut: { words: 'the strong one', cascade: /^escalated; its models disagree/, sent: 3 },
    };
    for (const [name, { words, cascade, sent }] of Object.entries(expected)) {
      for (const dialect of clientNames) {
        for (const stream of [false, true]) {
          asked.length = 0;
          const client = clients[dialect as ClientName];
          const request = { model: name, stream };
          const heard = await post(router.url + client.path(request), client.body(request));
          t.equal(heard.status, 200, `${name}, ${dialect}${stream ? ', stream' : ''}`);
          t.match(heard.headers.get('x-switchyard-cascade'), cascade);
          if (stream) t.match({ ending: client.ending(heard.text), words: client.words(heard.text) }, { ending: 'done', words });
          else t.match(heard.text, words);
          t.equal(asked.length, sent);
        }
      }
    }
    const rows = csvRows(await (await fetch(`${router.url}/v1/usage?format=csv`)).text());
    const calls = clientNames.length * 2;
    t.equal(rows.length, calls * (2 + 3 + 3 + 3), 'every attempt is a row');
    const decisions = rows.map(({ decision }) => JSON.parse(decision as string));
    t.ok(decisions.every(({ reason, cascade }) => reason === 'cascade' && typeof cascade.kept === 'boolean'));
    t.ok(
      rows.every(({ costUsd, costSource }) => Number(costUsd) > 0 || costSource === 'refused'),
      'and what it cost is known',
    );
  },
);

t.test('sides that are named, and tools, in a cascade', async (t) => {
  const { router, asked } = await startCascade(t, {
    auto: route(['lab/says 1', 'lab/says 1']),
    calls: route(['lab/calls {"a":1,"b":[2]}', 'lab/calls {"b":[2],"a":1}']),
    others: route(['lab/calls {"a":1}', 'lab/calls {"a":2}']),
  });
  const text = async (model: string) =>
    (await post(`${router.url}/v1/chat/completions`, { model, messages: [{ role: 'user', content: 'x' }] })).text;
  t.match(await text('auto:strong'), /the strong one/);
  t.match(await text('auto:cheap'), /cheap/);
  t.equal(asked.length, 2, 'nobody else was asked');
  t.match(await text('calls'), /tool_calls/, 'equal calls agree, whatever the order of their arguments');
  t.match(await text('others'), /the strong one/);
});

t.test('judged by the schema of the request', async (t) => {
  const { router } = await startCascade(t, {
    json: route(['lab/says {"n": "three"}', 'lab/says {"n": 3}'], { verify: 'json' }),
    none: route(['lab/says I would rather not', 'lab/says {"n": "three"}'], { verify: 'json' }),
    fenced: route(['lab/says ```json\n{"n": 3}\n```'], { verify: 'json' }),
  });
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
  const ask = async (model: string, response_format?: object) => {
    const body = { model, messages: [{ role: 'user', content: 'x' }], ...(response_format && { response_format }) };
    return (await post(`${router.url}/v1/chat/completions`, body as JsonObject)).json;
  };
  const wanted = { type: 'json_schema', json_schema: { name: 'n', schema } };
  t.equal((await ask('json', wanted)).choices[0].message.content, '{"n": 3}', 'the first that fits');
  t.equal((await ask('json')).choices[0].message.content, '{"n": "three"}', 'without a schema any JSON will do');
  t.equal((await ask('none', wanted)).choices[0].message.content, 'the strong one');
  t.match((await ask('fenced', wanted)).choices[0].message.content, /"n": 3/);
  const broken = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'no such type' } } };
  t.equal((await ask('json', broken)).choices[0].message.content, 'the strong one', 'a schema that is none accepts nothing');
});

t.test('judged by a program', async (t) => {
  const judge = (code: string, more: object = {}) => ({ verify: 'command', command: [process.execPath, '-e', code], ...more });
  const read = "let t='';process.stdin.on('data',d=>t+=d).on('end',()=>process.exit(/42/.test(t)&&!process.env.HOME?0:1))";
  const { router } = await startCascade(t, {
    second: route(['lab/says 41', 'lab/says 42'], judge(read)),
    none: route(['lab/says 40'], judge(read)),
    deaf: route(['lab/says 42'], judge('process.exit(0)')),
    slow: route(['lab/says 42'], judge('setInterval(()=>{},1000)', { commandTimeoutMs: 300 })),
    missing: route(['lab/says 42'], { verify: 'command', command: ['/nowhere/to-be-found'] }),
  });
  const text = async (model: string) =>
    (await post(`${router.url}/v1/chat/completions`, { model, messages: [{ role: 'user', content: 'x' }] })).json.choices[0]
      .message.content;
  t.equal(await text('second'), '42');
  for (const model of ['none', 'slow', 'missing']) t.equal(await text(model), 'the strong one', model);
  t.equal(await text('deaf'), '42', 'a program need not read');
});

t.test('a client that leaves does no harm', async (t) => {
  const { router } = await startCascade(t, {
    auto: route(['lab/says 42'], { verify: 'command', command: ['sleep', '5'], commandTimeoutMs: 100 }),
  });
  const leaving = new AbortController();
  const asked = post(
    `${router.url}/v1/chat/completions`,
    { model: 'auto', messages: [{ role: 'user', content: 'x' }] },
    { signal: leaving.signal },
  );
  leaving.abort();
  await t.rejects(asked);
  const after = await post(`${router.url}/v1/chat/completions`, { model: 'auto', messages: [{ role: 'user', content: 'x' }] });
  t.equal(after.status, 200, 'the router goes on');
});

t.test('settings that make no cascade', async (t) => {
  await t.rejects(startCascade(t, { auto: route(['lab/says 1']) }), /needs two models or more to agree/);
  await t.rejects(startCascade(t, { auto: route(['lab/says 1'], { verify: 'command' }) }), /command/);
});

t.test('agreement', (t) => {
  const said = (text: string, more: Partial<Said> = {}): Said => ({ text, calls: [], isComplete: true, ...more });
  t.ok(allAgree([said('42'), said('= 42')]));
  t.notOk(allAgree([said('42')]), 'one alone agrees with nobody');
  t.notOk(allAgree([said(''), said('')]), 'saying nothing is no agreement');
  t.notOk(allAgree([said('42'), said('42', { isComplete: false })]));
  t.notOk(allAgree([said('42', { calls: [{ name: 'f', arguments: '{}' }] }), said('42')]));
  t.same(jsonOf('```\n[1]\n```'), [1]);
  t.equal(jsonOf('no'), undefined);
  t.end();
});
